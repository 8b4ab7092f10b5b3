"""A recipe's rewards: built by name from its YAML, summed to one number a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.config import Recipe
from pipeline.errors import InputError
from pipeline.rewards.execution import ExecutionReward
from pipeline.rewards.format import FormatReward
from pipeline.rewards.result import ResultReward
from pipeline.rewards.rollout import Rollout


class Reward(Protocol):
    """A callable class over a batch of rollouts; `name` is its key in a recipe and in MLflow."""

    name: str

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]: ...


REWARDS = {reward.name: reward for reward in (FormatReward, ExecutionReward, ResultReward)}


def build(recipe: Recipe) -> list[Reward]:
    """The rewards of a recipe, in its order.

    Raises:
        InputError: an unknown reward or setting, or no reward at all.
    """
    if not recipe.rewards:
        raise InputError(f"recipe {recipe.name!r} names no reward; there are: {', '.join(REWARDS)}")
    rewards: list[Reward] = []
    for name, settings in recipe.rewards.items():
        if name not in REWARDS:
            raise InputError(f"recipe {recipe.name!r}: unknown reward {name!r}; there are: {', '.join(REWARDS)}")
        try:
            rewards.append(REWARDS[name](**settings))
        except TypeError as error:
            raise InputError(f"recipe {recipe.name!r}, reward {name!r}: {str(error).partition('() ')[2]}") from None
    return rewards


def total(rewards: Sequence[Reward], rollouts: Sequence[Rollout]) -> list[float]:
    """The sum of all rewards for each rollout."""
    return [sum(parts) for parts in zip(*(reward(rollouts) for reward in rewards), strict=True)]
