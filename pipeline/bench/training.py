"""How fast supervised fine-tuning is, against a bare PyTorch loop on the same batches.

Ours is `train_sft` through TRL's trainer, from the beginning of the first step to the end of the last, so with batches,
metrics and logs, but without the start. The bare loop has the batches ready, and knows forward pass, backward pass,
gradient clipping and optimiser, in the same arithmetic. It computes the padded rows as they are, prompts of one schema
each by itself, and works out the logits of every position, as `model(..., labels=...)` does.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from pipeline.bench.tiny import SEED, Tiny, open_tiny, spread, with_range
from pipeline.progress import progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STEPS, ROUNDS = 6, 5
INPUTS = ("input_ids", "attention_mask", "labels")

Batch = dict[str, Any]


def bench_training(rounds: int = ROUNDS) -> dict[str, Any]:
    """Tokens a second of `train_sft` and of the bare loop on the same batches, and their ratio."""
    import torch

    found: dict[str, list[float]] = {"bare": [], "ours": [], "ratio": []}
    with tempfile.TemporaryDirectory() as folder, progress("training", rounds + 1) as advance:
        tiny = open_tiny(Path(folder) / "samples")
        for number in range(rounds + 1):  # the first one warms up
            batches, ours_s = _ours(tiny, Path(folder) / str(number))
            bare_s = fit(tiny.model(), batches, tiny.profile.sft.learning_rate, tiny.profile.model.mixed_precision)
            if number:
                tokens = sum(int(batch["attention_mask"].sum()) for batch in batches)
                found["bare"].append(tokens / bare_s)
                found["ours"].append(tokens / ours_s)
                found["ratio"].append(bare_s / ours_s)
            advance(1)
    figures: dict[str, Any] = {"cores": os.cpu_count(), "threads": torch.get_num_threads(), "rounds": rounds}
    return figures | {name: spread(values) for name, values in found.items()}


def show(figures: dict[str, Any], console: Console) -> None:
    """The figures as a table."""
    console.print(
        f"profile tiny, {STEPS} steps a round, {figures['threads']} threads on {figures['cores']} cores, median of "
        f"{figures['rounds']} rounds"
    )
    table = Table("Supervised fine-tuning", "Tokens a second \\[range]", "Against the bare loop")
    table.add_row("bare PyTorch loop", with_range(figures["bare"]), "1")
    table.add_row("ours", with_range(figures["ours"]), with_range(figures["ratio"], 2))
    console.print(table)


def fit(model: PreTrainedModel, batches: Sequence[Batch], learning_rate: float, mixed_precision: bool = False) -> float:
    """Train the model in a bare loop, one step a batch; returns the seconds that it took."""
    import torch

    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    started = time.perf_counter()
    for batch in batches:
        with torch.autocast(model.device.type, torch.bfloat16, enabled=mixed_precision):
            loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - started


def batches_of(tiny: Tiny, steps: int) -> list[Batch]:
    """`steps` batches of the training questions in both modes, padded on the right, samples of similar length."""
    import torch

    from pipeline.training.sft import fused_rows, tokenise

    rows = fused_rows(tiny.tokenizer, tiny.train, tiny.databases)
    samples = sorted(tokenise(tiny.tokenizer, rows, tiny.profile.model.max_length), key=lambda s: len(s["input_ids"]))
    size = tiny.profile.sft.batch_size
    starts = range(0, len(samples) - size + 1, size)
    draw = random.Random(SEED)
    batches = []
    for start in [draw.choice(starts) for _ in range(steps)]:
        chosen = samples[start : start + size]
        ids = [torch.tensor(sample["input_ids"]) for sample in chosen]
        learned = [torch.tensor(sample["completion_mask"], dtype=torch.bool) for sample in chosen]
        labels = [row.masked_fill(~mask, -100) for row, mask in zip(ids, learned, strict=True)]
        seen = [torch.ones_like(row) for row in ids]
        padded = [
            torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)
            for tensors, value in ((ids, 0), (seen, 0), (labels, -100))
        ]
        batches.append(dict(zip(INPUTS, padded, strict=True)))
    return batches


def _ours(tiny: Tiny, work: Path) -> tuple[list[Batch], float]:
    """The batches that `train_sft` trained on, and the seconds of its steps."""
    from transformers import TrainerCallback

    from pipeline.training.sft import fused_rows, train_sft

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.at: list[float] = []

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.at.append(time.perf_counter())

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.at.append(time.perf_counter())

    batches: list[Batch] = []

    def keep(_: Any, __: Any, given: dict[str, Any]) -> None:
        batches.append({name: given[name] for name in INPUTS})

    profile, clock, model = tiny.profile, Clock(), tiny.model()
    model.register_forward_pre_hook(keep, with_kwargs=True)
    rows = fused_rows(tiny.tokenizer, tiny.train, tiny.databases)
    rows = random.Random(SEED).sample(rows, STEPS * profile.sft.batch_size)
    settings = profile.sft.model_copy(update={"epochs": 1.0, "checkpoint_steps": 10 * STEPS})
    train_sft(model, tiny.tokenizer, rows, settings, profile.model, work, SEED, [clock])
    return batches, clock.at[-1] - clock.at[0]
