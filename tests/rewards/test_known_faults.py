"""The faults of the published code (methods, sections 1 and 2), one test each: ours has none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rollouts import rollout

from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, render_completion, render_prompt
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Query
from pipeline.errors import InfrastructureError
from pipeline.inference.voting import Candidate, vote
from pipeline.rewards.atomic import AtomicReward
from pipeline.rewards.memory import MemoryReward
from pipeline.rewards.rollout import Rollout, roll_out
from pipeline.sql.atoms import atoms, overlap

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"


def rolled(engine: Engine, databases: dict[str, Database], gold: str, *predictions: str) -> list[Rollout]:
    texts = [render_completion(None, sql) for sql in predictions]
    count = len(texts)
    return roll_out(engine, databases, [Example("shop", "Q", (gold,))] * count, ["no_think"] * count, texts)


# Section 1: SQL-R1.


@pytest.mark.parametrize("gold", ["SELECT nobody FROM customers", "SELECT", ENDLESS])
def test_a_gold_that_fails_makes_nothing_right(engine: Engine, databases: dict[str, Database], gold: str) -> None:
    found = rolled(engine, databases, gold, "SELECT name FROM customers", "SELECT 1 WHERE 0", gold)
    assert [one.correct for one in found] == [False] * 3
    assert found[0].runs


def test_the_prompt_holds_nothing_that_is_unknown_when_a_question_is_asked(
    tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database]
) -> None:
    """No label of the gold's complexity: the prompt is the same whatever the gold, its difficulty and its thought."""
    plain = Example("shop", "How many?", ("SELECT 1",))
    known = replace(plain, gold_sql=("SELECT 2, 3",), difficulty="challenging", reasoning="Count.", source="dev:7")
    for mode in MODES:
        prompts = {render_prompt(tokenizer, example, databases["shop"], mode) for example in (plain, known)}
        assert len(prompts) == 1


def test_a_database_may_be_anywhere(engine: Engine, databases: dict[str, Database], tmp_path: Path) -> None:
    elsewhere = tmp_path / "some folder" / "moved.db"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(Path(databases["shop"].url.removeprefix("sqlite:///")).read_bytes())
    (found,) = rolled(engine, {"shop": read_sqlite("shop", elsewhere)}, "SELECT 3", "SELECT count(*) FROM customers")
    assert found.correct


# Section 2: FINER-SQL.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT count(*) FROM customers", "SELECT count(*) FROM notes"),
        ("WITH w AS (SELECT 1 AS a FROM t) SELECT a FROM w", "WITH w AS (SELECT 2 AS a FROM u) SELECT a FROM w"),
        ("SELECT CASE WHEN a > 1 THEN 'x' END FROM t", "SELECT CASE WHEN a < 5 THEN 'y' END FROM t"),
        ("SELECT CAST(a AS INTEGER) FROM t", "SELECT CAST(a AS TEXT) FROM t"),
        ("SELECT t.a FROM t LEFT JOIN u ON t.x = u.x", "SELECT t.a FROM t JOIN u ON t.x = u.x"),
        ("SELECT MAX(a) FROM t", "SELECT MIN(a) FROM t"),
    ],
    ids=["FROM", "body of a CTE", "CASE", "type of a CAST", "side of a join", "aggregate"],
)
def test_different_queries_share_some_operations_but_not_all(one: str, other: str) -> None:
    first, second = atoms(one, "sqlite"), atoms(other, "sqlite")
    assert first is not None
    assert second is not None
    assert 0 < overlap(first, second) < 1
    question = Example("shop", "Q", (one,))
    shared, all_of_it = AtomicReward(weight=1)([rollout(question, other), rollout(question, one)])
    assert 0 < shared < all_of_it


def test_an_alias_by_another_name_changes_nothing() -> None:
    one = "SELECT a.name FROM t AS a JOIN u AS b ON a.x = b.x WHERE b.y > 1"
    other = "SELECT q.name FROM t q JOIN u zz ON q.x = zz.x WHERE zz.y > 1"
    assert atoms(one, "sqlite") == atoms(other, "sqlite")


