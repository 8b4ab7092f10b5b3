"""A small database, an engine with short limits, and the worker processes that this process has."""

from __future__ import annotations

import gc
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.engine.pool import Engine


def _workers() -> list[int]:
    """Process ids of the query workers that have not been reaped, of any parent."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if b"pipeline.engine.worker" in command.split(b"\0") and state != "Z":
            found.append(int(folder.name))
    return found


@pytest.fixture(scope="session", autouse=True)
def heap_of_other_tests() -> None:
    """Keep the garbage collector off what earlier tests have imported (Airflow, Great Expectations): walking all that
    takes a second, which would count as the engine's."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def live_workers() -> Callable[[], list[int]]:
    """The workers started since the test began, as a function; waits a little for those that are ending."""
    before = set(_workers())

    def started() -> list[int]:
        return [pid for pid in _workers() if pid not in before]

    return started


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true within 10 s"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """singer(singer_id, name, age), 3 rows; text that is not UTF-8; a table of 1,000 numbers; a full-text table."""
    path = tmp_path_factory.mktemp("database") / "music & more.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE singer (singer_id INTEGER PRIMARY KEY, name TEXT, age REAL);
        INSERT INTO singer VALUES (1, 'Ann', 30.5), (2, 'Bob', NULL), (3, '', 41);
        CREATE TABLE latin (id INTEGER, name TEXT);
        INSERT INTO latin VALUES (1, 'plain'), (2, CAST(x'4bf66c6e' AS TEXT)), (3, x'00ff'), (4, 2.5);
        CREATE TABLE numbers (n INTEGER);
        WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000)
            INSERT INTO numbers SELECT n FROM c;
        CREATE VIRTUAL TABLE notes USING fts5(body);
        INSERT INTO notes VALUES ('hello world'), ('good bye');
        """
    )
    connection.close()
    return path


@pytest.fixture(scope="module")
def url(database: Path) -> str:
    return f"sqlite:///{database}"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Small limits: half a second, 1,000 rows, 1 MiB of result, 64 MiB of memory."""
    with Engine(workers=2, timeout_s=0.5, max_rows=1000, max_bytes=2**20, memory_mb=64) as engine:
        yield engine
