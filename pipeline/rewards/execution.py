"""Execution reward: does the SQL run at all?"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.rewards.reward import fate
from pipeline.rewards.rollout import Rollout


class ExecutionReward:
    """S_exec of SQL-R1 (arXiv 2504.08600, section 3.2): 0 where the format is wrong; a timeout is a failure."""

    name = "execution"

    def __init__(self, runs: float, fails: float) -> None:
        self.runs, self.fails = runs, fails

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.runs, self.fails, 0.0), max(self.runs, self.fails, 0.0)

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        values = {"malformed": 0.0, "fails": self.fails, "wrong": self.runs, "right": self.runs}
        return [values[fate(rollout)] for rollout in rollouts]

    def reason(self, rollout: Rollout) -> str:
        if fate(rollout) == "malformed":
            return "the form is wrong"
        error = rollout.execution.error if rollout.execution else None
        return f"{error.kind}: {' '.join(error.message.split())}" if error else "it runs"
