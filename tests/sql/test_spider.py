"""What is rewritten for Spider's evaluator, and what is not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sql.spider import is_spider_ordered, spider_text


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT DISTINCT name FROM t", "SELECT  name FROM t"),
        ("select count(distinct a), b from t", "select count( a), b from t"),
        ("SELECT DISTINCT(a) FROM t", "SELECT (a) FROM t"),
        ("SELECT distinct_id, is_distinct FROM t", "SELECT distinct_id, is_distinct FROM t"),
        ("SELECT a FROM t WHERE b = 'DISTINCT'", "SELECT a FROM t WHERE b = 'DISTINCT'"),
        ("SELECT a FROM t WHERE b = 'it''s DISTINCT'", "SELECT a FROM t WHERE b = 'it''s DISTINCT'"),
        (
            'SELECT "distinct", `distinct`, [distinct] FROM t -- DISTINCT',
            'SELECT "distinct", `distinct`, [distinct] FROM t -- DISTINCT',
        ),
        ("SELECT /* DISTINCT */ DISTINCT a FROM t", "SELECT /* DISTINCT */  a FROM t"),
        ("SELECT a FROM t WHERE a > = 1 AND b < = 2 AND c ! = 3", "SELECT a FROM t WHERE a >= 1 AND b <= 2 AND c != 3"),
        ("SELECT a FROM t WHERE a >  = 1 AND b = 'x > = y'", "SELECT a FROM t WHERE a >  = 1 AND b = 'x > = y'"),
        ("SELECT YEAR ( CURDATE() ) - born FROM t", "SELECT 2020- born FROM t"),
        ("SELECT 1; SELECT DISTINCT 2", "SELECT 1"),
        ("SELECT ';' ; the answer, isn't it", "SELECT ';' "),
        ("SELECT DISTINCT 'open DISTINCT", "SELECT  'open DISTINCT"),
        ("", ""),
    ],
)
def test_rewritten(sql: str, expected: str) -> None:
    assert spider_text(sql) == expected


def test_distinct_and_later_statements_are_kept_if_asked() -> None:
    sql = "SELECT DISTINCT a FROM t WHERE b > = YEAR(CURDATE()); SELECT 2"
    assert spider_text(sql, keep_distinct=True) == "SELECT DISTINCT a FROM t WHERE b >= 2020; SELECT 2"


@pytest.mark.parametrize(
    ("gold", "ordered"),
    [
        ("SELECT a FROM t ORDER BY a", True),
        ("SELECT a FROM (SELECT a FROM t order by a LIMIT 1)", True),
        ("SELECT a FROM t ORDER  BY a", False),
        ("SELECT a FROM t", False),
    ],
)
def test_order_is_found_in_the_text(gold: str, ordered: bool) -> None:
    assert is_spider_ordered(gold) is ordered


@given(st.text(alphabet="DISTINCTdistinct '\"`[]-/*>= \n;()", max_size=60), st.booleans())
def test_takes_any_text(sql: str, keep_distinct: bool) -> None:
    assert len(spider_text(sql, keep_distinct)) <= len(sql)


@pytest.mark.alone
@pytest.mark.parametrize("piece", ["'", '"', "[", "/*", "--", "> ", "YEAR(", "distinct ", "year  "])
def test_is_fast_on_hostile_text(piece: str) -> None:
    sql = piece * (20_000 // len(piece))
    start = time.perf_counter()
    spider_text(sql)
    assert time.perf_counter() - start < 0.5  # measured: 0.005
