"""Enlarged databases: enough rows, keys valid, joins within a copy only, everything else as it was."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.bench.enlarge import enlarge, ordinary_tables, quoted

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)

Ask = Callable[[str], list[tuple[Any, ...]]]
Enlarged = Callable[..., Ask]


@pytest.fixture
def enlarged(tmp_path: Path) -> Enlarged:
    """Enlarge a database made by a script; the answer runs queries on the result."""

    def make(script: str, rows: int) -> Ask:
        with closing(sqlite3.connect(tmp_path / "small.sqlite")) as connection:
            connection.executescript(script)
        returned = enlarge(tmp_path / "small.sqlite", tmp_path / "large.sqlite", rows)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["large.sqlite", "small.sqlite"]

        def ask(sql: str) -> list[tuple[Any, ...]]:
            with closing(sqlite3.connect(tmp_path / "large.sqlite")) as connection:
                return connection.execute(sql).fetchall()

        assert returned == total(tmp_path / "large.sqlite")
        return ask

    return make


def total(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        counts = [f"SELECT count(*) FROM {quoted(table)}" for table in ordinary_tables(connection)]
        return sum(connection.execute(sql).fetchone()[0] for sql in counts)


def test_each_copy_is_joined_to_itself(enlarged: Enlarged) -> None:
    ask = enlarged(
        """
        CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INT);
        INSERT INTO singer VALUES (1, 'Ann', 30), (2, 'Bob', NULL), (7, 'Cid', 30);
        CREATE TABLE song (title TEXT, singer TEXT REFERENCES singer(id));
        INSERT INTO song VALUES ('x', '1'), ('y', '1'), ('z', '7'), ('nobody''s', '9'), ('unknown', NULL);
        """,
        23,
    )
    assert ask("SELECT * FROM singer") == [
        (1, "Ann", 30),
        (2, "Bob", None),
        (7, "Cid", 30),
        (11, "Ann", 30),
        (12, "Bob", None),
        (17, "Cid", 30),
        (21, "Ann", 30),
        (22, "Bob", None),
        (27, "Cid", 30),
    ]
    matches = ask("SELECT title, name, count(*) FROM song JOIN singer ON song.singer = singer.id GROUP BY 1, 2")
    assert matches == [("x", "Ann", 3), ("y", "Ann", 3), ("z", "Cid", 3)]
    assert ask("SELECT singer, typeof(singer) FROM song WHERE title = 'y' ORDER BY rowid") == [
        ("1", "text"),
        ("11", "text"),
        ("21", "text"),
    ]


def test_text_keys(enlarged: Enlarged) -> None:
    """Words get a suffix that none of them has; '07' is the number 7 and differs from '7'; links run in chains."""
    ask = enlarged(
        """
        CREATE TABLE kind (code TEXT PRIMARY KEY);
        INSERT INTO kind VALUES ('a~1'), ('a'), ('7'), ('07'), (''), (x'00ff'), (NULL);
        CREATE TABLE item (kind TEXT PRIMARY KEY REFERENCES kind) WITHOUT ROWID;
        INSERT INTO item SELECT code FROM kind WHERE code IS NOT NULL;
        CREATE TABLE part (item INTEGER REFERENCES item(KIND));
        INSERT INTO part SELECT kind FROM item WHERE kind IN ('7', 'a', 'a~1');
        """,
        48,
    )
    assert ask("SELECT code FROM kind WHERE rowid > 7 AND rowid <= 14") == [
        ("a~1~~1",),
        ("a~~1",),
        ("15",),
        ("015",),
        ("~~1",),
        (b"\x00\xff~~1",),
        (None,),
    ]
    assert ask("SELECT count(*) FROM kind JOIN item ON code = kind") == [(18,)]
    # SQLite compares a number with text as numbers, so 7 joins '7' and '07', in each copy.
    assert ask("SELECT count(*), count(DISTINCT item) FROM part JOIN item ON item = kind") == [(12, 9)]


def test_all_that_must_be_unique_stays_so(enlarged: Enlarged) -> None:
    """Of several columns the one with most values is moved on; where a foreign key moves anyway, no other."""
    ask = enlarged(
        """
        CREATE TABLE weather (
            year INT, station INT, mail TEXT UNIQUE, half AS (station / 2), PRIMARY KEY (year, station)
        );
        INSERT INTO weather VALUES (2020, 4, 'x'), (2020, 5, 'y'), (2021, 4, NULL), (2021, 6, 'z');
        CREATE TABLE city (id INT PRIMARY KEY, population REAL CHECK (population < 10));
        INSERT INTO city VALUES (1, 2.5);
        CREATE TABLE language (city INT REFERENCES city(id), name TEXT, PRIMARY KEY (city, name));
        INSERT INTO language VALUES (1, 'Dutch'), (1, 'French');
        """,
        70,
    )
    assert ask("SELECT DISTINCT year FROM weather") == [(2020,), (2021,)]
    assert ask("SELECT count(DISTINCT station), count(DISTINCT mail), count(*) FROM weather") == [(30, 30, 40)]
    assert ask("SELECT name, count(*) FROM language GROUP BY 1") == [("Dutch", 10), ("French", 10)]
    assert ask("SELECT DISTINCT population FROM city") == [(2.5,)]


def test_dirty_databases(enlarged: Enlarged) -> None:
    """Text that is not UTF-8, mixed types, no key at all, an empty table, links to nowhere."""
    ask = enlarged(
        """
        CREATE TABLE "od""d" ("a b" INTEGER, b);
        INSERT INTO "od""d" VALUES ('n/a', CAST(x'4bf66c' AS TEXT)), (3, x'ff'), (4.5, 1);
        CREATE TABLE empty (id INTEGER PRIMARY KEY);
        CREATE TABLE lost (
            id INTEGER, other INT REFERENCES missing(id), third INT REFERENCES empty(gone), copy INT,
            FOREIGN KEY (id) REFERENCES keyless
        );
        INSERT INTO lost VALUES (1, 2, 3, 4);
        CREATE TABLE keyless (number INT);
        INSERT INTO keyless VALUES (1), (1);
        CREATE TABLE copy (number INT);
        INSERT INTO copy VALUES (5);
        """,
        20,
    )
    assert ask('SELECT "a b", hex(b), count(*) FROM "od""d" GROUP BY 1, 2 ORDER BY 1') == [
        (3, "FF", 3),
        (4.5, "31", 3),
        ("n/a", "4BF66C", 3),
    ]
    assert ask("SELECT * FROM lost") == [(1, 2, 3, 4), (5, 6, 7, 4), (9, 10, 11, 4)]
    assert ask("SELECT count(*) FROM keyless") == [(6,)]


def test_the_schema_stays(enlarged: Enlarged) -> None:
    ask = enlarged(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT);
        INSERT INTO t (n) VALUES (1), (2);
        CREATE INDEX by_n ON t(n);
        CREATE VIEW v AS SELECT n FROM t;
        CREATE TRIGGER log AFTER INSERT ON t BEGIN INSERT INTO notes VALUES ('inserted'); END;
        CREATE VIRTUAL TABLE notes USING fts5(body);
        INSERT INTO notes VALUES ('hello');
        ANALYZE;
        """,
        100,
    )
    named = "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'notes_%' ORDER BY 2"
    assert ask(named) == [("index", "by_n"), ("trigger", "log"), ("table", "notes"), ("table", "t"), ("view", "v")]
    assert ask("SELECT count(*), max(n) FROM v") == [(100, 2)]
    assert ask("SELECT * FROM notes WHERE notes MATCH 'hello OR inserted'") == [("hello",)]
    assert ask("SELECT stat FROM sqlite_stat1 WHERE idx = 'by_n'") == [("100 50",)]
    assert ask("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(("script", "rows"), [("CREATE TABLE t (a); INSERT INTO t VALUES (1)", 1), ("", 9)])
def test_a_database_with_enough_rows_or_none_is_only_copied(enlarged: Enlarged, script: str, rows: int) -> None:
    ask = enlarged(script, rows)
    assert len(ask("SELECT name FROM sqlite_master")) == (1 if script else 0)


def test_the_same_source_gives_the_same_file(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "small.sqlite")) as connection:
        connection.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 2), (2, 3)")
    (tmp_path / "b").write_text("what was there before")
    assert enlarge(tmp_path / "small.sqlite", tmp_path / "a", 999) == 1000
    assert enlarge(tmp_path / "small.sqlite", tmp_path / "b", 999) == 1000
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (4611686018427387000)", ValueError),
        ("CREATE TABLE t (id REAL PRIMARY KEY); INSERT INTO t VALUES (1), (9e999)", ValueError),
        ("CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t(lower(a)); INSERT INTO t VALUES ('x')", sqlite3.Error),
    ],
)
def test_what_cannot_grow_leaves_no_file(tmp_path: Path, content: str, error: type[Exception]) -> None:
    with closing(sqlite3.connect(tmp_path / "small.sqlite")) as connection:
        connection.executescript(content)
    with pytest.raises(error):
        enlarge(tmp_path / "small.sqlite", tmp_path / "large.sqlite", 1000)
    assert [path.name for path in tmp_path.iterdir()] == ["small.sqlite"]


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello" * 1000)
    for name in ("text", "missing"):
        with pytest.raises(sqlite3.Error):
            enlarge(tmp_path / name, tmp_path / "large.sqlite")


