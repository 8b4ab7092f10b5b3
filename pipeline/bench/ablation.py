"""`querysmith bench ablation`: what each part of the training is worth, by leaving it out or by doing it otherwise.

Every variant is trained by the pipeline's own steps on the same data from the same start, and answers the same held-out
questions in both modes (greedy). A step that two variants have in common is trained once. Long on a CPU: each
measurement is kept at once, and a later call goes on where an earlier one stopped.
"""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.config import RunConfig
from pipeline.config_loading import load_config
from pipeline.data.dataset import Dataset
from pipeline.data.prompts import MODES
from pipeline.engine.pool import Engine
from pipeline.evaluation.scorecard import Answer, answer, evaluator_name, latency, score
from pipeline.evaluation.statistics import Interval, proportion
from pipeline.registry.models import checkpoint
from pipeline.registry.runs import fetch
from pipeline.rewards.copies import Copies, open_copies
from pipeline.rewards.engine import open_engine

# The steps of each variant, in their order, each with the settings that are its own.
Chain = Sequence[tuple[str, tuple[str, ...]]]
_SFT = ("sft", ())
_DISTILLED = (_SFT, ("self_distill", ()))
EXPERIMENTS: dict[str, dict[str, Chain]] = {
    "training": {
        "fused": [_SFT],
        "thinking only": [("sft", ("profile.sft.modes=think",))],
        "non-thinking only": [("sft", ("profile.sft.modes=no_think",))],
        "fused, samples weigh the same": [("sft", ("profile.sft.weighting=sample",))],
        "fused, then self-distillation": _DISTILLED,
    },
    "recipes": {
        "SFT": [_SFT],
        "self-distillation": _DISTILLED,
        "querysmith": [*_DISTILLED, ("grpo", ("recipe=querysmith",))],
        "querysmith, no latency reward": [*_DISTILLED, ("grpo", ("recipe.rewards.latency.weight=0",))],
        **{name: [*_DISTILLED, ("grpo", (f"recipe={name}",))] for name in ("sql_r1", "finer_sql", "hes_sql")},
    },
}
_SHARES = ("ex_think", "ex_no_think")
_FIGURES = {
    **dict.fromkeys(("obedience_think", "obedience_no_think"), "{:.0%}"),
    **dict.fromkeys(("tokens_think", "tokens_no_think"), "{:.0f}"),
    **dict.fromkeys(("latency_ratio", "mean_latency_ratio", "cost_ratio"), "{:.2f}"),
    "latency_questions": "{:.0f}",
}


def bench_ablation(
    experiment: str, profile: str, seeds: Sequence[int], folder: Path, settings: Sequence[str] = ()
) -> dict[str, Any]:
    """All measurements, those of earlier calls among them; they and a plot lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{experiment}.json"
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"rows": []}
    done = {(row["variant"], row["seed"]) for row in figures["rows"]}
    for seed in seeds:
        own = _Seed([f"profile={profile}", f"seed={seed}", *settings], folder)
        for variant, chain in EXPERIMENTS[experiment].items():
            if (variant, seed) not in done:
                figures["rows"].append({"variant": variant, "seed": seed, **own.measure(chain)})
                file.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    _plot(figures["rows"], file.with_suffix(".svg"))
    return figures


def show(figures: dict[str, Any], console: Console) -> None:
    """One line a variant. EX: all seeds together with the 95 % interval (Clopper-Pearson), then each; the rest: mean
    over the seeds and their range."""
    rows = figures["rows"]
    console.print(
        f"{rows[0]['evaluator']}; {rows[0]['questions']} questions; seeds {sorted({r['seed'] for r in rows})}; ratios: "
        "queries of the last step against those of the first, on questions that both have right"
    )
    table = Table("Variant", *_SHARES, *_FIGURES)
    for variant, own in _by_variant(rows).items():
        shares = [
            f"{pooled.value:.1%} \\[{100 * pooled.low:.1f}, {100 * pooled.high:.1f}]; "
            + ", ".join(f"{100 * row[name]:.1f}" for row in own)
            for name, pooled in ((name, _pooled(own, name)) for name in _SHARES)
        ]
        ranges = [_with_range([row[name] for row in own if name in row], shape) for name, shape in _FIGURES.items()]
        table.add_row(variant, *shares, *ranges)
    console.print(table)


def _by_variant(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    variants = dict.fromkeys(row["variant"] for row in rows)
    return {variant: [row for row in rows if row["variant"] == variant] for variant in variants}


def _pooled(rows: Sequence[dict[str, Any]], name: str) -> Interval:
    """The seeds' questions as one sample."""
    return proportion([n < round(row[name] * row["questions"]) for row in rows for n in range(row["questions"])])


