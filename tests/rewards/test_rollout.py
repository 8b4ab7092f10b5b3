"""Rollouts: each query runs once, nothing runs without SQL, and only the gold's result makes an answer right."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, render_completion
from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Query
from pipeline.errors import InfrastructureError
from pipeline.rewards.rollout import Rollout, roll_out

GOLD = "SELECT name FROM customers"


class CountingEngine:
    """An engine that notes what it is asked."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.batches = engine, list[list[Query]]()

    def execute(self, queries: Sequence[Query], golds: Sequence[Query] = ()) -> list[ExecutionResult]:
        self.batches.append(list(queries))
        return self.engine.execute(queries, golds)


def rolled(
    engine: Engine, databases: dict[str, Database], golds: str | tuple[str, ...], *texts: str, mode: Mode = "no_think"
) -> list[Rollout]:
    """Rollouts of completions of one question."""
    example = Example("shop", "Q", (golds,) if isinstance(golds, str) else golds)
    return roll_out(engine, databases, [example] * len(texts), [mode] * len(texts), list(texts))


def written(sql: str) -> str:
    return render_completion(None, sql)


@pytest.mark.parametrize(
    ("gold", "sql", "correct"),
    [
        (GOLD, "select NAME as n from customers;", True),
        (GOLD, "SELECT name FROM customers ORDER BY name DESC", True),  # the gold asks for no order
        (GOLD, "SELECT name FROM customers LIMIT 2", False),
        (GOLD, "SELECT name, city FROM customers", False),
        (GOLD, "SELECT name FROM customers WHERE 0", False),  # empty against non-empty
        (GOLD, "SELECT NULL FROM customers", False),
        (GOLD, "SELECT name FROM nobody", False),
        (GOLD, "I do not know", False),
        (f"{GOLD} ORDER BY name", f"{GOLD} ORDER BY name ASC", True),
        (f"{GOLD} ORDER BY name", f"{GOLD} ORDER BY name DESC", False),
        (f"SELECT * FROM ({GOLD} ORDER BY name)", f"{GOLD} ORDER BY name DESC", True),  # only a part is ordered
        ("SELECT count(*) FROM customers", "SELECT 3.0", True),
        ("SELECT count(*) FROM customers", "SELECT '3'", False),
        # one row twice is not one row
        ("SELECT city FROM customers", "SELECT DISTINCT city FROM customers", False),
        # golds that fail, time out, are cut or refused make nothing right, not even themselves
        ("SELECT nobody FROM customers", "SELECT nobody FROM customers", False),
        ("SELECT nobody FROM customers", "SELECT name FROM customers WHERE 0", False),
        ("DROP TABLE customers", "SELECT 1", False),
        ("SELECT a.order_id FROM orders a, orders b, orders c, orders d",) * 2 + (False,),
        (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c",
            "SELECT name FROM customers WHERE 0",
            False,
        ),
    ],
)
def test_what_is_right(engine: Engine, databases: dict[str, Database], gold: str, sql: str, correct: bool) -> None:
    (rollout,) = rolled(engine, databases, gold, written(sql))
    assert rollout.correct is correct
    assert rollout.execution is not None
    assert rollout.runs == rollout.execution.ok
    assert rollout.well_formed


def test_one_of_several_golds_is_enough(engine: Engine, databases: dict[str, Database]) -> None:
    golds = ("SELECT nobody FROM customers", "SELECT 1 WHERE 0", f"{GOLD} ORDER BY name", "SELECT city FROM customers")
    first, second, third = rolled(
        engine,
        databases,
        golds,
        written(f"{GOLD} ORDER BY name DESC"),
        written("SELECT city FROM customers ORDER BY 1"),
        written(f"{GOLD} ORDER BY name"),
    )
    assert (first.correct, second.correct, third.correct) == (False, True, True)


def test_every_distinct_query_runs_once(engine: Engine, databases: dict[str, Database]) -> None:
    """Two runs of random() differ: that all are right shows that there was one."""
    same = rolled(engine, databases, "SELECT random()", *[written("SELECT random()")] * 6)
    assert all(rollout.correct for rollout in same)
    (other,) = rolled(engine, databases, "SELECT random()", written("SELECT  random()"))
    assert not other.correct


