"""Spider's exact-set match: by clause, on all of Spider's gold queries, and beside the official evaluator's answers."""

from __future__ import annotations

import base64
import json
import os
import re
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sql.exact_set import ForeignKey, exact_set_match

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)
SPIDER = BENCHMARKS / "spider"

needs_spider = pytest.mark.skipif(
    not all((SPIDER / name).is_file() for name in ("dev.json", "tables.json", "train_gold.sql", "verdicts.jsonl")),
    reason=f"no Spider data in {SPIDER}: set QUERYSMITH_BENCHMARKS to its parent",
)

# What the official evaluator's exact match says of each of the 3,312 recorded predictions, in their order: right (1),
# wrong (0), or not to be read (?), which it counts as wrong.
OFFICIAL = (
    "c-n1O+kvc52x}=+kp8>cl~;nJ_hWSRK!6aqM4StZU|#tI%srW}&=1c?_F?_*$Nl}+^_c7vcpQ*rQzz3218L*`8n5*<{u=k#Dp2A67e}5<Ulk$u"
    "Jz_8fu+HQ8C-h_M30Su4Nnv>kD>JBj8oW8q*Tere8K=UZ+lm~3zSo&WD07_>W>}!VU<iL!!2<%_!6cP!0xId0I+_}u1XZBSv*SZo-t#5q;22mB"
    "`S;-W)p@F;g#_^;TyU}_*2v<##l%J&>*5LMF&Mwhb^+M)usY$DB5pA@+HAY$7>COXic_{u$`5&xWtEG_{s6jPGO~_%K*)05aS14%Z2aI)VXyBh"
    "P=^A4C%RreX^9Zc7Gtb9G*2FI>i0&RIRc}<tGjlFw$;Dc@q-3cld;zbTHdU4SAe4PcN%Mhd#Hv95*~K*{$a%$ljn`>WtHb=(4USEw4SW^-JXB9"
    "?{e^seRvY_6<Lw#^;hu%pZVAnTLymsxwMNxm@_78F&%yM#165PZL+y6sN_IXp!mefd_yc*jMJ+<7?1-7SJ*P?7=_R51wwk_69Rl!ZPowGoy5b-"
    "h3&e>Jly{=iU~39%v7s4<gzkHpmvl$#19LGw#k#7)n&k&8jK4puAUsrjMu@Izn7L-Bdn(5)tRPPCQ`P6biGIPdVvTHlFR_4>+!Ltj0;UH)eR%3"
    "Yh&w_U5}34^oOM<#mpED#%oW4^aL1d4lcrH7<LC3%kZps(Y1A{d^<LW4?U={2N{R8v=UHLNz)IeS2Ql#tTn;uLT6ik=}EWvst9=YlM4erZVdqL"
    "#A=>Ud*^G3LhrZqjc)qqwZWcxow@A8E~CKivFWvEeQ#zvIJL)06<imn<*W3`^<;W;u;T8hfEtaw3&g~)%?b1=NNpHDdn|KMh#j+rVi(zy;MQIZ"
    "T<z3nm-YWsbaYkbRS^ddTjplGoN2oDW{>>?p2NU?"
)

KEYS: tuple[ForeignKey, ...] = (
    ("singer_in_concert", "Singer_ID", "singer", "singer_id"),
    ("Singer_In_Concert", "concert_id", "concert", "concert_id"),
)
TABLES = {
    "singer": ["singer_id", "name", "age", "country"],
    "concert": ["concert_id", "theme", "year"],
    "singer_in_concert": ["concert_id", "singer_id"],
}
JOIN = "FROM singer AS T1 JOIN singer_in_concert AS T2 ON T1.singer_id = T2.singer_id"


def _match(gold: str, pred: str, dialect: str = "sqlite") -> bool | None:
    return exact_set_match(gold, pred, dialect, KEYS, TABLES)


