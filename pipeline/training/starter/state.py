"""Checkpoints of the starter: all that a training needs to go on after it was killed, written whole or not at all."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pipeline.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LAST = "last.pt"


@dataclass
class Progress:
    """What was done so far, all runs together."""

    step: int = 0
    tokens: int = 0
    questions: int = 0
    seconds: float = 0.0


def write_state(
    path: Path, model: PreTrainedModel, optimizers: list[torch.optim.Optimizer], progress: Progress
) -> None:
    """Write the state beside `path` and rename it, so that there is always a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    state = {
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "progress": vars(progress),
    }
    try:
        with draft.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def read_state(path: Path, model: PreTrainedModel, optimizers: list[torch.optim.Optimizer]) -> Progress:
    """Put a state into model and optimizers; no pickled code is run.

    Raises:
        InputError: the file is damaged, or of a model of another size.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location=model.device, weights_only=True)
        model.load_state_dict(state["model"])
        for optimizer, own in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(own)
        return Progress(**state["progress"])
    except (RuntimeError, ValueError, KeyError, TypeError, EOFError, OSError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"checkpoint {path} cannot be used ({reason}); give the sizes it was made with") from error
