"""A recipe's rewards: built by name from its YAML, summed to one number a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.config import Recipe
from pipeline.errors import InputError
from pipeline.rewards.atomic import AtomicReward
from pipeline.rewards.execution import ExecutionReward
from pipeline.rewards.format import FormatReward
from pipeline.rewards.latency import LatencyReward
from pipeline.rewards.length import LengthReward, TokenCounter, count_words
from pipeline.rewards.memory import MemoryReward
from pipeline.rewards.result import ResultReward
from pipeline.rewards.reward import Reward
from pipeline.rewards.rollout import Rollout
from pipeline.rewards.skeleton import SkeletonReward

REWARDS: dict[str, type[Any]] = {
    reward.name: reward
    for reward in (
        *(FormatReward, ExecutionReward, ResultReward, LengthReward),
        *(AtomicReward, MemoryReward, SkeletonReward, LatencyReward),
    )
}


def build(recipe: Recipe, count_tokens: TokenCounter = count_words) -> list[Reward]:
    """The rewards of a recipe, in its order; lengths are counted by `count_tokens`.

    Raises:
        InputError: an unknown reward or setting, or no reward at all.
    """
    if not recipe.rewards:
        raise InputError(f"recipe {recipe.name!r} names no reward; there are: {', '.join(REWARDS)}")
    more: dict[str, dict[str, Any]] = {
        "length": {"count_tokens": count_tokens},
        "memory": {"embedder": recipe.embedder},
    }
    rewards: list[Reward] = []
    for name, settings in recipe.rewards.items():
        if name not in REWARDS:
            raise InputError(f"recipe {recipe.name!r}: unknown reward {name!r}; there are: {', '.join(REWARDS)}")
        try:
            rewards.append(REWARDS[name](**settings, **more.get(name, {})))
        except TypeError as error:
            raise InputError(f"recipe {recipe.name!r}, reward {name!r}: {str(error).partition('() ')[2]}") from None
    return rewards


def total(rewards: Sequence[Reward], rollouts: Sequence[Rollout]) -> list[float]:
    """The sum of all rewards for each rollout."""
    return [sum(parts) for parts in zip(*(reward(rollouts) for reward in rewards), strict=True)]