@pytest.mark.skipif(
    not (BENCHMARKS / "spider/dev.json").is_file(), reason=f"no benchmarks in {BENCHMARKS}: set QUERYSMITH_BENCHMARKS"
)
def test_real_databases_keep_their_joins(tmp_path: Path) -> None:
    """In each database, each foreign key joins as many rows as before, times the number of copies."""
    names = sorted({item["db_id"] for item in json.loads((BENCHMARKS / "spider/dev.json").read_text())})
    sources = [BENCHMARKS / f"spider/database/{name}/{name}.sqlite" for name in names]
    sources.append(BENCHMARKS / "bird/dev_databases/superhero/superhero.sqlite")
    assert len(sources) == 14
    joins = 0
    for source in sources:
        target = tmp_path / source.name
        before = total(source)
        after = enlarge(source, target, 3 * before)
        assert after == 3 * before == total(target)
        with closing(sqlite3.connect(source)) as small, closing(sqlite3.connect(target)) as large:
            for table in ordinary_tables(small):
                for link in small.execute(f"PRAGMA foreign_key_list({quoted(table)})").fetchall():
                    _, _, parent, child_column, parent_column, *_ = link
                    on = f"child.{quoted(child_column)} = parent.{quoted(parent_column or child_column)}"
                    sql = f"SELECT count(*) FROM {quoted(table)} AS child JOIN {quoted(parent)} AS parent ON {on}"
                    [[few]], [[many]] = small.execute(sql).fetchall(), large.execute(sql).fetchall()
                    assert many == 3 * few, (source.name, sql)
                    joins += few > 0
            schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
            assert small.execute(schema).fetchall() == large.execute(schema).fetchall()
    assert joins > 20
