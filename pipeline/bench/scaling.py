"""`querysmith bench scaling`: what a bigger starter, or a longer training, is worth on imagined databases.

Starters of three sizes are trained from nothing on the same stream with the same tokenizer, and measured at the end of
several budgets on the same questions in words that are held out. The stream is the starter's simple items alone (one or
two tables): on all levels nothing is learned within budgets that three sizes can be given on a CPU. Each budget ends
with a fall of the learning rate, for a measurement before it would say little about a model that is done; the next
bigger one goes on from there.
"""

from __future__ import annotations

import json
import sys
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
    table = Table("Size", "Parameters", "Tokens", "Questions seen", "EX non-thinking", "EX thinking", "Minutes")
    for row in figures["rows"]:
        shares = [f"{row[f'ex_{mode}']:.1%}" for mode in ("no_think", "think")]
        counts = [f"{row[name] / 1e6:.2f} M" for name in ("parameters", "tokens")]
        table.add_row(row["size"], *counts, f"{row['questions']:,}", *shares, f"{row['seconds'] / 60:.0f}")
    console.print(table)


def _trained(folder: Path, size: str, budget: int) -> dict[str, Any]:
    """Train this size up to a budget, from where the next smaller one ended."""
    from pipeline.training.model import load_model
    from pipeline.training.starter.loop import Plan, pretrain
    from pipeline.training.starter.telling import telling
    from pipeline.training.starter.validation import held_out

    out = folder / size.replace(" ", "")
    plan = Plan(out=out, tokens=budget, seed=SEED, architecture=SIZES[size], easy=sys.maxsize, measure_s=float("inf"))
    validation, settings = held_out(QUESTIONS, "simple"), GenerationSettings(max_new_tokens=256, batch_size=64)
    told: dict[str, Any] = {}
    with telling(plan, {}, mlflow=False) as tell:

        def keep(progress: Any, figures: dict[str, float]) -> None:
            told.update(figures, questions=progress.questions, seconds=progress.seconds)
            tell(progress, figures)

        model = pretrain(plan, lambda m, t: validation.measure(m, t, settings), keep)
    parameters = load_model(str(model)).num_parameters()
    wanted = ("ex_no_think", "ex_think", "questions", "seconds")
    return {"parameters": parameters, "measured": len(validation.examples), **{name: told[name] for name in wanted}}


def _plot(rows: list[dict[str, Any]], path: Path) -> None:
    """EX with its 95 % interval (Clopper-Pearson) against tokens, a line for each size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    for size, marker in zip(SIZES, "so^", strict=False):
        own = [row for row in rows if row["size"] == size]
        tokens = [row["tokens"] / 1e6 for row in own]
        shares = [proportion([n < round(r["ex_no_think"] * r["measured"]) for n in range(r["measured"])]) for r in own]
        lengths = [[100 * (s.value - s.low) for s in shares], [100 * (s.high - s.value) for s in shares]]
        axes.errorbar(tokens, [100 * s.value for s in shares], lengths, marker=marker, capsize=3, label=size)
    axes.set_ylabel("EX on held-out words, %")
    axes.set_ylim(0, 100)
    axes.set_xlabel("training tokens, millions")
    axes.set_xscale("log")
    axes.legend(title="parameters", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
