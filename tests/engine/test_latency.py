"""The latency protocol: who goes first, the interval, what can be claimed, and that failures have no latency."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator

import pytest

from pipeline.engine.latency import LatencyComparison, compare_latency, median_interval
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query

A, B = Query("sqlite:////a", "SELECT 1"), Query("sqlite:////a", "SELECT 2")


class Scripted:
    """Stands in for the engine: takes each query's next time from a list, and notes the order of execution."""

    def __init__(self, a_s: Iterator[float], b_s: Iterator[float]) -> None:
        self.times = {A: a_s, B: b_s}
        self.order = ""

    def execute(self, queries: list[Query]) -> list[ExecutionResult]:
        [query] = queries
        self.order += "A" if query == A else "B"
        return [ExecutionResult((), (), elapsed_s=next(self.times[query]), cost=10 if query == A else 20)]


def compared(a_s: list[float], b_s: list[float], rounds: int = 5) -> tuple[LatencyComparison, str]:
    engine = Scripted(iter(a_s), iter(b_s))
    return compare_latency(engine, A, B, rounds), engine.order  # type: ignore[arg-type]


def test_the_two_take_turns_and_the_rounds_are_paired() -> None:
    """The machine is ten times slower in one round and 1.5 times in another: the ratio does not notice."""
    comparison, order = compared([9, 1, 10, 1, 1, 1.5], [9, 0.5, 5, 0.6, 0.4, 0.75])
    assert order == "AB" + "AB" + "BA" + "AB" + "BA" + "AB"
    assert comparison == LatencyComparison(1, 0.6, 0.5, 0.4, 0.6, 0.9375, 5, 10, 20)
    assert comparison.faster_by(0.39)
    assert not comparison.faster_by(0.4)
    assert not comparison.slower_by(0)


def test_a_round_of_short_queries_has_several_turns() -> None:
    comparison, order = compared([1] + [0.00125, 0.00125, 0.9, 0.00125] * 2, [1] + [0.00025] * 8, rounds=2)
    assert order == "AB" + "ABBA" * 4
    assert (comparison.a_s, comparison.ratio) == (0.00125, pytest.approx(0.2))


def test_a_round_ends_after_25_turns() -> None:
    comparison, order = compared([1e-6] * 99, [1e-6] * 99, rounds=3)
    assert len(order) == 2 + 3 * 2 * 25
    assert order[50:54] == "ABBA"  # it goes on taking turns from one round to the next
    assert comparison.ratio == 1


def test_no_claim_where_one_round_says_otherwise() -> None:
    comparison, _ = compared([1] * 6, [0.5] * 5 + [0.95])
    assert comparison.ratio == 0.5
    assert not comparison.faster_by(0.1)


def test_slower_is_faster_with_the_roles_changed() -> None:
    slow, _ = compared([1] * 6, [2] * 6)
    fast, _ = compared([2] * 6, [1] * 6)
    assert slow.slower_by(0.49)
    assert fast.faster_by(0.49)
    assert not slow.slower_by(0.5)
    assert not slow.faster_by(0)
    assert not fast.slower_by(0)


@pytest.mark.parametrize(
    ("count", "outside", "coverage"),
    [(1, 0, 0.0), (3, 0, 0.75), (5, 0, 0.9375), (7, 0, 0.984375), (8, 1, 0.9297), (9, 1, 0.9609), (15, 3, 0.9648)],
)
def test_the_interval_is_the_narrowest_with_nine_tenths(count: int, outside: int, coverage: float) -> None:
    values = random.Random(count).sample(range(100), count)
    low, high, actual = median_interval(values)
    assert (low, high) == (sorted(values)[outside], sorted(values)[count - 1 - outside])
    assert actual == pytest.approx(coverage, abs=1e-4)


@pytest.mark.parametrize("count", [5, 7, 9])
def test_the_interval_covers_the_median_as_often_as_it_says(count: int) -> None:
    """Times are skewed: exponential ones, whose median is log 2."""
    source, trials = random.Random(count), 4000
    drawn = [median_interval([source.expovariate(1) for _ in range(count)]) for _ in range(trials)]
    covered = statistics.fmean(low <= 0.6931 <= high for low, high, _ in drawn)
    assert covered == pytest.approx(drawn[0][2], abs=0.02)


@pytest.mark.alone
def test_the_query_with_much_more_work_is_slower(engine: Engine, url: str) -> None:
    fast = Query(url, "SELECT count(*) FROM numbers")
    slow = Query(url, "SELECT count(*) FROM numbers a, numbers b WHERE a.n + b.n < 0")
    comparison = compare_latency(engine, slow, fast, rounds=3)
    assert 0 < comparison.b_s < comparison.a_s < 0.5
    assert comparison.low <= comparison.ratio <= comparison.high < 0.5
    assert comparison.faster_by(0.5)
    assert comparison.cost_a is not None
    assert comparison.cost_b is not None
    assert comparison.cost_b < comparison.cost_a


@pytest.mark.alone
def test_a_query_can_be_compared_with_itself(engine: Engine, url: str) -> None:
    query = Query(url, "SELECT n FROM numbers WHERE n % 7 = 3")
    comparison = compare_latency(engine, query, query)
    assert comparison.cost_a == comparison.cost_b
    assert comparison.low <= comparison.ratio <= comparison.high
    assert not comparison.faster_by(0.5)


def test_a_failing_query_has_no_latency(engine: Engine, url: str) -> None:
    with pytest.raises(ValueError, match="no such table"):
        compare_latency(engine, Query(url, "SELECT 1"), Query(url, "SELECT * FROM nobody"))


def test_needs_a_round(engine: Engine, url: str) -> None:
    with pytest.raises(ValueError, match="rounds: 0"):
        compare_latency(engine, Query(url, "SELECT 1"), Query(url, "SELECT 1"), rounds=0)