def test_only_what_has_run_is_called_executable(engine: Engine, databases: dict[str, Database]) -> None:
    prose, comment, bracket = rolled(
        engine,
        databases,
        "SELECT count(*) FROM customers",
        "The answer is three customers.",
        "-- counts them\nSELECT count(*) FROM customers",
        "(SELECT nobody FROM customers)",
    )
    assert not prose.runs
    assert prose.execution is not None
    assert prose.execution.error is not None
    assert prose.execution.error.kind == ErrorKind.REFUSED
    assert comment.runs
    assert comment.correct
    assert comment.execution is not None
    assert comment.execution.rows == ((3,),)  # run, not believed
    assert not bracket.runs


def test_a_gold_that_timed_out_never_comes_back_as_an_empty_result(
    databases: dict[str, Database], tmp_path: Path
) -> None:
    shop = databases["shop"]
    for _ in range(2):  # the second time from the cache
        with Engine(1, timeout_s=0.2, cache=tmp_path / "cache.sqlite", digests={shop.url: shop.digest}) as engine:
            (found,) = rolled(engine, databases, ENDLESS, "SELECT name FROM customers WHERE 0")
            assert found.runs
            assert not found.correct
            (gold,) = engine.execute([Query(shop.url, ENDLESS)])
            assert gold.error is not None
            assert gold.error.kind == ErrorKind.TIMEOUT


def test_keyword_stuffed_nonsense_is_not_remembered() -> None:
    nonsense = "customers name city SELECT FROM WHERE JOIN ON GROUP BY ORDER BY LIMIT COUNT customers.name " * 6
    memory = MemoryReward(right=1)
    asked = Example("shop", "Q", ("SELECT name FROM customers WHERE city = 'Bern'",))
    memory.learn([rollout(asked, asked.gold_sql[0], thought=nonsense, correct=True)])
    other = replace(asked, db_id="school")
    assert memory([rollout(other, "SELECT 1", thought=nonsense)]) == [0]


def ran(rows: Sequence[tuple[object, ...]]) -> Candidate:
    return Candidate(ExecutionResult(("a",), tuple(rows), cost=1), -1.0)


def test_votes_for_long_results_are_not_mixed_up() -> None:
    long = [(f"row {i}",) for i in range(100)]
    ballot = vote([ran(long), ran([*long[:-1], ("another",)]), ran([*long[:-1], ("another",)])])
    assert ballot is not None
    assert ballot.winner == 1


def test_votes_for_1_and_for_1_0_are_for_the_same() -> None:
    ballot = vote([ran([(7,)]), ran([(7,)]), ran([(1,)]), ran([(1.0,)]), ran([(1,)])])
    assert ballot is not None
    assert ballot.winner in (2, 3, 4)


@pytest.mark.parametrize("rows", [[(0,)], []], ids=["zero", "empty"])
def test_29_votes_for_nothing_win_against_1(rows: list[tuple[object, ...]]) -> None:
    ballot = vote([ran([(7,)]), *[ran(rows)] * 29])
    assert ballot is not None
    assert ballot.winner != 0


def test_a_database_that_is_gone_is_no_reward_of_0(databases: dict[str, Database], tmp_path: Path) -> None:
    gone = replace(databases["shop"], url=f"sqlite:///{tmp_path / 'gone.sqlite'}")
    with Engine(1, timeout_s=1) as engine, pytest.raises(InfrastructureError, match=r"gone\.sqlite"):
        rolled(engine, {"shop": gone}, "SELECT 1", "SELECT 1")


def test_all_completions_are_executed_in_one_call_and_the_right_ones_in_one_more(
    engine: Engine, databases: dict[str, Database]
) -> None:
    class Counting:
        calls = 0

        def execute(self, queries: Sequence[Query], golds: Sequence[Query] = ()) -> list[ExecutionResult]:
            self.calls += 1
            return engine.execute(queries, golds)

    counting = Counting()
    rolled(counting, databases, "SELECT 1", *[f"SELECT {i}" for i in range(50)])  # type: ignore[arg-type]
    assert counting.calls == 2
