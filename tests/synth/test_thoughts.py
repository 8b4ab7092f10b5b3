from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipeline.synth.thoughts import MAX_WORDS, describe

from .conftest import Samples

SPIDER = Path(os.environ.get("QUERYSMITH_BENCHMARKS", "../shared/benchmarks")) / "spider"


@pytest.mark.parametrize(
    ("sql", "thought"),
    [
        (
            "SELECT COUNT(*) FROM customers WHERE city = 'Leeds'",
            "Use only the table customers, which has every column that is needed. Keep only the rows where city is 'Leeds'. "
            "Then return the number of rows.",
        ),
        (
            "SELECT DISTINCT city FROM customers",
            "Use only the table customers, which has every column that is needed. Keep all of its rows, as there is no "
            "condition on them. Then return city, without duplicates.",
        ),
        (
            "SELECT T2.name, COUNT(*) AS n FROM orders AS T1 JOIN customers AS T2 ON T1.cid = T2.id WHERE T1.total >= 5 "
            "GROUP BY T2.id HAVING COUNT(*) > 3 ORDER BY n DESC LIMIT 1",
            "Use orders. Join customers for name and id, matching orders.cid with customers.id. Keep only the rows where "
            "orders.total is at least 5. Group the rows by customers.id. Keep only the groups where the number of rows is "
            "more than 3. Sort the groups by the number of rows in descending order. Take only the first group. Then return "
            "for each remaining group customers.name and the number of rows.",
        ),
        (
            "SELECT name FROM product WHERE price > (SELECT AVG(price) FROM product)",
            "Inner query A uses product and returns the average price. Use product. Keep only the rows where price is more "
            "than the result of inner query A. Then return name.",
        ),
        (
            "SELECT name FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.aid = a.id)",
            "Inner query A uses b, keeps only the rows where b.aid is a.id and returns 1. Use a. Keep only the rows where "
            "inner query A finds no row. Then return name.",
        ),
        (
            "SELECT city FROM a UNION ALL SELECT town FROM b ORDER BY 1 LIMIT 2",
            "Inner query A uses a and returns city. Inner query B uses b and returns town. Combine the rows of inner query A "
            "and inner query B, with duplicates. Sort the rows by output column 1 in ascending order. Then take only the "
            "first 2 rows.",
        ),
    ],
)
def test_whole_thoughts(sql: str, thought: str) -> None:
    assert describe(sql) == thought


