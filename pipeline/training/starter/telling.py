"""What the starter's training tells while it works: on stderr, as lines of JSON in a file, as metrics in MLflow."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.registry.runs import connect, experiment_id, find_or_create, log_figures, log_params, provenance
from pipeline.training.starter.loop import Plan, Tell
from pipeline.training.starter.state import Progress

logger = logging.getLogger("querysmith")

EXPERIMENT = "starter"


@contextmanager
def telling(plan: Plan, params: Mapping[str, str], mlflow: bool) -> Iterator[Tell]:
    """Yields what the loop calls with its figures; a resumed training goes on in the same file and MLflow run."""
    told: list[Tell] = [_to_file(plan.out / "state" / "log.jsonl")]
    if mlflow:
        told.append(_to_mlflow(plan.out.name, params))
    with _shown(plan) as show:
        told.append(show)

        def tell(progress: Progress, figures: dict[str, float]) -> None:
            for one in told:
                one(progress, figures)

        yield tell


def _to_file(path: Path) -> Tell:
    path.parent.mkdir(parents=True, exist_ok=True)

    def tell(progress: Progress, figures: dict[str, float]) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**vars(progress), **figures}) + "\n")

    return tell


def _to_mlflow(name: str, params: Mapping[str, str]) -> Tell:
    client = connect()
    run = find_or_create(client, experiment_id(client, EXPERIMENT), f"pretrain-{name}", "pretrain")
    log_params(client, run, params)
    for tag, value in provenance().items():
        client.set_tag(run.info.run_id, tag, value)

    def tell(progress: Progress, figures: dict[str, float]) -> None:
        log_figures(client, run.info.run_id, {**figures, "tokens": progress.tokens}, step=progress.step)
        if figures.get("done", 0.0) >= 1.0:
            client.set_terminated(run.info.run_id)

    return tell


@contextmanager
def _shown(plan: Plan) -> Iterator[Tell]:
    if not sys.stderr.isatty():
        yield lambda progress, figures: logger.info("pretrain: %s", _words(plan, progress, figures))
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True)) as bar:
        task = bar.add_task("pretrain", total=1.0)

        def tell(progress: Progress, figures: dict[str, float]) -> None:
            if "loss" in figures:
                bar.update(task, completed=figures["done"], description=_words(plan, progress, figures))
            else:
                bar.console.print(_words(plan, progress, figures))

        yield tell


def _words(plan: Plan, progress: Progress, figures: Mapping[str, float]) -> str:
    words = f"step {progress.step}, {progress.tokens / 1e6:.2f} M tokens"
    if "loss" not in figures:
        return f"{words}: " + ", ".join(f"{name} {value:.1%}" for name, value in figures.items() if name != "done")
    done = figures["done"]
    left = progress.seconds * (1.0 - done) / done / 60.0 if done else float("nan")
    rate = f"{figures['tokens_per_s']:,.0f} tokens/s"
    return f"{words}, {rate}, loss {figures['loss']:.4f}, {done:.1%} done, {left:.0f} min left"
