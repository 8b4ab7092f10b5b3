"""Format reward: does the completion have the form that its mode asks for?"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.rewards.rollout import Rollout


class FormatReward:
    """S_format of SQL-R1 (arXiv 2504.08600, section 3.2), on Qwen3's form instead of its tags: one think block, empty
    if and only if the mode is non-thinking, then SQL."""

    name = "format"

    def __init__(self, right: float, wrong: float) -> None:
        self.right, self.wrong = right, wrong

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [self.right if rollout.well_formed else self.wrong for rollout in rollouts]
