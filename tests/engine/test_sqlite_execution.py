"""What one query on SQLite gives: values, caps, costs, and the kind of each error."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import pytest

from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.engine.sqlite import SqliteExecutor
from pipeline.errors import InfrastructureError, InputError

pytestmark = pytest.mark.alone

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"


def run(engine: Engine, url: str, sql: str) -> ExecutionResult:
    [result] = engine.execute([Query(url, sql)])
    return result


def test_returns_columns_rows_and_cost(engine: Engine, url: str) -> None:
    result = run(engine, url, "SELECT name, age AS years FROM singer ORDER BY singer_id")
    assert result.ok
    assert result.columns == ("name", "years")
    assert result.rows == (("Ann", 30.5), ("Bob", None), ("", 41.0))
    assert result.cost is not None
    assert result.cost > 0
    assert 0 < result.elapsed_s < 0.5
    assert not result.truncated


def test_every_kind_of_value_survives_the_way(engine: Engine, url: str) -> None:
    result = run(engine, url, "SELECT NULL, 1, -9223372036854775807, 0.1, 9e999, -9e999, 'é\u4e2d\n', '', x'00ff', x''")
    assert result.rows == (
        (None, 1, -9223372036854775807, 0.1, math.inf, -math.inf, "é\u4e2d\n", "", b"\x00\xff", b""),
    )
    assert [type(v) for v in result.rows[0]][1:4] == [int, int, float]


def test_cost_repeats_exactly_and_grows_with_work(engine: Engine, url: str) -> None:
    sql = "SELECT count(*) FROM numbers a JOIN numbers b WHERE a.n < {}"
    small, again, large = (run(engine, url, sql.format(n)).cost for n in (3, 3, 30))
    assert small == again
    assert large is not None
    assert small is not None
    assert large > small


def test_the_cost_of_a_full_text_query_is_the_querys_own(engine: Engine, url: str) -> None:
    result = run(engine, url, "SELECT body FROM notes WHERE notes MATCH 'hello'")
    assert result.rows == (("hello world",),)
    assert result.cost


def test_text_that_is_not_utf8_loses_its_invalid_bytes(engine: Engine, url: str) -> None:
    result = run(engine, url, "; SELECT id, name FROM latin ORDER BY id DESC; -- as the evaluators do")
    assert result.columns == ("id", "name")
    assert result.rows == ((4, "2.5"), (3, b"\x00\xff"), (2, "Kln"), (1, "plain"))
    assert result.cost is not None
    assert result.cost > 0


def test_sqlite_makes_the_text_of_a_utf16_database_valid(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "utf16.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES ('\u4e2d')")
    connection.close()
    assert run(engine, f"sqlite:///{path}", "SELECT a, char(97, 56320) FROM t").rows == (("\u4e2d", "a\ufffd"),)


def test_text_that_is_not_utf8_counts_against_the_row_cap(engine: Engine, url: str) -> None:
    result = run(engine, url, "SELECT CAST(x'ff61' AS TEXT) AS t FROM numbers, singer")
    assert result.truncated
    assert result.rows == (("a",),) * 1000


def test_row_cap_cuts_and_says_so(engine: Engine, url: str) -> None:
    whole, cut = (run(engine, url, f"SELECT n FROM numbers {extra}") for extra in ("", "UNION ALL SELECT 0"))
    assert (len(whole.rows), whole.truncated) == (1000, False)
    assert (len(cut.rows), cut.truncated, cut.cost) == (1000, True, None)


def test_byte_cap_cuts_and_says_so(engine: Engine, url: str) -> None:
    result = run(engine, url, "SELECT printf('%.*c', 100000, 'x') FROM numbers")
    assert result.truncated
    assert len(result.rows) == 10


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT name FROM singer WHERE", ErrorKind.SYNTAX),
        ("SELECT name, FROM singer", ErrorKind.SYNTAX),
        ("SELECT 'open", ErrorKind.SYNTAX),
        ("(SELECT 1)", ErrorKind.SYNTAX),
        ("SELECT nome FROM singer", ErrorKind.UNKNOWN_NAME),
        ("SELECT s.nome FROM singer s", ErrorKind.UNKNOWN_NAME),
        ("SELECT * FROM nobody", ErrorKind.UNKNOWN_NAME),
        ("SELECT z.* FROM singer", ErrorKind.UNKNOWN_NAME),
        ("SELECT nosuch(1)", ErrorKind.RUNTIME),
        ("SELECT sum(count(*)) FROM singer", ErrorKind.RUNTIME),
        ("SELECT abs(-9223372036854775808)", ErrorKind.RUNTIME),
        ("SELECT name FROM singer a, singer b", ErrorKind.RUNTIME),
        ("SELECT 1 UNION SELECT 1, 2", ErrorKind.RUNTIME),
        ("SELECT 1 LIMIT 'many'", ErrorKind.RUNTIME),
        ("SELECT ?", ErrorKind.RUNTIME),
        ("SELECT json('{')", ErrorKind.RUNTIME),
        (ENDLESS, ErrorKind.TIMEOUT),
        ("SELECT printf('%.*c', 2000000, 'x')", ErrorKind.TOO_LARGE),
        ("DELETE FROM singer", ErrorKind.REFUSED),
        ("The answer is 42.", ErrorKind.REFUSED),
        ("", ErrorKind.REFUSED),
    ],
)
def test_error_kinds(engine: Engine, url: str, sql: str, kind: ErrorKind) -> None:
    result = run(engine, url, sql)
    assert result.error is not None
    assert result.error.kind == kind
    assert result.error.message
    assert (result.rows, result.cost, result.ok) == ((), None, False)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        ";; SELECT 1 ; ;",
        "-- a comment; with a semicolon\nSELECT 1 -- and another",
        "/* ; */ SELECT /* ; */ 1 ; /* ; */ -- ;",
        "-- a comment\n; -- another\n SELECT 1",
        "VALUES (1)",
        "WITH c AS (SELECT 1) SELECT * FROM c",
        "select [a;b] from (select 1 as \"a;b\") where 'x;y' <> ''",
    ],
)
def test_one_statement_in_any_dress(engine: Engine, url: str, sql: str) -> None:
    assert run(engine, url, sql).rows == ((1,),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE singer",
        "SELECT 1 /* /* */ ; DROP TABLE singer -- */",
        "SELECT 1;" + "-" * 5000 + "\nx",
        "-- nothing",
        "PRAGMA user_version = 3",
        "EXPLAIN SELECT 1",
        "BEGIN",
        "SELECT 1\0",
        "SELECT '\ud800'",
        "WITH c AS (SELECT 1) DELETE FROM singer",
        "SELECT load_extension('x')",
        "SELECT * FROM pragma_table_info('singer')",
    ],
)
def test_the_executor_itself_refuses(url: str, sql: str) -> None:
    """Without the pool's first look at the text: the database's enforcement has to suffice."""
    result = SqliteExecutor(Limits()).open(url)(sql)
    assert result.error is not None
    assert result.error.kind == ErrorKind.REFUSED


def test_sees_changes_between_queries(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "changing.sqlite"
    for count in (1, 2):
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (a)")
            connection.execute("INSERT INTO t VALUES (1)")
        connection.close()
        assert run(engine, f"sqlite:///{path}", "SELECT count(*) FROM t").rows == ((count,),)


def test_reads_changes_that_are_still_in_the_log(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "live.sqlite"
    writer = sqlite3.connect(path)
    writer.executescript("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    assert run(engine, f"sqlite:///{path}", "SELECT a FROM t").rows == ((1,),)
    writer.close()


def test_a_missing_database_is_no_outcome_of_the_query(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"gone\.sqlite does not exist"):
        run(engine, f"sqlite:///{tmp_path}/gone.sqlite", "SELECT 1")


@pytest.mark.parametrize(
    "content", [b"this is not a database, but a text of some length" * 40, b"SQLite format 3\0" * 99]
)
def test_a_broken_database_is_no_outcome_of_the_query(engine: Engine, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(content)
    with pytest.raises(InfrastructureError, match=r"broken\.sqlite.* run again \(after 3 attempts\)"):
        run(engine, f"sqlite:///{path}", "SELECT count(*) FROM sqlite_master")


@pytest.mark.parametrize("url", ["sqlite:///relative.sqlite", "/data/a.sqlite", "postgresql://a@b/c", ""])
def test_other_urls_are_wrong_input(engine: Engine, url: str) -> None:
    with pytest.raises(InputError, match="database URL"):
        run(engine, url, "SELECT 1")
