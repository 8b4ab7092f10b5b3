"""The canonical text unites what is only written in another way, and never two queries that give different results."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from query_texts import Style, queries, write

from pipeline.sql.canonical import canonical
from pipeline.sql.parsing import parse


@given(queries(), st.integers(1), st.sampled_from(["sqlite", "mysql"]))
def test_the_way_of_writing_does_not_matter(query: dict[str, object], seed: int, dialect: str) -> None:
    plain = write(query, Style(0))
    assert canonical(write(query, Style(seed)), dialect) == canonical(plain, dialect)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SELECT name FROM singer", "select  NAME\nfrom Singer ;"),
        ("SELECT COUNT(*) FROM t", "select count(*) /* all */ from t -- x"),
        ("SELECT T1.`Name` FROM [singer] T1", "SELECT name FROM singer"),
        ("SELECT T1.a FROM t AS T1", 'SELECT "t1"."A" FROM T t1'),
        ("SELECT T1.a FROM t AS T1", "SELECT t.a FROM t"),
        ("SELECT t.* FROM t", "SELECT * FROM t AS x"),
        ("SELECT a FROM t WHERE a != 1", "SELECT a FROM t WHERE a <> 1"),
        ("SELECT x.a FROM t x JOIN t y ON x.i = y.j", "SELECT y.a FROM t y JOIN t x ON (y.i = x.j)"),
        ("SELECT a FROM t WHERE b = 1 AND (c = 2 AND d = 3)", "SELECT (a) FROM t WHERE (d = 3 AND b = 1) AND c = 2"),
        ("SELECT a FROM t WHERE a = 1 OR b = 2 AND c = 3", "SELECT a FROM t WHERE ((c = 3) AND b = 2) OR a = 1"),
        ("SELECT a + b * c - d FROM t", "SELECT ((a + (b * c)) - d) FROM t"),
        ("WITH c AS (SELECT a FROM t) SELECT c.a FROM c", "WITH d AS (SELECT x.a FROM t x) SELECT e.a FROM d AS e"),
        (
            "SELECT a FROM t x WHERE EXISTS (SELECT 1 FROM u WHERE x.a = u.b)",
            "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u y WHERE t.a = b)",
        ),
        ("SELECT a FROM t WHERE b = (SELECT 1)", "SELECT a FROM t WHERE b = ((SELECT 1))"),
    ],
)
def test_unites(a: str, b: str) -> None:
    assert canonical(a, "sqlite") == canonical(b, "sqlite")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SELECT 1 WHERE a = 'X'", "SELECT 1 WHERE a = 'x'"),
        ('SELECT 1 FROM t WHERE a = "X"', 'SELECT 1 FROM t WHERE a = "x"'),
        ('SELECT 1 FROM t WHERE a = "x"', "SELECT 1 FROM t WHERE a = x"),
        ("SELECT a FROM t", "SELECT b FROM t"),
        ("SELECT a FROM t", "SELECT DISTINCT a FROM t"),
        ("SELECT 'X' FROM FROM", "SELECT 'x' FROM FROM"),
        ("SELECT `Name` FROM singer", "SELECT name FROM singer"),  # in double quotes it might be a string
        ("SELECT -a AS a FROM t ORDER BY t.a", "SELECT -a AS a FROM t ORDER BY a"),
        ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", "SELECT a FROM t WHERE b IN ((SELECT c FROM u))"),
        ("SELECT a - (b - c) FROM t", "SELECT a - b - c FROM t"),
        ("SELECT x.a FROM t x JOIN t y ON x.i = y.j", "SELECT y.a FROM t x JOIN t y ON x.i = y.j"),
        ("WITH c AS (SELECT 1 AS a) SELECT a FROM c", "WITH c AS (SELECT 1 AS a) SELECT a FROM d"),
        ("WITH c AS (SELECT a FROM c) SELECT a FROM c", "WITH c AS (SELECT a FROM d) SELECT a FROM c"),
        ("WITH d AS (SELECT a FROM t) SELECT a FROM c1", "WITH c1 AS (SELECT a FROM t) SELECT a FROM c1"),
        ("SELECT t1.a FROM u AS x", "SELECT x.a FROM u AS x"),
    ],
)
def test_keeps_apart(a: str, b: str) -> None:
    assert canonical(a, "sqlite") != canonical(b, "sqlite")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SELECT a XOR b AND c FROM t", "SELECT (a XOR b) AND c FROM t"),
        ("SELECT a | b & c FROM t", "SELECT (a | b) & c FROM t"),
        ("SELECT a FROM t WHERE (a XOR b) AND c", "SELECT a FROM t WHERE a XOR (b AND c)"),
    ],
)
def test_keeps_apart_what_mysql_reads_in_another_order(a: str, b: str) -> None:
    assert canonical(a, "mysql") != canonical(b, "mysql")


def test_folds_what_does_not_parse() -> None:
    assert canonical("SELECT  FROM 'A  b'\n-- x\n WHERE ;", "sqlite") == "select from 'A  b' where"


@given(queries(), st.integers(0), st.sampled_from(["sqlite", "mysql"]))
def test_is_a_fixed_point_and_leaves_the_shared_tree_alone(query: dict[str, object], seed: int, dialect: str) -> None:
    sql = write(query, Style(seed))
    tree = parse(sql, dialect)
    assert tree is not None
    before = tree.sql(dialect)
    once = canonical(sql, dialect)
    assert canonical(once, dialect) == once
    assert tree.sql(dialect) == before


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    """Few and telling rows, among them NULL, numbers as text and what differs in case only."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            "CREATE TABLE t (a, b, c); CREATE TABLE u (a, b, d);"
            "INSERT INTO t VALUES (1, 2, 'x'), (2, NULL, 'X'), (0, 5, '1'), (3, 1, NULL), (-1, 7, 'y');"
            "INSERT INTO u VALUES (1, 7, 'x'), (0, 2, 'y'), (5, 5, NULL), (2, 3, '1');"
        )
        yield connection


