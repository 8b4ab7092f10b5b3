"""Altered copies: constraints kept, the same every time, whole or not there, and wrong queries exposed."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from pipeline.data.example import Database, ForeignKey, Schema
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.urls import sqlite_path
from pipeline.errors import InfrastructureError, InputError
from pipeline.synth.variants import copies as module
from pipeline.synth.variants.copies import MOST_COPIES, variants

Rows = list[tuple[Any, ...]]
Maker = Callable[..., Database]

ODD = """
CREATE TABLE "odd ""table" ("a b" INTEGER PRIMARY KEY AUTOINCREMENT, [it's] TEXT NOT NULL, "select" BLOB);
INSERT INTO "odd ""table" VALUES (1, 'x', x'00ff'), (5, CAST(x'4bf66c' AS TEXT), NULL), (7, '', x''), (9, 'é', x'01');
CREATE TABLE word (code TEXT PRIMARY KEY COLLATE NOCASE, "odd" INT REFERENCES "odd ""table") WITHOUT ROWID;
INSERT INTO word VALUES ('PPT', 1), ('BK', 5), ('AD', 9);
CREATE TABLE price (
    code TEXT NOT NULL REFERENCES word (code), year INT NOT NULL, low REAL CHECK (low >= 0), high REAL,
    both TEXT GENERATED ALWAYS AS (code || year) VIRTUAL, doubled REAL AS (2 * high) STORED,
    PRIMARY KEY (code, year), CHECK (low <= high)
);
INSERT INTO price VALUES ('PPT', 2000, 1.5, 2), ('PPT', 2001, 0, 9), ('BK', 2000, 3, 3.5), ('AD', 1999, NULL, NULL);
CREATE TABLE note (id INTEGER PRIMARY KEY, code TEXT, year INT, body TEXT, FOREIGN KEY (code, year) REFERENCES price);
INSERT INTO note VALUES (1, 'PPT', 2000, 'good'), (2, 'PPT', 2001, 'bad'), (3, NULL, NULL, 'none');
CREATE TABLE person (id INT PRIMARY KEY, boss INT REFERENCES person (id), mail TEXT UNIQUE, name TEXT);
INSERT INTO person VALUES (1, NULL, 'a@x', 'Ann'), (2, 1, 'b@x', 'Bob'), (3, 2, NULL, 'Cid'), (4, 2, NULL, 'Dan');
CREATE TABLE passport (person INT PRIMARY KEY REFERENCES person (id), number INT NOT NULL);
INSERT INTO passport VALUES (1, 11), (3, 33);
CREATE TABLE left_ (id INTEGER PRIMARY KEY, other INT REFERENCES right_ (id));
CREATE TABLE right_ (id INTEGER PRIMARY KEY, other INT NOT NULL REFERENCES left_ (id));
INSERT INTO left_ VALUES (1, 2), (2, NULL);
INSERT INTO right_ VALUES (1, 1), (2, 1);
CREATE TABLE typed (n INTEGER, t TEXT, a ANY) STRICT;
INSERT INTO typed VALUES (1, '1', 1.5), (2, 'x', 'y'), (9223372036854775807, '007', x'01');
CREATE TABLE empty (id INTEGER PRIMARY KEY, x TEXT);
CREATE TABLE of_empty (id INTEGER PRIMARY KEY, empty INT REFERENCES empty (id));
INSERT INTO of_empty VALUES (1, NULL);
CREATE TABLE lost (id INTEGER, gone INT REFERENCES missing (id), "no" INT REFERENCES person (gone), x INT);
INSERT INTO lost VALUES (1, 2, 3, 4), (1, 2, 3, 4);
CREATE UNIQUE INDEX names ON person (lower(name), id);
CREATE UNIQUE INDEX some ON note (body) WHERE year > 2000;
CREATE INDEX bodies ON note (body);
CREATE VIEW cheap AS SELECT code, low FROM price WHERE low < 2;
CREATE VIEW broken AS SELECT * FROM missing;
CREATE TRIGGER log AFTER INSERT ON note BEGIN INSERT INTO empty (x) VALUES ('fired'); END;
CREATE VIRTUAL TABLE texts USING fts5 (body);
INSERT INTO texts VALUES ('hello world'), ('good bye');
"""


@pytest.fixture
def database(tmp_path: Path, sqlite_file: Callable[[Path, str], Path]) -> Maker:
    """Makes a database from a script, which may name foreign keys that it does not declare."""

    def make(script: str, keys: tuple[ForeignKey, ...] = ()) -> Database:
        return read_sqlite("it", sqlite_file(tmp_path / "it.sqlite", script), keys)

    return make


def ask(database: Database, sql: str) -> Rows:
    with closing(sqlite3.connect(sqlite_path(database.url))) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        return connection.execute(sql).fetchall()


def test_constraints_and_definitions_are_kept(database: Maker, tmp_path: Path) -> None:
    base = database(ODD)
    definitions = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    tables = [name for name in base.schema.tables if name not in ("broken", "empty")]
    for copy in variants(base, 10, tmp_path / "v"):
        assert ask(copy, definitions) == ask(base, definitions)
        assert ask(copy, "PRAGMA integrity_check") == [("ok",)]  # NOT NULL, CHECK and UNIQUE too
        violated = {(table, parent) for table, _, parent, _ in checked(copy)}
        assert violated <= {("lost", "missing")}, "foreign keys that the database keeps"
        for table in tables:
            quoted = '"' + table.replace('"', '""') + '"'
            [(count,)] = ask(copy, f"SELECT count(*) FROM {quoted}")
            assert count > 0, f"{table} has lost all rows"
        assert ask(copy, "SELECT count(*) FROM empty") == [(0,)], "a trigger has fired"
        assert ask(copy, "SELECT count(*) FROM price WHERE both <> code || year OR doubled <> 2 * high") == [(0,)]
        assert {kind for (kind,) in ask(copy, "SELECT typeof(n) FROM typed")} == {"integer"}


def checked(database: Database) -> Rows:
    """PRAGMA foreign_key_check, but for the table whose reference SQLite finds malformed."""
    tables = [table for table in database.schema.tables if table not in ("lost", "cheap", "broken", "texts")]
    return [row for table in tables for row in ask(database, f"SELECT * FROM pragma_foreign_key_check('{table}')")]


def test_bytes_that_are_not_utf8_and_blobs_come_through(database: Maker, tmp_path: Path) -> None:
    copies = variants(database(ODD), 10, tmp_path / "v")
    found = {row for copy in copies for row in ask(copy, """SELECT "it's", typeof("it's") FROM "odd ""table\"""")}
    assert ("K\udcf6l", "text") in found
    kinds = {kind for copy in copies for (kind,) in ask(copy, 'SELECT typeof("select") FROM "odd ""table"')}
    assert kinds == {"blob", "null"}


