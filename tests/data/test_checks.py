"""Each check fails for the row that it is meant for, with a reason that a person can act on; real databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.data.checks import CHECKS, Row, check_lengths, check_rows
from pipeline.data.example import Database, Example
from pipeline.data.splits import Split
from pipeline.engine.pool import Engine
from pipeline.errors import InfrastructureError

NAMES = [check.name for check in CHECKS]
GOOD = "SELECT name FROM customers"


def row(sql: str | tuple[str, ...], question: str = "Who?", split: Split = "train", number: int = 1) -> Row:
    golds = (sql,) if isinstance(sql, str) else sql
    return Row(Example("shop", question, golds, source=f"{split}.json#{number}"), split)


def checked(rows: list[Row], databases: dict[str, Database], engine: Engine) -> list[dict[str, str]]:
    """The reasons of each row; every fact must have been stated."""
    check_rows(rows, databases, engine)
    check_lengths(rows, [10] * len(rows), 100)
    for one in rows:
        assert sorted(one.facts) == sorted(NAMES)
        assert {name for name, fact in one.facts.items() if not fact} == set(one.reasons)
    return [one.reasons for one in rows]


def test_a_good_row_passes_every_check(databases: dict[str, Database], engine: Engine) -> None:
    rows = [row(GOOD), row("SELECT count(*) FROM orders", "How many?", "test")]
    assert checked(rows, databases, engine) == [{}, {}]


def test_which_checks_set_rows_aside() -> None:
    assert [check.name for check in CHECKS if not check.sets_aside] == ["parses"]


@pytest.mark.parametrize(
    ("sql", "failed", "reason"),
    [
        ("DROP TABLE customers", "read_only", "not read-only: it starts with DROP"),
        ("SELECT 1; SELECT 2", "read_only", "more than one statement"),
        ("show me the customers", "read_only", "not SQL"),
        ("SELECT name FROM clients", "known_names", "not in database shop: clients"),
        ("SELECT c.nam FROM customers c", "known_names", "not in database shop: c.nam"),
        ("SELECT sum(count(*)) FROM orders", "executes", "runtime: "),
        ("SELECT FROM customers", "executes", "syntax: "),
        ("SELECT a.order_id FROM orders a, orders b, orders c, orders d", "executes", "larger than"),
        (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c",
            "executes",
            "timeout: ",
        ),
        ("SELECT name FROM customers WHERE city = 'Oslo'", "non_empty", "no row, or only NULL"),
        ("SELECT max(amount) FROM orders WHERE amount > 99", "non_empty", "no row, or only NULL"),
        ("SELECT NULL, NULL FROM orders", "non_empty", "no row, or only NULL"),
    ],
)
def test_a_bad_query_fails_its_check(
    databases: dict[str, Database], engine: Engine, sql: str, failed: str, reason: str
) -> None:
    bad, fine = checked([row(sql), row(GOOD, "Another")], databases, engine)
    assert reason in bad[failed]
    assert fine == {}


def test_a_bad_name_is_only_that(databases: dict[str, Database], engine: Engine) -> None:
    (reasons,) = checked([row("SELECT nam FROM customers")], databases, engine)
    assert set(reasons) == {"known_names", "executes"}


def test_what_is_not_read_only_is_not_run(databases: dict[str, Database], engine: Engine) -> None:
    (reasons,) = checked([row("DELETE FROM customers")], databases, engine)
    assert set(reasons) == {"read_only", "executes"}
    assert reasons["executes"] == "not run, because it is refused"
    assert checked([row(GOOD)], databases, engine) == [{}]


def test_a_query_that_sqlglot_cannot_parse_is_told_but_judged_by_execution(
    databases: dict[str, Database], engine: Engine
) -> None:
    long = "SELECT name FROM customers WHERE city IN ('Bern'" + ", 'x'" * 3000 + ")"
    (reasons,) = checked([row(long)], databases, engine)
    assert set(reasons) == {"parses"}


def test_every_gold_query_of_a_row_is_checked(databases: dict[str, Database], engine: Engine) -> None:
    reasons = checked(
        [
            row((GOOD, "SELECT name FROM customers WHERE 0"), "a"),
            row((GOOD, "DROP TABLE orders"), "b"),
            row((GOOD, "SELECT x FROM orders"), "c"),
        ],
        databases,
        engine,
    )
    assert [set(one) for one in reasons] == [{"non_empty"}, {"read_only", "executes"}, {"known_names", "executes"}]


def test_values_that_are_not_null_are_not_empty(databases: dict[str, Database], engine: Engine) -> None:
    rows = [row("SELECT 0", "a"), row("SELECT ''", "b"), row("SELECT NULL, 1", "c")]
    assert checked(rows, databases, engine) == [{}, {}, {}]


def test_repeated_questions(databases: dict[str, Database], engine: Engine) -> None:
    rows = [
        row(GOOD, "Who is it?", number=1),
        row("select  NAME from Customers", "who IS it", number=2),
        row("SELECT city FROM customers", "Who is it", number=3),
        row("SELECT city FROM customers", "Who was it", number=4),
    ]
    assert checked(rows, databases, engine) == [
        {},
        {"is_unique": "the same question stands in train.json#1"},
        {"consistent": "train.json#1 gives the same question another query"},
        {},
    ]


def test_a_broken_first_row_does_not_cost_its_good_repetition(databases: dict[str, Database], engine: Engine) -> None:
    rows = [row("SELECT nothing FROM customers", number=1), row(GOOD, number=2)]
    broken, good = checked(rows, databases, engine)
    assert good == {}
    assert broken["consistent"] == "train.json#2 gives the same question another query"


def test_the_same_question_to_another_database_is_no_repetition(shop: Database, engine: Engine) -> None:
    rows = [row(GOOD), Row(Example("copy", "Who?", (GOOD,), source="train.json#2"), "train")]
    assert checked(rows, {"shop": shop, "copy": shop}, engine) == [{}, {}]


def test_a_training_row_must_not_stand_in_dev_or_test(databases: dict[str, Database], engine: Engine) -> None:
    rows = [
        row("SELECT city FROM customers", "Where?", "test"),
        row("select CITY from customers", "In which towns?"),
        row("SELECT amount FROM orders", "How much?", "dev"),
        row("SELECT amount FROM orders ", "What amounts?"),
        row(GOOD, "Who?"),
    ]
    test, leaked, dev, leaked_dev, fine = checked(rows, databases, engine)
    assert set(leaked) == set(leaked_dev) == {"not_leaked"}
    assert test == dev == fine == {}


def test_a_dev_row_must_not_stand_in_test(shop: Database, engine: Engine) -> None:
    """As when a folder brings its own dev.json and asks the same question of another database in train.json."""
    rows = [
        row("SELECT count(*) FROM customers", "How many are there?", "dev"),
        Row(Example("copy", "How many are there?", ("SELECT count(*) FROM orders",), source="dev.json#1"), "test"),
    ]
    dev, test = checked(rows, {"shop": shop, "copy": shop}, engine)
    assert set(dev) == {"not_leaked"}
    assert test == {}


def test_length(databases: dict[str, Database], engine: Engine) -> None:
    rows = [row(GOOD, "a"), row(GOOD, "b"), row(GOOD, "c")]
    check_lengths(rows, [99, 100, 101], 100)
    assert [one.facts["fits"] for one in rows] == [1, 1, 0]
    assert [one.tokens for one in rows] == [99, 100, 101]
    assert rows[2].reasons["fits"] == "101 tokens, profile.model.max_length is 100"


def test_a_database_that_is_gone_says_nothing_about_its_rows(tmp_path: Path, shop: Database, engine: Engine) -> None:
    gone = Database("shop", "sqlite", f"sqlite:///{tmp_path / 'gone.sqlite'}", shop.schema, "")
    with pytest.raises(InfrastructureError, match=r"gone\.sqlite"):
        check_rows([row(GOOD)], {"shop": gone}, engine)
