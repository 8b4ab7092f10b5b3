"""`querysmith bench ...`: a sub-command for each measurement, its figures shown as tables or kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline.environment import quiet_defaults

Experiment = Literal["training", "recipes"]

bench = typer.Typer(help="Measure parts of Querysmith, on real data where there is some.", no_args_is_help=True)

Data = Annotated[
    Path,
    typer.Option("--data", envvar="QUERYSMITH_BENCHMARKS", help="Folder with the benchmarks spider/ and bird/."),
]
Workers = Annotated[int, typer.Option(min=1, help="Worker processes.")]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds of measurement, both ways in each.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="File for all figures.")]
DATA = Path("../shared/benchmarks")


@bench.callback()
def before() -> None:
    quiet_defaults()


@bench.command()
def engine(
    data: Data = DATA,
    workers: Workers = 2,
    mysql: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Administrator of a MySQL server, as mysql://root@127.0.0.1:3306/mysql, password in "
            "QUERYSMITH_MYSQL_ADMIN_PASSWORD. Databases and a user named querysmith_bench are made there and removed. "
            "Without it MySQL is left out.",
        ),
    ] = "",
    soak: Annotated[int, typer.Option(min=0, metavar="N", help="Executions of the soak test; 0: none.")] = 0,
    json_file: JsonFile = None,
) -> None:
    """The execution engine: recorded verdicts, speed against other ways, latency, cost, a soak."""
    from pipeline.bench.engine import bench_engine, show

    _tell(bench_engine(data, workers, mysql, soak), show, json_file)


@bench.command()
def rewards(
    data: Data = DATA,
    recipe: Annotated[str, typer.Option(help="Name of a recipe, or its YAML file.")] = "querysmith",
    copies: Annotated[list[int], typer.Option(min=0, max=10, help="Altered copies. Repeatable.")] = [0, 5],  # noqa: B006
    json_file: JsonFile = None,
) -> None:
    """The rewards of a recipe: rollouts a second, and the share of each component."""
    from pipeline.bench.rewards import bench_rewards, show

    _tell(bench_rewards(data, recipe, copies), show, json_file)


@bench.command()
def variants(data: Data = DATA, workers: Workers = 2, json_file: JsonFile = None) -> None:
    """Altered copies of databases against the official test suites: what they expose, and what they fail wrongly."""
    from pipeline.bench.variants import render, run

    _tell(run(data, workers), render, json_file)


@bench.command()
def generation(rounds: Rounds = 5, json_file: JsonFile = None) -> None:
    """Writing rollouts and greedy answers, against transformers' generate; the model of profile tiny."""
    from pipeline.bench.generation import bench_generation, show

    _tell(bench_generation(rounds), show, json_file)


@bench.command()
def training(rounds: Rounds = 5, json_file: JsonFile = None) -> None:
    """Supervised fine-tuning, against a bare PyTorch loop on the same batches; the model of profile tiny."""
    from pipeline.bench.training import bench_training, show

    _tell(bench_training(rounds), show, json_file)


@bench.command()
def ablation(
    output: Annotated[Path, typer.Option(help="Folder for the measurements; a later call goes on with them.")],
    experiment: Annotated[Experiment, typer.Option(help="What is varied.")] = "training",
    profile: Annotated[str, typer.Option(help="Profile of all trainings.")] = "tiny",
    seeds: Annotated[list[int], typer.Option(help="Repeatable.")] = [42, 43, 44],  # noqa: B006
    settings: Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="One setting for all.")] = [],  # noqa: B006
) -> None:
    """Training: fused SFT against its parts, with and without self-distillation. Recipes: GRPO with each of them."""
    from pipeline.bench.ablation import bench_ablation, show

    _tell(bench_ablation(experiment, profile, seeds, output, settings), show, None)


@bench.command()
def starter(
    model: Annotated[str, typer.Option(help="starter, or a checkpoint's folder.")] = "starter",
    json_file: JsonFile = None,
) -> None:
    """How well a model reads imagined databases that it has never seen, by level."""
    from pipeline.bench.starter import bench_starter, show

    _tell(bench_starter(model), show, json_file)


@bench.command()
def scaling(
    output: Annotated[Path, typer.Option(help="Folder for the trainings; a later call goes on with them.")],
    tokens: Annotated[list[int], typer.Option(min=1, help="Budget. Repeatable.")] = [10**6, 2 * 10**6, 4 * 10**6],  # noqa: B006
) -> None:
    """What bigger starters and longer trainings are worth: EX against parameters and tokens. An hour on a CPU."""
    from pipeline.bench.scaling import bench_scaling, show

    _tell(bench_scaling(output, tokens), show, None)


def _tell(figures: dict[str, Any], show: Callable[[dict[str, Any], Any], None], json_file: Path | None) -> None:
    from rich.console import Console

    show(figures, Console())
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2), encoding="utf-8")
