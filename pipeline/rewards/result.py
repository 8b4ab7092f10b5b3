"""Result reward: is the result that of the gold query?"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.rewards.reward import fate
from pipeline.rewards.rollout import Rollout


class ResultReward:
    """S_result of SQL-R1 (arXiv 2504.08600, section 3.2): 0 where the format is wrong or the SQL does not run."""

    name = "result"

    def __init__(self, right: float, wrong: float) -> None:
        self.right, self.wrong = right, wrong

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.right, self.wrong, 0.0), max(self.right, self.wrong, 0.0)

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        values = {"malformed": 0.0, "fails": 0.0, "wrong": self.wrong, "right": self.right}
        return [values[fate(rollout)] for rollout in rollouts]

    def reason(self, rollout: Rollout) -> str:
        if rollout.exposed_by:
            return f"equal to the gold on the database, but not on its altered copy {rollout.exposed_by}"
        return {
            "malformed": "the form is wrong",
            "fails": "it does not run",
            "wrong": "another result than the gold's",
            "right": "the gold's result",
        }[fate(rollout)]
