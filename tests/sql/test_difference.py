"""Which clauses differ: one by one, together, and none where nothing that matters does."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sql.difference import CLAUSES, UNPARSABLE, differing_clauses

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)
SPIDER = BENCHMARKS / "spider"

needs_spider = pytest.mark.skipif(
    not (SPIDER / "verdicts.jsonl").is_file(),
    reason=f"no Spider data in {SPIDER}: set QUERYSMITH_BENCHMARKS to its parent",
)


@pytest.mark.parametrize("dialect", ["sqlite", "mysql"])
@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("SELECT a, b FROM t", "select T.A as x, t.b from T;"),
        ("SELECT x.a FROM t AS x JOIN u AS y ON x.i = y.i", "SELECT t.a FROM u INNER JOIN t ON u.i = t.i"),
        ("SELECT x.a FROM t AS x JOIN u AS y ON x.i = y.i", "SELECT a FROM t JOIN u ON u.i = t.i"),
        ("SELECT x.a FROM t AS x JOIN t AS y ON x.i = y.j", "SELECT p.a FROM t AS p JOIN t AS q ON q.j = p.i"),
        ("SELECT a FROM t WHERE b = 1 AND c > 2", "SELECT a FROM t WHERE (2 < c) AND (1 = b)"),
        (
            "SELECT a FROM t WHERE b = 1 AND (c = 2 AND (d = 3 OR e = 4))",
            "SELECT a FROM t WHERE (e = 4 OR d = 3) AND b = 1 AND c = 2",
        ),
        ("SELECT a FROM t GROUP BY a, b", "SELECT a FROM t GROUP BY b, a"),
        (
            "SELECT a, count(*) FROM t GROUP BY a ORDER BY count(*)",
            "SELECT a, count(*) n FROM t GROUP BY 1 ORDER BY n ASC",
        ),
        ("SELECT a FROM t HAVING count(*) > 1", "SELECT a FROM t HAVING 1 < count(*)"),
        ("SELECT a FROM t WHERE b IN (SELECT x.b FROM u AS x)", "SELECT a FROM t WHERE b IN (SELECT b FROM u)"),
        ("WITH c AS (SELECT a FROM t) SELECT a FROM c", "WITH d AS (SELECT x.a FROM t x) SELECT e.a FROM d AS e"),
        ("SELECT d.a FROM (SELECT a FROM t) AS d", "SELECT e.a FROM (SELECT t.a FROM t) AS e"),
        ("not sql", "not sql"),
    ],
)
def test_same(gold: str, pred: str, dialect: str) -> None:
    assert differing_clauses(gold, pred, dialect) == ()
    assert differing_clauses(pred, gold, dialect) == ()


def test_strings_in_double_quotes_are_strings_in_sqlite() -> None:
    assert differing_clauses('SELECT a FROM t WHERE b = "x\'y"', "SELECT a FROM t WHERE b = 'x''y'", "sqlite") == ()
    assert differing_clauses('SELECT a FROM t WHERE b = "x"', "SELECT a FROM t WHERE b = 'X'", "sqlite") == ("where",)


@pytest.mark.parametrize("dialect", ["sqlite", "mysql"])
@pytest.mark.parametrize(
    ("gold", "pred", "expected"),
    [
        ("SELECT a FROM t", "SELECT b FROM t", "select"),
        ("SELECT a, b FROM t", "SELECT b, a FROM t", "select"),
        ("SELECT count(*) FROM t", "SELECT count(a) FROM t", "select"),
        (
            "SELECT x.a FROM t AS x JOIN t AS y ON x.i = y.j",
            "SELECT y.a FROM t AS x JOIN t AS y ON x.i = y.j",
            "select",
        ),
        ("SELECT max(a) FROM t", "SELECT min(a) FROM t", "select function"),
        ("SELECT DISTINCT a FROM t", "SELECT a FROM t", "distinct"),
        ("SELECT count(DISTINCT a) FROM t", "SELECT count(a) FROM t", "distinct"),
        ("SELECT a FROM t", "SELECT a FROM u", "select from"),
        (
            "SELECT x.a FROM t AS x JOIN u AS y ON x.i = y.i",
            "SELECT x.a FROM t AS x LEFT JOIN u AS y ON x.i = y.i",
            "from",
        ),
        ("SELECT x.a FROM t AS x JOIN u AS y ON x.i = y.i", "SELECT x.a FROM t AS x JOIN u AS y ON x.i = y.j", "from"),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t", "where"),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2", "where"),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = '1'", "where"),
        ("SELECT a FROM t WHERE b > c", "SELECT a FROM t WHERE c > b", "where"),
        ("SELECT a FROM t WHERE b LIKE 'x'", "SELECT a FROM t WHERE b NOT LIKE 'x'", "where"),
        (
            "SELECT a FROM t WHERE (b = 1 AND c = 2) OR d = 3",
            "SELECT a FROM t WHERE b = 1 AND (c = 2 OR d = 3)",
            "where",
        ),
        ("SELECT a FROM t GROUP BY a", "SELECT a FROM t GROUP BY b", "group by"),
        ("SELECT a FROM t GROUP BY a HAVING count(*) > 1", "SELECT a FROM t GROUP BY a", "having function"),
        ("SELECT a FROM t GROUP BY a HAVING count(*) > 1", "SELECT a FROM t GROUP BY a HAVING count(*) >= 1", "having"),
        ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC", "order by"),
        ("SELECT a FROM t ORDER BY a, b", "SELECT a FROM t ORDER BY b, a", "order by"),
        ("SELECT a FROM t ORDER BY a LIMIT 1", "SELECT a FROM t ORDER BY a LIMIT 2", "limit"),
        ("SELECT a FROM t ORDER BY a LIMIT 1", "SELECT a FROM t ORDER BY a LIMIT 1 OFFSET 1", "limit"),
        ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t UNION ALL SELECT a FROM u", "set operation"),
        ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t", "set operation"),
        ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t UNION SELECT a FROM u LIMIT 1", "limit"),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u)", "SELECT a FROM t WHERE b IN (SELECT c FROM u)", "subquery"),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u)", "SELECT a FROM t", "where subquery"),
        ("SELECT 1 FROM (SELECT a FROM t)", "SELECT 1 FROM (SELECT DISTINCT a FROM t)", "subquery"),
        (
            "SELECT a FROM t WHERE b IN (SELECT b FROM u UNION SELECT b FROM v)",
            "SELECT a FROM t WHERE b IN (SELECT b FROM u EXCEPT SELECT b FROM v)",
            "subquery",
        ),
        (
            "WITH c AS (SELECT a FROM t) SELECT a FROM c",
            "WITH c AS (SELECT a FROM t WHERE b = 1) SELECT a FROM c",
            "cte",
        ),
        ("SELECT a FROM t WHERE upper(b) = 'X'", "SELECT a FROM t WHERE b = 'X'", "where function"),
        ("SELECT a FROM t WHERE b = 1 ORDER BY c", "SELECT d FROM t ORDER BY c DESC", "select where order by"),
        ("SELECT a FROM t", "SELECT FROM", "unparsable"),
        ("SELECT FROM", "SELECT a FROM t", "unparsable"),
        ("SELECT a FROM t", "DROP TABLE t", "unparsable"),
        ("SELECT a FROM t", "", "unparsable"),
    ],
)
def test_differing(gold: str, pred: str, expected: str, dialect: str) -> None:
    found = differing_clauses(gold, pred, dialect)
    assert " ".join(found) == expected
    assert differing_clauses(pred, gold, dialect) == found


WORDS = [*"()*,.;'\"`[]=<>-1a\0\ud800é", "SELECT", "FROM", "WHERE", "NOT", "IN", "AS", "AND", "WITH", "t"]


@given(st.lists(st.sampled_from(WORDS)))
def test_takes_any_text(words: list[str]) -> None:
    sql = " ".join(words)
    assert differing_clauses(sql, f" {sql}", "mysql") in ((), (UNPARSABLE,))
    assert set(differing_clauses("SELECT a FROM t", sql, "sqlite")) <= {*CLAUSES, UNPARSABLE}


@pytest.mark.alone
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM t WHERE " + " AND ".join(["a = 1"] * 1000),
        "SELECT 1" + " UNION SELECT 1" * 650,
        "SELECT " + "+".join(["a"] * 4900),
        "SELECT " + "+".join(["'x'"] * 400),  # quotes must not be escaped again on every level
        "SELECT 1 FROM t WHERE " + "a IN (SELECT a FROM t WHERE " * 60 + "1" + ")" * 60,
        "SELECT f(" + ",".join(["b"] * 2400) + ") AS a FROM t ORDER BY " + ",".join(["a"] * 2400),
        "SELECT " + "(SELECT " * 10 + "1" + (" AS a FROM t ORDER BY 1" + ", 1, a" * 100 + ")") * 10,
        "SELECT 1 FROM t" + " JOIN t ON a = b" * 600,
        "SELECT '" + "x" * 1_000_000,
    ],
    ids=lambda sql: sql[:30],
)
def test_is_fast_on_hostile_text(sql: str) -> None:
    start = time.perf_counter()
    assert differing_clauses(sql, sql + " ", "sqlite") in ((), (UNPARSABLE,))
    assert time.perf_counter() - start < 3  # measured: at most 0.4


def _renamed(sql: str) -> str:
    """The same query with other aliases, and the case of all words but those in quotes swapped."""
    pieces = re.split(r"""('[^']*'|"[^"]*")""", sql)
    return "".join(
        piece if at % 2 else re.sub(r"\bT(\d)\b", r"other\1", piece, flags=re.IGNORECASE).swapcase()
        for at, piece in enumerate(pieces)
    )


@needs_spider
def test_no_gold_query_differs_from_itself_however_it_is_written() -> None:
    lines = (SPIDER / "train_gold.sql").read_text(encoding="utf-8").splitlines()
    dev = json.loads((SPIDER / "dev.json").read_text(encoding="utf-8"))
    gold = [line.split("\t")[0] for line in lines] + [item["query"] for item in dev]
    assert len(gold) == 8563 + 552
    gold = sorted(set(gold))
    start = time.perf_counter()
    assert [sql for sql in gold if differing_clauses(sql, _renamed(sql), "sqlite")] == []
    print(f"{(time.perf_counter() - start) / len(gold) * 1000:.2f} ms a pair of queries, parsing included")


@needs_spider
def test_every_prediction_that_is_wrong_differs_somewhere() -> None:
    rows = [json.loads(line) for line in (SPIDER / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    wrong = [row for row in rows if not row["exec_result"]]
    assert len(wrong) == 524
    assert [row for row in wrong if not differing_clauses(row["gold"], row["pred"], "sqlite")] == []
