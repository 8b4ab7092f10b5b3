"""The rollouts of GRPO by our own decoding, given to TRL as its `rollout_func`.

TRL's own way decodes every repetition of a prompt as a prompt of its own. Left out: TRL's top-k, top-p and penalties
(the policy that is trained has none), vLLM, parameters that FSDP keeps in shards.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from trl.models import unwrap_model_for_generation

from pipeline.inference.decoding import Decoding, decode_by_length
from pipeline.profile import GenerationSettings

if TYPE_CHECKING:
    from trl import GRPOTrainer


class Rollouts:
    """Decodes a process's share of a generation batch; random numbers are those of PyTorch's global generator, whose
    state the trainer's checkpoints hold. Temperature, length limit and ends are the trainer's."""

    def __init__(self, settings: GenerationSettings) -> None:
        self.batch_size = settings.batch_size
        # TRL is pinned to one version: its notice that this hook may change is for whoever raises that version.
        warnings.filterwarnings("ignore", message="You are using 'rollout_func'")

    def __call__(self, prompts: Sequence[str], trainer: GRPOTrainer) -> dict[str, Any]:
        """`prompts` repeats each prompt once for each of its rollouts, one after the other; returns the token ids of
        prompts and completions in that order. TRL works out the log-probabilities itself where its loss needs them."""
        tokenizer: Any = trainer.processing_class
        arguments: Any = trainer.args
        prompt_ids = tokenizer(text=list(prompts))["input_ids"]
        runs = [(ids, len(list(run))) for ids, run in groupby(prompt_ids)]
        # Several processes may cut a group in two: its parts then count as prompts of their own.
        samples = math.gcd(*(count for _, count in runs))
        distinct = [ids for ids, count in runs for _ in range(count // samples)]
        decoding = Decoding(
            max_new_tokens=arguments.max_completion_length,
            temperature=arguments.temperature,
            ends=trainer.eos_token_ids,
            pad=tokenizer.pad_token_id,
        )
        with unwrap_model_for_generation(
            trainer.model_wrapped,
            trainer.accelerator,
            gather_deepspeed3_params=arguments.ds3_gather_for_generation,
            gradient_checkpointing_kwargs=arguments.gradient_checkpointing_kwargs,
        ) as model:
            was_training = model.training
            model.eval()
            try:
                written = dict(decode_by_length(model, distinct, samples, self.batch_size, decoding))
            finally:
                model.train(was_training)
        completion_ids = [one.ids for index in range(len(distinct)) for one in written[index]]
        return {"prompt_ids": prompt_ids, "completion_ids": completion_ids, "logprobs": None}