@pytest.mark.parametrize("dialect", ["sqlite", "mysql"])
@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("SELECT name, age FROM singer", "select AGE, Singer.NAME from Singer;"),
        ("SELECT name FROM singer", "SELECT x.name AS title FROM singer x"),
        (f"SELECT T1.name {JOIN}", "SELECT b.name FROM singer_in_concert AS a JOIN singer AS b ON b.singer_id = 1"),
        (f"SELECT T1.name {JOIN}", "SELECT name FROM singer INNER JOIN singer_in_concert USING (singer_id)"),
        (f"SELECT T1.name {JOIN}", "SELECT name FROM singer, singer_in_concert"),
        (f"SELECT T1.singer_id {JOIN}", f"SELECT T2.singer_id {JOIN}"),  # linked by a foreign key
        (
            f"SELECT T1.name {JOIN} GROUP BY T1.singer_id HAVING count(*) > 3",
            f"SELECT T1.name {JOIN} GROUP BY T2.singer_id HAVING count(*) > 4",
        ),
        ("SELECT DISTINCT name FROM singer", "SELECT name FROM singer"),
        ("SELECT count(DISTINCT name) FROM singer", "SELECT count(name) FROM singer"),
        ("SELECT name FROM singer WHERE age > 5", "SELECT name FROM singer WHERE age > 7"),
        ("SELECT name FROM singer WHERE age > 5", "SELECT name FROM singer WHERE 7 < age"),
        ("SELECT name FROM singer WHERE age = 5", "SELECT name FROM singer WHERE age = -7.5"),
        ("SELECT name FROM singer WHERE age = 5", "SELECT name FROM singer WHERE age = singer_id"),
        ("SELECT name FROM singer WHERE age != 5", "SELECT name FROM singer WHERE (age <> 6)"),
        (
            "SELECT name FROM singer WHERE age > 5 AND name LIKE '%a'",
            "SELECT name FROM singer WHERE name LIKE 'b' AND age > 2",
        ),
        (
            "SELECT name FROM singer WHERE age = 1 AND name = 'x' OR country = 'y'",
            "SELECT name FROM singer WHERE name = 'z' AND (country = 'q' OR age = 3)",
        ),
        ("SELECT name FROM singer WHERE age BETWEEN 1 AND 2", "SELECT name FROM singer WHERE age BETWEEN 3 AND 4"),
        ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age ASC"),
        ("SELECT name FROM singer ORDER BY age, name DESC", "SELECT name FROM singer ORDER BY age DESC, name DESC"),
        ("SELECT name FROM singer ORDER BY age LIMIT 1", "SELECT name FROM singer ORDER BY age LIMIT 5"),
        (
            "SELECT country, count(*) FROM singer GROUP BY country ORDER BY count(*) DESC",
            "SELECT country, count(*) AS n FROM singer GROUP BY 1 ORDER BY n DESC",
        ),
        (
            "SELECT name FROM singer WHERE singer_id NOT IN (SELECT singer_id FROM singer_in_concert "
            "WHERE concert_id = 1)",
            "SELECT name FROM singer WHERE singer_id NOT IN (SELECT s.singer_id FROM singer_in_concert AS s "
            "WHERE s.concert_id = 2)",
        ),
        (
            "SELECT name FROM singer WHERE age > (SELECT avg(age) FROM singer)",
            "SELECT name FROM singer WHERE (SELECT avg(x.age) FROM singer AS x) < age",
        ),
        (
            "SELECT name, age FROM singer INTERSECT SELECT name, age FROM singer WHERE age > 2",
            "SELECT age, name FROM singer INTERSECT SELECT age, name FROM singer WHERE age > 3",
        ),
        (
            "SELECT count(*) FROM (SELECT name FROM singer)",
            "SELECT count(*) FROM (SELECT x.name FROM singer AS x) AS y",
        ),
        (
            "WITH c AS (SELECT age FROM singer) SELECT age FROM c",
            "WITH d AS (SELECT age FROM singer) SELECT d.age FROM d",
        ),
    ],
)
def test_same(gold: str, pred: str, dialect: str) -> None:
    assert _match(gold, pred, dialect) is True
    assert _match(pred, gold, dialect) is True


