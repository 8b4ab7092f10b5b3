"""How well the deterministic cost stands for the time that users feel, and whether it is deterministic."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from scipy.stats import spearmanr

from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.progress import progress

_LEAST_QUERIES = 3


def cost_against_time(engine: Engine, queries: Sequence[Query], repeats: int = 3) -> dict[str, float]:
    """Run each query as a warm-up and then `repeats` times, one at a time; equal queries count once.

    Returns `spearman` (rank correlation of the cost with the median wall time), `queries` (how many it was computed
    over: those that ran to their end each time, so raise the engine's row cap for large results) and `identical_cost`
    (the share of these whose cost was the same in all runs, warm-up included). Raises ValueError for repeats below 1
    and for fewer than 3 such queries.
    """
    if repeats < 1:
        raise ValueError(f"repeats: {repeats}, at least 1 is needed")
    distinct = list(dict.fromkeys(queries))
    costs, times, identical = [], [], []
    with progress("cost against time", len(distinct)) as advance:
        for query in distinct:
            # Not all queries in turn: with cold processor caches, the time of a short one says little about it.
            results = [engine.execute([query])[0] for _ in range(1 + repeats)]
            advance(1)
            if all(result.cost is not None for result in results):
                costs.append(results[-1].cost)
                times.append(statistics.median(result.elapsed_s for result in results[1:]))
                identical.append(len({result.cost for result in results}) == 1)
    if len(costs) < _LEAST_QUERIES:
        raise ValueError(f"only {len(costs)} of the queries run to their end, a correlation needs {_LEAST_QUERIES}")
    return {
        "spearman": float(spearmanr(costs, times).statistic),
        "queries": float(len(costs)),
        "identical_cost": statistics.fmean(identical),
    }
