"""What a reward is, and the fate of a rollout that most rewards look at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from pipeline.rewards.rollout import Rollout

Fate = Literal["malformed", "fails", "wrong", "right"]


class Reward(Protocol):
    """A callable class over a batch of rollouts; `name` is its key in a recipe and in MLflow.

    Calling it changes nothing, and the order of the batch does not matter. Nothing but the form pays for a malformed
    completion. `bounds` are the least and the greatest value that any rollout can get.
    """

    name: str

    @property
    def bounds(self) -> tuple[float, float]: ...

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]: ...

    def reason(self, rollout: Rollout) -> str:
        """Why this rollout gets what it gets, in one line for people."""
        ...


def fate(rollout: Rollout) -> Fate:
    """Malformed, does not run, runs but is wrong, or right."""
    if not rollout.well_formed:
        return "malformed"
    return "right" if rollout.correct else "wrong" if rollout.runs else "fails"
