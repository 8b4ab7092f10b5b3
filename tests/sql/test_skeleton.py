"""Skeletons: names and values do not matter, structure does, and the score follows its formula."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from query_texts import Style, queries, write

from pipeline.sql.skeleton import missing, skeleton, skeleton_score


def test_names_every_slot() -> None:
    sql = """
        WITH c AS (SELECT x FROM u)
        SELECT DISTINCT name, max(a) AS m FROM t LEFT JOIN c ON c.x = t.id
        WHERE 20 < a AND (b = 1 OR b IS NULL) AND id IN (SELECT tid FROM u WHERE x = -5)
        GROUP BY name, CAST(b AS INT) HAVING count(*) >= 2
        UNION ALL SELECT CASE WHEN a = 1 THEN 2 END, rank() OVER (PARTITION BY b ORDER BY a DESC) FROM t
        ORDER BY 1 LIMIT 3 OFFSET 1
    """
    assert skeleton(sql, "sqlite") == Counter(
        {
            "main with: query": 1,
            "cte select: column": 1,
            "cte from: table": 1,
            "main select: column": 2,
            "main select: max": 1,
            "main distinct": 1,
            "main from: table": 2,
            "main join: left": 1,
            "main on: =": 1,
            "main where: >": 1,
            "main where: or": 1,
            "main where: =": 1,
            "main where: is": 1,
            "main where: in": 1,
            "main where: subquery": 1,
            "in select: column": 1,
            "in from: table": 1,
            "in where: =": 1,
            "main group by: key": 2,
            "main group by: cast": 1,
            "main having": 1,
            "main having: >=": 1,
            "main having: count": 1,
            "main set operation: union all": 1,
            "union select: column": 2,
            "union select: case": 1,
            "union select: when": 1,
            "union select: =": 1,
            "union select: window": 1,
            "union select: rank": 1,
            "union select window: partition by": 1,
            "union select window order by: desc": 1,
            "union from: table": 1,
            "main order by: asc": 1,
            "main limit": 1,
            "main offset": 1,
        }
    )


@given(queries(), st.integers(1), st.sampled_from(["sqlite", "mysql"]))
def test_names_values_and_the_way_of_writing_do_not_matter(query: dict[str, object], seed: int, dialect: str) -> None:
    found = skeleton(write(query, Style(0)), dialect)
    assert found
    assert skeleton(write(query, Style(seed)), dialect) == found
    assert skeleton(write(query, Style(seed, swap=True)), dialect) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE b = 1", "SELECT t.x FROM y AS t WHERE z = 'one'"),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = -1.5"),
        ("SELECT a FROM t WHERE b > 1", "SELECT a FROM t WHERE 1 < b"),
        ("SELECT a FROM t JOIN u ON t.i = u.i", "SELECT a FROM t INNER JOIN u USING (i)"),
        ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a ASC"),
        ("SELECT strftime('%Y', a) FROM t", "SELECT strftime('%m', b) FROM u"),
        ("SELECT a ->> '$.x' FROM t", "SELECT a ->> '$.y.z[1]' FROM t"),
        ('SELECT a FROM t WHERE b = "x"', "SELECT a FROM t WHERE b = 'y'"),
    ],
)
def test_same(one: str, other: str) -> None:
    assert skeleton(one, "sqlite") == skeleton(other, "sqlite")


def test_limit_of_mysql() -> None:
    assert skeleton("SELECT a FROM t LIMIT 5, 1", "mysql") == skeleton("SELECT a FROM t LIMIT 1 OFFSET 9", "mysql")


@pytest.mark.parametrize(
    ("gold", "pred", "lacking", "surplus"),
    [
        ("SELECT a, b FROM t", "SELECT a FROM t", ["main select: column"], []),
        ("SELECT * FROM t", "SELECT a FROM t", ["main select: *"], ["main select: column"]),
        ("SELECT DISTINCT a FROM t", "SELECT a FROM t", ["main distinct"], []),
        ("SELECT max(a) FROM t", "SELECT min(a) FROM t", ["main select: max"], ["main select: min"]),
        (
            "SELECT a FROM t JOIN u ON i = j",
            "SELECT a FROM t LEFT JOIN u ON i = j",
            ["main join: inner"],
            ["main join: left"],
        ),
        ("SELECT a FROM t WHERE b >= 1", "SELECT a FROM t WHERE b > 1", ["main where: >="], ["main where: >"]),
        ("SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b NOT IN (1)", [], ["main where: not"]),
        ("SELECT a FROM t GROUP BY a, b", "SELECT a FROM t GROUP BY a", ["main group by: key"], []),
        (
            "SELECT a FROM t ORDER BY a",
            "SELECT a FROM t ORDER BY a DESC",
            ["main order by: asc"],
            ["main order by: desc"],
        ),
        ("SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 1 OFFSET 2", [], ["main offset"]),
        (
            "SELECT a FROM t UNION SELECT b FROM u",
            "SELECT a FROM t INTERSECT SELECT b FROM u",
            ["main set operation: union", "union select: column", "union from: table"],
            ["main set operation: intersect", "intersect select: column", "intersect from: table"],
        ),
        (
            "SELECT a FROM t WHERE b IN (SELECT c FROM u)",
            "SELECT a FROM t",
            ["main where: in", "main where: subquery", "in select: column", "in from: table"],
            [],
        ),
        ("SELECT CAST(a AS INT) FROM t", "SELECT a FROM t", ["main select: cast"], []),
        ("SELECT count(DISTINCT a) FROM t", "SELECT count(a) FROM t", ["main select: distinct"], []),
        ("SELECT sum(a) OVER () FROM t", "SELECT sum(a) FROM t", ["main select: window"], []),
    ],
)
def test_says_what_is_missing_and_what_is_too_much(
    gold: str, pred: str, lacking: list[str], surplus: list[str]
) -> None:
    wanted, found = skeleton(gold, "sqlite"), skeleton(pred, "sqlite")
    assert wanted is not None
    assert found is not None
    assert missing(found, wanted) == lacking
    assert missing(wanted, found) == surplus
    assert 0 < skeleton_score(found, [wanted]) < 1


def test_all_is_missing_from_what_does_not_parse() -> None:
    assert missing(None, Counter({"main select: column": 2})) == ["main select: column"] * 2


@pytest.mark.parametrize(
    ("gold", "pred", "expected"),
    [
        # need: 1 column + 1 table = 2
        ("SELECT a FROM t", "SELECT b FROM u", 1.0),
        # one column too much: extra 1
        ("SELECT a FROM t", "SELECT a, b FROM t", 1 - 0.5 * 1 / 3),
        # need 2 + 1 for > = 3
        ("SELECT a FROM t WHERE b > 1", "SELECT a FROM t", 2 / 3),
        ("SELECT a FROM t WHERE b > 1", "SELECT a FROM t WHERE b < 1", 2 / 3 * (1 - 0.5 * 1 / 4)),
        # a join 1.5, its table 1, its condition 1: need 5.5
        ("SELECT a FROM t JOIN u ON i = j", "SELECT a FROM t", 2 / 5.5),
        # a key 1.5, HAVING 1.5, > and count 1 each: need 7
        ("SELECT a FROM t GROUP BY a HAVING count(*) > 1", "SELECT a FROM t GROUP BY a", 3.5 / 7),
        # in 1, subquery 2, its column and table: need 7
        ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", "SELECT a FROM t", 2 / 7),
        # the operation 2, its column and table: need 6
        ("SELECT a FROM t UNION SELECT b FROM u", "SELECT a FROM t", 2 / 6),
        # WITH 2, its column and table: need 6
        ("WITH c AS (SELECT a FROM t) SELECT a FROM c", "SELECT a FROM t", 2 / 6),
    ],
)
def test_score(gold: str, pred: str, expected: float) -> None:
    wanted, found = skeleton(gold, "sqlite"), skeleton(pred, "sqlite")
    assert wanted is not None
    assert skeleton_score(found, [wanted]) == pytest.approx(expected)


def test_score_takes_the_nearest_gold_and_is_0_for_what_does_not_parse() -> None:
    golds = [skeleton(sql, "sqlite") or Counter() for sql in ("SELECT a FROM t", "SELECT count(*) FROM t")]
    assert skeleton_score(skeleton("SELECT count(b) FROM u", "sqlite"), golds) == 1
    assert skeleton_score(skeleton("SELECT FROM", "sqlite"), golds) == 0
    assert skeleton_score(Counter("a"), []) == 0


_slots = st.lists(
    st.sampled_from(["main select: column", "main having", "main where: subquery", "main where: =", "main join: left"])
).map(Counter)


@given(_slots, _slots)
def test_score_is_between_0_and_1_and_1_for_equal_ones_only(pred: Counter[str], gold: Counter[str]) -> None:
    assert 0 <= skeleton_score(pred, [gold]) <= 1
    assert (skeleton_score(pred, [gold]) == 1) == (pred == gold)


@given(_slots, _slots, _slots)
def test_padding_never_raises_the_score(pred: Counter[str], padding: Counter[str], gold: Counter[str]) -> None:
    surplus = Counter({slot: count for slot, count in padding.items() if pred[slot] >= gold[slot]})
    assert skeleton_score(pred + surplus, [gold]) <= skeleton_score(pred, [gold])


@pytest.mark.parametrize(
    "sql", ["", "SELECT FROM", "SELECT 1; SELECT 2", "DROP TABLE t", "prose", "SELECT " + "(" * 5000]
)
def test_no_query_has_none(sql: str) -> None:
    assert skeleton(sql, "sqlite") is None


def test_what_is_returned_is_the_callers_own() -> None:
    found = skeleton("SELECT a FROM t", "sqlite")
    assert found is not None
    before = found.copy()
    found.clear()
    assert skeleton("SELECT a FROM t", "sqlite") == before
