"""`querysmith bench scaling`: what a bigger starter, or a longer training, is worth on imagined databases.

Starters of three sizes are trained from nothing on the same stream with the same tokenizer, and measured at the end of
several budgets on the same questions: by their answers (EX), and by the loss of the gold answers, which shows what a
size is worth before it answers anything right. The stream is smaller than the starter's, from which nothing is learned
within budgets that three sizes can be given on a CPU: simple questions about one or two tables whose names are of some
900 words, which the questions of the measurement have, too; their databases are others. Each budget ends with a fall
of the learning rate, for a measurement before it would say little about a model that is done; the next bigger one goes
on from there.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.evaluation.statistics import proportion
from pipeline.profile import Architecture, GenerationSettings

SEED = 42
VOCABULARY = 2048
# Parameters grow fourfold from one to the next: in width, depth and heads of 32 dimensions.
SIZES = {
    "0.5 M": Architecture(vocab_size=VOCABULARY, hidden_size=96, layers=4, heads=3, kv_heads=1, intermediate_size=240),
    "2 M": Architecture(vocab_size=VOCABULARY, hidden_size=160, layers=6, heads=5, kv_heads=1, intermediate_size=432),
    "8 M": Architecture(vocab_size=VOCABULARY, hidden_size=320, layers=7, heads=10, kv_heads=2, intermediate_size=832),
}
ITEMS = 4  # databases in a batch: steps count for more than their size where nothing has been learned yet
QUESTIONS = 5  # a database
PLOT = "scaling.svg"


def bench_scaling(folder: Path, tokens: list[int]) -> dict[str, Any]:
    """EX of each size after each budget of tokens; a later call goes on with what `folder` holds."""
    file = folder / "scaling.json"
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"rows": []}
    done = {(row["size"], row["tokens"]) for row in figures["rows"]}
    for size in SIZES:
        for budget in sorted(tokens):
            if (size, budget) not in done:
                figures["rows"].append({"size": size, "tokens": budget, **_trained(folder, size, budget)})
                file.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    _plot(figures["rows"], folder / PLOT)
    return figures


def show(figures: dict[str, Any], console: Console) -> None:
    """A line for each training."""
    columns = ("Size", "Parameters", "Tokens", "Questions seen", "Loss", "EX non-thinking", "EX thinking", "Minutes")
    table = Table(*columns)
    for row in figures["rows"]:
        shares = [f"{row[f'ex_{mode}']:.1%}" for mode in ("no_think", "think")]
        counts = [f"{row[name] / 1e6:.2f} M" for name in ("parameters", "tokens")]
        seen = (f"{row['questions']:,}", f"{row['loss']:.3f}")
        table.add_row(row["size"], *counts, *seen, *shares, f"{row['seconds'] / 60:.0f}")
    console.print(table)


def _trained(out: Path, size: str, budget: int) -> dict[str, Any]:
    """Train this size up to a budget, from where the next smaller one ended."""
    from pipeline.synth.imagined import HELD_OUT
    from pipeline.training.model import load_model, load_tokenizer
    from pipeline.training.starter.items import synthesise
    from pipeline.training.starter.loop import Plan, pretrain
    from pipeline.training.starter.telling import telling
    from pipeline.training.starter.validation import validation_in

    words = replace(HELD_OUT, inventive=False)
    plan = Plan(
        out=out / size.replace(" ", ""),
        tokens=budget,
        seed=SEED,
        architecture=SIZES[size],
        items=ITEMS,
        varied=False,
        easy=sys.maxsize,
        measure_s=float("inf"),
    )
    validation = validation_in(words, QUESTIONS, "simple")
    settings = GenerationSettings(max_new_tokens=256, batch_size=64)
    told: dict[str, Any] = {}
    with telling(plan, {}, mlflow=False) as tell:

        def keep(progress: Any, figures: dict[str, float]) -> None:
            told.update(figures, questions=progress.questions, seconds=progress.seconds)
            tell(progress, figures)

        measure, draw = partial(validation.measure, settings=settings), partial(synthesise, lexicon=words)
        folder = str(pretrain(plan, measure, keep, draw))
    model = load_model(folder)
    found = {name: told[name] for name in ("ex_no_think", "ex_think", "questions", "seconds")}
    found["loss"] = validation.loss(model, load_tokenizer(folder))
    return {"parameters": model.num_parameters(), "measured": len(validation.examples), **found}


def _plot(rows: list[dict[str, Any]], path: Path) -> None:
    """EX with its 95 % interval (Clopper-Pearson) and loss against tokens, a line for each size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    accuracy, loss = figure.subplots(1, 2)
    for size, marker in zip(SIZES, "so^", strict=False):
        own = [row for row in rows if row["size"] == size]
        tokens = [row["tokens"] / 1e6 for row in own]
        shares = [proportion([n < round(r["ex_no_think"] * r["measured"]) for n in range(r["measured"])]) for r in own]
        lengths = [[100 * (s.value - s.low) for s in shares], [100 * (s.high - s.value) for s in shares]]
        accuracy.errorbar(tokens, [100 * s.value for s in shares], lengths, marker=marker, capsize=3, label=size)
        loss.plot(tokens, [row["loss"] for row in own], marker=marker, label=size)
    accuracy.set_ylabel("EX on unseen databases, %")
    accuracy.set_ylim(0, 100)
    loss.set_ylabel("loss of the gold answers, nats a token")
    accuracy.legend(title="parameters", frameon=False)
    budgets = sorted({row["tokens"] / 1e6 for row in rows})
    for axes in (accuracy, loss):
        axes.set_xlabel("training tokens, millions")
        axes.set_xscale("log")
        axes.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
