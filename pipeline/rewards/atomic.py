"""Atomic-operation reward: how many of its gold's operations does a wrong query share?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.data.example import Database
from pipeline.rewards.reward import fate
from pipeline.rewards.rollout import Rollout
from pipeline.sql.atoms import atoms, overlap


class AtomicReward:
    """S3 of FINER-SQL (arXiv 2605.03465): a query that runs but is wrong earns weight * S3(J), where J is the overlap
    of its atomic operations with those of the nearest gold (see pipeline.sql.atoms), and

        S3(s) = 0.05 * s + 0.95 * 0.79 * s ** 0.20

    which lies in [0, 0.8005]. A right query has all of its points from the result; one that does not parse, none.
    """

    name = "atomic"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    @property
    def bounds(self) -> tuple[float, float]:
        return min(0.0, self.weight * _s3(1.0)), max(0.0, self.weight * _s3(1.0))

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [self.weight * _s3(_overlap(r)[0]) if fate(r) == "wrong" else 0.0 for r in rollouts]

    def reason(self, rollout: Rollout) -> str:
        if fate(rollout) != "wrong":
            return "only for what runs but is wrong"
        shared, lacks, surplus = _overlap(rollout)
        parts = [f"{what}: {', '.join(ops)}" for what, ops in (("lacks", lacks), ("surplus", surplus)) if ops]
        return f"overlap {shared:.2f}" + "".join(f"; {part}" for part in parts)


def _s3(shared: float) -> float:
    return 0.05 * shared + 0.95 * 0.79 * shared**0.20


def _overlap(rollout: Rollout) -> tuple[float, list[str], list[str]]:
    """Overlap with the nearest gold, what the prediction lacks of it and what it has beyond it."""
    pred = _operations(rollout.sql, rollout.database)
    golds = [found for sql in rollout.example.gold_sql if (found := _operations(sql, rollout.database)) is not None]
    if pred is None or not golds:
        return 0.0, [], []
    gold = max(golds, key=lambda gold: overlap(pred, gold))
    return overlap(pred, gold), sorted((gold - pred).elements()), sorted((pred - gold).elements())


def _operations(sql: str, database: Database) -> Counter[str] | None:
    return atoms(sql, database.dialect, database.schema.column_names)
