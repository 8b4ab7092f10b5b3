"""What holds for every recipe on queries that really run: how a query is written does not matter, padding never pays,
and no query earns more than the gold itself but by doing less work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config_loading import available, load_config
from pipeline.data.example import Database, Example
from pipeline.data.prompts import render_completion
from pipeline.engine.pool import Engine
from pipeline.rewards.copies import Copies, open_copies
from pipeline.rewards.recipe import build, total
from pipeline.rewards.rollout import Rollout, roll_out

RECIPES = available("recipes")


# Over the shop database of the shared fixtures; {c} and {o} stand for the names by which the two tables go.
COLUMNS = ["{c}.name", "{c}.city", "{o}.amount", "count(*)", "max({o}.amount)", "sum({o}.amount)"]
CONDITIONS = [
    "{c}.city = 'Bern'",
    "{o}.amount > 6",
    "{o}.amount <= 10.0",
    "{c}.name LIKE '%b%'",
    "{c}.customer_id IN (SELECT {n}.order_id FROM orders {n})",
]
JOINS = ["JOIN", "LEFT JOIN"]
ENDS = ["", " GROUP BY {c}.city", " ORDER BY {o}.amount DESC", " ORDER BY {c}.name, {o}.order_id LIMIT 2"]


@dataclass(frozen=True)
class Asked:
    """A query, apart from how it is written."""

    columns: tuple[str, ...]
    join: str
    conditions: tuple[str, ...]
    end: str


@dataclass(frozen=True)
class Style:
    """A way of writing it."""

    names: tuple[str, str, str] = ("T1", "T2", "T3")
    upper: bool = False
    blank: str = " "
    brackets: int = 0
    turned: bool = False
    explicit: bool = True  # AS before an alias

    def write(self, asked: Asked) -> str:
        c, o, n = self.names
        alias = " AS " if self.explicit else " "
        conditions = [self._bracketed(condition) for condition in asked.conditions]
        if self.turned:
            conditions.reverse()
        where = f" WHERE {self._bracketed(' AND '.join(conditions))}" if conditions else ""
        sql = (
            f"SELECT {', '.join(asked.columns)} FROM customers{alias}{{c}} {asked.join} orders{alias}{{o}} "
            f"ON {{c}}.customer_id = {{o}}.customer_id{where}{asked.end}"
        ).format(c=c, o=o, n=n)
        pieces = sql.split("'")  # strings keep their case and their blanks
        pieces[::2] = [(p.upper() if self.upper else p).replace(" ", self.blank) for p in pieces[::2]]
        return "'".join(pieces)

    def _bracketed(self, text: str) -> str:
        return "(" * self.brackets + text + ")" * self.brackets


PLAIN = Style()
asked = st.builds(
    Asked,
    st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from(JOINS),
    st.lists(st.sampled_from(CONDITIONS), max_size=3, unique=True).map(tuple),
    st.sampled_from(ENDS),
)
styles = st.builds(
    Style,
    st.sampled_from([("T1", "T2", "T3"), ("c", "o", "n"), ("zebra", "apple", "mango"), ("x1", "X2", "q")]),
    st.booleans(),
    st.sampled_from([" ", "  ", "\n", " \t "]),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
)


class Judge:
    """Scores queries under every recipe, from one execution."""

    def __init__(self, engine: Engine, databases: dict[str, Database], copies: Copies) -> None:
        self.engine, self.databases, self.copies = engine, databases, copies

    def rollouts(self, gold: str, predictions: Sequence[str]) -> list[Rollout]:
        question = Example("shop", "Which?", (gold,))
        count = len(predictions)
        texts = [render_completion(None, sql) for sql in predictions]
        return roll_out(self.engine, self.databases, [question] * count, ["no_think"] * count, texts, self.copies)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory, engine: Engine, databases: dict[str, Database]) -> Judge:
    return Judge(engine, databases, open_copies(databases, 2))


def scores(name: str, rollouts: Sequence[Rollout]) -> list[float]:
    return total(build(load_config(None, [f"recipe={name}"]).recipe), rollouts)


def without_latency(name: str, rollouts: Sequence[Rollout]) -> list[float]:
    rewards = build(load_config(None, [f"recipe={name}"]).recipe)
    return total([reward for reward in rewards if reward.name != "latency"], rollouts)


@settings(max_examples=40)
@given(asked, st.lists(asked, min_size=1, max_size=6))
def test_the_gold_itself_is_the_maximum_of_its_group(judge: Judge, gold: Asked, others: list[Asked]) -> None:
    """Only by less work than the gold's can another query earn more, and never more than that is worth."""
    rollouts = judge.rollouts(PLAIN.write(gold), [PLAIN.write(gold), *map(PLAIN.write, others)])
    assert rollouts[0].correct
    for name in RECIPES:
        best, *rest = without_latency(name, rollouts)
        assert max(rest) <= best + 1e-9
        right = [score for score, r in zip(scores(name, rollouts), rollouts, strict=True) if r.correct]
        wrong = [score for score, r in zip(scores(name, rollouts), rollouts, strict=True) if not r.correct]
        assert max(wrong, default=-9) < min(right)