@pytest.mark.parametrize("dialect", ["sqlite", "mysql"])
@pytest.mark.parametrize(
    ("gold", "pred"),
    [
        ("SELECT name FROM singer", "SELECT age FROM singer"),
        ("SELECT name FROM singer", "SELECT name, name FROM singer"),
        ("SELECT count(*) FROM singer", "SELECT count(name) FROM singer"),
        ("SELECT max(age) FROM singer", "SELECT min(age) FROM singer"),
        (f"SELECT T1.name {JOIN}", "SELECT name FROM singer"),
        (f"SELECT T1.name {JOIN}", f"SELECT T1.name {JOIN.replace('JOIN', 'LEFT JOIN')}"),
        (f"SELECT T1.name {JOIN}", f"SELECT T1.name {JOIN} OR T1.age = 1"),
        (f"SELECT T1.singer_id {JOIN}", f"SELECT T2.concert_id {JOIN}"),
        ("SELECT name FROM singer WHERE age > 5", "SELECT name FROM singer WHERE age >= 5"),
        ("SELECT name FROM singer WHERE age > 5", "SELECT name FROM singer"),
        (
            "SELECT name FROM singer WHERE age = 1 AND name = 'x'",
            "SELECT name FROM singer WHERE age = 1 OR name = 'x'",
        ),
        ("SELECT name FROM singer WHERE name LIKE 'a'", "SELECT name FROM singer WHERE name NOT LIKE 'a'"),
        ("SELECT name FROM singer WHERE age IN (1, 2)", "SELECT name FROM singer WHERE age = 1"),
        (
            "SELECT name FROM singer WHERE singer_id IN (SELECT singer_id FROM singer_in_concert)",
            "SELECT name FROM singer WHERE singer_id IN (SELECT concert_id FROM singer_in_concert)",
        ),
        (  # a query in a condition is compared as it is written
            "SELECT name FROM singer WHERE age IN (SELECT DISTINCT age FROM singer)",
            "SELECT name FROM singer WHERE age IN (SELECT age FROM singer)",
        ),
        ("SELECT age FROM singer GROUP BY age", "SELECT age FROM singer"),
        ("SELECT age FROM singer GROUP BY age, name", "SELECT age FROM singer GROUP BY name, age"),
        (
            "SELECT age FROM singer GROUP BY age HAVING count(*) > 1",
            "SELECT age FROM singer GROUP BY age HAVING count(*) < 1",
        ),
        ("SELECT age FROM singer GROUP BY age HAVING count(*) > 1", "SELECT age FROM singer GROUP BY age"),
        ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age DESC"),
        ("SELECT name FROM singer ORDER BY age, name", "SELECT name FROM singer ORDER BY name, age"),
        ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age LIMIT 1"),
        ("SELECT name FROM singer UNION SELECT theme FROM concert", "SELECT name FROM singer"),
        (
            "SELECT name FROM singer UNION SELECT theme FROM concert",
            "SELECT name FROM singer UNION ALL SELECT theme FROM concert",
        ),
        (
            "SELECT name FROM singer EXCEPT SELECT theme FROM concert",
            "SELECT theme FROM concert EXCEPT SELECT name FROM singer",
        ),
        ("SELECT name FROM singer", "SELECT FROM WHERE"),
        ("SELECT name FROM singer", "DROP TABLE singer"),
        ("SELECT name FROM singer", ""),
    ],
)
def test_different(gold: str, pred: str, dialect: str) -> None:
    assert _match(gold, pred, dialect) is False


@pytest.mark.parametrize("gold", ["", "SELECT FROM", "DROP TABLE t", "VALUES (1)", "SELECT 1; SELECT 2"])
def test_a_gold_without_a_tree_says_nothing(gold: str) -> None:
    assert exact_set_match(gold, gold, "sqlite") is None


def test_without_keys_and_tables() -> None:
    assert exact_set_match(f"SELECT T1.singer_id {JOIN}", f"SELECT T2.singer_id {JOIN}", "sqlite") is False
    assert exact_set_match(f"SELECT T1.name {JOIN}", f"SELECT name {JOIN}", "sqlite") is False
    assert exact_set_match(f"SELECT T1.name {JOIN}", f"SELECT name {JOIN}", "sqlite", tables=TABLES) is True


def test_keys_link_transitively_and_only_tables_of_the_first_from() -> None:
    keys = [("b", "x", "a", "x"), ("d", "x", "c", "x"), ("c", "x", "b", "x")]
    join = "FROM a JOIN d ON a.x = d.x"
    assert exact_set_match(f"SELECT a.x {join}", f"SELECT d.x {join}", "sqlite", keys) is True
    union = "SELECT a.x FROM a UNION SELECT c.x FROM c JOIN d ON c.x = d.x"
    assert exact_set_match(union, union.replace("c.x FROM", "d.x FROM"), "sqlite", keys) is False


WORDS = [*"()*,.;'\"`[]=<>-1a\0\ud800é", "SELECT", "FROM", "WHERE", "NOT", "IN", "AS", "AND", "WITH", "t"]


