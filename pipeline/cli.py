"""The command line: one sub-command per step of the pipeline, plus the demo and the sample databases.

Logs and progress go to stderr, a result to stdout. Exit codes: 0 done; 1 failed, may be retried; 2 wrong input or
configuration; 99 nothing to do. Heavy libraries are imported by the command that needs them.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pipeline import __version__
from pipeline.bench.commands import bench
from pipeline.environment import quiet_defaults
from pipeline.errors import QuerysmithError, Terminated
from pipeline.evaluation.commands import report, rewards, score
from pipeline.synth.commands import samples, synth
from pipeline.training.starter.command import pretrain

app = typer.Typer(
    name="querysmith",
    help="Train, test, promote and keep improving a private Text-to-SQL model on your own databases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML file with any of the configuration's keys.")]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="One setting, e.g. profile=smoke or profile.sft.epochs=3. Repeatable."
    ),
]
DagRun = Annotated[
    str,
    typer.Option(
        "--dag-run",
        envvar="QUERYSMITH_DAG_RUN",
        help="Id that ties the steps of one run together; the same id again resumes. Default: a new one.",
    ),
]
ResultFile = Annotated[Path | None, typer.Option("--result", help="File for the step's result (small JSON).")]

HELP = {
    "validate": "Check the data, set bad rows aside with the reason, split it, write the report.",
    "sft": "Supervised fine-tuning, thinking and non-thinking samples in one run.",
    "self_distill": "One round of self-distillation: keep the model's own thoughts whose SQL is right, train again.",
    "grpo": "Reinforcement learning (GRPO) with the recipe's rewards.",
    "evaluate": "Execution accuracy per mode and query latency of every stage and of the champion.",
    "promote": "Register the model, compare it with the champion, move the alias.",
    "benchmark": "Measure a registered model on a benchmark (--set benchmark.name=... inputs.model=...).",
}


def _step_command(name: str, text: str) -> None:
    """Add the sub-command of one step."""

    @app.command(name, help=text)
    def command(
        settings: Settings = [],  # noqa: B006 (Typer copies it)
        config: ConfigFile = None,
        result: ResultFile = None,
        dag_run: DagRun = "",
    ) -> None:
        _run_step(name, settings, config, result, dag_run)


def _run_step(name: str, settings: list[str], config: Path | None, result: Path | None, dag_run: str) -> None:
    from pipeline.config_loading import load_config

    loaded = load_config(config, settings)
    quiet_defaults()
    from pipeline.steps.contract import execute

    done = execute(name, loaded, dag_run or f"manual-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}", result)
    typer.echo(done.model_dump_json(exclude_defaults=True))


for _name, _text in HELP.items():
    if _name != "evaluate":  # it has more to offer, see evaluate_command
        _step_command(_name, _text)


@app.command("evaluate", help=HELP["evaluate"] + " With --model: one model on one benchmark, without MLflow.")
def evaluate_command(
    settings: Settings = [],  # noqa: B006 (Typer copies it)
    config: ConfigFile = None,
    result: ResultFile = None,
    dag_run: DagRun = "",
    model: Annotated[str, typer.Option(help="starter, a checkpoint's folder, or models:/NAME@ALIAS.")] = "",
    benchmark: Annotated[str, typer.Option(help="spider, bird, kaggledbqa or jsonl.")] = "",
    data: Annotated[Path | None, typer.Option(help="The benchmark's folder.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for predictions, scorecard and report.")] = None,
    mode: Annotated[str, typer.Option(help="think or no_think. Default: both.")] = "",
    votes: Annotated[int, typer.Option(min=1, help="Candidates that vote on each answer; 1: one greedy answer.")] = 1,
    limit: Annotated[int, typer.Option(min=0, help="Only so many questions; 0: all.")] = 0,
    metric: Annotated[str, typer.Option(help="See score. Default: the benchmark's own.")] = "",
    url: Annotated[str, typer.Option(help="MySQL server or database, see score.")] = "",
    seed: Annotated[int, typer.Option(help="Of the candidates that vote.")] = 42,
    profile: Annotated[str, typer.Option(help="Profile whose limits of generation hold.")] = "tiny",
) -> None:
    from pipeline.config_loading import load_config
    from pipeline.errors import InputError

    quiet_defaults()
    if not model:
        _run_step("evaluate", settings, config, result, dag_run)
        return
    if not benchmark or data is None or output is None:
        raise InputError("evaluate --model needs --benchmark, --data and --output")
    from pipeline.evaluation.offline import evaluate_offline

    chosen = load_config(None, [f"profile={profile}"]).profile
    typer.echo(evaluate_offline(model, benchmark, data, output, mode, votes, limit, metric, url, seed, chosen))


@app.command("preflight", help="Check that a step here has what a training needs: volume, MLflow, MySQL, GPU.")
def preflight_command(
    settings: Settings = [],  # noqa: B006 (Typer copies it)
    config: ConfigFile = None,
    result: ResultFile = None,
    dag_run: DagRun = "",
) -> None:
    from pipeline.config_loading import load_config

    loaded = load_config(config, settings)
    quiet_defaults()
    from pipeline.steps.preflight import execute

    typer.echo(execute(loaded, result).model_dump_json(exclude_defaults=True))


@app.command()
def demo(
    profile: Annotated[str, typer.Option(help="smoke (minutes), tiny (the default), or another profile.")] = "tiny",
    data: Annotated[str, typer.Option(help="'bundled' or a folder in Spider's layout.")] = "bundled",
    recipe: Annotated[str, typer.Option(help="The reward recipe of GRPO.")] = "querysmith",
    seed: Annotated[int, typer.Option(help="Seed of the whole run.")] = 42,
    leave: Annotated[
        bool, typer.Option("--exit", help="End when the run has ended, instead of serving until Ctrl-C.")
    ] = False,
) -> None:
    """Start Airflow and MLflow on this machine, run the whole pipeline, show the result."""
    from pipeline.config import home
    from pipeline.config_loading import load_config
    from pipeline.demo import run_demo

    folder = data if data == "bundled" else str(Path(data).absolute())
    load_config(None, [f"profile={profile}", f"recipe={recipe}", f"data={folder}", f"seed={seed}"])
    raise typer.Exit(
        run_demo(profile=profile, data=folder, recipe=recipe, seed=seed, exit_when_done=leave, home=home())
    )


@app.command("trigger")
def trigger_command(
    dag: Annotated[str, typer.Argument(help="train_text2sql, preflight, or another DAG.")],
    settings: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="A field of the DAG's form. Repeatable.")
    ] = [],  # noqa: B006 (Typer copies it)
) -> None:
    """Trigger a DAG of the Airflow at AIRFLOW_URL, and follow its run."""
    from pipeline.demo.trigger import trigger_and_follow

    raise typer.Exit(trigger_and_follow(dag, settings))


@app.command("plan")
def plan_command(
    profile: Annotated[str, typer.Argument(help="Name of a profile, or its YAML file.")] = "tiny",
    settings: Settings = [],  # noqa: B006 (Typer copies it)
    samples: Annotated[int, typer.Option(min=1, help="Training samples of SFT.")] = 10_000,
) -> None:
    """The memory, steps and tokens that training will need, before anything runs. Exit code 2: it does not fit."""
    from rich.console import Console

    from pipeline.config_loading import load_config
    from pipeline.errors import InputError
    from pipeline.training.plan import plan, show

    chosen = load_config(None, [f"profile={profile}", *settings]).profile
    found = plan(chosen, samples)
    Console().print(show(found, chosen, samples))
    if not found.fits:
        raise InputError(f"profile {chosen.name} does not fit its hardware, see the warning above")


for command in (samples, synth, score, report, pretrain):
    app.command()(command)
app.add_typer(rewards, name="rewards")
app.add_typer(bench, name="bench")


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Run a command and end with its exit code; an expected failure is one line on stderr."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    logging.getLogger("querysmith").setLevel(logging.INFO)
    try:
        app(standalone_mode=True)
    except QuerysmithError as error:
        print(f"querysmith: error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Terminated as error:
        print("querysmith: terminated", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(0)
