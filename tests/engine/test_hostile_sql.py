"""Hostile SQL against SQLite: whatever is asked, the file stays as it is, the answer comes in time, nothing is left."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile_sqlite import BOUNDED, FAILED, LONG, REFUSED, UNBOUNDED

from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Query

TIMEOUT_S = 0.5
LIMIT_S = 1.2 * TIMEOUT_S + 0.5
MAX_GROWTH_BYTES = 50 * 10**6
GOOD = "SELECT name FROM singer WHERE singer_id = 2"

# An endless loop in this process is a failure of one test, not of the run.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(20, func_only=True)]


def _name(sql: str) -> str:
    return ascii(sql[:50])


def _state(*folders: Path) -> dict[str, object]:
    """The contents of all files, and when a file was last made or removed, be it only for a moment."""
    state: dict[str, object] = {}
    for folder in folders:
        state[str(folder)] = folder.stat().st_mtime_ns
        state |= {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    return state


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _query(url: str, database: Path, sql: str) -> Query:
    return Query(url, sql.replace("{folder}", str(database.parent)))


def _timed(engine: Engine, query: Query) -> ExecutionResult:
    start = time.monotonic()
    [result] = engine.execute([query])
    assert time.monotonic() - start < LIMIT_S
    return result


def _ask(engine: Engine, url: str, database: Path, sql: str) -> ExecutionResult:
    """The result, which came in time; another query is answered right afterwards."""
    result = _timed(engine, _query(url, database, sql))
    assert result.error is None or result.error.kind != ErrorKind.CRASHED
    assert _timed(engine, Query(url, GOOD)).rows == (("Bob",),)
    return result


@pytest.fixture(scope="module", autouse=True)
def temp_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the workers, which start later, would put temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        yield folder


@pytest.fixture(scope="module", autouse=True)
def resident_before(temp_folder: Path, engine: Engine, url: str) -> int:
    """What this process occupies once all its modules are loaded and a result has been as large as results may be."""
    engine.execute([Query(url, GOOD), Query(url, "SELECT hex(zeroblob(500)) FROM numbers -- update")])
    return _resident_bytes()


@pytest.fixture(autouse=True)
def untouched(database: Path, temp_folder: Path) -> Iterator[None]:
    """The database is byte-identical and alone in its folder; nobody has written a file beside it for a moment."""
    before = _state(database.parent, temp_folder)
    yield
    assert _state(database.parent, temp_folder) == before


@pytest.mark.parametrize("sql", REFUSED, ids=_name)
def test_refused(engine: Engine, url: str, database: Path, sql: str) -> None:
    error = _ask(engine, url, database, sql).error
    assert error is not None
    assert error.kind == ErrorKind.REFUSED


@pytest.mark.parametrize("sql", FAILED, ids=_name)
def test_never_answered(engine: Engine, url: str, database: Path, sql: str) -> None:
    assert not _ask(engine, url, database, sql).ok


@pytest.mark.parametrize("sql", UNBOUNDED, ids=_name)
def test_unbounded_queries_end(engine: Engine, url: str, database: Path, sql: str) -> None:
    result = _ask(engine, url, database, sql)
    assert result.truncated or not result.ok


@pytest.mark.parametrize("sql", BOUNDED, ids=_name)
def test_large_queries_end(engine: Engine, url: str, database: Path, sql: str) -> None:
    _ask(engine, url, database, sql)


@pytest.mark.parametrize("sql", LONG, ids=_name)
def test_long_queries_are_answered(engine: Engine, url: str, database: Path, sql: str) -> None:
    result = _ask(engine, url, database, sql)
    assert (result.error, result.truncated) == (None, False)


def test_the_corpus_tries_many_ways() -> None:
    statements = [*REFUSED, *FAILED, *UNBOUNDED, *BOUNDED]
    assert len(set(statements)) == len(statements) >= 200


def test_memory_has_not_grown(resident_before: int) -> None:
    assert _resident_bytes() - resident_before < MAX_GROWTH_BYTES


@pytest.mark.timeout(120)
def test_nothing_is_left_of_it_all(url: str, database: Path, live_workers: Callable[[], list[int]]) -> None:
    """All of it at once, beside each other in two workers."""
    resident = _resident_bytes()
    with Engine(workers=2, timeout_s=0.2, max_rows=1000, max_bytes=2**20, memory_mb=64) as engine:
        never = [_query(url, database, sql) for sql in (*REFUSED, *FAILED)]
        others = [_query(url, database, sql) for sql in (*UNBOUNDED, *BOUNDED, *LONG)]
        results = engine.execute([*never, *others, Query(url, GOOD)])
        assert not any(result.ok for result in results[: len(never)])
        assert not any(result.error and result.error.kind == ErrorKind.CRASHED for result in results)
        assert results[-1].rows == (("Bob",),)
        assert live_workers()
        del results
    assert not live_workers()
    assert _resident_bytes() - resident < MAX_GROWTH_BYTES
