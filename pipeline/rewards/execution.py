"""Execution reward: does the SQL run at all?"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.rewards.rollout import Rollout


class ExecutionReward:
    """S_exec of SQL-R1 (arXiv 2504.08600, section 3.2): 0 where the format is wrong; a timeout is a failure."""

    name = "execution"

    def __init__(self, runs: float, fails: float) -> None:
        self.runs, self.fails = runs, fails

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [0.0 if not r.well_formed else self.runs if r.runs else self.fails for r in rollouts]
