"""The A/A test of the latency protocol: how often it claims a difference between a query and itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice

from pipeline.engine.latency import compare_latency
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.progress import progress


@dataclass(frozen=True)
class FalseClaims:
    """In how many of `pairs` pairs one of two equal queries was claimed to be the faster one."""

    pairs: int
    claimed: int

    @property
    def share(self) -> float:
        """`claimed` by `pairs`; raises ZeroDivisionError for no pairs."""
        return self.claimed / self.pairs


def false_claims(
    engine: Engine, queries: Sequence[Query], pairs: int = 200, share: float = 0.10, rounds: int = 5
) -> FalseClaims:
    """Compare each query with itself, in the order given, over and over until there are `pairs` pairs.

    A claim is "faster by more than `share`" (0.1: 10 %) in either direction. Queries that fail are left out, and so is
    a pair of which one fails later; the result says how many pairs remain. Raises ValueError if no query runs.
    """
    distinct = list(dict.fromkeys(queries))
    usable = [query for query, result in zip(distinct, engine.execute(distinct), strict=True) if result.ok]
    if not usable:
        raise ValueError("none of the queries runs: there is nothing to compare")
    compared = claimed = 0
    with progress("A/A test", pairs) as advance:
        for query in islice(cycle(usable), pairs):
            with suppress(ValueError):
                comparison = compare_latency(engine, query, query, rounds)
                compared += 1
                claimed += comparison.faster_by(share) or comparison.slower_by(share)
            advance(1)
    return FalseClaims(compared, claimed)
