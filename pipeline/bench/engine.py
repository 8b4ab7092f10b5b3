"""`querysmith bench engine`: right, fast, fair and steady, measured on real benchmark data.

Every figure is a count or a ratio within one run; seconds stand beside them only to show the order of magnitude.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import apsw
from rich.console import Console
from rich.table import Table

from pipeline.bench.aa import false_claims
from pipeline.bench.correlation import cost_against_time
from pipeline.bench.enlarge import enlarge
from pipeline.bench.mysql import mysql_superhero
from pipeline.bench.soak import soak
from pipeline.bench.speed import sandbox, scaling, scoring
from pipeline.bench.verdicts import Recorded, bird_score, bird_verdicts, spider_score, spider_verdicts
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.engine.urls import sqlite_path
from pipeline.errors import InputError
from pipeline.progress import progress

_ROUNDS = 7
_LARGE_ROWS = 200_000
_PAIRS = 200
_REPEATS = 3


def bench_engine(benchmarks: Path, workers: int, mysql_admin: str, soak_executions: int) -> dict[str, Any]:
    """All figures, by group and name. MySQL's are left out without the URL of an administrator's account.

    Raises InputError where the benchmark data is missing, InfrastructureError where the server does not answer.
    """
    benchmarks = benchmarks.resolve()
    spider, bird = benchmarks / "spider", benchmarks / "bird"
    superhero = bird / "dev_databases" / "superhero" / "superhero.sqlite"
    if not superhero.is_file():
        raise InputError(f"{superhero}: no such file: name the folder of the benchmark data with --data")
    rows = spider_verdicts(spider)
    bird_rows = bird_verdicts(bird / "mini_dev_sqlite_verdicts.jsonl", f"sqlite:///{superhero}")
    figures: dict[str, Any] = {"machine": _machine()}
    with tempfile.TemporaryDirectory() as folder:
        large = _enlarged(
            [sqlite_path(url) for url in sorted({row.url for row in rows})] + [str(superhero)], Path(folder)
        )
        with Engine(workers, timeout_s=30.0, max_rows=1_000_000) as engine:
            figures["verdicts"] = {
                "Spider": _disagreements(rows, spider_score(engine, rows)),
                "BIRD, SQLite": _disagreements(bird_rows, bird_score(engine, bird_rows)),
            }
            figures["speed"] = _speed(rows, large, workers)
            golds = [Query(url, sql) for url, sql in _golds([*rows, *bird_rows])]
            on_large = [Query(large[query.url], query.sql) for query in golds]
            figures["latency"] = {
                "SQLite, as they are": _latency(engine, golds),
                "SQLite, enlarged": _latency(engine, on_large),
            }
        if mysql_admin:
            large_superhero = Path(sqlite_path(large[f"sqlite:///{superhero}"]))
            with mysql_superhero(mysql_admin, bird / "superhero_mysql.sql", large_superhero) as (url, large_url):
                mysql_rows = bird_verdicts(bird / "mini_dev_mysql_verdicts.jsonl", url)
                with Engine(workers, timeout_s=30.0, max_rows=1_000_000) as engine:
                    verdicts = bird_score(engine, mysql_rows)
                    figures["verdicts"]["BIRD, MySQL"] = _disagreements(mysql_rows, verdicts)
                    golds = [Query(url, sql) for url, sql in _golds(mysql_rows)]
                    on_large = [Query(large_url, query.sql) for query in golds]
                    figures["latency"] |= {
                        "MySQL, as they are": _latency(engine, golds),
                        "MySQL, enlarged": _latency(engine, on_large),
                    }
    if soak_executions:
        queries = sorted({Query(row.url, sql) for row in rows for sql in (row.gold, row.pred)})
        with Engine(workers) as engine:
            soaked = soak(engine, queries, soak_executions)
        figures["soak"] = {**soaked._asdict(), "growth": soaked.growth}
    return figures


def show(figures: dict[str, Any], console: Console) -> None:
    """The figures as tables."""
    machine = figures["machine"]
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    table = Table("Recorded verdicts", "Rows", "Differ")
    for name, found in figures["verdicts"].items():
        table.add_row(name, str(found["rows"]), str(len(found["differ"])))
    console.print(table)
    table = Table("Speed", "Ratio", "Range", "Rounds")
    for name, found in figures["speed"].items():
        table.add_row(name, f"{found['median']:.2f}", f"{found['low']:.2f}-{found['high']:.2f}", str(found["rounds"]))
    console.print(table)
    table = Table("Latency and cost", "A/A: false claims", "Cost repeats", "Spearman, cost and time")
    for name, found in figures["latency"].items():
        aa, cost = found["aa"], found["cost"]
        table.add_row(
            name,
            f"{aa['claimed']} of {aa['pairs']}",
            f"{cost['identical_cost']:.1%}",
            f"{cost['spearman']:.3f} (n={cost['queries']:.0f})",
        )
    console.print(table)
    if found := figures.get("soak"):
        console.print(
            f"Soak: {found['executions']:,} executions, memory {found['growth']:+.1%}, file descriptors "
            f"{found['first'].descriptors} -> {found['last'].descriptors}, "
            f"connections {found['first'].connections} -> {found['last'].connections}"
        )


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "Python": platform.python_version(), "SQLite": apsw.sqlite_lib_version()}


def _enlarged(paths: Sequence[str], folder: Path) -> dict[str, str]:
    """URLs of enlarged copies, by the URLs of their originals."""
    urls = {}
    with progress("enlarging the databases", len(paths)) as advance:
        for number, path in enumerate(paths):
            target = folder / f"{number}.sqlite"
            enlarge(Path(path), target, _LARGE_ROWS)
            urls[f"sqlite:///{path}"] = f"sqlite:///{target}"
            advance(1)
    return urls


def _golds(rows: Sequence[Recorded]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row.url, row.gold) for row in rows))


def _disagreements(rows: Sequence[Recorded], verdicts: Sequence[bool]) -> dict[str, Any]:
    pairs = zip(rows, verdicts, strict=True)
    return {"rows": len(rows), "differ": [{**row._asdict(), "ours": ours} for row, ours in pairs if ours != row.right]}


def _speed(rows: Sequence[Recorded], large: dict[str, str], workers: int) -> dict[str, Any]:
    digests = {url: hashlib.sha256(Path(sqlite_path(url)).read_bytes()).hexdigest() for url in {r.url for r in rows}}
    ratios, _ = scoring(rows, digests, workers, _ROUNDS)
    both = [Query(row.url, sql) for row in rows for sql in (row.gold, row.pred)]
    golds = [Query(url, sql) for url, sql in _golds(rows)]
    on_large = [Query(large[url], sql) for url, sql in golds]
    ratios |= {
        "sandbox, time against bare apsw, databases as they are": sandbox(both, _ROUNDS),
        "sandbox, time against bare apsw, enlarged databases": sandbox(on_large, 3),
        "2 workers against 1, databases as they are": scaling(both, _ROUNDS),
        "2 workers against 1, enlarged databases": scaling(on_large, 3),
    }
    return {name: ratio._asdict() for name, ratio in ratios.items()}


def _latency(engine: Engine, queries: Sequence[Query]) -> dict[str, Any]:
    aa = false_claims(engine, queries, _PAIRS)
    return {"aa": asdict(aa), "cost": cost_against_time(engine, queries, _REPEATS)}