def _result(database: sqlite3.Connection, sql: str) -> list[str] | None:
    """The rows in any order, 1 and 1.0 apart; None if the query fails."""
    try:
        return sorted(map(repr, database.execute(sql)))
    except sqlite3.Error:
        return None


def _check_groups(database: sqlite3.Connection, texts: Iterator[str]) -> tuple[int, int]:
    """No two texts with one canonical text give different results; how many texts run, and in how many groups."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for sql in texts:
        if (rows := _result(database, sql)) is not None:
            groups[canonical(sql, "sqlite")][sql] = rows
    wrong = [group for group in groups.values() if len(set(map(tuple, group.values()))) > 1]
    assert wrong == []
    return sum(map(len, groups.values())), len(groups)


def test_no_choice_of_aliases_unites_different_results(database: sqlite3.Connection) -> None:
    names = ["p", "u", "t1"]
    qualifiers = ["", "p.", "u.", "t1.", "t2."]
    shapes = (
        f"SELECT {one}a FROM t AS {outer} WHERE EXISTS "
        f"(SELECT 1 FROM u AS {inner} WHERE {two}b = {three}a AND {four}d > '0')"
        for outer, inner in itertools.product(names, repeat=2)
        for one, two, three, four in itertools.product(qualifiers, repeat=4)
    )
    ran, groups = _check_groups(database, shapes)
    assert ran > 200
    assert groups < ran / 2


def test_no_choice_of_names_for_results_unites_different_results(database: sqlite3.Connection) -> None:
    words = ["a", "p.a", "b", "p.b"]
    texts = (
        f"SELECT -{one} AS {label}, {two} FROM t AS p WHERE {three} > 1 GROUP BY {four} ORDER BY {one}, {four} LIMIT 2"
        for one, two, three, four in itertools.product(words, repeat=4)
        for label in ("a", "b", "n")
    )
    ran, groups = _check_groups(database, texts)
    assert ran == 3 * 4**4
    assert groups < ran / 4


def test_no_choice_of_names_for_with_unites_different_results(database: sqlite3.Connection) -> None:
    names = ["t", "u", "c", "c1"]
    texts = (
        f"WITH{recursive} {one} AS (SELECT a, b FROM {x}), {two} AS (SELECT b AS a, a AS b FROM {y}) "
        f"SELECT a, (SELECT max({z}.a) FROM {z}) FROM {w}"
        for one, two, x, y, z, w in itertools.product(names, repeat=6)
        for recursive in ("", " RECURSIVE")
    )
    ran, groups = _check_groups(database, texts)
    assert ran > 1000
    assert groups < ran * 0.7


_OPERATORS = ["+", "-", "*", "/", "%", "||", "=", "<", "<=", "!=", "IS", "LIKE", "AND", "OR", "&", "|", "<<"]
_OPERANDS = ["a", "b", "c", "1", "2", "'x'", "NULL", "-a", "NOT a", "NOT b", "c COLLATE NOCASE", "abs(a)"]


@st.composite
def _expressions(draw: st.DrawFn) -> tuple[str, str]:
    """The same operands and operators twice, each time with parentheses somewhere."""
    size = draw(st.integers(2, 5))
    operands = draw(st.lists(st.sampled_from(_OPERANDS), min_size=size, max_size=size))
    operators = draw(st.lists(st.sampled_from(_OPERATORS), min_size=size - 1, max_size=size - 1))
    both = []
    for _ in range(2):
        words = list(operands)
        for _ in range(draw(st.integers(0, 2))):
            start = draw(st.integers(0, size - 1))
            end = draw(st.integers(start, size - 1))
            words[start], words[end] = f"({words[start]}", f"{words[end]})"
            if "".join(words[start : end + 1]).count("(") != "".join(words[start : end + 1]).count(")"):
                words[start], words[end] = words[start][1:], words[end][:-1]
        both.append(" ".join(itertools.chain.from_iterable(zip(words, [*operators, ""], strict=True))))
    return both[0], both[1]


@given(_expressions())
def test_no_parentheses_unite_different_results(database: sqlite3.Connection, both: tuple[str, str]) -> None:
    texts = [f"SELECT a, {both[0]} FROM t WHERE {both[1]}", f"SELECT a, {both[1]} FROM t WHERE {both[0]}"]
    one, other = (_result(database, sql) for sql in texts)
    if one != other and one is not None and other is not None:
        assert canonical(texts[0], "sqlite") != canonical(texts[1], "sqlite")


@pytest.mark.alone
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "(" * 100 + "1" + ")" * 100,
        "SELECT " + "(SELECT " * 800,
        "SELECT 1 WHERE " + " AND ".join(["a = 1"] * 5000),
        "SELECT 1 FROM t WHERE " + " AND ".join(["a = 1"] * 1000),
        "SELECT 1 FROM t WHERE " + "(a = 1 AND (b = 2 OR " * 60 + "1" + "))" * 60,
        "SELECT 1 FROM t WHERE " + "b = 1 AND a IN (SELECT a FROM t WHERE " * 60 + "1" + ")" * 60,
        "SELECT 1 FROM t" + " JOIN t ON a = b" * 600,
        "WITH " + ", ".join(f"c{n} AS (SELECT 1)" for n in range(400)) + " SELECT 1 FROM " + ", ".join(["c7"] * 500),
        "SELECT " + "+".join(["a"] * 4900),
        "SELECT '" + "x" * 1_000_000,
        "SELECT " + "-" * 40_000 + "\n'",
        ";" * 40_000,
        "/*" * 20_000 + " '",
    ],
    ids=lambda sql: sql[:30],
)
def test_long_and_deep_text_is_answered_in_time(sql: str) -> None:
    start = time.perf_counter()
    canonical(sql, "sqlite")
    assert time.perf_counter() - start < 3


_PIECES = st.sampled_from(
    [*"()*,.;'\"`[]=<>-1a\0\ud800é", "SELECT", "FROM", "WHERE", "NOT", "IN", "AS", "AND", "WITH", "t", "a.b", "UNION"]
)


@given(st.lists(_PIECES, max_size=30).map(" ".join), st.sampled_from(["sqlite", "mysql"]))
def test_never_raises(sql: str, dialect: str) -> None:
    canonical(sql, dialect)