def test_a_batch_is_one_call_with_all_golds(engine: Engine, databases: dict[str, Database]) -> None:
    counting = CountingEngine(engine)
    examples = [Example("shop", "a", (GOLD,)), Example("shop", "b", ("SELECT 2", "SELECT 3"))]
    roll_out(counting, databases, examples, ["no_think"] * 2, [written("SELECT 1"), written("SELECT 2")])  # type: ignore[arg-type]
    batch, again = counting.batches
    assert {query.url for query in again} == {databases["shop"].url}
    assert {query.sql for query in again} == {"SELECT 2", "SELECT 3"}  # the right one and its golds, canonical
    assert {query.sql for query in batch} == {"SELECT 1", GOLD, "SELECT 2", "SELECT 3"}
    assert {query.url for query in batch} == {databases["shop"].url}


@pytest.mark.parametrize(
    "text", ["", "<think>a thought that never ends", "<think></think>", "Sure: <think>a</think> SELECT 1"]
)
def test_without_sql_nothing_runs_and_nothing_is_right(
    engine: Engine, databases: dict[str, Database], text: str
) -> None:
    counting = CountingEngine(engine)
    (rollout,) = rolled(counting, databases, GOLD, text)  # type: ignore[arg-type]
    assert (rollout.sql, rollout.execution, rollout.correct, rollout.runs) == ("", None, False, False)
    assert not rollout.well_formed
    assert [query.sql for batch in counting.batches for query in batch] == [GOLD]


@pytest.mark.parametrize(
    ("gold", "sql"),
    [
        ("SELECT name FROM customers WHERE city = 'Bern' AND name LIKE '%n%'",) * 2,
        (
            "SELECT name FROM customers WHERE city = 'Bern' AND name LIKE '%n%' AND customer_id < 3",
            "select T.name from customers T where (T.customer_id < 3 and T.name like '%n%') and T.city = 'Bern'",
        ),
    ],
)
def test_the_work_of_a_right_answer_does_not_depend_on_how_it_is_written(
    engine: Engine, databases: dict[str, Database], gold: str, sql: str
) -> None:
    right, wrong = rolled(engine, databases, gold, written(sql), written("SELECT 1"))
    assert right.correct
    assert right.cost == right.gold_cost > 0
    assert (wrong.cost, wrong.gold_cost) == (None, None)


def test_of_several_golds_the_cheapest_is_the_measure(engine: Engine, databases: dict[str, Database]) -> None:
    dear = "SELECT count(DISTINCT a.customer_id) FROM customers a, customers b, customers c"
    cheap = "SELECT count(*) FROM customers"
    (one,) = rolled(engine, databases, dear, written(dear))
    (several,) = rolled(engine, databases, (dear, cheap), written(dear))
    assert one.cost == several.cost == one.gold_cost
    assert several.gold_cost < one.cost  # type: ignore[operator]


