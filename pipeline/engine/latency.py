"""How much faster one query is than another: the protocol behind every statement about latency.

Wall times of one query differ by tens of percent between two moments of the same run. So after a warm-up the two take
turns, changing who goes first (AB BA AB ...), and each round gives one ratio of the two: what slows the machine down
for longer than a round slows both. The median of the rounds' ratios counts, with an interval from their order that
assumes no distribution. A round of short queries holds several turns and takes the median time of each query: with one
turn of 20 microseconds, the interval is mostly wider than the 10 % that claims are about.
`ExecutionResult.cost` is the exact measure and stands beside it; this is the one that users feel.
Not covered: cold caches. Nothing else runs in the engine meanwhile, but what else the machine does is out of its hands.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query

_LEAST_COVERAGE = 0.9
_ROUND_S = 0.005
_MOST_TURNS = 25


@dataclass(frozen=True)
class LatencyComparison:
    """What was measured of `a` and `b`. Times are seconds inside the worker, medians over the rounds.

    `ratio` is the median over the rounds of b's time by a's, so below 1 where b is faster. It lies between `low` and
    `high` with probability `coverage`, if the rounds are independent: 0.75 for 3 rounds, 0.94 for 5, 0.98 for 7 (the
    whole range of the ratios), 0.96 for 9 (without the lowest and the highest). The costs are those of
    ExecutionResult, None for a truncated result.
    """

    a_s: float
    b_s: float
    ratio: float
    low: float
    high: float
    coverage: float
    rounds: int
    cost_a: int | None
    cost_b: int | None

    def faster_by(self, share: float) -> bool:
        """Whether b can be claimed to be faster than a by more than `share` (0.1: 10 %): the whole interval says so."""
        return self.high < 1 - share

    def slower_by(self, share: float) -> bool:
        """The same claim with the roles changed: a is faster than b by more than `share`."""
        return 1 / self.low < 1 - share


def compare_latency(engine: Engine, a: Query, b: Query, rounds: int = 5) -> LatencyComparison:
    """Measure two queries against each other in `rounds` rounds, each after one warm-up.

    A round lasts until the slower query has run for 5 milliseconds, or each has for 25 times.
    Raises ValueError for rounds below 1, and if a query fails at any time: a failure has no latency.
    """
    if rounds < 1:
        raise ValueError(f"rounds: {rounds}, at least 1 is needed")
    warm = [_run(engine, query) for query in (a, b)]
    medians: tuple[list[float], list[float]] = ([], [])
    turns = 0
    for _ in range(rounds):
        times: tuple[list[float], list[float]] = ([], [])
        # The fastest turn so far tells how long a query takes: an interruption must not end the round.
        while len(times[0]) < _MOST_TURNS and len(times[0]) * max(min(each, default=0.0) for each in times) < _ROUND_S:
            for which in (0, 1) if turns % 2 == 0 else (1, 0):
                times[which].append(_run(engine, (a, b)[which]).elapsed_s)
            turns += 1
        for collected, each in zip(medians, times, strict=True):
            collected.append(statistics.median(each))
    ratios = [b_s / a_s for a_s, b_s in zip(*medians, strict=True)]
    low, high, coverage = median_interval(ratios)
    return LatencyComparison(
        a_s=statistics.median(medians[0]),
        b_s=statistics.median(medians[1]),
        ratio=statistics.median(ratios),
        low=low,
        high=high,
        coverage=coverage,
        rounds=rounds,
        cost_a=warm[0].cost,
        cost_b=warm[1].cost,
    )


def median_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Two of the values between which the median of what they are drawn from lies, and the probability that it does.

    The narrowest pair with at least 90 %, the same number of values outside on either side; all of them are inside
    where there are too few for that (below 5). Each value is below the true median with probability 1/2, whatever the
    distribution, so the number of those below is binomial.
    """
    ordered = sorted(values)
    count = len(ordered)
    outside, coverage = 0, _coverage(count, 0)
    while _coverage(count, outside + 1) >= _LEAST_COVERAGE:
        outside += 1
        coverage = _coverage(count, outside)
    return ordered[outside], ordered[count - 1 - outside], coverage


def _coverage(count: int, outside: int) -> float:
    """Probability that the median lies within the values, without `outside` of them at either end."""
    return 1 - 2 * sum(math.comb(count, below) for below in range(outside + 1)) / 2**count


def _run(engine: Engine, query: Query) -> ExecutionResult:
    [result] = engine.execute([query])
    if result.error:
        raise ValueError(f"no latency for a query that fails ({result.error.message}): {query.sql}")
    return result
