"""`querysmith samples` and `querysmith synth`: the commands that write data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.environment import quiet_defaults


def samples(
    out: Annotated[Path, typer.Option(help="Folder to write, in Spider's layout; with --mysql: as own questions.")],
    seed: Annotated[int, typer.Option(help="The same seed writes the same data.")] = 42,
    questions: Annotated[int, typer.Option(help="Questions for each database.")] = 400,
    mysql: Annotated[
        str,
        typer.Option(
            help="Load the databases into this server, and let this account read them: mysql://reader@host:3306/; "
            "its password in QUERYSMITH_MYSQL_PASSWORD."
        ),
    ] = "",
    mysql_owner: Annotated[
        str, typer.Option(help="Who may make databases there; password in QUERYSMITH_MYSQL_OWNER_PASSWORD.")
    ] = "root",
) -> None:
    """Write the sample databases with questions, gold SQL and thoughts."""
    if mysql:
        from pipeline.synth.samples.mysql import write_mysql_samples

        typer.echo(str(write_mysql_samples(out, mysql, mysql_owner, seed, questions)))
        return
    from pipeline.synth.samples.writing import write_samples

    typer.echo(str(write_samples(out, seed, questions)))


def synth(
    db: Annotated[
        list[str],
        typer.Option(
            metavar="DB",
            help="SQLite file, mysql://user@host:3306/database (password in QUERYSMITH_MYSQL_PASSWORD), or folder in "
            "Spider's layout. Repeatable.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write, in Spider's layout.")],
    n: Annotated[int, typer.Option("--n", min=1, help="Questions for each database.")] = 5000,
    only: Annotated[list[str], typer.Option(metavar="DB_ID", help="Of folders only this database. Repeatable.")] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="The same seed writes the same data.")] = 42,
    slow_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of training questions whose query is an equal, slower one.")
    ] = 0.0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw, and as many that execute.")] = 2,
) -> None:
    """Write questions with SQL and thoughts over your own databases, every one of them executed."""
    from rich.console import Console

    from pipeline.synth.questions.command import synthesise
    from pipeline.synth.questions.made import Order
    from pipeline.synth.questions.quality import show
    from pipeline.synth.questions.sources import open_sources

    quiet_defaults()
    made = synthesise(open_sources(db, only), Order(n, seed, slow_share, workers), out)
    Console().print(show(made))
    typer.echo(str(out))
