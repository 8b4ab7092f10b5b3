"""What is refused before it reaches a MySQL server, and what is not."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mysql_server import BENCHMARKS

from pipeline.engine.mysql_text import forbidden

HOSTILE = [
    "SELECT sleep(1)",
    "SELECT SLEEP (1)",
    "SELECT `sleep`(1)",
    "SELECT `SLEEP` /* why */ -- not\n # oh\n (1)",
    'SELECT "sleep"(1)',  # a name under ANSI_QUOTES
    "SELECT '\\' OR ', sleep(1)",
    "SELECT 'it''s', sleep(1)",
    "SELECT 1 --sleep\n, sleep(1)",
    "SELECT 1--1, sleep(1)",
    "SELECT `a``b`, sleep(1)",
    "SELECT benchmark(1000000, md5('a'))",
    "SELECT GET_LOCK('a', 10)",
    "SELECT load_file('/etc/passwd')",
    "SELECT source_pos_wait('a', 1)",
    "SELECT wait_for_executed_gtid_set('a')",
    "SELECT keyring_key_fetch('a')",
    "SELECT /*! sleep(1) */ 1",
    "SELECT 1 /*!50000 INTO @x */",
    "SELECT 1 /*M! INTO @x */",
    "SELECT 1 /*m!100000 INTO @x */",
    "SELECT /*+ SET_VAR(max_execution_time=0) */ 1",
    "SELECT /*+ max_execution_time(0) */ 1",
    "SELECT /*+ QB_NAME(`*/`) SET_VAR(sort_buffer_size=1) */ 1",
    "SELECT @a := 1",
    "SELECT @a:=@a+1 FROM t",
    "SELECT 1 INTO @a",
    "SELECT 1.into @a",
    "(SELECT 1) INTO OUTFILE '/tmp/x'",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t for /**/ share",
    "SELECT * FROM t LOCK IN SHARE MODE",
    "SELECT 1; SET SESSION max_execution_time = 0",
    "SELECT 1;; DROP TABLE t",
    "SET SESSION max_execution_time = 0",
    "# SELECT\nSET SESSION max_execution_time = 0",
    "/* SELECT */ HANDLER t OPEN",
    "DO sleep(1)",
    "EXPLAIN ANALYZE SELECT 1",
    "'SELECT'",
    "",
    " ; -- nothing\n",
    "SELECT 1\0",
    "SELECT '\0'",
    "SELECT '\ud800'",
]

HARMLESS = [
    "SELECT 1",
    "select 1;",
    "SELECT 1 ; ; -- done",
    "((SELECT 1) UNION (SELECT 2))",
    "-- what\nWITH c AS (SELECT 1) SELECT * FROM c",
    "/*+ no hint here */ SELECT 1",
    "VALUES ROW(1)",
    "TABLE t",
    "SELECT * FROM t WHERE note = 'sleep(1)'",
    'SELECT * FROM t WHERE note = "x\\" INTO sleep(1)"',
    "SELECT 'a\\'', 'FOR UPDATE', 'it''s := /*! */'",
    "SELECT `into`, `for update`, sleep FROM `sleep`",
    "SELECT 1 -- sleep(1)\n",
    "SELECT 1 # /*! sleep(1)\n",
    "SELECT 1 /* sleep(1) := INTO */",
    "SELECT 1 --",
    "SELECT 5--1",
    "SELECT /*+ NO_INDEX_MERGE(t) JOIN_ORDER(t, u) */ 1 FROM t JOIN u",
    "SELECT SUBSTRING(name FROM 1 FOR 3) FROM t",
    "SELECT * FROM t USE INDEX FOR JOIN (i)",
    "SELECT sleep_hours (1), oversleep(1)",
    "SELECT COUNT(*) FROM t WHERE a IN ('sleep', 'get_lock')",
    "SELECT x'4D', n'a', _utf8mb4'b', 0x4D, 1e3, @@version, @a FROM t",
    "SELECT 'größe', `größe` FROM t WHERE größe > 1",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_forbidden(sql: str) -> None:
    reason = forbidden(sql)
    assert reason
    assert "\n" not in reason


@pytest.mark.parametrize("sql", HARMLESS)
def test_allowed(sql: str) -> None:
    assert forbidden(sql) is None


def test_reasons_are_in_plain_words() -> None:
    assert forbidden("SELECT SLEEP (1)") == "not allowed: it calls sleep()"
    assert forbidden("SELECT 1 INTO @a") == "not read-only: it contains INTO"
    assert forbidden("DELETE FROM t") == "not a query: it starts with 'DELETE'"
    assert forbidden("") == "not SQL: empty"


_PIECES = [
    "'",
    '"',
    "`",
    "\\",
    "--",
    "-- ",
    "#",
    "\n",
    "/*",
    "*/",
    "/*!",
    "/*+",
    " ",
    "(",
    ")",
    ";",
    "sleep",
    "into",
    "a",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
@example("/**//*'")
def test_a_string_hides_its_words_and_nothing_behind_it(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    named = text.replace("`", "``")
    unended = re.sub(r"\*+/+", "", text)
    for quoted in (f"'{escaped}'", f"'{doubled}'", f"`{named}`", f"/*x {unended} */ 1"):
        assert forbidden(f"SELECT {quoted}") is None
        assert forbidden(f"SELECT {quoted}, sleep(1)") == "not allowed: it calls sleep()"


@given(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join) | st.text())
def test_any_text_is_read(text: str) -> None:
    assert forbidden(text) is None or isinstance(forbidden(text), str)


@pytest.mark.alone
@pytest.mark.parametrize(
    "piece",
    [
        "'",
        "''",
        '"',
        "`",
        "\\",
        "'\\",
        "/*",
        "/*/",
        "--",
        "-- ",
        "#",
        "# \n",
        "/**/",
        "sleep ",
        "sleep/**/",
        "(",
        "a",
        "é",
        ":=",
    ],
)
def test_50_000_hostile_characters_are_read_in_linear_time(piece: str) -> None:
    for text in (f"SELECT {piece * (50_000 // len(piece))}", f"SELECT '{piece * (49_000 // len(piece))}"):
        start = time.perf_counter()
        forbidden(text)
        assert time.perf_counter() - start < 1.0


def test_no_gold_query_is_refused() -> None:
    questions = BENCHMARKS / "bird" / "mini_dev_mysql.json"
    if not questions.exists():
        pytest.skip(f"needs {questions}")
    gold = [entry["SQL"] for entry in json.loads(questions.read_text(encoding="utf-8"))]
    assert gold
    assert [sql for sql in gold if forbidden(sql)] == []