def test_utf16(database: Maker, tmp_path: Path) -> None:
    base = database("PRAGMA encoding = 'UTF-16be'; CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('é'), ('ü')")
    [copy] = variants(base, 1, tmp_path / "v")
    assert ask(copy, "PRAGMA encoding") == [("UTF-16be",)]
    assert {x for (x,) in ask(copy, "SELECT x FROM t")} == {"é", "ü"}


def test_null_stays_where_the_database_has_it(database: Maker, tmp_path: Path) -> None:
    base = database("CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 1), (2, NULL), (3, 3), (4, NULL)")
    copies = variants(base, 10, tmp_path / "v")
    assert all(ask(copy, "SELECT count(*) FROM t WHERE a IS NULL") == [(0,)] for copy in copies)
    assert all(ask(copy, "SELECT count(*) FROM t WHERE b IS NULL")[0][0] > 0 for copy in copies)


@pytest.mark.parametrize("declared", ["", "known", "REFERENCES owner (owner_id)"])
def test_joins_keep_joining(database: Maker, tmp_path: Path, declared: str) -> None:
    """Also where only tables.json knows the key, or only the names and values tell."""
    clause, key = (declared, ()) if declared != "known" else ("", (ForeignKey("dog", "who", "owner", "owner_id"),))
    column = "who" if declared == "known" else "owner_id"
    base = database(
        f"""
        CREATE TABLE owner (owner_id INT PRIMARY KEY, name TEXT);
        INSERT INTO owner VALUES (10, 'Ann'), (20, 'Bob'), (30, 'Cid');
        CREATE TABLE dog (name TEXT, {column} TEXT {clause});
        INSERT INTO dog VALUES ('Rex', '10'), ('Max', '10'), ('Ace', '20');
        """,
        key,
    )
    for copy in variants(base, 10, tmp_path / "v"):
        [(lost, dogs)] = ask(copy, f"SELECT sum({column} NOT IN (SELECT owner_id FROM owner)), count(*) FROM dog")
        assert (lost, dogs > 0) == (0, True)


