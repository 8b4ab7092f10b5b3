"""Splits: nothing leaks, nothing moves when data is added, and a cap draws from everywhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.example import Example
from pipeline.data.splits import Split, assign, cap, leak_keys, leaks, normalise
from pipeline.sql.canonical import canonical

By = Literal["question", "database"]

# Few texts, so that examples often share one: with other case, spaces and punctuation.
QUESTIONS = st.builds(
    lambda n, form: form.format(n), st.integers(0, 12), st.sampled_from(["What is {}?", "what  is {}", "WHAT IS: {} !"])
)
QUERIES = st.builds(
    lambda n, form: form.format(n), st.integers(0, 12), st.sampled_from(["SELECT a FROM t{}", "select  A from T{} ;"])
)
EXAMPLES = st.builds(
    Example,
    db_id=st.sampled_from(["a", "b", "c", "d"]),
    question=QUESTIONS,
    gold_sql=st.lists(QUERIES, min_size=1, max_size=2).map(tuple),
)
SHARES = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5))


def sqlite(examples: list[Example]) -> dict[str, str]:
    """All databases are of one dialect."""
    return {example.db_id: "sqlite" for example in examples}


def splits(examples: list[Example], by: By, shares: tuple[float, float]) -> list[Split]:
    return assign(examples, sqlite(examples), by=by, dev_share=shares[0], test_share=shares[1])


def numbered(count: int, databases: int = 1) -> list[Example]:
    """Examples that share nothing but their databases."""
    return [Example(f"db{i % databases}", f"question {i}", (f"SELECT {i}",)) for i in range(count)]


@given(st.lists(EXAMPLES, max_size=30), st.sampled_from(["question", "database"]), SHARES)
def test_no_question_and_no_query_stands_in_two_splits(
    examples: list[Example], by: By, shares: tuple[float, float]
) -> None:
    seen: dict[tuple[str, ...], set[Split]] = defaultdict(set)
    for example, split in zip(examples, splits(examples, by, shares), strict=True):
        seen["question", normalise(example.question)].add(split)
        for sql in example.gold_sql:
            seen["sql", example.db_id, canonical(sql, "sqlite")].add(split)
        if by == "database":
            seen["database", example.db_id].add(split)
    assert all(len(found) == 1 for found in seen.values()), seen


@given(st.lists(EXAMPLES, max_size=20), st.integers(1, 20), SHARES)
def test_new_questions_move_no_old_one(old: list[Example], count: int, shares: tuple[float, float]) -> None:
    new = numbered(count)
    before = splits(old, "question", shares)
    assert splits([*old, *new], "question", shares)[: len(old)] == before
    assert splits([*new, *old], "question", shares)[count:] == before


@given(st.lists(EXAMPLES, max_size=20), SHARES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    examples: list[Example], shares: tuple[float, float], random: st.DataObject
) -> None:
    order = list(range(len(examples)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = splits([examples[i] for i in order], "question", shares)
    assert shuffled == [splits(examples, "question", shares)[i] for i in order]


def test_shares_are_met_roughly() -> None:
    found = Counter(splits(numbered(4000), "question", (0.1, 0.2)))
    assert found["dev"] == pytest.approx(400, rel=0.2)
    assert found["test"] == pytest.approx(800, rel=0.2)
    assert set(splits(numbered(200), "question", (0, 0))) == {"train"}
    assert set(splits(numbered(200), "question", (0, 1))) == {"test"}


def test_a_larger_test_share_keeps_every_test_question() -> None:
    small, large = (splits(numbered(500), "question", (0.1, share)) for share in (0.1, 0.3))
    assert small.count("test") > 0
    assert all(after == "test" for before, after in zip(small, large, strict=True) if before == "test")


def test_database_mode_keeps_databases_whole() -> None:
    examples = numbered(600, databases=60)
    chosen = splits(examples, "database", (0.2, 0.2))
    by_database = defaultdict(set)
    for example, split in zip(examples, chosen, strict=True):
        by_database[example.db_id].add(split)
    assert all(len(found) == 1 for found in by_database.values())
    assert set(chosen) == {"train", "dev", "test"}
    assert splits(examples, "question", (0.2, 0.2)) != chosen


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("How many orders?", "how many  ORDERS", True),
        ("What's Bob's city?", "what s bob s city", True),
        ("How many orders?", "How many order", False),
        ("Größe über 5", "grösse über 5", False),
        ("Wie groß?", "WIE GROß", True),
        ("客户有多少?", "客户有多少", True),
        ("Who has age > 20?", "Who has age < 20?", False),
        ("Who has age >= 20?", "Who has age > 20?", False),
    ],
)
def test_what_makes_two_questions_the_same(a: str, b: str, same: bool) -> None:
    assert (normalise(a) == normalise(b)) is same


def test_the_same_query_on_another_database_is_another_key() -> None:
    example = Example("a", "Q", ("SELECT 1", "SELECT 2"))
    question, *queries = leak_keys(example, "sqlite")
    other_question, *other_queries = leak_keys(replace(example, db_id="b"), "sqlite")
    assert question == other_question
    assert len(queries) == 2
    assert not set(queries) & set(other_queries)


def test_leaks_finds_questions_and_queries_that_are_kept_apart() -> None:
    apart = [Example("a", "How many?", ("SELECT count(*) FROM t",))]
    rows = [
        Example("b", "how MANY", ("SELECT 2",)),
        Example("a", "Count them.", ("select COUNT(*) from T",)),
        Example("b", "Count them.", ("SELECT count(*) FROM t",)),
        Example("a", "Other", ("SELECT 1", "SELECT COUNT(*)  FROM t")),
    ]
    assert leaks(apart, rows, sqlite(rows)) == [True, True, False, True]
    assert leaks([], rows, sqlite(rows)) == [False] * 4


def test_queries_are_compared_in_the_dialect_of_their_database() -> None:
    """MySQL takes double quotes for those of strings, SQLite for those of names."""
    apart = [Example("a", "One", ("SELECT x FROM t WHERE x = 'Bern' AND 1 = 1 # a comment",))]
    rows = [Example("a", "Two", ('SELECT x FROM `t` WHERE x = "Bern" AND 1 = 1',))]
    assert leaks(apart, rows, {"a": "mysql"}) == [True]
    assert leaks(apart, rows, {"a": "sqlite"}) == [False]


def test_cap_draws_in_order_from_every_database() -> None:
    examples = numbered(400, databases=4)
    drawn = cap(examples, 100, seed=1)
    assert len(drawn) == 100
    assert drawn == [example for example in examples if example in drawn]
    assert min(Counter(example.db_id for example in drawn).values()) >= 12
    assert cap(examples, 100, seed=1) == drawn
    assert cap(examples, 100, seed=2) != drawn
    assert set(map(str, cap(examples, 50, seed=1))) < set(map(str, drawn))


@pytest.mark.parametrize("limit", [0, 4, 9])
def test_cap_without_need_keeps_all(limit: int) -> None:
    examples = numbered(4)
    assert cap(examples, limit, seed=1) == examples
