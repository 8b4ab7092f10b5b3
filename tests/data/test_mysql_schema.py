"""Schema and digest of MySQL databases, on a real server, through the account that may only read."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from benchmark_data import BENCHMARKS, needs
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)

import pipeline.data.mysql_schema as module
from pipeline.data.example import Column, Database, ForeignKey
from pipeline.data.loading import MissingDatabase
from pipeline.data.mysql_schema import read_mysql
from pipeline.data.prompts import render_schema
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InfrastructureError, InputError

pytestmark = pytest.mark.integration

SCRIPT = """
DROP DATABASE IF EXISTS `odd-db`; CREATE DATABASE `odd-db`; USE `odd-db`;
CREATE TABLE parent (b INT, a INT COMMENT 'what a\nis', kind ENUM('X', 'y'), PRIMARY KEY (a, b));
CREATE TABLE `a child` (`größe` DECIMAL(10,2) UNSIGNED, pa INT, pb INT, `x``y` VARCHAR(5),
    FOREIGN KEY (pa, pb) REFERENCES parent (a, b));
CREATE VIEW seen AS SELECT pa + 1 AS next FROM `a child`;
INSERT INTO parent VALUES (1, 2, 'X');
"""


@pytest.fixture
def read(mysql_server: MysqlServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Database]:  # noqa: F811
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    return lambda name: read_mysql("x", mysql_server.url(name))


def test_tables_columns_and_keys(mysql_server: MysqlServer, read: Callable[[str], Database]) -> None:  # noqa: F811
    mysql_server.load(SCRIPT)
    database = read("odd-db")
    assert (database.db_id, database.dialect, database.url) == ("x", "mysql", mysql_server.url("odd-db"))
    assert database.schema.tables == {
        "a child": (
            Column("größe", "decimal(10,2) unsigned"),
            Column("pa", "int"),
            Column("pb", "int"),
            Column("x`y", "varchar(5)"),
        ),
        "parent": (
            Column("b", "int", True),
            Column("a", "int", True, "what a is"),
            Column("kind", "enum('X','y')"),
        ),
        "seen": (Column("next", "bigint"),),
    }
    assert database.schema.foreign_keys == (
        ForeignKey("a child", "pa", "parent", "a"),
        ForeignKey("a child", "pb", "parent", "b"),
    )
    assert Database.from_json(json.loads(json.dumps(database.to_json()))) == database
    assert "kind enum('X','y')" in render_schema(database.schema)


@pytest.mark.parametrize("largest", [2**30, 0])  # whole tables by checksum; large ones by their last change
def test_the_digest_follows_schema_and_content(
    mysql_server: MysqlServer,  # noqa: F811
    read: Callable[[str], Database],
    monkeypatch: pytest.MonkeyPatch,
    largest: int,
) -> None:
    monkeypatch.setattr(module, "_CHECKSUM_BYTES", largest)
    mysql_server.load(SCRIPT)
    digests = [read("odd-db").digest]
    assert read("odd-db").digest == digests[0]
    for change in (
        "UPDATE parent SET kind = 'y'",
        "INSERT INTO parent VALUES (5, 5, NULL)",
        "ALTER TABLE parent COMMENT 'no change of content'; ALTER TABLE parent MODIFY a INT COMMENT 'new'",
        "CREATE INDEX i ON `a child` (pa); CREATE TABLE more (x INT)",
        "GRANT SHOW VIEW ON `odd-db`.* TO reader",
        "CREATE OR REPLACE VIEW seen AS SELECT pa + 2 AS next FROM `a child`",
        "DROP VIEW seen",
    ):
        time.sleep(1.1)  # times on the server are whole seconds
        mysql_server.load(f"USE `odd-db`; {change}")
        digests.append(read("odd-db").digest)
    assert len(set(digests)) == len(digests)
    assert read("odd-db").digest == digests[-1]
    mysql_server.load("REVOKE SHOW VIEW ON `odd-db`.* FROM reader")


def test_what_is_wrong_is_named(
    mysql_server: MysqlServer,  # noqa: F811
    read: Callable[[str], Database],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(MissingDatabase, match=r"/gone: no such database, or reader may not read it"):
        read("gone")
    mysql_server.load("DROP DATABASE IF EXISTS hollow; CREATE DATABASE hollow")
    with pytest.raises(MissingDatabase, match="/hollow: no table that reader may read"):
        read("hollow")
    with pytest.raises(InfrastructureError, match="is it running and reachable"):
        read_mysql("x", "mysql://reader@127.0.0.1:9/x")
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, "wrong")
    with pytest.raises(InputError, match=f"set {MYSQL_PASSWORD_VARIABLE}"):
        read("hollow")


@needs("mysql")
def test_sakila(mysql_server: MysqlServer, read: Callable[[str], Database]) -> None:  # noqa: F811
    script = (BENCHMARKS / "mysql" / "sakila-mv-schema.sql").read_text(encoding="utf-8")
    script = re.sub(r"(?m)^DELIMITER .*", "", script)  # a command of the client's, not of the server's
    mysql_server.load(re.sub(r"END\s*(;;|//|\$\$)", "END;", script))
    schema = read("sakila").schema
    assert len(schema.tables) == 23
    assert schema.tables["film"][0] == Column("film_id", "smallint unsigned", True)
    assert "actor_info" in schema.tables  # a view
    assert ForeignKey("city", "country_id", "country", "country_id") in schema.foreign_keys
    assert list(schema.tables) == sorted(schema.tables)


@needs("mysql")
def test_chinook(mysql_server: MysqlServer, read: Callable[[str], Database]) -> None:  # noqa: F811
    mysql_server.load(BENCHMARKS / "mysql" / "Chinook_MySql.sql")
    database = read("Chinook")
    assert len(database.schema.tables) == 11
    assert len(database.schema.foreign_keys) == 11
    assert database.schema.tables["PlaylistTrack"] == (
        Column("PlaylistId", "int", True),
        Column("TrackId", "int", True),
    )