def altered(database: Database, folder: Path, name: str, sql: str) -> Database:
    """A copy of the database in which `sql` has changed something."""
    path = folder / f"{name}.sqlite"
    path.write_bytes(Path(database.url.removeprefix("sqlite:///")).read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    return replace(database, url=f"sqlite:///{path}", digest=name)


def test_what_differs_on_an_altered_copy_is_not_right(
    engine: Engine, databases: dict[str, Database], tmp_path: Path
) -> None:
    """The three customers are all there are up to number 3; on the second copy there is a fourth."""
    shop = databases["shop"]
    copies = [
        altered(shop, tmp_path, "one", "UPDATE customers SET name = 'Zoe' WHERE customer_id = 2"),
        altered(shop, tmp_path, "two", "INSERT INTO customers VALUES (4, 'Dan', 'Rome')"),
    ]
    example = Example("shop", "Q", ("SELECT name FROM customers WHERE customer_id <= 3",))
    texts = [written(sql) for sql in (example.gold_sql[0], GOLD, "SELECT 1", "SELECT")]
    found = roll_out(engine, databases, [example] * 4, ["no_think"] * 4, texts, {"shop": copies})
    assert [r.correct for r in found] == [True, False, False, False]
    assert [r.exposed_by for r in found] == [0, 2, 0, 0]
    alone = roll_out(engine, databases, [example] * 4, ["no_think"] * 4, texts)
    assert [r.correct for r in alone] == [True, True, False, False]


def test_a_copy_on_which_the_gold_does_not_run_says_nothing(
    engine: Engine, databases: dict[str, Database], tmp_path: Path
) -> None:
    copies = [altered(databases["shop"], tmp_path, "less", "ALTER TABLE customers RENAME COLUMN name TO other")]
    example = Example("shop", "Q", (GOLD,))
    (found,) = roll_out(engine, databases, [example], ["no_think"], [written(GOLD)], {"shop": copies})
    assert found.correct
    assert found.exposed_by == 0


def test_a_thought_may_have_to_be_long_in_thinking_mode(engine: Engine, databases: dict[str, Database]) -> None:
    example = Example("shop", "Q", (GOLD,))
    texts = [render_completion("x" * 100, GOLD), render_completion("x" * 99, GOLD), written(GOLD)]
    modes: list[Mode] = ["think", "think", "no_think"]
    found = roll_out(engine, databases, [example] * 3, modes, texts, min_thought_chars=100)
    assert [r.well_formed for r in found] == [True, False, True]
    assert all(r.correct for r in found)


def test_prose_is_not_run(engine: Engine, databases: dict[str, Database]) -> None:
    (rollout,) = rolled(engine, databases, GOLD, written("The customers are Ann, Bob and Cid."))
    assert rollout.execution is not None
    assert rollout.execution.error is not None
    assert rollout.execution.error.kind == ErrorKind.REFUSED


def test_the_mode_decides_the_form_not_the_result(engine: Engine, databases: dict[str, Database]) -> None:
    thinking, bare = render_completion("Read name.", GOLD), written(GOLD)
    for mode, forms in (("think", [True, False]), ("no_think", [False, True])):
        found = rolled(engine, databases, GOLD, thinking, bare, mode=mode)
        assert [rollout.well_formed for rollout in found] == forms
        assert all(rollout.correct and rollout.mode == mode for rollout in found)
        assert [rollout.thought for rollout in found] == ["Read name.", ""]
        assert [rollout.text for rollout in found] == [thinking, bare]


def test_rollouts_come_in_the_order_of_the_completions(engine: Engine, databases: dict[str, Database]) -> None:
    examples = [Example("shop", str(i), (f"SELECT {i}",)) for i in range(12)]
    texts = [written(f"SELECT {i if i % 3 else 99}") for i in range(12)]
    found = roll_out(engine, databases, examples, ["no_think"] * 12, texts)
    assert [rollout.example for rollout in found] == examples
    assert [rollout.correct for rollout in found] == [bool(i % 3) for i in range(12)]


def test_writing_is_refused_and_changes_nothing(engine: Engine, databases: dict[str, Database]) -> None:
    path = Path(databases["shop"].url.removeprefix("sqlite:///"))
    before = path.read_bytes()
    (rollout,) = rolled(engine, databases, GOLD, written("DELETE FROM customers"))
    assert not rollout.runs
    assert path.read_bytes() == before


def test_a_database_that_is_gone_is_never_a_score(
    engine: Engine, databases: dict[str, Database], tmp_path: Path
) -> None:
    gone = Database("shop", "sqlite", f"sqlite:///{tmp_path / 'gone.sqlite'}", databases["shop"].schema, "")
    with pytest.raises(InfrastructureError, match=r"gone\.sqlite"):
        rolled(engine, {"shop": gone}, GOLD, written(GOLD))


def test_as_many_modes_and_texts_as_examples(engine: Engine, databases: dict[str, Database]) -> None:
    with pytest.raises(ValueError, match="zip"):
        roll_out(engine, databases, [Example("shop", "Q", (GOLD,))], ["think"], [])
