"""`querysmith bench ablation`: what each part of the training is worth, by leaving it out.

Every variant is trained by the pipeline's own steps on the bundled databases, from the same start, and answers the same
held-out questions in both modes (greedy). Hours on a CPU: each measurement is kept at once, and a later call goes on
where an earlier one stopped.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.config import RunConfig
from pipeline.config_loading import load_config
from pipeline.data.dataset import Dataset
from pipeline.evaluation.scorecard import answer, evaluator_name, score
from pipeline.evaluation.statistics import proportion
from pipeline.registry.models import checkpoint
from pipeline.registry.runs import fetch
from pipeline.rewards.copies import open_copies
from pipeline.rewards.engine import open_engine

# Settings of each variant, and the steps that make its model.
VARIANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fused": ((), ("sft",)),
    "thinking only": (("profile.sft.modes=think",), ("sft",)),
    "non-thinking only": (("profile.sft.modes=no_think",), ("sft",)),
    "fused, samples weigh the same": (("profile.sft.weighting=sample",), ("sft",)),
    "fused, then self-distillation": ((), ("sft", "self_distill")),
}
_FIGURES = ("ex_think", "ex_no_think", "obedience_think", "obedience_no_think", "tokens_think", "tokens_no_think")


def bench_ablation(profile: str, seeds: Sequence[int], folder: Path, settings: Sequence[str] = ()) -> dict[str, Any]:
    """All measurements, those of earlier calls among them, which lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "ablation.json"
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"rows": []}
    done = {(row["variant"], row["seed"]) for row in figures["rows"]}
    for seed in seeds:
        common = [f"profile={profile}", f"seed={seed}", *settings]
        for variant, (own, steps) in VARIANTS.items():
            if (variant, seed) not in done:
                figures["rows"].append({"variant": variant, "seed": seed, **_measure([*common, *own], steps, folder)})
                file.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return figures


def show(figures: dict[str, Any], console: Console) -> None:
    """One line a variant: mean over the seeds and the range of it."""
    rows = figures["rows"]
    console.print(
        f"{rows[0]['evaluator']}; {rows[0]['questions']} questions; seeds {sorted({r['seed'] for r in rows})}"
    )
    table = Table("Variant", *_FIGURES)
    for variant in dict.fromkeys(row["variant"] for row in rows):
        own = [row for row in rows if row["variant"] == variant]
        cells = []
        for name in _FIGURES:
            values = [row[name] for row in own]
            shape = "{:.1%}" if not name.startswith("tokens") else "{:.0f}"
            cells.append(
                f"{shape.format(statistics.fmean(values))} ({shape.format(min(values))}-{shape.format(max(values))})"
            )
        table.add_row(variant, *cells)
    console.print(table)


def _measure(settings: list[str], steps: Sequence[str], folder: Path) -> dict[str, Any]:
    """Train one variant and let its model answer the held-out questions."""
    from pipeline.steps.contract import execute
    from pipeline.training.model import load_model, load_tokenizer

    config = load_config(None, settings)
    dag_run = f"ablation-{config.digest()}"
    data = execute("validate", config, dag_run, None).uris["dataset"]
    model = ""
    for step in steps:
        inputs = [f"inputs.dataset={data}", *([f"inputs.model={model}"] if model else [])]
        model = execute(step, load_config(None, [*settings, *inputs]), dag_run, None).uris["model"]
    dataset = Dataset.read(fetch(data, folder / dag_run / "dataset"))
    path = str(checkpoint(model, folder / dag_run / model.rpartition("/")[2]))
    found = _answers(config, dataset, load_model(path), load_tokenizer(path))
    return found | {"questions": len(dataset.splits["test"]), "data_digest": dataset.digest}


def _answers(config: RunConfig, dataset: Dataset, model: Any, tokenizer: Any) -> dict[str, Any]:
    copies = open_copies(dataset.databases, config.recipe.variants)
    with open_engine(config, dataset.databases, copies) as engine:
        answers = answer(
            model,
            tokenizer,
            engine,
            dataset.splits["test"],
            dataset.databases,
            copies,
            config.profile.generation,
            "held-out questions",
        )
    figures: dict[str, Any] = {name: value for name, value in score(answers).items() if name in _FIGURES}
    for mode in ("think", "no_think"):
        share = proportion([a.rollout.correct for a in answers if a.rollout.mode == mode])
        figures[f"ex_{mode}_interval"] = [share.low, share.high]
    return figures | {"evaluator": evaluator_name(copies)}
