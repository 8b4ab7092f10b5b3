"""`querysmith bench rewards`: how many rollouts a second a recipe scores, and what takes the time.

The rollouts are recorded predictions of published systems: for each question what was predicted for it, filled up with
predictions for other questions of the same database, as a group of samples holds right and wrong queries. Warm means:
workers run, databases are in the page cache, altered copies are made, golds have been run and parsed, as in every epoch
but the first. No prediction has been seen before, in this or another group, which is the worst case: real groups hold
many equal texts.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from pipeline.bench.verdicts import Recorded, spider_verdicts
from pipeline.config import Recipe
from pipeline.config_loading import load_config
from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, render_completion
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.compare import comparable
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.engine.urls import sqlite_path
from pipeline.progress import progress
from pipeline.rewards.copies import open_copies
from pipeline.rewards.recipe import build
from pipeline.rewards.rollout import roll_out

PROMPTS, GROUP, ROUNDS, SEED = 64, 16, 5, 42


class Batch(NamedTuple):
    """One example and one completion for each rollout; groups are neighbours."""

    examples: list[Example]
    texts: list[str]


def bench_rewards(benchmarks: Path, recipe: str, copies: Sequence[int]) -> dict[str, Any]:
    """Rollouts a second by the number of altered copies, and the share of each component's time.

    Raises InputError where the benchmark data is missing.
    """
    config = load_config(None, [f"recipe={recipe}"])
    rows = spider_verdicts(benchmarks.resolve() / "spider")
    databases = {Path(url).stem: read_sqlite(Path(url).stem, Path(sqlite_path(url))) for url in {r.url for r in rows}}
    figures: dict[str, Any] = {"recipe": recipe, "cores": os.cpu_count(), "prompts": PROMPTS, "group": GROUP}
    with tempfile.TemporaryDirectory() as folder, progress("scoring", len(copies) * (ROUNDS + 1)) as advance:
        for count in copies:
            altered = open_copies(databases, count)
            known = [*databases.values(), *(copy for several in altered.values() for copy in several)]
            with Engine(
                **config.profile.engine.model_dump(),
                cache=Path(folder) / "results.sqlite",
                digests={database.url: database.digest for database in known},
            ) as engine:
                batch = _batch(engine, rows)
                rounds = []
                for number in range(ROUNDS + 1):  # the first one warms up
                    rounds.append(_round(engine, databases, altered, config.recipe, _respelled(batch, number)))
                    advance(1)
            figures[f"{count} copies"] = _summary(rounds[1:])
    return figures


def show(figures: dict[str, Any], console: Console) -> None:
    """The figures as a table."""
    console.print(
        f"recipe {figures['recipe']}: {figures['prompts']} prompts x {figures['group']} completions, "
        f"{figures['cores']} cores, median of {ROUNDS} rounds, seed {SEED}"
    )
    table = Table("Altered copies", "Rollouts a second [range]", "Right", "Share of the time")
    for name, found in figures.items():
        if isinstance(found, dict):
            shares = ", ".join(f"{part} {share:.0%}" for part, share in found["shares"].items())
            speed = f"{found['median']:.0f} [{found['low']:.0f}, {found['high']:.0f}]"
            table.add_row(name.partition(" ")[0], speed.replace("[", r"\["), f"{found['right']:.1%}", shares)
    console.print(table)


def _batch(engine: Engine, rows: Sequence[Recorded]) -> Batch:
    """PROMPTS questions whose gold runs, each with GROUP different predictions."""
    by_question: dict[tuple[str, str], list[str]] = defaultdict(list)
    by_url: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_question[row.url, row.gold].append(row.pred)
        by_url[row.url].append(row.pred)
    draw = random.Random(SEED)
    golds = [Query(url, gold) for url, gold in by_question]
    ran = [gold for gold, result in zip(golds, engine.execute(golds), strict=True) if comparable(result, result)]
    batch = Batch([], [])
    for gold in draw.sample(ran, PROMPTS):
        own = by_question[gold]
        others = draw.sample(by_url[gold.url], len(by_url[gold.url]))
        texts = list(dict.fromkeys([*own, *others]))[:GROUP]
        batch.examples.extend([Example(Path(gold.url).stem, gold.sql, (gold.sql,))] * len(texts))
        batch.texts.extend(render_completion(None, sql) for sql in texts)
    return batch


def _respelled(batch: Batch, number: int) -> Batch:
    """The same queries as texts that no earlier round had: one blank is wider."""
    return batch._replace(texts=[text.replace(" ", " " * (number + 2), 1) for text in batch.texts])


def _round(
    engine: Engine, databases: dict[str, Database], copies: Any, recipe: Recipe, batch: Batch
) -> dict[str, float]:
    """Seconds by component, and the share of right answers."""
    started = time.perf_counter()
    modes: list[Mode] = ["no_think" for _ in batch.texts]
    rollouts = roll_out(engine, databases, batch.examples, modes, batch.texts, copies)
    taken = {"execution": time.perf_counter() - started}
    for reward in build(recipe):
        started = time.perf_counter()
        reward(rollouts)
        taken[f"reward {reward.name}"] = time.perf_counter() - started
    return taken | {"right": sum(r.correct for r in rollouts) / len(rollouts), "rollouts": float(len(rollouts))}


def _summary(rounds: Sequence[dict[str, float]]) -> dict[str, Any]:
    parts = [name for name in rounds[0] if name not in ("right", "rollouts")]
    seconds = [sum(found[part] for part in parts) for found in rounds]
    speeds = sorted(found["rollouts"] / took for found, took in zip(rounds, seconds, strict=True))
    return {
        "median": speeds[len(speeds) // 2],
        "low": speeds[0],
        "high": speeds[-1],
        "right": rounds[0]["right"],
        "rollouts": rounds[0]["rollouts"],
        "shares": {part: sum(found[part] for found in rounds) / sum(seconds) for part in parts},
    }
