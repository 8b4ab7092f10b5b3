"""Why a completion earns what it earns: every component of a recipe with its reason, for people who debug a reward."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.config import Recipe
from pipeline.data.example import Database, Example
from pipeline.data.mysql_schema import read_mysql
from pipeline.data.prompts import Mode, read_completion
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.compare import comparable
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.engine.urls import sqlite_path
from pipeline.errors import InputError
from pipeline.profile import EngineSettings
from pipeline.rewards.copies import open_copies
from pipeline.rewards.length import TokenCounter, count_words
from pipeline.rewards.memory import MemoryReward
from pipeline.rewards.recipe import build
from pipeline.rewards.reward import fate
from pipeline.rewards.rollout import roll_out


class Explanation(BaseModel):
    """`total` is the sum of `components`; `reasons` has one line for each of them. `fate` is "malformed", "fails",
    "wrong" or "right"; `variants` says how many altered copies of the database were asked as well."""

    recipe: str
    mode: Mode
    fate: str
    variants: int
    total: float
    components: dict[str, float]
    reasons: dict[str, str]


def open_database(source: str) -> Database:
    """The database of a SQLite file or of a URL (see pipeline.engine.urls).

    Raises:
        InputError: there is none, or it is damaged.
    """
    if source.startswith("mysql:"):
        return read_mysql(source.rpartition("/")[2], source)
    path = Path(sqlite_path(source) if source.startswith("sqlite:") else source).absolute()
    if not path.is_file():
        raise InputError(f"{path}: no such database file: name a SQLite file, or mysql://user@host:3306/database")
    return read_sqlite(path.stem, path)


def explain(
    recipe: Recipe,
    limits: EngineSettings,
    database: Database,
    golds: Sequence[str],
    completion: str,
    mode: Mode | None = None,
    memory: Path | None = None,
    count_tokens: TokenCounter = count_words,
) -> Explanation:
    """What `completion` earns as an answer to a question of which `golds` are right answers.

    Without a mode, a completion with a thought is taken for one in thinking mode. `memory` is the Parquet file of a
    training's verified thoughts.

    Raises:
        InputError: a gold does not run to its end: nothing can be right then.
    """
    if mode is None:
        mode = "think" if read_completion(completion, "think").thought else "no_think"
    rewards = build(recipe, count_tokens)
    for reward in rewards:
        if memory and isinstance(reward, MemoryReward):
            reward.load(memory)
    example = Example(database.db_id, "", tuple(golds))
    with Engine(**limits.model_dump()) as engine:
        for sql, result in zip(golds, engine.execute([Query(database.url, sql) for sql in golds]), strict=True):
            if not comparable(result, result):
                raise InputError(f"gold query {sql!r} {_fault(result)}; nothing can be right by it")
        copies = open_copies({database.db_id: database}, recipe.variants)
        (rollout,) = roll_out(
            engine, {database.db_id: database}, [example], [mode], [completion], copies, recipe.min_thought_chars
        )
    components = {reward.name: reward([rollout])[0] for reward in rewards}
    return Explanation(
        recipe=recipe.name,
        mode=mode,
        fate=fate(rollout),
        variants=len(copies.get(database.db_id, ())),
        total=sum(components.values()),
        components=components,
        reasons={reward.name: reward.reason(rollout) for reward in rewards},
    )


def show(explanation: Explanation) -> Any:
    """As a table for a Rich console."""
    from rich.table import Table
    from rich.text import Text

    copies = f", {explanation.variants} altered copies asked" if explanation.variants else ""
    title = f"{explanation.recipe}, mode {explanation.mode}: {explanation.fate}{copies}"
    table = Table("Component", "Reward", "Reason", title=title, title_justify="left")
    table.columns[1].justify = "right"
    for name, value in explanation.components.items():
        table.add_row(name, f"{value:+.3f}", Text(explanation.reasons[name]))  # brackets are no markup
    table.add_section()
    table.add_row("total", f"{explanation.total:+.3f}", "")
    return table


def _fault(result: ExecutionResult) -> str:
    return f"does not run ({result.error.kind}: {result.error.message})" if result.error else "has too large a result"
