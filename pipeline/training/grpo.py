"""Group relative policy optimisation (GRPO, arXiv 2402.03300) with the rewards of a recipe, through TRL's trainer.

The mode is drawn per prompt, never per rollout (HES-SQL). Rewards see one `Rollout` per completion, executed in one
batch; an infrastructure fault stops the training instead of being scored.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, render_prompt
from pipeline.engine.pool import Engine
from pipeline.errors import InputError
from pipeline.profile import GenerationSettings, GrpoSettings, ModelSettings
from pipeline.rewards.copies import Copies
from pipeline.rewards.reward import Reward
from pipeline.rewards.rollout import Rollout, roll_out
from pipeline.sql.parsing import parse
from pipeline.training.adapters import lora_config
from pipeline.training.trainer import batch_arguments, common_arguments, train

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback


LogMetric = Callable[[str, float], None]


class Scored(NamedTuple):
    """A batch of rollouts: the prompt of each, and its scores by reward."""

    prompts: list[int]
    rollouts: list[Rollout]
    scores: dict[str, list[float]]

    def totals(self) -> list[float]:
        """The whole reward of each rollout."""
        return [sum(parts) for parts in zip(*self.scores.values(), strict=True)]


class RolloutScorer:
    """Turns TRL's batches into rollouts once, for all rewards; keeps those of a step with their scores by reward.

    TRL calls every reward function with the same batch, one after the other; the first call executes, the others find
    the rollouts of that batch here. `copies` and `min_thought_chars` are those of roll_out.
    """

    def __init__(
        self,
        engine: Engine,
        databases: Mapping[str, Database],
        examples: Sequence[Example],
        copies: Copies,
        min_thought_chars: int,
    ) -> None:
        self.engine, self.databases, self.examples = engine, databases, examples
        self.copies, self.min_thought_chars = copies, min_thought_chars
        self.batches: list[Scored] = []
        self._batch: list[list[int]] | None = None

    def rollouts_of(
        self,
        completions: list[str],
        completion_ids: list[list[int]],
        example: list[int],
        mode: list[Mode],
        log_metric: LogMetric,
    ) -> list[Rollout]:
        if completion_ids is not self._batch:
            self._batch = completion_ids
            rollouts = roll_out(
                self.engine,
                self.databases,
                [self.examples[i] for i in example],
                mode,
                completions,
                self.copies,
                self.min_thought_chars,
            )
            self.batches.append(Scored(example, rollouts, {}))
            for name, value in shares(rollouts).items():
                log_metric(f"rollouts/{name}", value)
        return self.batches[-1].rollouts


class TrlReward:
    """One reward of ours as a reward function of TRL's, which logs it as `rewards/<name>/mean` and `/std`; the share of
    the groups in which it does not vary, and so teaches nothing, is `rewards/<name>/zero_spread`."""

    def __init__(self, reward: Reward, scorer: RolloutScorer) -> None:
        self.reward, self.scorer, self.__name__ = reward, scorer, reward.name

    def __call__(
        self,
        prompts: list[str],
        completions: list[str],
        completion_ids: list[list[int]],
        example: list[int],
        mode: list[Mode],
        log_metric: LogMetric,
        **_: Any,
    ) -> list[float]:
        scores = self.reward(self.scorer.rollouts_of(completions, completion_ids, example, mode, log_metric))
        self.scorer.batches[-1].scores[self.reward.name] = scores
        log_metric(f"rewards/{self.reward.name}/zero_spread", zero_spread(example, scores))
        return scores


def shares(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """Shares of the rollouts: right ones, those that run, that only altered copies of the database showed to be wrong,
    and whose SQL sqlglot cannot parse, so that execution alone judges them."""
    found = {
        "right": [r.correct and r.well_formed for r in rollouts],
        "run": [r.runs for r in rollouts],
        "exposed": [bool(r.exposed_by) for r in rollouts],
        "unparsed": [bool(r.sql) and parse(r.sql, r.database.dialect) is None for r in rollouts],
    }
    return {name: statistics.fmean(flags) for name, flags in found.items()}


def zero_spread(prompts: Sequence[int], scores: Sequence[float]) -> float:
    """The share of groups, that is of neighbouring completions of one prompt, whose scores are all the same."""
    groups = groupby(zip(prompts, scores, strict=True), key=lambda pair: pair[0])
    return statistics.fmean(len({score for _, score in group}) == 1 for _, group in groups)


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


def step_batches(settings: GrpoSettings) -> dict[str, Any]:
    """How the rollouts of one step are spread over processes and backward passes, and how many are written at once.

    Raises:
        InputError: they cannot be spread evenly, or not in whole groups.
    """
    from accelerate import PartialState

    rollouts, processes = settings.prompts_per_step * settings.generations, PartialState().num_processes
    sizes = batch_arguments("profile.grpo.prompts_per_step x generations", rollouts, settings.micro_batch)
    if not settings.rollout_batch:
        return sizes
    passes, rest = divmod(settings.rollout_batch, sizes["per_device_train_batch_size"])
    uneven = rest or not passes or sizes["gradient_accumulation_steps"] % passes
    if uneven or settings.rollout_batch * processes % settings.generations:
        raise InputError(
            f"profile.grpo.rollout_batch: {settings.rollout_batch} rollouts on each of {processes} GPUs must be whole "
            f"groups of generations ({settings.generations}), whole backward passes of micro_batch "
            f"({sizes['per_device_train_batch_size']}), and a part of the step's {rollouts}"
        )
    return sizes | {"steps_per_generation": passes}


def vllm_arguments(settings: GrpoSettings, max_tokens: int) -> dict[str, Any]:
    """The trainer's arguments for rollouts by vLLM, of prompts and completions of at most `max_tokens` together.

    Raises:
        InputError: vLLM is asked for and not installed.
    """
    if not settings.vllm:
        return {}
    if find_spec("vllm") is None:
        raise InputError(
            f"profile.grpo.vllm={settings.vllm} needs vllm, which is not installed: pip install vllm; "
            "or leave it empty to generate with transformers, which is slower"
        )
    return {
        "use_vllm": True,
        "vllm_mode": settings.vllm,
        "vllm_server_host": settings.vllm_host,
        "vllm_server_port": settings.vllm_port,
        "vllm_gpu_memory_utilization": settings.vllm_memory_share,
        "vllm_max_model_length": max_tokens,
    }


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
    """Train in place, from the last complete checkpoint under `work` if there is one; returns the trainer's metrics.

    Raises:
        InputError: there are fewer prompts than a step needs, or the settings do not fit each other or the machine.
    """
    from datasets import Dataset
    from trl import GRPOConfig

    from pipeline.training.curriculum import Curriculum
    from pipeline.training.grpo_trainer import CurriculumGRPOTrainer, CurriculumKeeper, ForgetRollouts
    from pipeline.training.rollouts import Rollouts

    curriculum = Curriculum(len(rows), settings.prompts_per_step, seed) if settings.curriculum else None

    arguments = GRPOConfig(
        **common_arguments(model_settings, work, settings.checkpoint_steps, seed),
        max_steps=settings.steps,
        **step_batches(settings),
        **vllm_arguments(settings, model_settings.max_length + generation.max_new_tokens),
        num_generations=settings.generations,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_share,
        temperature=settings.temperature,
        beta=settings.beta,
        epsilon=settings.epsilon,
        epsilon_high=settings.epsilon_high,
        loss_type=settings.loss_type,
        scale_rewards=settings.scale_rewards,
        importance_sampling_level=settings.importance_sampling,
        mask_truncated_completions=settings.mask_truncated,
        max_completion_length=generation.max_new_tokens,
        logging_steps=1,
    )
    functions: list[Any] = [TrlReward(reward, scorer) for reward in rewards]
    if curriculum:
        callbacks = [*callbacks, CurriculumKeeper(curriculum, scorer)]
    trainer = CurriculumGRPOTrainer(
        curriculum=curriculum,
        model=model,
        reward_funcs=functions,
        args=arguments,
        train_dataset=Dataset.from_list([dict(row) for row in rows]),
        processing_class=tokenizer,
        callbacks=[*callbacks, ForgetRollouts(scorer)],
        peft_config=lora_config(model_settings.adapter, model),
        rollout_func=None if settings.vllm else Rollouts(generation),
    )
    return train(trainer, work)
