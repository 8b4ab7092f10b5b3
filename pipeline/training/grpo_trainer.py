"""TRL's GRPO trainer with prompts drawn by a curriculum, and what keeps that up to date."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from torch.utils.data import Sampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from trl import GRPOTrainer

from pipeline.training.curriculum import Curriculum, CurriculumSampler, gathered
from pipeline.training.grpo import RolloutScorer

CURRICULUM_FILE = "curriculum.json"


class CurriculumGRPOTrainer(GRPOTrainer):
    """Draws its prompts by `curriculum`; without one as TRL does, each as often as any other."""

    def __init__(self, *, curriculum: Curriculum | None, **arguments: Any) -> None:
        self._curriculum = curriculum
        super().__init__(**arguments)

    def _get_train_sampler(self, dataset: Any = None) -> Sampler[int]:
        if self._curriculum is None:
            sampler: Sampler[int] = super()._get_train_sampler(dataset)
            return sampler
        arguments: Any = self.args
        group = int(self.num_generations or 1)
        repeats = self.num_iterations * arguments.steps_per_generation
        passes = arguments.gradient_accumulation_steps
        return CurriculumSampler(
            self._curriculum,
            prompts=arguments.generation_batch_size // group,
            group=group,
            repeats=repeats,
            draws=math.ceil(arguments.max_steps * passes / repeats),
            step_of=lambda draw: (draw - 1) * repeats // passes + 1,
        )


class CurriculumKeeper(TrainerCallback):
    """Tells the curriculum of each step what became of its prompts, those of all processes; keeps it with each
    checkpoint."""

    def __init__(self, curriculum: Curriculum, scorer: RolloutScorer) -> None:
        self.curriculum, self.scorer = curriculum, scorer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step:
            self.curriculum.load(_file(args, state))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        rows = [
            (prompt, rollout.correct and rollout.well_formed, total)
            for batch in self.scorer.batches
            for prompt, rollout, total in zip(batch.prompts, batch.rollouts, batch.totals(), strict=True)
        ]
        if everyone := gathered(rows):
            prompts, right, totals = zip(*everyone, strict=True)
            self.curriculum.learn(state.global_step, prompts, right, totals)
        if control.should_save and state.is_world_process_zero:
            # Before the checkpoint itself, which is complete once the trainer's state is written.
            file = _file(args, state)
            file.parent.mkdir(parents=True, exist_ok=True)
            self.curriculum.save(file)


class ForgetRollouts(TrainerCallback):
    """Lets the scorer's rollouts go when the next step begins: until then the callbacks look at them."""

    def __init__(self, scorer: RolloutScorer) -> None:
        self.scorer = scorer

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.scorer.batches.clear()


def _file(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}" / CURRICULUM_FILE
