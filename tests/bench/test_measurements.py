"""The A/A test and the correlation of cost and time, on a small database and with an engine of known times."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from pipeline.bench.aa import FalseClaims, false_claims
from pipeline.bench.correlation import cost_against_time
from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Query


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("bench") / "numbers.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(3000)])
        connection.commit()
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(workers=1, timeout_s=5) as engine:
        yield engine


class Scripted:
    """Stands in for the engine: times and costs by SQL, used over and over; SQL without any fails."""

    def __init__(self, times: dict[str, list[float]], costs: dict[str, list[int | None]] | None = None) -> None:
        self.times = {sql: itertools.cycle(each) for sql, each in times.items()}
        self.costs = {sql: itertools.cycle(each) for sql, each in (costs or {}).items()}
        self.asked: list[str] = []

    def execute(self, queries: list[Query]) -> list[ExecutionResult]:
        return [self.one(query.sql) for query in queries]

    def one(self, sql: str) -> ExecutionResult:
        self.asked.append(sql)
        if sql not in self.times:
            return ExecutionResult.failed(ErrorKind.SYNTAX, "no")
        return ExecutionResult((), (), elapsed_s=next(self.times[sql]), cost=next(self.costs.get(sql, iter([1]))))


def queries(*texts: str) -> list[Query]:
    return [Query("sqlite:////x", text) for text in texts]


def test_a_claim_in_either_direction_is_a_false_one() -> None:
    """`first` and `second` are slower whenever they stand there; the engine sees A, the pair's warm-up, then AB BA."""
    first, second = [1, 1, 1, 2, 1, 1, 2], [1, 1, 1, 1, 2, 2, 1]
    engine = Scripted({"first": first, "second": second, "even": [1]})
    claims = false_claims(engine, queries("first", "even", "broken", "first"), pairs=3, rounds=2)  # type: ignore[arg-type]
    assert claims == FalseClaims(pairs=3, claimed=1)
    assert claims.share == pytest.approx(1 / 3)
    engine = Scripted({"first": first, "second": second})
    assert false_claims(engine, queries("second"), pairs=1, rounds=2).claimed == 1  # type: ignore[arg-type]


def test_a_small_difference_is_no_claim() -> None:
    engine = Scripted({"x": [1, 1, 1, 1.05, 1, 1, 1.05]})
    assert false_claims(engine, queries("x"), pairs=1, rounds=2).claimed == 0  # type: ignore[arg-type]
    engine = Scripted({"x": [1, 1, 1, 1.05, 1, 1, 1.05]})
    assert false_claims(engine, queries("x"), pairs=1, rounds=2, share=0.01).claimed == 1  # type: ignore[arg-type]


def test_something_must_run() -> None:
    with pytest.raises(ValueError, match="none of the queries runs"):
        false_claims(Scripted({}), queries("x"))  # type: ignore[arg-type]


def test_real_queries_against_themselves(engine: Engine, url: str) -> None:
    own = [Query(url, f"SELECT count(*) FROM numbers WHERE n % {k} = 0") for k in range(1, 4)]
    claims = false_claims(engine, own, pairs=6, share=0.5)
    assert claims.pairs == 6
    assert claims.claimed <= 1


def test_ranks_of_costs_and_median_times() -> None:
    """The warm-up does not count, what fails or is cut in any run is left out, equal queries count once."""
    times = {"a": [9, 1, 1, 9], "b": [9, 2, 2, 2], "c": [0, 3, 3, 3], "cut": [1], "d": [0, 2.5, 2.5, 2.5]}
    costs = {"a": [1], "b": [2], "c": [4, 4, 4, 5], "cut": [1, 1, None], "d": [3]}
    engine = Scripted(times, costs)
    found = cost_against_time(engine, queries("a", "b", "c", "cut", "broken", "d", "a"), repeats=3)  # type: ignore[arg-type]
    assert found == {"spearman": pytest.approx(1), "queries": 4, "identical_cost": 0.75}
    assert engine.asked.count("a") == 4


def test_cost_follows_time_on_a_real_engine(engine: Engine, url: str) -> None:
    own = [Query(url, f"SELECT count(*) FROM numbers, (SELECT n FROM numbers LIMIT {k})") for k in (1, 10, 100, 1000)]
    assert cost_against_time(engine, own, 2) == {"spearman": pytest.approx(1), "queries": 4, "identical_cost": 1}


def test_a_correlation_needs_three_queries_and_a_repeat() -> None:
    engine = Scripted({"a": [1], "b": [1]}, {"a": [1], "b": [1]})
    with pytest.raises(ValueError, match="only 2 of the queries"):
        cost_against_time(engine, queries("a", "b", "broken"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="repeats: 0"):
        cost_against_time(engine, queries("a"), 0)  # type: ignore[arg-type]
