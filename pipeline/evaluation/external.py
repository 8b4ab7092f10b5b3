"""Scores a file of predictions of any system on a benchmark's folder: what `querysmith score` does."""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config import home
from pipeline.data.benchmarks import load
from pipeline.data.loading import MissingDatabase, first_file
from pipeline.data.spider import variants
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.pool import Engine
from pipeline.engine.urls import mysql_address, sqlite_path
from pipeline.errors import InputError
from pipeline.evaluation.predictions import Prediction, Questions, read_predictions
from pipeline.evaluation.scoring import NO_SQL, RULES, Verdict, score_file, verdicts
from pipeline.sql.exact_set import exact_set_match, read_query

DEFAULT_METRICS = {
    "spider": "spider_execution",
    "bird": "bird_ex",
    "kaggledbqa": "spider_execution",
    "jsonl": "strict_ex",
}
_PLACES = {
    "spider": ("database/{0}/{0}.sqlite", "test_database/{0}/{0}.sqlite"),
    "bird": ("dev_databases/{0}/{0}.sqlite", "train_databases/{0}/{0}.sqlite"),
    "kaggledbqa": ("databases/{0}/{0}.sqlite",),
    "jsonl": ("databases/{0}/{0}.sqlite", "databases/{0}.sqlite", "{0}.sqlite"),
}
EXACT_SET = "spider_exact_set"
# Benchmarks' own evaluators have a time limit only: these are never met by an honest query.
LIMITS: dict[str, Any] = {"timeout_s": 30.0, "max_rows": 1_000_000, "max_bytes": 256 * 2**20, "memory_mb": 1024}


class Scored(NamedTuple):
    """The verdicts in the order of the predictions, and the title of the rule that gave them."""

    verdicts: list[Verdict]
    rule: str


def score_predictions(
    benchmark: str,
    data: Path,
    predictions: Path,
    output: Path,
    metric: str = "",
    database_url: str = "",
    workers: int = 2,
    timeout_s: float = LIMITS["timeout_s"],
) -> Scored:
    """Score every prediction of a file and write one line each to `output`; an interrupted run goes on.

    `metric` is a name of `RULES`, by default the benchmark's own; `database_url` sends all queries to a MySQL database.

    Raises:
        InputError: an unknown name, missing data, a malformed row, an unfinished output of other settings.
        InfrastructureError: a database is unreachable or broken; what was scored is kept.
    """
    if benchmark not in DEFAULT_METRICS:
        raise InputError(f"unknown benchmark {benchmark!r}: choose one of {', '.join(DEFAULT_METRICS)}")
    metric = metric or DEFAULT_METRICS[benchmark]
    if metric == EXACT_SET:
        return _exact_set(benchmark, data, predictions, output, database_url)
    if metric not in RULES:
        raise InputError(f"unknown metric {metric!r}: choose one of {', '.join((*RULES, EXACT_SET))}")
    rule = RULES[metric]
    if rule.on_variants and (benchmark != "spider" or database_url):
        raise InputError(f"{metric} needs the variants of Spider's SQLite databases")
    if database_url:
        mysql_address(database_url)
    if not data.is_dir():
        raise InputError(f"data folder {data} does not exist; name the benchmark's folder with --data")

    read = read_predictions(predictions, Questions(data, lambda: load(benchmark, data, database_url=database_url)))

    @cache
    def urls(db_id: str) -> tuple[str, ...]:
        return (database_url,) if database_url else database_urls(benchmark, data.resolve(), db_id, rule.on_variants)

    used = {url for prediction in read for url in urls(prediction.db_id)}
    settings = {"benchmark": benchmark, "data": str(data.resolve()), "metric": metric, "url": database_url}
    with Engine(
        workers,
        **(LIMITS | {"timeout_s": timeout_s}),
        cache=home() / "cache" / "results.sqlite",
        digests={} if database_url else {url: file_digest(url) for url in used},
    ) as engine:
        dialect = "mysql" if database_url else "sqlite"
        found = score_file(
            read,
            output,
            settings | {"timeout_s": timeout_s},
            lambda some: verdicts(engine, some, rule, urls, dialect),
        )
    return Scored(found, rule.title)


def _exact_set(benchmark: str, data: Path, predictions: Path, output: Path, database_url: str) -> Scored:
    """By text alone: nothing is executed, `elapsed_s` is 0, and a text that cannot be read is `unparsable`."""
    if database_url or not data.is_dir():
        raise InputError(f"{EXACT_SET} needs a folder with SQLite databases, for their tables and keys: {data}")
    read = read_predictions(predictions, Questions(data, lambda: load(benchmark, data)))

    @cache
    def schema(db_id: str) -> tuple[dict[str, list[str]], list[tuple[str, str, str, str]]]:
        [url] = database_urls(benchmark, data.resolve(), db_id, with_variants=False)
        found = read_sqlite(db_id, Path(sqlite_path(url))).schema
        columns = {table: [column.name for column in listed] for table, listed in found.tables.items()}
        return columns, [astuple(key) for key in found.foreign_keys]

    def verdict(prediction: Prediction) -> Verdict:
        tables, keys = schema(prediction.db_id)
        matches = [exact_set_match(gold, prediction.sql, "sqlite", keys, tables) for gold in prediction.golds]
        kind = NO_SQL if not prediction.sql else "" if read_query(prediction.sql, "sqlite") else "unparsable"
        return Verdict(any(matches), kind, 0.0, "unparsable" if set(matches) == {None} else "")

    settings = {"benchmark": benchmark, "data": str(data.resolve()), "metric": EXACT_SET}
    found = score_file(read, output, settings, lambda some: [verdict(prediction) for prediction in some])
    return Scored(found, "Spider exact-set match, without values, on sqlglot's tree")


def database_urls(benchmark: str, data: Path, db_id: str, with_variants: bool) -> tuple[str, ...]:
    """The database of `db_id` in a benchmark's folder, and its variants where they are asked for.

    Raises:
        InputError: the database is missing.
    """
    try:
        original = first_file([data / place.format(db_id) for place in _PLACES[benchmark]])
    except MissingDatabase as missing:
        raise InputError(f"{missing}, but a prediction is for it; add the database, or correct db_id") from None
    paths = variants(data, db_id) if with_variants else [original]
    return tuple(f"sqlite:///{path}" for path in paths)


def file_digest(url: str) -> str:
    """SHA-256 (hexadecimal) of the file behind an SQLite URL."""
    with open(sqlite_path(url), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