@pytest.mark.parametrize(
    ("sql", "says", "never"),
    [
        ("SELECT a FROM t WHERE NOT name LIKE '%x%'", "name does not contain 'x'", "name contains"),
        ("SELECT a FROM t WHERE name NOT LIKE '%x%'", "name does not contain 'x'", "name contains"),
        ("SELECT a FROM t WHERE NOT name NOT LIKE '%x%'", "name contains 'x'", "not"),
        ("SELECT a FROM t WHERE name LIKE 'x%'", "starts with 'x'", "ends"),
        ("SELECT a FROM t WHERE name LIKE '%x_'", "matches the pattern '%x_'", "contains"),
        ("SELECT a FROM t WHERE name NOT LIKE 'x'", "does not match the pattern 'x'", "is 'x'"),
        ("SELECT a FROM t WHERE (b = 1 OR c = 2) AND d IS NOT NULL", "(b is 1 or c is 2) and d is present", "missing"),
        ("SELECT a FROM t WHERE NOT (b = 1 OR c = 2)", "it is not true that (b is 1 or c is 2)", "is not 1"),
        ("SELECT a FROM t WHERE d NOT BETWEEN 1 AND 2", "d is not between 1 and 2", "d is between"),
        ("SELECT a FROM t WHERE d > '2024-01-31'", "d is after '2024-01-31'", "more than"),
        ("SELECT a FROM t WHERE b NOT IN (SELECT b FROM u)", "is not among the results of inner query A", "is among"),
        ("SELECT a FROM t WHERE b IN (1, 2, 3, 4, 5, 6, 7)", "one of 7 given values", "5"),
        ("SELECT strftime('%Y', d) FROM t", "the year of d", "month"),
        ("SELECT COUNT(DISTINCT a) FROM t", "the number of different a values", "number of rows"),
        ("SELECT COUNT(a) FROM t", "the number of rows where a is not missing", "different"),
        ("SELECT COUNT(CASE WHEN a > 1 THEN 1 END) FROM t", "the number of rows where a is more than 1", "otherwise"),
        ("SELECT SUM(CASE WHEN a = 1 THEN 2 ELSE 0 END) FROM t", "the total of (2 if a is 1, otherwise 0)", "number"),
        ("SELECT a FROM t LEFT JOIN u ON t.x = u.x", "rows without a match stay", "only"),
        ("SELECT a FROM t, u WHERE t.x = u.y", "pairing every row with every row", "matching"),
        # One row in all: sorting and cutting come after the aggregate and change nothing.
        ("SELECT SUM(a) FROM t ORDER BY b LIMIT 3", "return the total a", "first 3"),
        # Duplicates go before the cut.
        ("SELECT DISTINCT a FROM t ORDER BY a LIMIT 3", "Keep each different a once. Sort", "without duplicates"),
        ("SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY c) FROM t", "per b in order of c", "Group"),
        (
            "WITH x AS (SELECT a, COUNT(*) AS n FROM t GROUP BY a) SELECT a FROM x WHERE n > 2",
            "Inner query A, called x, uses t, groups the rows by a and returns for each group a and the number of rows "
            "(called n).",
            "HAVING",
        ),
        ("SELECT t1.a FROM t AS t1 JOIN t AS t2 ON t1.b = t2.c", "Use t (as t1). Join t (as t2)", "t.a"),
        ("SELECT a FROM t WHERE b > ALL (SELECT c FROM d)", "b is more than every result of inner query A", "any"),
        ("SELECT a FROM t WHERE NOT a IS NULL AND b IS NULL", "a is present and b is missing", "not"),
        ("SELECT a FROM t WHERE a IS NOT 3", "a is not 3", "present"),
        ("SELECT a FROM t WHERE a GLOB 'x*'", "a condition on a holds", "x*"),
        ("SELECT a FROM t ORDER BY b LIMIT 5 OFFSET 10", "Skip the first 10 rows. Take only the first 5 rows", "15"),
        ("SELECT a - (b - c) FROM t", "a minus ", "a minus b minus c"),
    ],
)
def test_says_what_is_true_and_nothing_else(sql: str, says: str, never: str) -> None:
    thought = describe(sql)
    assert thought is not None
    assert says in thought
    assert never not in thought


@pytest.mark.parametrize("sql", ["", "SELEC a FROM t", "SELECT (", "DROP TABLE t", "SELECT 1; SELECT 2", "hello"])
def test_no_thought_without_one_query(sql: str) -> None:
    assert describe(sql) is None


def test_mysql_quotes() -> None:
    assert "\"city\" is 'Leeds'" in (describe('SELECT `name` FROM `t` WHERE `city` = "Leeds"', "mysql") or "")


def test_a_very_long_query_gets_a_short_true_summary() -> None:
    sql = " UNION ".join(f"SELECT a, b FROM t{n} WHERE c = {n} AND d LIKE '%word{n}%'" for n in range(30))
    thought = describe(sql) or ""
    assert thought.startswith("This needs several steps. Use the tables t0, t1,")
    assert "30 parts" in thought


def test_samples_have_thoughts_that_do_not_quote_the_sql(samples: Samples) -> None:
    for record in samples.train + samples.dev:
        assert record["reasoning"]
        assert record["query"] not in record["reasoning"]


def test_every_spider_gold_yields_a_bounded_thought(record_property: pytest.RecordProperty) -> None:
    if not (SPIDER / "dev.json").is_file():
        pytest.skip(f"no Spider at {SPIDER}; set QUERYSMITH_BENCHMARKS to the folder of the benchmarks")
    golds = {r["query"] for r in json.loads((SPIDER / "dev.json").read_text())}
    golds |= {line.split("\t")[0] for line in (SPIDER / "train_gold.sql").read_text().splitlines()}
    thoughts = {sql: describe(sql) for sql in golds}
    described = [t for t in thoughts.values() if t]
    record_property("share_described", len(described) / len(golds))
    print(f"{len(described)} of {len(golds)} distinct Spider golds described")
    assert len(described) == len(golds)  # all of them parse
    assert max(len(t.split()) for t in described) <= MAX_WORDS
