"""Result reward: is the result that of the gold query?"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.rewards.rollout import Rollout


class ResultReward:
    """S_result of SQL-R1 (arXiv 2504.08600, section 3.2): 0 where the format is wrong or the SQL does not run."""

    name = "result"

    def __init__(self, right: float, wrong: float) -> None:
        self.right, self.wrong = right, wrong

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [0.0 if not (r.well_formed and r.runs) else self.right if r.correct else self.wrong for r in rollouts]
