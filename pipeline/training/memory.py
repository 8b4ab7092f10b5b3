"""The memory reward's thoughts over a training: they grow after each step, and are kept with each checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from pipeline.rewards.memory import MemoryReward
from pipeline.training.grpo import RolloutScorer

THOUGHTS_FILE = "thoughts.parquet"


class MemoryKeeper(TrainerCallback):
    """Lets the memory learn the rollouts of each step once it has been scored, so that they do not score each other."""

    def __init__(self, memory: MemoryReward, scorer: RolloutScorer) -> None:
        self.memory, self.scorer = memory, scorer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step:
            self.memory.load(_file(args, state))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.memory.learn(self.scorer.rollouts)
        if control.should_save:  # before the checkpoint itself, which is complete once the trainer's state is written
            file = _file(args, state)
            file.parent.mkdir(parents=True, exist_ok=True)
            self.memory.save(file)


def _file(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}" / THOUGHTS_FILE
