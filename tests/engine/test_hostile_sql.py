"""A corpus of hostile SQL: whatever is asked, the file stays as it is, the answer comes in time, no worker is left."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionError, Query

TIMEOUT_S = 0.5
LIMIT_S = 1.2 * TIMEOUT_S + 0.5

REFUSED = [
    # definitions and changes
    "DROP TABLE singer",
    "CREATE TABLE x (a)",
    "CREATE TEMP TABLE x (a)",
    "CREATE TABLE x AS SELECT * FROM singer",
    "CREATE VIEW x AS SELECT 1",
    "CREATE TRIGGER x AFTER INSERT ON singer BEGIN DELETE FROM singer; END",
    "CREATE INDEX x ON singer (name)",
    "CREATE VIRTUAL TABLE x USING fts5(a)",
    "CREATE VIRTUAL TABLE temp.x USING rtree(a, b, c)",
    "ALTER TABLE singer RENAME TO x",
    "INSERT INTO singer VALUES (9, 'x', 1)",
    "INSERT INTO notes (notes) VALUES ('delete-all')",
    "UPDATE singer SET name = 'x'",
    "UPDATE singer SET name = 'x' RETURNING name",
    "DELETE FROM singer",
    "REPLACE INTO singer VALUES (1, 'x', 1)",
    "WITH c AS (SELECT 1) INSERT INTO singer SELECT 9, 'x', 1",
    "WITH c AS (SELECT 1) DELETE FROM singer WHERE 1",
    "WITH c AS (SELECT 1) UPDATE singer SET age = 0 RETURNING *",
    "WITH c AS (SELECT 1) REPLACE INTO singer SELECT 1, 'x', 1",
    # the world outside the database
    "ATTACH DATABASE '{folder}/new.sqlite' AS x",
    "ATTACH ':memory:' AS x",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO '{folder}/copy.sqlite'",
    "SELECT load_extension('{folder}/evil.so')",
    "SELECT LOAD_EXTENSION('libc.so.6', 'system')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT sqlite_log(1, 'x')",
    # pragmas, transactions, plans
    "PRAGMA user_version = 7",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = ON",
    "PRAGMA hard_heap_limit = 0",
    "PRAGMA temp_store_directory = '{folder}'",
    "SELECT * FROM pragma_journal_mode",
    "SELECT * FROM pragma_hard_heap_limit",
    "BEGIN EXCLUSIVE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
    "ANALYZE",
    "REINDEX",
    "EXPLAIN SELECT * FROM singer",
    "EXPLAIN QUERY PLAN SELECT * FROM singer",
    # several statements
    "SELECT 1; DROP TABLE singer",
    "SELECT 1; SELECT 2",
    "SELECT 1;;; DELETE FROM singer --",
    "SELECT 1 /* hidden */; /* here */ DROP TABLE singer",
    "SELECT 1 -- '\n; DROP TABLE singer",
    "SELECT 1 /* /* */ ; DROP TABLE singer -- */",
    "SELECT '\\'; DROP TABLE singer --'",
    "SELECT 1;" * 4000,
    "; DROP TABLE singer",
    "-- SELECT 1\nDROP TABLE singer",
    "/* SELECT 1 */ DELETE FROM singer",
    # no SQL, or no text
    "SELECT 1\0; DROP TABLE singer",
    "\0",
    "SELECT '\ud800'",
    "",
    " \n\t ;; ",
    "-- SELECT 1",
    "I would write SELECT name FROM singer",
    ".shell touch {folder}/owned",
    "x" * 1_000_000,
    "SELECT '" + "x" * 1_000_000 + "'",
]

# Queries that only read, but without end or measure: any error or a cut result will do, in time.
BOUNDED = [
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
    "WITH RECURSIVE c(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM c) SELECT max(length(s)) FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c) SELECT n FROM c ORDER BY n DESC",
    "SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d",
    "SELECT * FROM numbers a, numbers b, numbers c, numbers d",
    "SELECT a.n FROM numbers a, numbers b, numbers c ORDER BY a.n * b.n - c.n",
    "SELECT DISTINCT a.n * 1000000 + b.n * 1000 + c.n FROM numbers a, numbers b, numbers c ORDER BY 1 DESC",
    "SELECT group_concat(a.n || b.n || c.n) FROM numbers a, numbers b, numbers c",
    "SELECT json_group_array(a.n) FROM numbers a, numbers b, numbers c",
    "SELECT zeroblob(1000000000)",
    "SELECT randomblob(1000000000)",
    "SELECT hex(zeroblob(900000)) || hex(zeroblob(900000))",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT printf('%1000000000d', 1)",
    "SELECT replace(hex(zeroblob(400000)), '0', hex(zeroblob(400000)))",
    "SELECT sum(length(replace(hex(randomblob(200000)), 'A', 'BB'))) FROM numbers a, numbers b",
    "SELECT hex(randomblob(400000)) LIKE '%" + "a%" * 400 + "' FROM numbers, singer",
    "SELECT instr(hex(zeroblob(500000)), hex(zeroblob(250000)) || 'x') FROM numbers, singer",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "SELECT " + "(SELECT " * 2000 + "1" + ")" * 2000,
    "SELECT 1" + "+1" * 20000,
    "SELECT " + "NOT " * 12000 + "1",
    "SELECT " + "abs(" * 900 + "1" + ")" * 900,
    " UNION ALL ".join(["SELECT 1"] * 2500),
    "SELECT count(*) FROM " + ", ".join(f"numbers t{i}" for i in range(60)),
    "SELECT count(*) FROM " + ", ".join(f"numbers t{i}" for i in range(70)),
    "SELECT " + ", ".join(["*"] * 5000) + " FROM singer",
    "SELECT * FROM generate_series(1, 1000000000000)",
    "SELECT writefile('{folder}/written', 'x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT edit('x')",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM fsdir('/')",
    "WITH RECURSIVE c(n) AS MATERIALIZED (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT 1 FROM c LIMIT 1",
]

# Long, but honest: SQLite answers them within its limits.
LONG = [
    "SELECT 1 WHERE 1 IN (" + "1," * 20000 + "1)",
    "SELECT * FROM " + "(SELECT * FROM " * 300 + "singer" + ")" * 300,
    "SELECT printf('%.*c', 500000, 'a') GLOB '" + "*a" * 300 + "b'",
    "SELECT 1" + "+1" * 400,
]


def _state(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def untouched(database: Path) -> Iterator[None]:
    """The database is byte-identical and alone in its folder."""
    before = _state(database.parent)
    yield
    assert _state(database.parent) == before


def _ask(engine: Engine, url: str, database: Path, sql: str) -> tuple[ExecutionError | None, bool]:
    start = time.monotonic()
    [result] = engine.execute([Query(url, sql.replace("{folder}", str(database.parent)))])
    assert time.monotonic() - start < LIMIT_S
    return result.error, result.truncated


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: ascii(sql[:50]))
def test_refused(engine: Engine, url: str, database: Path, sql: str) -> None:
    error, _ = _ask(engine, url, database, sql)
    assert error is not None
    assert error.kind == ErrorKind.REFUSED


@pytest.mark.parametrize("sql", BOUNDED, ids=lambda sql: ascii(sql[:50]))
def test_bounded(engine: Engine, url: str, database: Path, sql: str) -> None:
    error, truncated = _ask(engine, url, database, sql)
    assert truncated or (error is not None and error.kind != ErrorKind.CRASHED)


@pytest.mark.parametrize("sql", LONG, ids=lambda sql: ascii(sql[:50]))
def test_long_queries_are_answered(engine: Engine, url: str, database: Path, sql: str) -> None:
    assert _ask(engine, url, database, sql) == (None, False)


def test_nothing_is_left_of_it_all(url: str, live_workers: Callable[[], list[int]]) -> None:
    with Engine(workers=2, timeout_s=0.2) as engine:
        engine.execute([Query(url, sql) for sql in (*BOUNDED[:4], "SELECT 1")])
        assert live_workers()
    assert not live_workers()
