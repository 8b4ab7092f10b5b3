"""Group relative policy optimisation (GRPO, arXiv 2402.03300) with the rewards of a recipe, through TRL's trainer.

The mode is drawn per prompt, never per rollout (HES-SQL). Rewards see one `Rollout` per completion, executed in one
batch; an infrastructure fault stops the training instead of being scored. Not covered yet: LoRA, vLLM, dynamic
filtering of prompts.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import GenerationSettings, GrpoSettings, ModelSettings
from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, render_prompt
from pipeline.engine.pool import Engine
from pipeline.rewards.recipe import Reward
from pipeline.rewards.rollout import Rollout, roll_out
from pipeline.training.trainer import common_arguments, train

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback


class RolloutScorer:
    """Turns TRL's batches into rollouts once, and hands each reward its scores of them.

    TRL calls every reward function with the same batch, one after the other; the first call executes, the others find
    the rollouts of that batch here.
    """

    def __init__(self, engine: Engine, databases: Mapping[str, Database], examples: Sequence[Example]) -> None:
        self.engine, self.databases, self.examples = engine, databases, examples
        self.rollouts: list[Rollout] = []
        self._batch: list[list[int]] | None = None

    def rollouts_of(
        self, completions: list[str], completion_ids: list[list[int]], example: list[int], mode: list[Mode]
    ) -> list[Rollout]:
        if completion_ids is not self._batch:
            self._batch = completion_ids
            self.rollouts = roll_out(
                self.engine, self.databases, [self.examples[i] for i in example], mode, completions
            )
        return self.rollouts


class TrlReward:
    """One reward of ours as a reward function of TRL's, which logs it as `rewards/<name>/mean` and `/std`."""

    def __init__(self, reward: Reward, scorer: RolloutScorer) -> None:
        self.reward, self.scorer, self.__name__ = reward, scorer, reward.name

    def __call__(
        self,
        prompts: list[str],
        completions: list[str],
        completion_ids: list[list[int]],
        example: list[int],
        mode: list[Mode],
        **_: Any,
    ) -> list[float]:
        return self.reward(self.scorer.rollouts_of(completions, completion_ids, example, mode))


def prompt_rows(
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    databases: Mapping[str, Database],
    think_share: float,
    seed: int,
) -> list[dict[str, Any]]:
    """One prompt an example in a mode drawn for that prompt; `example` is its index."""
    draw = random.Random(seed)
    rows = []
    for index, example in enumerate(examples):
        mode: Mode = "think" if draw.random() < think_share else "no_think"
        prompt = render_prompt(tokenizer, example, databases[example.db_id], mode)
        rows.append({"prompt": prompt, "example": index, "mode": mode})
    return rows


def train_grpo(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Mapping[str, Any]],
    rewards: Sequence[Reward],
    scorer: RolloutScorer,
    settings: GrpoSettings,
    generation: GenerationSettings,
    model_settings: ModelSettings,
    work: Path,
    seed: int,
    callbacks: list[TrainerCallback],
) -> dict[str, float]:
    """Train in place, from the last complete checkpoint under `work` if there is one; returns the trainer's metrics."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    arguments = GRPOConfig(
        **common_arguments(model_settings, work, settings.checkpoint_steps, seed),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.prompts_per_step * settings.generations,
        num_generations=settings.generations,
        learning_rate=settings.learning_rate,
        temperature=settings.temperature,
        beta=settings.beta,
        epsilon=settings.epsilon,
        max_completion_length=generation.max_new_tokens,
        logging_steps=1,
    )
    functions: list[Any] = [TrlReward(reward, scorer) for reward in rewards]
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=functions,
        args=arguments,
        train_dataset=Dataset.from_list([dict(row) for row in rows]),
        processing_class=tokenizer,
        callbacks=callbacks,
    )
    return train(trainer, work)
