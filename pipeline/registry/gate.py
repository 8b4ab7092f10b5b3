"""The gate: may a challenger take the champion's place?

Both have answered the same questions in both modes. First version: the challenger's EX must not be below the
champion's by more than the profile's margin. Not covered yet: significance (McNemar) and latency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """`promote` with its reason in one line."""

    promote: bool
    reason: str


def decide(challenger: Sequence[bool], champion: Sequence[bool] | None, margin: float) -> Decision:
    """Compare verdicts on the same (question, mode) pairs, in the same order; None means that there is no champion.

    `margin` is a share (0.01 = one point of EX).

    Raises:
        ValueError: the verdicts are not of the same questions (different length), or there are none.
    """
    if not challenger:
        raise ValueError("no question was evaluated")
    mine = sum(challenger) / len(challenger)
    if champion is None:
        return Decision(True, f"no champion yet; EX {mine:.1%} on {len(challenger)} answers")
    if len(champion) != len(challenger):
        raise ValueError(f"{len(challenger)} verdicts of the challenger, {len(champion)} of the champion")
    theirs = sum(champion) / len(champion)
    won = sum(a and not b for a, b in zip(challenger, champion, strict=True))
    lost = sum(b and not a for a, b in zip(challenger, champion, strict=True))
    passed = lost - won <= margin * len(challenger) + 1e-9  # in answers: shares would round at the very margin
    answers = f"the same {len(challenger)} answers ({won} won, {lost} lost)"
    comparison = f"EX {mine:.1%} against the champion's {theirs:.1%} on {answers}"
    return Decision(
        passed, f"{comparison}; " + ("not below" if passed else "below") + f" by more than the margin of {margin:.1%}"
    )
