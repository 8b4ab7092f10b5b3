"""What all trainers share: the arguments that do not depend on the method, and training that survives SIGKILL."""

from __future__ import annotations

import json
import logging
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import ModelSettings

if TYPE_CHECKING:
    from transformers import Trainer

logger = logging.getLogger("querysmith")


def common_arguments(model: ModelSettings, work: Path, checkpoint_steps: int, seed: int) -> dict[str, Any]:
    """Training arguments for this machine, CPU or GPU; checkpoints go under `work`."""
    import torch

    on_gpu = torch.cuda.is_available()
    return {
        "output_dir": str(work),
        "bf16": model.dtype == "bfloat16",
        "use_cpu": not on_gpu,
        "gradient_checkpointing": on_gpu,
        "dataloader_pin_memory": on_gpu,
        "save_strategy": "steps",
        "save_steps": checkpoint_steps,
        "save_total_limit": 2,  # the newest may be cut short by a crash, then the one before it counts
        "report_to": "none",  # see reporting.py
        "disable_tqdm": True,
        "seed": seed,
    }


def train(trainer: Trainer, work: Path) -> dict[str, float]:
    """Train, from the last complete checkpoint under `work` if there is one; returns the trainer's metrics."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)  # it prints every log line, which the reporter has
    checkpoint = last_checkpoint(work)
    if checkpoint:
        logger.info("resuming from %s", checkpoint)
    outcome = trainer.train(resume_from_checkpoint=checkpoint)
    return {key: float(value) for key, value in outcome.metrics.items()}


def last_checkpoint(folder: Path) -> str | None:
    """The newest complete `checkpoint-N` under `folder`, or None.

    The trainer writes `trainer_state.json` last, so a checkpoint without a readable one was cut short by a crash; it is
    removed, because the trainer would otherwise count it among those that it keeps.
    """
    found = [
        (int(match[1]), path) for path in folder.glob("*") if (match := re.fullmatch(r"checkpoint-(\d+)", path.name))
    ]
    for step, path in sorted(found, reverse=True):
        try:
            state = json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            state = {}
        if state.get("global_step") == step:
            return str(path)
        shutil.rmtree(path)
    return None
