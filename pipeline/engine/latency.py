"""How much faster one query is than another, measured in pairs.

Wall times of one query differ by tens of percent between two moments of the same run. So the two take turns, and the
median of several rounds counts. `ExecutionResult.cost` is the exact measure; this is the one that users feel.
"""

from __future__ import annotations

import statistics

from pipeline.engine.pool import Engine
from pipeline.engine.result import Query


def paired_latency(engine: Engine, a: Query, b: Query, repeats: int = 5) -> tuple[float, float]:
    """Median seconds of `a` and of `b` inside the worker, after one warm-up of each, in `repeats` alternating rounds.

    Nothing else runs in this engine meanwhile, but the machine must be quiet for the numbers to mean much.
    Raises ValueError for repeats below 1, and if a query fails in any round: a failure has no latency.
    """
    if repeats < 1:
        raise ValueError(f"repeats: {repeats}, at least 1 is needed")
    elapsed: tuple[list[float], list[float]] = ([], [])
    for round_number in range(repeats + 1):
        for query, times in zip((a, b), elapsed, strict=True):
            [result] = engine.execute([query])
            if result.error:
                raise ValueError(f"no latency for a query that fails ({result.error.message}): {query.sql}")
            if round_number:
                times.append(result.elapsed_s)
    return statistics.median(elapsed[0]), statistics.median(elapsed[1])
