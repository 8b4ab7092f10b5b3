"""Hostile SQL against a real MySQL server: whatever is asked, nothing changes on the server, the answer comes in time,
and nothing of ours goes on running or holds a lock."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hostile_mysql import BOUNDED, FAILED, REFUSED, UNBOUNDED, UNINTERRUPTIBLE
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)

from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Query
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE

TIMEOUT_S = 0.5
LIMIT_S = 1.2 * TIMEOUT_S + 0.5
QUIET_WITHIN_S = 5
MAX_GROWTH_BYTES = 50 * 10**6
GOOD = "SELECT name FROM singer WHERE singer_id = 2"

# An endless loop, or a fault that is retried, is a failure of one test, not of the run.
pytestmark = [pytest.mark.integration, pytest.mark.alone, pytest.mark.timeout(20, func_only=True)]

SCRIPT = """
DROP DATABASE IF EXISTS hostile; CREATE DATABASE hostile; USE hostile;
CREATE TABLE singer (singer_id INT PRIMARY KEY, name VARCHAR(20), age DOUBLE);
INSERT INTO singer VALUES (1, 'Ann', 30.5), (2, 'Bob', NULL), (3, '', 41);
CREATE TABLE numbers (n INT);
INSERT INTO numbers WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT n FROM c;
CREATE TABLE notes (body TEXT, FULLTEXT (body));
INSERT INTO notes VALUES ('hello world'), ('good bye');
CREATE VIEW elders AS SELECT name FROM singer WHERE age > 40;
CREATE PROCEDURE wipe() DELETE FROM singer;
CREATE FUNCTION wipe_all() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN DELETE FROM singer; RETURN 1; END;
CREATE FUNCTION nap(s INT) RETURNS INT DETERMINISTIC RETURN SLEEP(s);
"""

# Lists of everything that a statement could add, remove or change on the server; what runs and what is locked.
_LISTS = (
    "SELECT table_schema, table_name, table_type, engine FROM information_schema.tables ORDER BY 1, 2",
    "SELECT routine_schema, routine_name, routine_definition FROM information_schema.routines ORDER BY 1, 2",
    "SELECT trigger_schema, trigger_name FROM information_schema.triggers ORDER BY 1, 2",
    "SELECT event_schema, event_name FROM information_schema.events ORDER BY 1, 2",
    "SELECT * FROM performance_schema.global_variables ORDER BY 1",
    "CHECKSUM TABLE hostile.singer, hostile.numbers, hostile.notes",
    "CHECKSUM TABLE mysql.user, mysql.db, mysql.tables_priv, mysql.columns_priv, mysql.procs_priv, mysql.proxies_priv",
    "CHECKSUM TABLE mysql.role_edges, mysql.default_roles, mysql.global_grants, mysql.password_history, mysql.func",
    "CHECKSUM TABLE mysql.component, mysql.plugin, mysql.servers",
)
_RUNNING = "SELECT info FROM performance_schema.processlist WHERE user = %s AND command <> 'Sleep'"
_LOCKS = """
SELECT object_type, object_schema, object_name, lock_type FROM performance_schema.metadata_locks
JOIN performance_schema.threads ON owner_thread_id = thread_id WHERE processlist_user = %s
"""
_TRANSACTIONS = """
SELECT trx_state FROM information_schema.innodb_trx
JOIN performance_schema.processlist ON trx_mysql_thread_id = id WHERE user = %s
"""
_SESSIONS = "SELECT id FROM performance_schema.processlist WHERE user = %s"


class _Observer:
    """Looks at the server as root, over one connection: to open one costs more than all that is asked."""

    def __init__(self, server: MysqlServer) -> None:
        self._server = server
        self._root = server.root()
        self._log_position = self.ask("SHOW BINARY LOG STATUS")

    def close(self) -> None:
        self._root.close()

    def ask(self, sql: str, *values: str) -> list[tuple[object, ...]]:
        with self._root.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def state(self) -> list[object]:
        """All that must not change: tables, routines, accounts, settings, and files outside of the tables' own."""
        names = _docker("ps", "--format", "{{.Names}}", "--filter", f"publish={self._server.port}").split()
        folders = ("/tmp", "/var/lib/mysql-files", "/var/lib/mysql/hostile")
        changed = sorted(line for line in _docker("diff", *names).splitlines() if " /run" not in line)  # its socket
        files = _docker("exec", *names, "ls", "-AR", *folders).splitlines()
        return [*(self.ask(sql) for sql in _LISTS), changed, files]

    def traces(self) -> list[tuple[object, ...]]:
        """What the reading account runs or holds at this moment, and whether anything has been written to the log."""
        found = [row for sql in (_RUNNING, _LOCKS, _TRANSACTIONS) for row in self.ask(sql, self._server.user)]
        position = self.ask("SHOW BINARY LOG STATUS")
        return found + [row for row in position if position != self._log_position]

    def remaining_traces(self) -> list[tuple[object, ...]]:
        """The same once the server has had some time to end what it was told to end."""
        deadline = time.monotonic() + QUIET_WITHIN_S
        while (found := self.traces()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def restart(self) -> None:
        self.close()
        self._server.kill()
        self._server.start()
        self._root = self._server.root()
        self._log_position = self.ask("SHOW BINARY LOG STATUS")


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def _name(sql: str) -> str:
    return ascii(sql[:50])


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _timed(engine: Engine, query: Query) -> ExecutionResult:
    start = time.monotonic()
    [result] = engine.execute([query])
    assert time.monotonic() - start < LIMIT_S
    return result


@pytest.fixture(scope="module")
def server(mysql_server: MysqlServer) -> Iterator[MysqlServer]:  # noqa: F811
    mysql_server.load(SCRIPT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
        yield mysql_server


@pytest.fixture(scope="module")
def url(server: MysqlServer) -> str:
    return server.url("hostile")


@pytest.fixture(scope="module")
def engine(server: MysqlServer) -> Iterator[Engine]:
    with Engine(workers=2, timeout_s=TIMEOUT_S, max_rows=1000, max_bytes=2**20, memory_mb=64) as engine:
        yield engine


@pytest.fixture(scope="module")
def observer(server: MysqlServer) -> Iterator[_Observer]:
    with closing(_Observer(server)) as observer:
        yield observer


@pytest.fixture(scope="module", autouse=True)
def state_before(observer: _Observer) -> list[object]:
    return observer.state()


@pytest.fixture(scope="module", autouse=True)
def resident_before(engine: Engine, url: str) -> int:
    """What this process occupies once all its modules are loaded and a result has been as large as results may be."""
    engine.execute([Query(url, GOOD), Query(url, "SELECT REPEAT('x', 1000) FROM numbers -- update")])
    return _resident_bytes()


@pytest.fixture(autouse=True)
def clean(observer: _Observer) -> Iterator[None]:
    """What one statement has left running must not slow the others down."""
    yield
    if observer.traces():
        observer.restart()


Ask = Callable[[str], ExecutionResult]


@pytest.fixture
def ask(engine: Engine, url: str, observer: _Observer) -> Ask:
    """The result, which came in time; another query is answered right afterwards; nothing runs, nothing is locked."""

    def run(sql: str) -> ExecutionResult:
        result = _timed(engine, Query(url, sql))
        assert result.error is None or result.error.kind != ErrorKind.CRASHED
        assert _timed(engine, Query(url, GOOD)).rows == (("Bob",),)
        assert not observer.remaining_traces()
        return result

    return run


@pytest.mark.parametrize("sql", REFUSED, ids=_name)
def test_refused(ask: Ask, sql: str) -> None:
    error = ask(sql).error
    assert error is not None
    assert error.kind == ErrorKind.REFUSED


@pytest.mark.parametrize("sql", FAILED, ids=_name)
def test_never_answered(ask: Ask, sql: str) -> None:
    assert not ask(sql).ok


@pytest.mark.parametrize("sql", UNBOUNDED, ids=_name)
def test_unbounded_queries_end(ask: Ask, sql: str) -> None:
    result = ask(sql)
    assert result.truncated or not result.ok


@pytest.mark.parametrize("sql", BOUNDED, ids=_name)
def test_large_queries_end(ask: Ask, sql: str) -> None:
    ask(sql)


@pytest.mark.parametrize("sql", UNINTERRUPTIBLE, ids=_name)
def test_what_no_kill_reaches_is_refused(ask: Ask, sql: str) -> None:
    error = ask(sql).error
    assert error is not None
    assert error.kind == ErrorKind.REFUSED


def test_the_corpus_tries_many_ways() -> None:
    statements = [*REFUSED, *FAILED, *UNBOUNDED, *BOUNDED, *UNINTERRUPTIBLE]
    assert len(set(statements)) == len(statements) >= 200


def test_memory_has_not_grown(resident_before: int) -> None:
    assert _resident_bytes() - resident_before < MAX_GROWTH_BYTES


@pytest.mark.timeout(240, func_only=True)
def test_nothing_is_left_of_it_all(
    url: str,
    observer: _Observer,
    state_before: list[object],
    server: MysqlServer,
    live_workers: Callable[[], list[int]],
) -> None:
    """All of it at once, beside each other in two workers, but for UNINTERRUPTIBLE, which would slow down the rest."""
    resident, own_sessions = _resident_bytes(), observer.ask(_SESSIONS, server.user)
    with Engine(workers=2, timeout_s=0.2, max_rows=1000, max_bytes=2**20, memory_mb=64) as engine:
        queries = [Query(url, sql) for sql in (*REFUSED, *FAILED, *UNBOUNDED, *BOUNDED, GOOD)]
        results = engine.execute(queries)
        assert not any(result.ok for result in results[: len(REFUSED) + len(FAILED)])
        assert not any(result.error and result.error.kind == ErrorKind.CRASHED for result in results)
        assert results[-1].rows == (("Bob",),)
        assert live_workers()
        del results
    assert not live_workers()
    assert _resident_bytes() - resident < MAX_GROWTH_BYTES
    assert not observer.remaining_traces()
    assert set(observer.ask(_SESSIONS, server.user)) <= set(own_sessions)


def test_the_server_is_unchanged(observer: _Observer, state_before: list[object]) -> None:
    assert observer.state() == state_before
