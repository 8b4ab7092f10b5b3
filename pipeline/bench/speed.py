"""How fast the engine is, as ratios against other ways to do the same work in the same run.

The ways take turns, and each figure is the median over the rounds of the ratio within a round, with the smallest and
the largest. A ratio above 1 means that the engine is that many times faster.
"""

from __future__ import annotations

import gc
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from pipeline.bench.verdicts import Recorded, spider_score
from pipeline.engine.benchmark_compare import spider_match
from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Query
from pipeline.engine.urls import sqlite_path
from pipeline.sql.spider import is_spider_ordered, spider_text

_LIMIT_S = 30.0
_MAX_ROWS = 1_000_000


class Ratio(NamedTuple):
    """Median, smallest and largest ratio over `rounds`, and the medians in seconds that it compares."""

    median: float
    low: float
    high: float
    rounds: int
    other_s: float
    engine_s: float


# What is prepared off the clock for one round, and then does the work on it.
Way = Callable[[int], AbstractContextManager[Callable[[], Any]]]


def scoring(
    rows: Sequence[Recorded], digests: Mapping[str, str], workers: int, rounds: int
) -> tuple[dict[str, Ratio], dict[str, list[bool]]]:
    """Scoring recorded Spider predictions: ratios by name, and the verdicts of each way (they must agree).

    The common way opens a connection for each query, executes the gold each time, in one process. "With a time limit"
    is the same with a thread for each row, as public evaluators do it. The engine's workers run already when the clock
    starts; "cold" means an empty cache on disk, "warm" the cache as "cold" left it, opened anew.
    """
    with tempfile.TemporaryDirectory() as folder:

        @contextmanager
        def cached(turn: int) -> Iterator[Callable[[], list[bool]]]:
            path = Path(folder) / f"{turn}.sqlite"
            with Engine(workers, _LIMIT_S, max_rows=_MAX_ROWS, cache=path, digests=digests) as engine:
                _warm_up(engine, [row.url for row in rows])
                yield lambda: spider_score(engine, rows)

        ways: dict[str, Way] = {
            "common way": lambda _: nullcontext(lambda: [_common_verdict(row) for row in rows]),
            "common way with a time limit": lambda _: nullcontext(lambda: [_limited_verdict(row) for row in rows]),
            "cold": cached,
            "warm": cached,
        }
        seconds, verdicts = _take_turns(ways, rounds)
    ratios = {
        f"{cache} cache, against the {common}": _ratio(seconds[common], seconds[cache])
        for common in ("common way", "common way with a time limit")
        for cache in ("cold", "warm")
    }
    return ratios, verdicts


def sandbox(queries: Sequence[Query], rounds: int) -> Ratio:
    """One worker against bare apsw in this process, which keeps its connections open and has no limits at all: how
    many times longer the engine takes (so below 1 is faster)."""
    by_database = sorted(dict.fromkeys(queries))
    with Engine(1, _LIMIT_S, max_rows=_MAX_ROWS) as engine:
        _warm_up(engine, [query.url for query in by_database])
        seconds, _ = _take_turns(
            {
                "bare": lambda _: nullcontext(lambda: _bare(by_database)),
                "engine": lambda _: nullcontext(lambda: engine.execute(by_database)),
            },
            rounds,
        )
    return _ratio(seconds["engine"], seconds["bare"])


def scaling(queries: Sequence[Query], rounds: int) -> Ratio:
    """Two workers against one, under the engine's default limits: larger results are cut."""
    with Engine(1) as one, Engine(2) as two:
        for engine in (one, two):
            _warm_up(engine, [query.url for query in queries])
        seconds, _ = _take_turns(
            {
                "one": lambda _: nullcontext(lambda: one.execute(queries)),
                "two": lambda _: nullcontext(lambda: two.execute(queries)),
            },
            rounds,
        )
    return _ratio(seconds["one"], seconds["two"])


def _take_turns(ways: Mapping[str, Way], rounds: int) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Seconds of each way in each round, and what it returned last.

    The objects of all imported libraries are kept from the garbage collector meanwhile: walking them takes 40 ms, as
    long as the work itself, and whom it hits is chance.
    """
    gc.collect()
    gc.freeze()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    returned: dict[str, Any] = {}
    for turn in range(rounds):
        for name, way in ways.items():
            with way(turn) as work:
                start = time.perf_counter()
                returned[name] = work()
                seconds[name].append(time.perf_counter() - start)
    gc.unfreeze()
    return seconds, returned


def _ratio(other: Sequence[float], engine: Sequence[float]) -> Ratio:
    ratios = [a / b for a, b in zip(other, engine, strict=True)]
    return Ratio(
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        len(ratios),
        statistics.median(other),
        statistics.median(engine),
    )


def _warm_up(engine: Engine, urls: Sequence[str]) -> None:
    """Start the workers, let them load what they need to read a doubtful text, and the files into the page cache."""
    engine.execute([Query(url, f"SELECT {number} -- read closely") for url in set(urls) for number in range(20)])


def _common_verdict(row: Recorded) -> bool:
    gold, pred = (_execute_once(row.url, spider_text(sql)) for sql in (row.gold, row.pred))
    return spider_match(gold, pred, is_spider_ordered(row.gold))


def _limited_verdict(row: Recorded) -> bool:
    verdict: list[bool] = []
    thread = threading.Thread(target=lambda: verdict.append(_common_verdict(row)), daemon=True)
    thread.start()
    thread.join(_LIMIT_S)
    return verdict == [True]


def _execute_once(url: str, sql: str) -> ExecutionResult:
    connection = sqlite3.connect(sqlite_path(url))
    connection.text_factory = lambda data: data.decode(errors="ignore")
    try:
        return ExecutionResult(rows=tuple(connection.execute(sql).fetchall()))
    except (sqlite3.Error, sqlite3.Warning) as error:
        return ExecutionResult.failed(ErrorKind.RUNTIME, str(error))
    finally:
        connection.close()


def _bare(queries: Sequence[Query]) -> list[list[Any]]:
    connections: dict[str, apsw.Connection] = {}
    results = []
    for url, sql in queries:
        if url not in connections:
            uri = f"file://{sqlite_path(url)}?immutable=1"
            connections[url] = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        try:
            results.append(connections[url].execute(sql).fetchall())
        except (apsw.Error, UnicodeDecodeError):
            results.append([])
    for connection in connections.values():
        connection.close()
    return results
