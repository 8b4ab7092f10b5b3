"""Format reward: does the completion have the form that its mode asks for?"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.rewards.rollout import Rollout


class FormatReward:
    """S_format of SQL-R1 (arXiv 2504.08600, section 3.2) and R_format of FINER-SQL (arXiv 2605.03465), on Qwen3's form
    instead of their tags: one think block with nothing before it, empty if and only if the mode is non-thinking, then
    SQL. How long a thought must be is the recipe's to say (`min_thought_chars`)."""

    name = "format"

    def __init__(self, right: float, wrong: float) -> None:
        self.right, self.wrong = right, wrong

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.right, self.wrong), max(self.right, self.wrong)

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [self.right if rollout.well_formed else self.wrong for rollout in rollouts]

    def reason(self, rollout: Rollout) -> str:
        if rollout.well_formed:
            return f"the form of mode {rollout.mode}"
        if not rollout.sql:
            return "there is no SQL"
        if rollout.mode == "think":
            return "not exactly one think block, long enough, with nothing before it, and then SQL alone"
        return "not one empty think block and then SQL alone"