def _with_range(values: Sequence[float], shape: str) -> str:
    if not values:
        return ""
    low, high = shape.format(min(values)), shape.format(max(values))
    return f"{shape.format(statistics.fmean(values))} ({low}-{high})"


def _plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """EX of each variant in both modes with its interval, and how its latency compares, each seed a point."""
    from matplotlib.figure import Figure

    variants = _by_variant(rows)
    figure = Figure(figsize=(9, 1.2 + 0.4 * len(variants)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for place, own in enumerate(variants.values()):
        for name, offset, colour in zip(_SHARES, (-0.12, 0.12), ("tab:blue", "tab:orange"), strict=True):
            share = _pooled(own, name)
            left.plot([100 * share.low, 100 * share.high], [place + offset] * 2, color=colour, alpha=0.5)
            mode = {"ex_think": "thinking", "ex_no_think": "non-thinking"}[name]
            left.plot(100 * share.value, place + offset, "o", color=colour, label="" if place else mode)
        ratios = [row["mean_latency_ratio"] for row in own if "mean_latency_ratio" in row]
        right.plot(ratios, [place] * len(ratios), "o", color="tab:green")
    left.set_yticks(range(len(variants)), list(variants))
    left.invert_yaxis()
    left.set_xlabel("EX on held-out questions, %, 95 % interval")
    left.legend(frameon=False)
    right.axvline(1, color="grey", linewidth=0.8)
    right.set_xlabel("mean latency against SFT, each seed")
    right.set_xlim(left=0)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


@dataclass
class _Seed:
    """One seed's variants: the settings that they have in common, where their models are put, and what these have
    answered so far, by URI."""

    common: Sequence[str]
    folder: Path
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def measure(self, chain: Chain) -> dict[str, Any]:
        """Train one variant and let its model answer the held-out questions, beside that of its first step."""
        config, dag_run = load_config(None, self.common), _dag_run([*self.common, "validate"])
        data = _uri("validate", self.common, dag_run, "dataset")
        models: list[str] = []
        for place, (step, own) in enumerate(chain):
            inputs = [f"inputs.dataset={data}", *(f"inputs.model={uri}" for uri in models[-1:])]
            dag_run = _dag_run([*self.common, *(f"{name} {given}" for name, given in chain[: place + 1])])
            models.append(_uri(step, [*self.common, *own, *inputs], dag_run, "model"))
        dataset = Dataset.read(fetch(data, self.folder / dag_run / "dataset"))
        found = self._figures(config, dataset, models[0], models[-1])
        return found | {"questions": len(dataset.splits["test"]), "data_digest": dataset.digest}

    def _figures(self, config: RunConfig, dataset: Dataset, first: str, last: str) -> dict[str, Any]:
        copies = open_copies(dataset.databases, config.recipe.variants)
        with open_engine(config, dataset.databases, copies) as engine:
            asked, reference = (self._answers(uri, config, dataset, engine, copies) for uri in (last, first))
            figures: dict[str, Any] = dict(score(asked))
            if first != last:
                repeats = config.profile.evaluate.latency_repeats
                figures |= latency(engine, dataset.databases, asked, reference, repeats, "latency")
                if figures["latency_questions"]:
                    figures["mean_latency_ratio"] = figures["latency_ms"] / figures["reference_latency_ms"]
        for mode in MODES:
            share = proportion([a.rollout.correct for a in asked if a.rollout.mode == mode])
            figures[f"ex_{mode}_interval"] = [share.low, share.high]
        return figures | {"evaluator": evaluator_name(copies, config.profile.generation)}

    def _answers(self, uri: str, config: RunConfig, dataset: Dataset, engine: Engine, copies: Copies) -> list[Answer]:
        from pipeline.training.model import load_model, load_tokenizer

        if uri not in self.answers:
            place = str(checkpoint(uri, self.folder / "models" / uri.rpartition("/")[2]))
            model, tokenizer = load_model(place), load_tokenizer(place)
            asked, generation = dataset.splits["test"], config.profile.generation
            self.answers[uri] = answer(
                model, tokenizer, engine, asked, dataset.databases, copies, generation, "held-out questions"
            )
        return self.answers[uri]


def _dag_run(parts: Sequence[str]) -> str:
    """The same for variants that have come the same way, so that a step which has ended is not repeated."""
    return f"ablation-{hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:16]}"


def _uri(step: str, settings: Sequence[str], dag_run: str, name: str) -> str:
    from pipeline.steps.contract import execute

    return execute(step, load_config(None, list(settings)), dag_run, None).uris[name]
