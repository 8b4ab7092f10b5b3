"""A tiny starter and its training, in this process or as one of its own that can be killed: `python starter_plans.py`
with the folders of the training and of its tokenizer."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from pipeline.profile import Architecture
from pipeline.training.starter.loop import Plan, pretrain
from pipeline.training.starter.state import Progress

SIZES = Architecture(vocab_size=500, hidden_size=32, layers=1, heads=2, kv_heads=1, intermediate_size=64)
PLAN = Plan(
    out=Path(),
    tokens=40_000,
    architecture=SIZES,
    max_length=1024,
    items=2,
    learning_rate=0.1,
    log_s=0.0,
    checkpoint_s=0.0,
)


def train(out: Path, tokenizer: Path, told: list[tuple[Progress, dict[str, float]]], **changes: object) -> Path:
    """Train by PLAN with these changes; what the loop tells goes to the list and, one step a line, to stdout."""

    def tell(progress: Progress, figures: dict[str, float]) -> None:
        told.append((replace(progress), figures))
        print(progress.step, flush=True)

    plan = replace(PLAN, out=out, tokenizer=str(tokenizer), **changes)  # type: ignore[arg-type]
    return pretrain(plan, lambda model, words: {"ex": 0.5}, tell)


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    train(Path(sys.argv[1]), Path(sys.argv[2]), [])