def test_orphans_stay_possible_where_the_database_has_some(database: Maker, tmp_path: Path) -> None:
    base = database(
        """
        CREATE TABLE maker (id INT PRIMARY KEY);
        INSERT INTO maker VALUES (1), (2);
        CREATE TABLE car (maker INT REFERENCES maker (id));
        INSERT INTO car VALUES (1), (2), (99);
        """
    )
    lost = [ask(copy, "SELECT count(*) FROM car WHERE maker = 99")[0][0] for copy in variants(base, 10, tmp_path / "v")]
    assert any(lost)


def test_the_same_digest_gives_the_same_bytes_in_another_process(database: Maker, tmp_path: Path) -> None:
    base = database(ODD)
    here = contents(variants(base, 3, tmp_path / "here"))
    script = (
        "import json, sys; from pathlib import Path; from pipeline.data.example import Database;"
        "from pipeline.synth.variants.copies import variants;"
        "variants(Database.from_json(json.load(sys.stdin)), 3, Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "there")],
        input=json.dumps(base.to_json()),
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77"},
    )
    assert contents(variants(base, 3, tmp_path / "there")) == here
    assert len(set(here)) == 3


def test_fewer_copies_are_the_first_of_more(database: Maker, tmp_path: Path) -> None:
    base = database(ODD)
    few, many = variants(base, 5, tmp_path / "few"), variants(base, 10, tmp_path / "many")
    assert contents(few) == contents(many[:5])
    assert [copy.digest for copy in few] == [copy.digest for copy in many[:5]]
    assert len({base.digest, *(copy.digest for copy in many)}) == 11
    assert {(copy.db_id, copy.dialect, copy.schema == base.schema) for copy in many} == {("it", "sqlite", True)}
    assert variants(base, 0, tmp_path / "none") == ()


def contents(copies: tuple[Database, ...]) -> list[bytes]:
    return [Path(sqlite_path(copy.url)).read_bytes() for copy in copies]


def test_copies_are_built_once_and_by_digest(database: Maker, tmp_path: Path) -> None:
    base = database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2), (3)")
    first = variants(base, 2, tmp_path / "v")
    times = [os.stat(sqlite_path(copy.url)).st_mtime_ns for copy in first]
    Path(sqlite_path(base.url)).unlink()  # not read again
    assert variants(base, 2, tmp_path / "v") == first
    assert [os.stat(sqlite_path(copy.url)).st_mtime_ns for copy in first] == times
    with pytest.raises(InfrastructureError, match="does not exist"):
        variants(replace(base, digest="other"), 2, tmp_path / "v")


