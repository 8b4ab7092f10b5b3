"""Rows of an SQLite file in the tables of a real MySQL server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pymysql
import pytest
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)
from pymysql.cursors import DictCursor

from pipeline.bench.mysql_load import copy_rows
from pipeline.errors import InputError

pytestmark = pytest.mark.integration

SCHEMA = """
    DROP DATABASE IF EXISTS bench_load;
    CREATE DATABASE bench_load;
    USE bench_load;
    CREATE TABLE Singer (id INT AUTO_INCREMENT PRIMARY KEY, `100% ``name``` TEXT, born INT DEFAULT 7);
    CREATE TABLE song (title VARCHAR(20), singer INT, FOREIGN KEY (singer) REFERENCES Singer (id));
    CREATE TABLE other (id INT);
    INSERT INTO Singer (id) VALUES (99);
    INSERT INTO song VALUES ('old', 99);
    INSERT INTO other VALUES (1);
"""


@pytest.fixture
def root(mysql_server: MysqlServer) -> Iterator[pymysql.Connection]:  # noqa: F811
    mysql_server.load(SCHEMA)
    with closing(mysql_server.root()) as connection:
        yield connection


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A song that refers to nobody comes before its singers; key 0; text that is not UTF-8; 12,000 rows."""
    path = tmp_path / "music.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            CREATE TABLE SONG (title TEXT, singer INT);
            INSERT INTO song VALUES ('x', 0), (NULL, 77);
            CREATE TABLE singer (id INTEGER PRIMARY KEY, "100% `name`" TEXT);
            INSERT INTO singer VALUES (0, CAST(x'4bf66c' AS TEXT));
            WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 11997)
                INSERT INTO singer SELECT n, 'it''s %s no. ' || n FROM c;
            """
        )
    return path


def rows(connection: pymysql.Connection, sql: str) -> tuple[tuple[object, ...], ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: tuple[tuple[object, ...], ...] = cursor.fetchall()
        return found


def test_the_rows_replace_those_that_were_there(root: pymysql.Connection, source: Path) -> None:
    settings = "SELECT @@foreign_key_checks, @@unique_checks, @@sql_mode"
    before = rows(root, settings)
    assert [copy_rows(source, root, "bench_load") for _ in range(2)] == [12_000, 12_000]
    assert rows(root, settings) == before
    assert rows(root, "SELECT count(*), min(id), max(id), min(born), max(born) FROM bench_load.Singer") == (
        (11_998, 0, 11_997, 7, 7),
    )
    assert rows(root, "SELECT `100% ``name``` FROM bench_load.Singer WHERE id IN (0, 4) ORDER BY id") == (
        ("Kl",),
        ("it's %s no. 4",),
    )
    assert rows(root, "SELECT * FROM bench_load.song ORDER BY singer") == (("x", 0), (None, 77))
    assert rows(root, "SELECT * FROM bench_load.other") == ((1,),)


def test_the_statistics_are_up_to_date(root: pymysql.Connection, source: Path) -> None:
    copy_rows(source, root, "bench_load")
    [(estimated,)] = rows(root, "SELECT n_rows FROM mysql.innodb_table_stats WHERE database_name = 'bench_load' "
                          "AND table_name = 'Singer'")  # fmt: skip
    assert 11_000 < int(str(estimated)) < 13_000


def test_a_connection_without_autocommit_and_with_other_cursors(
    mysql_server: MysqlServer,  # noqa: F811
    root: pymysql.Connection,
    source: Path,
) -> None:
    with closing(mysql_server.root()) as other:
        other.autocommit(False)
        other.cursorclass = DictCursor
        copy_rows(source, other, "bench_load")
    assert rows(root, "SELECT count(*) FROM bench_load.song") == ((2,),)


def test_a_table_that_mysql_does_not_have(root: pymysql.Connection, source: Path) -> None:
    with root.cursor() as cursor:
        cursor.execute("DROP TABLE bench_load.song")
    with pytest.raises(InputError, match="bench_load: no table SONG"):
        copy_rows(source, root, "bench_load")
    assert rows(root, "SELECT id FROM bench_load.Singer") == ((99,),)


def test_rows_that_do_not_fit(root: pymysql.Connection, source: Path) -> None:
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("UPDATE song SET title = 'a title of more than twenty letters'")
        connection.commit()
    with pytest.raises(pymysql.MySQLError, match="title"):
        copy_rows(source, root, "bench_load")
    assert rows(root, "SELECT @@foreign_key_checks") == ((1,),)
