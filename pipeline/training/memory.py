"""The memory reward's thoughts over a training: they grow after each step, and are kept with each checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from pipeline.rewards.memory import MemoryReward
from pipeline.training.grpo import RolloutScorer

THOUGHTS_FILE = "thoughts.parquet"


class MemoryKeeper(TrainerCallback):
    """Lets the memory learn the rollouts of each step once it has been scored, so that they do not score each other.

    Of several processes, each learns the rollouts of all, so that they share one memory; the first keeps it.
    """

    def __init__(self, memory: MemoryReward, scorer: RolloutScorer) -> None:
        self.memory, self.scorer = memory, scorer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step:
            self.memory.load(_file(args, state))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        from accelerate.utils import gather_object

        # A memory takes no others, and none of them needs its result.
        rollouts = (rollout for batch in self.scorer.batches for rollout in batch.rollouts)
        right = [replace(r, execution=None) for r in rollouts if r.correct and r.well_formed]
        self.memory.learn(gather_object(right))
        if (
            control.should_save and state.is_world_process_zero
        ):  # before the checkpoint itself, which is complete once the trainer's state is written
            file = _file(args, state)
            file.parent.mkdir(parents=True, exist_ok=True)
            self.memory.save(file)


def _file(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}" / THOUGHTS_FILE
