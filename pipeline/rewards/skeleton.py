"""Skeleton reward: does the query have the parts that it needs, whatever names and values stand in them?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.rewards.reward import fate
from pipeline.rewards.rollout import Rollout
from pipeline.sql.skeleton import missing, skeleton, skeleton_score


class SkeletonReward:
    """Skeleton completeness of HES-SQL (arXiv 2510.08896), by this project's definition (see pipeline.sql.skeleton):
    S_skel in [0, 1] against the nearest gold, times what the recipe says for the rollout's fate.

    0 for a query that does not parse: it is then judged by its execution alone.
    """

    name = "skeleton"

    def __init__(self, fails: float, wrong: float, right: float) -> None:
        self.weights = {"malformed": 0.0, "fails": fails, "wrong": wrong, "right": right}

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.weights.values()), max(self.weights.values())

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [weight and weight * _score(r) for r in rollouts for weight in (self.weights[fate(r)],)]

    def reason(self, rollout: Rollout) -> str:
        dialect = rollout.database.dialect
        pred, golds = skeleton(rollout.sql, dialect), _golds(rollout)
        if pred is None or not golds:
            return "it does not parse" if pred is None else "the gold does not parse"
        gold = max(golds, key=lambda gold: skeleton_score(pred, [gold]))
        lacks, surplus = missing(pred, gold), missing(gold, pred)
        parts = [f"{what}: {', '.join(slots)}" for what, slots in (("lacks", lacks), ("surplus", surplus)) if slots]
        return f"S_skel {_score(rollout):.2f}" + "".join(f"; {part}" for part in parts)


def _score(rollout: Rollout) -> float:
    return skeleton_score(skeleton(rollout.sql, rollout.database.dialect), _golds(rollout))


def _golds(rollout: Rollout) -> list[Counter[str]]:
    found = (skeleton(gold, rollout.database.dialect) for gold in rollout.example.gold_sql)
    return [slots for slots in found if slots is not None]