def test_what_a_killed_process_leaves_is_not_used(
    database: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of writing, once with no time to clean up, once interrupted."""
    base = database(ODD)
    folder = tmp_path / "v" / f"{base.digest}-v{module.VERSION}"
    delete_orphans = module._delete_orphans
    monkeypatch.setattr(module, "_delete_orphans", lambda *_: os._exit(9))
    process = get_context("fork").Process(target=variants, args=(base, 1, tmp_path / "v"))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert [path.suffix for path in folder.iterdir()] == [".partial"]

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_delete_orphans", interrupted)
    with pytest.raises(KeyboardInterrupt):
        variants(base, 1, tmp_path / "v")
    assert [path.suffix for path in folder.iterdir()] == [".partial"]
    monkeypatch.setattr(module, "_delete_orphans", delete_orphans)
    [copy] = variants(base, 1, tmp_path / "v")
    assert ask(copy, "PRAGMA integrity_check") == [("ok",)]
    assert contents((copy,)) == contents(variants(base, 1, tmp_path / "clean"))


def test_processes_that_build_at_once(database: Maker, tmp_path: Path) -> None:
    base = database(ODD)
    processes = [get_context("fork").Process(target=variants, args=(base, 4, tmp_path / "v")) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted(path.name for path in (tmp_path / "v").rglob("*.*")) == [f"{n}.sqlite" for n in range(1, 5)]
    assert contents(variants(base, 4, tmp_path / "v")) == contents(variants(base, 4, tmp_path / "clean"))


def test_a_large_database_is_sampled_in_time(database: Maker, tmp_path: Path) -> None:
    base = database(
        """
        CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, score REAL, born TEXT, note TEXT);
        CREATE TABLE item (id INTEGER PRIMARY KEY, customer INT NOT NULL REFERENCES customer, day TEXT, price REAL);
        CREATE TABLE visit (customer INT REFERENCES customer, item INT REFERENCES item, PRIMARY KEY (customer, item));
        WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO customer
        SELECT i, 'name ' || i, 'city ' || (i % 50), i * 7 % 1000 / 10.0, date(2440000 + i), 'text ' || (i % 99) FROM n;
        WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO item
        SELECT i, i % 5000 + 1, date(2459000 + i % 365), i * 13 % 1000 / 100.0 FROM n;
        WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO visit SELECT i, 2 * i FROM n;
        """
    )
    started = time.process_time()
    copies = variants(base, 10, tmp_path / "v")
    assert time.process_time() - started < 5
    for copy in copies:
        counts = [ask(copy, f"SELECT count(*) FROM {table}")[0][0] for table in ("customer", "item", "visit")]
        assert all(500 < count < 1000 + len(counts) for count in counts)
        assert ask(copy, "PRAGMA foreign_key_check") == []
    scores = [float(x) for copy in copies for (x,) in ask(copy, "SELECT max(score) FROM customer")]
    assert max(scores) > 99, "sampled over the whole table"


SHOP = """
CREATE TABLE label (id INTEGER PRIMARY KEY, title TEXT, city TEXT);
INSERT INTO label VALUES (1, 'Tone', 'Bern'), (2, 'Echo', 'Rome');
CREATE TABLE singer (
    id INTEGER PRIMARY KEY, name TEXT, stage TEXT, country TEXT, age INT, year TEXT, agent TEXT, active TEXT, label INT,
    FOREIGN KEY (label) REFERENCES label (id)
);
INSERT INTO singer VALUES
    (1, 'Ann', 'Ann', 'Italy', 25, '1995', 'Max', 'yes', 1), (2, 'Bob', 'Bob', 'France', 31, '2001', 'Eva', 'yes', 1),
    (3, 'Cid', 'Cid', 'France', 31, '2003', NULL, 'yes', 2), (4, 'Dan', 'Dan', 'Spain', 44, '1987', NULL, 'yes', 2),
    (5, 'Eve', 'Eve', 'Spain', 25, '1999', 'Max', 'yes', 1), (6, 'Flo', 'Flo', 'France', 29, '1990', 'Eva', 'yes', 2);
CREATE TABLE song (id INTEGER PRIMARY KEY, singer INT REFERENCES singer (id), title TEXT, sales INT, genre TEXT);
INSERT INTO song VALUES
    (1, 1, 'Sun', 100, 'pop'), (2, 2, 'Moon', 200, 'pop'), (3, 3, 'Star', 300, 'rock'), (4, 4, 'Rain', 400, 'rock'),
    (5, 5, 'Snow', 500, 'pop'), (6, 6, 'Wind', 600, 'jazz');