@given(st.lists(st.sampled_from(WORDS)))
def test_takes_any_text(words: list[str]) -> None:
    sql = " ".join(words)
    assert exact_set_match(sql, sql, "sqlite") in (True, None)
    assert exact_set_match("SELECT a FROM t", sql, "mysql") in (True, False)


@pytest.mark.alone
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM t WHERE " + " AND ".join(["a = 1"] * 1000),
        "SELECT 1" + " UNION SELECT 1" * 650,
        "SELECT " + "+".join(["a"] * 4900),
        "SELECT 1 FROM t WHERE " + "a IN (SELECT a FROM t WHERE " * 150 + "1" + ")" * 150,
        "SELECT f(" + ",".join(["b"] * 2400) + ") AS a FROM t ORDER BY " + ",".join(["a"] * 2400),
        "SELECT " + "(SELECT " * 10 + "1" + (" AS a FROM t ORDER BY 1" + ", 1, a" * 100 + ")") * 10,
        "SELECT 1 FROM t" + " JOIN t ON a = b" * 600,
        "SELECT '" + "x" * 1_000_000,
    ],
    ids=lambda sql: sql[:30],
)
def test_is_fast_on_hostile_text(sql: str) -> None:
    start = time.perf_counter()
    exact_set_match(sql, sql + " ", "sqlite")
    assert time.perf_counter() - start < 3  # measured: at most 0.4


def _gold() -> list[tuple[str, str]]:
    """SQL and db_id of Spider's training and development queries."""
    lines = (SPIDER / "train_gold.sql").read_text(encoding="utf-8").splitlines()
    dev = json.loads((SPIDER / "dev.json").read_text(encoding="utf-8"))
    return [(sql, db_id) for sql, db_id in (line.split("\t") for line in lines)] + [
        (item["query"], item["db_id"]) for item in dev
    ]


def _schemas() -> dict[str, tuple[list[ForeignKey], dict[str, list[str]]]]:
    """Foreign keys and tables of each database."""
    schemas = {}
    for entry in json.loads((SPIDER / "tables.json").read_text(encoding="utf-8")):
        names, columns = entry["table_names_original"], entry["column_names_original"]
        keys = [
            (names[columns[a][0]], columns[a][1], names[columns[b][0]], columns[b][1]) for a, b in entry["foreign_keys"]
        ]
        tables = {name: [column for at, column in columns if at == i] for i, name in enumerate(names)}
        schemas[entry["db_id"]] = (keys, tables)
    return schemas


def _renamed(sql: str) -> str:
    """The same query with other aliases, and the case of all words but those in quotes swapped."""
    pieces = re.split(r"""('[^']*'|"[^"]*")""", sql)
    return "".join(
        piece if at % 2 else re.sub(r"\bT(\d)\b", r"other\1", piece, flags=re.IGNORECASE).swapcase()
        for at, piece in enumerate(pieces)
    )


@needs_spider
def test_every_gold_query_matches_itself_however_it_is_written() -> None:
    schemas = _schemas()
    gold = _gold()
    assert len(gold) == 8563 + 552
    gold = sorted(set(gold))
    start = time.perf_counter()
    assert [sql for sql, db_id in gold if not exact_set_match(sql, _renamed(sql), "sqlite", *schemas[db_id])] == []
    print(f"{(time.perf_counter() - start) / len(gold) * 1000:.2f} ms a pair of queries, parsing included")
    assert [sql for sql, _ in gold[::10] if not exact_set_match(sql, _renamed(sql), "mysql")] == []


@needs_spider
def test_says_what_the_official_evaluator_says() -> None:
    schemas = _schemas()
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in (SPIDER / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    official = zlib.decompress(base64.b85decode(OFFICIAL)).decode()
    found = [exact_set_match(row["gold"], row["pred"], "sqlite", *schemas[row["db_id"]]) for row in rows]
    counts = Counter(zip(official, found, strict=True))
    assert {answer: count for answer, count in counts.items() if answer[0] != "?"} == {
        ("1", True): 1542,
        ("0", False): 449,
        ("1", False): 1,  # the official parser overlooks the LEFT of LEFT JOIN behind an ON
    }
    # What the official parser cannot read, and rejects; a good third of it is right but for that.
    assert counts["?", True] == 459
    assert counts["?", False] == 861
