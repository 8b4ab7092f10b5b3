"""Unknown tables and columns are found, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from pipeline.sql.names import UnknownNames, unknown_names

TABLES = {
    "Singer": ["Singer_ID", "Name", "Country", "Age"],
    "concert": ["concert_id", "theme", "stadium_id"],
    "singer_in_concert": ["concert_id", "Singer_ID"],
}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name, COUNTRY FROM singer WHERE AGE > 20",
        "SELECT T1.name FROM singer AS t1 JOIN singer_in_concert t2 ON T1.singer_id = T2.singer_id",
        'SELECT name FROM singer WHERE country = "France"',
        "SELECT count(*), count(DISTINCT country) AS n FROM singer GROUP BY country HAVING n > 1 ORDER BY n",
        "SELECT rowid, singer._rowid_ FROM singer",
        "SELECT s.* FROM singer s, concert",
        "WITH Old AS (SELECT name AS n FROM singer WHERE age > 60) SELECT old.n FROM OLD WHERE N LIKE 'A%'",
        "WITH c(x, y) AS (SELECT name, age FROM singer) SELECT x, c.y FROM c",
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5) SELECT i FROM c",
        "WITH a AS (SELECT name FROM singer), b AS (SELECT name FROM a) SELECT b.name FROM b",
        "SELECT name FROM singer s WHERE EXISTS (SELECT 1 FROM concert WHERE concert_id = s.singer_id AND age > 1)",
        "SELECT d.n FROM (SELECT name AS n FROM singer) AS d",
        "SELECT d.name, total FROM (SELECT *, age * 2 AS total FROM singer) AS d",
        'SELECT d."count(*)" FROM (SELECT count(*) FROM singer) AS d',
        "SELECT name FROM singer UNION SELECT theme FROM concert ORDER BY name",
        "SELECT name FROM singer WHERE age = (SELECT max(age) FROM singer)",
        "SELECT theme FROM concert JOIN singer_in_concert USING (concert_id)",
        "SELECT theme FROM concert NATURAL JOIN singer_in_concert",
        "SELECT rank() OVER (PARTITION BY country ORDER BY age) AS r FROM singer ORDER BY r",
        "SELECT j.value FROM singer, json_each(singer.name) AS j",
        "SELECT name FROM sqlite_master",
        "SELECT main.singer.name FROM main.singer",
        "SELECT CASE WHEN age > 1 THEN 'x' ELSE name END, CAST(age AS INTEGER), strftime('%Y', 'now') FROM singer",
        "SELECT 1",
        "VALUES (1)",
    ],
)
def test_no_false_alarm(sql: str) -> None:
    assert unknown_names(sql, TABLES, "sqlite") == UnknownNames()


@pytest.mark.parametrize(
    ("sql", "tables", "columns"),
    [
        ("SELECT title FROM singer", (), ("title",)),
        ("SELECT Singer.Title, name FROM singer", (), ("singer.title",)),
        ("SELECT name FROM singers", ("singers",), ()),
        ("SELECT s.name FROM singer AS s JOIN band AS b ON s.singer_id = b.singer_id", ("band",), ()),
        ("SELECT t3.name FROM singer AS t1", (), ("t3.name",)),
        ("SELECT singer.name FROM singer AS t1", (), ("singer.name",)),
        ("SELECT t3.* FROM singer AS t1", (), ("t3.*",)),
        ("SELECT theme FROM singer WHERE country = 'x'", (), ("theme",)),
        ("SELECT name FROM singer WHERE concert_id IN (SELECT concert_id FROM concert)", (), ("concert_id",)),
        ("SELECT d.name FROM (SELECT age FROM singer) AS d", (), ("d.name",)),
        ("WITH c AS (SELECT name FROM singer) SELECT c.age FROM c", (), ("c.age",)),
        ("SELECT name FROM singer UNION SELECT name FROM concert", (), ("name",)),
        ("SELECT theme FROM concert JOIN singer USING (concert_id)", (), ()),
        ("SELECT theme FROM concert JOIN singer USING (venue)", (), ("venue",)),
        ("SELECT name, count(*) AS n FROM singer GROUP BY genre ORDER BY m", (), ("genre", "m")),
    ],
)
def test_finds(sql: str, tables: tuple[str, ...], columns: tuple[str, ...]) -> None:
    found = unknown_names(sql, TABLES, "sqlite")
    assert found == UnknownNames(tables, columns)
    assert bool(found) == bool(tables or columns)


@pytest.mark.parametrize("sql", ["SELECT FROM", "", "SELECT " + "(" * 500 + "1" + ")" * 500])
def test_cannot_tell_without_a_tree(sql: str) -> None:
    assert unknown_names(sql, TABLES, "sqlite") is None
