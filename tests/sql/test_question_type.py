from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sql.question_type import question_type


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t WHERE b = 1 ORDER BY a", "list"),
        ("SELECT t.a FROM t JOIN u ON t.x = u.x", "join list"),
        ("SELECT t.a FROM t, u WHERE t.x = u.x", "join list"),
        ("SELECT count(*) FROM t", "aggregate"),
        ("SELECT max(t.a) FROM t LEFT JOIN u ON t.x = u.x", "join aggregate"),
        ("SELECT a FROM t ORDER BY b DESC LIMIT 1", "top"),
        ("SELECT a, count(*) FROM t GROUP BY a", "group"),
        ("SELECT a FROM t GROUP BY a HAVING count(*) > 1", "group having"),
        ("SELECT a FROM t GROUP BY a HAVING count(*) > 1 ORDER BY a LIMIT 1", "group having"),
        ("SELECT u.a FROM t JOIN u ON t.x = u.x GROUP BY u.a ORDER BY count(*) DESC LIMIT 1", "join group top"),
        ("SELECT a FROM t WHERE b > (SELECT avg(b) FROM t)", "nested"),
        ("WITH x AS (SELECT a FROM t) SELECT a FROM x", "nested"),
        ("SELECT a FROM t EXCEPT SELECT a FROM u", "set operation"),
        ("DROP TABLE t", "unknown"),
        ("SELECT (", "unknown"),
        ("", "unknown"),
    ],
)
def test_types(sql: str, expected: str) -> None:
    assert question_type(sql, "sqlite") == expected


def test_the_dialect_decides_how_it_is_read() -> None:
    assert question_type("SELECT `a` FROM `t` LIMIT 1, 2", "mysql") == "top"


@given(st.text(), st.sampled_from(["sqlite", "mysql"]))
def test_any_text_has_a_type(text: str, dialect: str) -> None:
    assert question_type(text, dialect)
