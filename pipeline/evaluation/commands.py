"""`querysmith score`, `report` and `rewards explain`: the commands that judge answers and show what was judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.environment import quiet_defaults


def score(
    benchmark: Annotated[str, typer.Option(help="Layout of the data: spider, bird, kaggledbqa or jsonl.")],
    data: Annotated[Path, typer.Option(help="Folder of the benchmark, with its databases.")],
    predictions: Annotated[
        Path,
        typer.Option(
            help="JSON lines with pred and db_id + gold, or index; or Spider's one query a line; or BIRD's JSON."
        ),
    ],
    output: Annotated[Path, typer.Option(help="File for one JSON line a prediction; an interrupted run goes on.")],
    metric: Annotated[
        str, typer.Option(help="spider_execution, spider_test_suite, spider_exact_set, bird_ex or strict_ex.")
    ] = "",
    dialect: Annotated[str, typer.Option(help="sqlite, or mysql together with --url.")] = "sqlite",
    url: Annotated[
        str,
        typer.Option(help="MySQL database, mysql://user@host:3306/database; password in QUERYSMITH_MYSQL_PASSWORD."),
    ] = "",
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for one query.")] = 30.0,
) -> None:
    """Score the predictions of any system by a benchmark's own rule."""
    from pipeline.errors import InputError
    from pipeline.evaluation.external import score_predictions
    from pipeline.evaluation.statistics import proportion

    if (dialect == "mysql") != bool(url) or dialect not in ("sqlite", "mysql"):
        raise InputError(f"--dialect {dialect}: write sqlite, or mysql together with --url mysql://user@host/database")
    scored = score_predictions(benchmark, data, predictions, output, metric, url, workers, timeout)
    if scored.verdicts:
        share = proportion([verdict.verdict for verdict in scored.verdicts])
        counted = f"{sum(verdict.verdict for verdict in scored.verdicts)} of {len(scored.verdicts)}"
        typer.echo(f"{scored.rule}: {share.value:.2%} ({counted}; 95 % interval {share.low:.2%} to {share.high:.2%})")
    if bad := sum(bool(verdict.gold_error) for verdict in scored.verdicts):
        typer.echo(f"{bad} predictions have a gold query that does not run: they count as wrong", err=True)


def report(
    run: Annotated[str, typer.Argument(help="MLflow run id of an evaluation, or the folder of one.")],
    other: Annotated[str, typer.Argument(help="Another one, to compare with on the same questions.")] = "",
    output: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
) -> None:
    """Write the HTML report of an evaluation, or of two side by side."""
    quiet_defaults()
    from pipeline.evaluation.compare_runs import report_of

    output.write_text(report_of(run, other), encoding="utf-8")
    typer.echo(str(output))


rewards = typer.Typer(help="Look into the rewards of GRPO.", no_args_is_help=True)


@rewards.command("explain")
def rewards_explain(
    db: Annotated[str, typer.Option(help="SQLite file, or mysql://user@host:3306/database.")],
    gold: Annotated[list[str], typer.Option(help="The right query. Repeatable: several are right.")],
    recipe: Annotated[str, typer.Option(help="Name of a recipe, or its YAML file.")] = "querysmith",
    pred: Annotated[str, typer.Option(help="The SQL to judge, as answered without thinking.")] = "",
    completion: Annotated[
        Path | None, typer.Option(help="Or a file with a whole completion, think block and all.")
    ] = None,
    mode: Annotated[str, typer.Option(help="think or no_think. Default: by the completion's think block.")] = "",
    memory: Annotated[Path | None, typer.Option(help="Parquet file of a training's verified thoughts.")] = None,
    tokenizer: Annotated[str, typer.Option(help="Model folder whose tokens count as length. Default: words.")] = "",
    profile: Annotated[str, typer.Option(help="Profile whose engine limits hold.")] = "tiny",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """What a query or a completion earns under a recipe, component by component, and why."""
    from rich.console import Console

    from pipeline.config_loading import load_config
    from pipeline.data.decoding import read_text
    from pipeline.data.prompts import MODES, render_completion
    from pipeline.errors import InputError
    from pipeline.rewards.explain import explain, open_database, show
    from pipeline.rewards.length import TokenCounter, count_words

    if bool(pred) == (completion is not None):
        raise InputError("give either --pred SQL or --completion FILE")
    if mode and mode not in MODES:
        raise InputError(f"--mode {mode}: there are: {', '.join(MODES)}")
    quiet_defaults()
    config = load_config(None, [f"profile={profile}", f"recipe={recipe}"])
    count: TokenCounter = count_words
    if tokenizer:
        from pipeline.training.model import load_tokenizer, token_counter

        count = token_counter(load_tokenizer(tokenizer))
    text = read_text(completion)[0] if completion else render_completion(None, pred)
    asked = next((known for known in MODES if known == mode), None)
    found = explain(config.recipe, config.profile.engine, open_database(db), gold, text, asked, memory, count)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        Console().print(show(found))