@settings(max_examples=40)
@given(asked, asked, styles, styles)
def test_how_a_query_is_written_does_not_matter(
    judge: Judge, gold: Asked, pred: Asked, one: Style, other: Style
) -> None:
    """Aliases, case, white space, needless parentheses, the order of what AND joins."""
    for way in (PLAIN, one):
        rollouts = judge.rollouts(way.write(gold), [PLAIN.write(pred), one.write(pred), other.write(pred)])
        assert all(rollout.runs for rollout in rollouts)
        for name in RECIPES:
            found = scores(name, rollouts)
            assert found == pytest.approx([found[0]] * 3, abs=1e-9)


PADS = [
    lambda a: replace(a, conditions=(*a.conditions, "1 = 1")),
    lambda a: replace(a, conditions=(*a.conditions, "'a' LIKE 'a'")),
    lambda a: replace(a, conditions=(*a.conditions, *a.conditions[:1])),
    lambda a: replace(a, conditions=(*a.conditions, "EXISTS (SELECT 1)")),
    lambda a: replace(a, columns=(*a.columns, "1")),
    lambda a: replace(a, columns=(*a.columns, a.columns[0])),
    lambda a: replace(a, columns=("DISTINCT " + a.columns[0], *a.columns[1:])),
    lambda a: replace(a, end=a.end if "LIMIT" in a.end else a.end + " LIMIT 1000"),
    lambda a: replace(a, end=a.end + " OFFSET 0" if "LIMIT" in a.end else a.end + " LIMIT 1000 OFFSET 0"),
]


@settings(max_examples=40)
@given(asked, asked, st.sampled_from(PADS))
def test_padding_never_pays(judge: Judge, gold: Asked, pred: Asked, pad) -> None:  # type: ignore[no-untyped-def]
    """What adds nothing that the gold has. A LIMIT is no padding where the gold has one."""
    padded = pad(pred)
    if "LIMIT" in gold.end and padded.end != pred.end:
        return
    rollouts = judge.rollouts(PLAIN.write(gold), [PLAIN.write(pred), PLAIN.write(padded)])
    for name in RECIPES:
        plain, more = without_latency(name, rollouts)
        # Padding that makes a wrong result right by luck (a repeated column) is not looked at.
        assert more <= plain + 1e-9 or (rollouts[1].correct and not rollouts[0].correct)


@settings(max_examples=40)
@given(asked, st.lists(asked | st.sampled_from(["SELECT nobody FROM customers", "no SQL", ""]), max_size=6))
def test_every_reward_keeps_its_bounds(judge: Judge, gold: Asked, predictions: list[Asked | str]) -> None:
    texts = [PLAIN.write(p) if isinstance(p, Asked) else p for p in predictions]
    rollouts = judge.rollouts(PLAIN.write(gold), texts)
    for name in RECIPES:
        for reward in build(load_config(None, [f"recipe={name}"]).recipe):
            low, high = reward.bounds
            assert all(low <= value <= high for value in reward(rollouts))


@pytest.mark.parametrize(
    ("name", "fates"),
    [
        ("sql_r1", {"malformed": (-1, -1), "fails": (-1, -1), "wrong": (0, 0), "right": (6, 7.5)}),
        ("finer_sql", {"malformed": (0, 0), "fails": (1, 2), "wrong": (2, 3.8005), "right": (4, 4)}),
        ("hes_sql", {"malformed": (0, 0), "fails": (0.1, 0.3), "wrong": (0.3, 0.8), "right": (2.0, 2.7)}),
        ("querysmith", {"malformed": (0, 0), "fails": (0.1, 0.2), "wrong": (0.2, 0.5), "right": (1.48, 2.6)}),
    ],
)
def test_the_totals_of_a_recipe_are_those_that_it_promises(
    judge: Judge, name: str, fates: dict[str, tuple[float, float]], tmp_path: Path
) -> None:
    """Methods 1 to 3, and the head of querysmith.yaml."""
    from pipeline.rewards.reward import fate

    gold = "SELECT name FROM customers WHERE city = 'Bern'"
    texts = [gold, f"{gold} ORDER BY name", "SELECT name FROM customers", "SELECT nobody", "SELECT city FROM notes", ""]
    rollouts = judge.rollouts(gold, texts)
    assert {fate(rollout) for rollout in rollouts} == set(fates)
    for rollout, score in zip(rollouts, scores(name, rollouts), strict=True):
        low, high = fates[fate(rollout)]
        assert low - 1e-9 <= score <= high + 1e-9