CREATE TABLE fair (id INTEGER PRIMARY KEY, town TEXT);
INSERT INTO fair VALUES (1, 'Oslo');
CREATE TABLE stand (id INTEGER PRIMARY KEY, fair INT REFERENCES fair (id), size INT);
INSERT INTO stand VALUES (1, 1, 10), (2, 1, 20);
"""
FAMILIES = {
    "DISTINCT": ("SELECT DISTINCT name FROM singer", "SELECT name FROM singer"),
    "ties at LIMIT 1": (
        "SELECT name FROM singer ORDER BY age DESC LIMIT 1",
        "SELECT name FROM singer WHERE age = (SELECT max(age) FROM singer)",
    ),
    "> and >=": ("SELECT name FROM singer WHERE age > 30", "SELECT name FROM singer WHERE age >= 30"),
    "a constant beside": ("SELECT name FROM singer WHERE age > 26", "SELECT name FROM singer WHERE age > 28"),
    "BETWEEN": (
        "SELECT id FROM song WHERE sales BETWEEN 150 AND 350",
        "SELECT id FROM song WHERE sales > 150 AND sales < 350",
    ),
    "COUNT(*) and COUNT(x)": (
        "SELECT count(*) FROM singer WHERE label = 1",
        "SELECT count(agent) FROM singer WHERE label = 1",
    ),
    "COUNT(DISTINCT x)": ("SELECT count(*) FROM song", "SELECT count(DISTINCT singer) FROM song"),
    "COUNT of names": ("SELECT count(*) FROM singer", "SELECT count(DISTINCT name) FROM singer"),
    "LEFT JOIN": (
        "SELECT s.id, count(t.id) FROM singer s JOIN song t ON t.singer = s.id GROUP BY s.id",
        "SELECT s.id, count(t.id) FROM singer s LEFT JOIN song t ON t.singer = s.id GROUP BY s.id",
    ),
    "a join too many": ("SELECT id FROM singer", "SELECT s.id FROM singer s JOIN song t ON t.singer = s.id"),
    "NULL": (
        "SELECT id FROM singer WHERE label = 1 AND (agent <> 'Joe' OR agent IS NULL)",
        "SELECT id FROM singer WHERE label = 1 AND agent <> 'Joe'",
    ),
    "INTERSECT and AND": (
        "SELECT country FROM singer WHERE age = 25 INTERSECT SELECT country FROM singer WHERE age = 44",
        "SELECT country FROM singer WHERE age IN (25, 44) GROUP BY country HAVING count(*) = 2",
    ),
    "INTERSECT of names and IN of ids": (
        "SELECT s.name FROM singer s JOIN song t ON t.singer = s.id WHERE t.genre = 'pop' "
        "INTERSECT SELECT s.name FROM singer s JOIN song t ON t.singer = s.id WHERE t.genre = 'rock'",
        "SELECT name FROM singer WHERE id IN (SELECT singer FROM song WHERE genre = 'pop') "
        "AND id IN (SELECT singer FROM song WHERE genre = 'rock')",
    ),
    "a column of equal values": ("SELECT name FROM singer", "SELECT stage FROM singer"),
    "a missing join condition": (
        "SELECT s.id FROM stand s JOIN fair f ON s.fair = f.id WHERE f.town = 'Oslo'",
        "SELECT s.id FROM stand s, fair f WHERE f.town = 'Oslo'",
    ),
    "a missing filter": ("SELECT name FROM singer WHERE active = 'yes'", "SELECT name FROM singer"),
    "LIKE and =": ("SELECT id FROM song WHERE title LIKE '%Sun%'", "SELECT id FROM song WHERE title = 'Sun'"),
    "a prefix": (
        "SELECT id FROM song WHERE title LIKE 'S%'",
        "SELECT id FROM song WHERE title IN ('Sun','Star','Snow')",
    ),
    "case": ("SELECT id FROM singer WHERE country = 'Italy'", "SELECT id FROM singer WHERE country LIKE 'italy'"),
    "by id and by name": (
        "SELECT s.name, sum(t.sales) FROM singer s JOIN song t ON t.singer = s.id GROUP BY s.id",
        "SELECT s.name, sum(t.sales) FROM singer s JOIN song t ON t.singer = s.id GROUP BY s.name",
    ),
    "both empty": (
        "SELECT id FROM singer WHERE country = 'Italy' AND age = 31",
        "SELECT id FROM singer WHERE country = 'Italy' AND age = 29",
    ),
    "direction": (
        "SELECT name FROM singer WHERE country = 'Italy' ORDER BY age",
        "SELECT name FROM singer WHERE country = 'Italy' ORDER BY age DESC",
    ),
    "SUM and AVG": (
        "SELECT sum(age) FROM singer WHERE country = 'Italy'",
        "SELECT avg(age) FROM singer WHERE country = 'Italy'",
    ),
    "MIN and MAX": (
        "SELECT min(age) FROM singer WHERE country = 'Italy'",
        "SELECT max(age) FROM singer WHERE country = 'Italy'",
    ),
    "tables of equal values": ("SELECT id FROM singer", "SELECT singer FROM song"),
    "= and IN": (
        "SELECT title FROM song WHERE singer IN (SELECT id FROM singer WHERE name = 'Ann')",
        "SELECT title FROM song WHERE singer = (SELECT id FROM singer WHERE name = 'Ann')",
    ),
    "HAVING": (
        "SELECT label FROM singer GROUP BY label HAVING count(*) > 2",
        "SELECT label FROM singer GROUP BY label HAVING count(*) = 3",
    ),
    "an identifier instead of a name": (
        "SELECT s.id FROM singer s JOIN label l ON s.label = l.id WHERE l.title = 'Tone'",
        "SELECT id FROM singer WHERE label = 1",
    ),
    "text as a number": (
        "SELECT name FROM singer ORDER BY year LIMIT 1",
        "SELECT name FROM singer ORDER BY CAST(year AS INT) LIMIT 1",
    ),
}


@pytest.fixture(scope="module")
def shop_copies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, ...]:
    path = tmp_path_factory.mktemp("families") / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SHOP)
    base = read_sqlite("shop", path)
    return (base, *variants(base, 10, path.parent / "v"))


def test_no_two_tables_of_a_copy_have_as_many_rows(database: Maker, tmp_path: Path) -> None:
    """Or counting the rows of the wrong table would be right. Rows that find no free key may be fewer."""
    tables = "".join(
        f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, x INT); INSERT INTO t{n} VALUES (1, 5), (2, 7), (3, 9);"
        for n in range(4)
    )
    for copy in variants(database(tables), MOST_COPIES, tmp_path / "copies"):
        with closing(sqlite3.connect(sqlite_path(copy.url))) as connection:
            counts = [connection.execute(f"SELECT count(*) FROM t{n}").fetchone()[0] for n in range(4)]
        assert len(set(counts)) == 4


@pytest.mark.parametrize("family", FAMILIES)
def test_exposes(shop_copies: tuple[Database, ...], family: str) -> None:
    gold, wrong = FAMILIES[family]
    base, *copies = (
        [sorted(ask(copy, sql), key=repr) if "ORDER" not in sql else ask(copy, sql) for sql in (gold, wrong)]
        for copy in shop_copies
    )
    assert base[0] == base[1], "wrong on the database itself: no case of this test"
    assert any(a != b for a, b in copies)
    assert any(a for a, _ in copies), "the constants still match something"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM singer WHERE country = 'Italy'",
        "SELECT title FROM song WHERE sales = 300",
        "SELECT s.name FROM singer s JOIN label l ON s.label = l.id WHERE l.city = 'Rome' AND s.country = 'France'",
        "SELECT name FROM singer WHERE age BETWEEN 29 AND 31 AND active = 'yes'",
    ],
)
def test_constants_still_match(shop_copies: tuple[Database, ...], sql: str) -> None:
    assert sum(bool(ask(copy, sql)) for copy in shop_copies[1:]) >= 5


@pytest.mark.parametrize(
    ("gold", "same"),
    [
        ("SELECT count(*) FROM singer", "SELECT count(id) FROM singer"),
        ("SELECT count(*) FROM singer", "SELECT count(country) FROM singer"),
        ("SELECT count(*) FROM song t JOIN singer s ON t.singer = s.id", "SELECT count(*) FROM song"),
        (
            "SELECT title FROM song ORDER BY sales DESC LIMIT 1",
            "SELECT title FROM song WHERE sales = (SELECT max(sales) FROM song)",
        ),
        (
            "SELECT s.name FROM singer s WHERE NOT EXISTS (SELECT 1 FROM song t WHERE t.singer = s.id)",
            "SELECT name FROM singer WHERE id NOT IN (SELECT singer FROM song)",
        ),
    ],
)
def test_what_is_equal_by_the_databases_own_rules_stays_equal(
    shop_copies: tuple[Database, ...], gold: str, same: str
) -> None:
    assert all(sorted(ask(copy, gold)) == sorted(ask(copy, same)) for copy in shop_copies)


def test_a_column_of_one_largest_value_keeps_one(shop_copies: tuple[Database, ...]) -> None:
    """Always where no value repeats (sales); with repetitions (age) all copies but the last two."""
    alone = "SELECT count(*) FROM {0} WHERE {1} = (SELECT max({1}) FROM {0})"
    assert {ask(copy, alone.format("song", "sales"))[0][0] for copy in shop_copies} == {1}
    assert {ask(copy, alone.format("singer", "age"))[0][0] for copy in shop_copies[:-2]} == {1}


@pytest.mark.parametrize("copies", [-1, MOST_COPIES + 1])
def test_more_copies_than_there_are(shop: Database, tmp_path: Path, copies: int) -> None:
    with pytest.raises(InputError, match=f"{copies} asked for, there are 0 to 10"):
        variants(shop, copies, tmp_path)


def test_other_dialects_have_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only SQLite"):
        variants(Database("it", "mysql", "mysql://reader@host/it", Schema({}), "d"), 1, tmp_path)


def test_databases_that_cannot_be_read(database: Maker, tmp_path: Path) -> None:
    base = database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    Path(sqlite_path(base.url)).write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match=r"it\.sqlite: not a usable SQLite database .*; restore the file$"):
        variants(base, 1, tmp_path / "v")


def test_definitions_that_cannot_be_repeated(tmp_path: Path) -> None:
    path = tmp_path / "it.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.create_collation("own", lambda a, b: (a > b) - (a < b))
        connection.executescript(
            "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x'); CREATE INDEX i ON t (a COLLATE own)"
        )
    with pytest.raises(InputError, match=r"own: the database has definitions that cannot be repeated in a copy$"):
        variants(Database("it", "sqlite", f"sqlite:///{path}", Schema({}), "d"), 1, tmp_path / "v")


def test_places_that_cannot_be_written(database: Maker, tmp_path: Path) -> None:
    base = database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    (tmp_path / "file").write_text("")
    with pytest.raises(InfrastructureError, match=r"make room in its folder, then run again$"):
        variants(base, 1, tmp_path / "file" / "v")


def test_a_full_disk(database: Maker, tmp_path: Path) -> None:
    base = database("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (hex(zeroblob(50000))), ('x'), ('y')")

    def limited() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        with pytest.raises(InfrastructureError, match=r"make room in its folder, then run again$"):
            variants(base, 1, tmp_path / "v")

    process = get_context("fork").Process(target=limited)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert list((tmp_path / "v").rglob("*.*")) == []


def test_many_shapes_of_tables(database: Maker, tmp_path: Path) -> None:
    """Every pair of a key and a type: the copies hold what the table may hold."""
    keys = ("INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "REAL UNIQUE", "BLOB UNIQUE", "PRIMARY KEY", "INT NOT NULL")
    values = ("1", "'a'", "2.5", "x'01'", "NULL", "-3", "9223372036854775807", "1e300", "'10'", "''")
    script = ""
    for number, (key, other) in enumerate(itertools.product(keys, values)):
        script += f"CREATE TABLE t{number} (k {key}, v);"
        script += f"INSERT OR IGNORE INTO t{number} SELECT value, {other} FROM json_each('[1, 3, 4]');"
    for copy in variants(database(script), 10, tmp_path / "v"):
        assert ask(copy, "PRAGMA integrity_check") == [("ok",)]
        for number in range(len(keys) * len(values)):
            assert ask(copy, f"SELECT count(*) > 0 FROM t{number}") == [(1,)]
