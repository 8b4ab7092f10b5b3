"""The seal of a checkpoint that several processes write: it says that all of them have, and how many they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from pipeline.errors import InputError
from pipeline.training.trainer import SEAL


class Seal(TrainerCallback):
    """Seals each checkpoint once every rank has written its part; a training in one process has nothing to seal."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if args.world_size == 1:
            return
        import torch

        torch.distributed.barrier()
        if state.is_world_process_zero:
            file = Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}" / SEAL
            temporary = file.with_suffix(".tmp")
            temporary.write_text(json.dumps({"ranks": args.world_size}), encoding="utf-8")
            temporary.replace(file)


def require_same_ranks(checkpoint: Path, ranks: int) -> None:
    """Raise an InputError unless `checkpoint` was written by as many processes as there are now."""
    seal = checkpoint / SEAL
    written_by = json.loads(seal.read_text(encoding="utf-8"))["ranks"] if seal.is_file() else 1
    if written_by != ranks:
        raise InputError(
            f"{checkpoint} was written by {written_by} processes and cannot be continued by {ranks}; "
            f"start as many nodes as then, or remove {checkpoint.parent} to train from the start"
        )
