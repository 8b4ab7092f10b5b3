"""The read-only check and the outermost ORDER BY."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sql.parsing import MAX_SQL_CHARS, check_read_only, is_ordered, parse


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select 1 ; ; -- done",
        "/* a */ (SELECT 1)",
        "((SELECT 1) UNION SELECT 2)",
        "WITH c AS (SELECT 1) SELECT * FROM c",
        "VALUES (1), (2)",
        "SELECT replace(a, 'DROP', ';') FROM t WHERE b = 'DELETE; UPDATE'",
        'SELECT "a;b", [c;d], `e;f` FROM t',
        "SELECT 'open string",  # the database has to say what is wrong with it
        "SELECT FROM WHERE",
    ],
)
def test_passes(sql: str) -> None:
    assert check_read_only(sql, "sqlite") is None


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("", "not SQL: empty"),
        (" ; -- x\n", "not SQL: empty"),
        ("The answer is SELECT 1", "not SQL: it starts with 'The'"),
        ("The answer isn't SELECT 1", "not SQL: it starts with 'The'"),
        ("```sql\nSELECT 1\n```", "not SQL"),
        ("DROP TABLE t", "not read-only: it starts with DROP"),
        ("-- SELECT\n(delete from t)", "not read-only: it starts with DELETE"),
        ("PRAGMA table_info(t)", "not read-only: it starts with PRAGMA"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("SELECT 1 /* ; */; DROP TABLE t", "more than one statement"),
        ("WITH c AS (SELECT 1) DELETE FROM t", "not read-only: it contains DELETE"),
        ("WITH c AS (SELECT 1) INSERT INTO t SELECT 1", "not read-only: it contains INSERT"),
        ("SELECT '" + "x" * MAX_SQL_CHARS + "'", f"longer than {MAX_SQL_CHARS} characters"),
    ],
)
def test_gives_the_reason(sql: str, reason: str) -> None:
    found = check_read_only(sql, "sqlite")
    assert found is not None
    assert found.startswith(reason)


@pytest.mark.alone
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "(SELECT " * 800,
        "SELECT 1 WHERE " + " AND ".join(["a = 1"] * 5000),
        "SELECT '" + "x" * 1_000_000,
        "SELECT " + "-" * 40_000 + "\n'",
        ";" * 40_000,
        "/*" * 20_000 + " '",
    ],
    ids=lambda sql: sql[:20],
)
def test_long_and_deep_text_is_answered_in_time(sql: str) -> None:
    start = time.monotonic()
    check_read_only(sql, "sqlite")
    is_ordered(sql)
    assert time.monotonic() - start < 2


pieces = st.sampled_from([*"('\"`[]);-/*\n\0\ud800é1a,", "SELECT ", " FROM ", "WITH ", "ORDER BY "])


@given(st.lists(pieces, max_size=30).map("".join))
def test_never_raises(sql: str) -> None:
    check_read_only(sql, "sqlite")
    is_ordered(sql)
    parse(sql, "sqlite")


def test_parse_makes_no_noise(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    assert parse("SELECT FROM FROM", "sqlite") is None
    assert parse("SELECT 1; SELECT 2", "sqlite") is None
    parse("EXPLAIN QUERY PLAN SELECT 1", "sqlite")
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT a FROM t", False),
        ("SELECT a FROM t order by a", True),
        ("SELECT a FROM t ORDER\n BY a DESC LIMIT 1;", True),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1", True),
        ("(SELECT a FROM t ORDER BY a)", True),
        ("WITH c AS (SELECT 1) SELECT * FROM c ORDER BY 1", True),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", False),
        ("WITH c AS (SELECT 1 ORDER BY 1) SELECT * FROM c", False),
        ("SELECT rank() OVER (ORDER BY a) FROM t", False),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u ORDER BY c LIMIT 1)", False),
        ("SELECT 'x ORDER BY a' -- ORDER BY b", False),
        ("SELECT group_concat(a ORDER BY a) FROM t", False),
        ("", False),
    ],
)
def test_is_ordered(sql: str, ordered: bool) -> None:
    assert is_ordered(sql) is ordered


_PIECES = st.sampled_from(
    [
        *("SELECT", "WITH", "c AS (", "VALUES", "(", ")", "1", "'for'", "'it''s; '", '"update"', "FROM t"),
        *(
            "WHERE a = 1",
            ";",
            "FOR",
            "UPDATE",
            "DELETE FROM t",
            "INSERT",
            "INTO",
            "x",
            "SET",
            "REPLACE(a, 'b', 'c')",
            "DROP TABLE t",
        ),
        *("LOCK IN", "SHARE MODE", "PRAGMA", "EXPLAIN", "UNION ALL", "CREATE TABLE", "RETURNING *", "ATTACH", "MERGE"),
        *("CALL f()", ",", "SHOW", "ROLLBACK", "OUTFILE", "AS", "TABLE t", "a.b", "::", "FLUSH", "VACUUM", "END", "\n"),
    ]
)


@given(pieces=st.lists(_PIECES, max_size=8), dialect=st.sampled_from(["sqlite", "mysql"]))
def test_the_short_way_agrees_with_the_tree(pieces: list[str], dialect: str) -> None:
    """A comment at the end makes the check look at tokens and tree; it changes nothing else."""
    sql = " ".join(pieces)
    assert check_read_only(sql, dialect) == check_read_only(sql + " /**/", dialect)
