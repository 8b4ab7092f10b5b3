"""The schema and the content digest of a MySQL database, read through an account that may only read.

The password comes from the environment variable that pipeline.engine.urls names. The digest is of the schema and of
CHECKSUM TABLE for every table, which reads them once, as the digest of a SQLite file reads the file. A table above
1 GiB counts by the time of its last change where the server knows that, which it forgets when it restarts. Not covered:
another definition of a view with the same columns, unless the account has SHOW VIEW; changes while the digest is made.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import pymysql

from pipeline.data.example import Column, Database, ForeignKey, Schema
from pipeline.data.loading import MissingDatabase
from pipeline.engine.mysql_connection import Connections, MysqlConnection
from pipeline.engine.mysql_errors import number_of, unavailable
from pipeline.engine.result import Limits
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE, MysqlAddress, mysql_address
from pipeline.errors import InfrastructureError, InputError

_PATIENCE_S = 1800.0  # for one table's checksum
_CHECKSUM_BYTES = 2**30
_NO_SUCH_DATABASE = (1044, 1049)  # 1044 (access denied) is also the answer about one that does not exist

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name"
_COLUMNS = (
    "SELECT table_name, column_name, column_type, column_key, column_comment FROM information_schema.columns "
    "WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"
)
_KEYS = (
    "SELECT table_name, column_name, referenced_table_name, referenced_column_name "
    "FROM information_schema.key_column_usage "
    "WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE() "
    "ORDER BY table_name, constraint_name, ordinal_position"
)
_STATES = (
    "SELECT table_name, create_time, update_time, data_length FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name"
)
_VIEWS = (  # without SHOW VIEW the definition is empty
    "SELECT table_name, view_definition FROM information_schema.views "
    "WHERE table_schema = DATABASE() ORDER BY table_name"
)


def on_server(url: str) -> Callable[[str], Database]:
    """Reads databases by db_id: of the server `mysql://user@host:port/` the one of that name, of a URL that names a
    database always this one."""
    if urlsplit(url).path in ("", "/"):
        return lambda db_id: read_mysql(db_id, f"{url.removesuffix('/')}/{quote(db_id, safe='')}")
    once = cache(lambda: read_mysql("", url))
    return lambda db_id: replace(once(), db_id=db_id)


def read_mysql(db_id: str, url: str) -> Database:
    """Schema and content digest of `mysql://user@host:port/database`.

    Tables and views are in the order of their names, columns in their own; types as the server writes them; a column's
    comment is its description.

    Raises:
        MissingDatabase: the server has no such database, or the account may not read it (an InputError).
        InputError: the URL or the password is wrong, or the account may do more than read.
        InfrastructureError: the server does not answer.
    """
    address = mysql_address(url)
    connections = Connections(Limits(timeout_s=_PATIENCE_S), os.environ.get(MYSQL_PASSWORD_VARIABLE), _PATIENCE_S)
    try:
        connection = connections.get(address)
        schema = _schema(connection)
        if not schema.tables:
            raise MissingDatabase(f"{url}: no table that {address.user} may read")
        return Database(db_id, "mysql", url, schema, _digest(connection, schema, address))
    except InputError as error:
        if error.__cause__ is not None and number_of(error.__cause__) in _NO_SUCH_DATABASE:
            raise MissingDatabase(f"{url}: no such database, or {address.user} may not read it") from None
        raise
    except pymysql.MySQLError as error:
        raise unavailable(error, address) from error
    finally:
        connections.close()


def _schema(connection: MysqlConnection) -> Schema:
    columns: dict[str, list[Column]] = {table: [] for (table,) in _rows(connection, _TABLES)}
    for table, name, kind, key, comment in _rows(connection, _COLUMNS):
        if table in columns:
            columns[table].append(Column(name, kind, key == "PRI", " ".join(comment.split())))
    keys = tuple(ForeignKey(*row) for row in _rows(connection, _KEYS) if row[0] in columns and row[2] in columns)
    # A view of a table that is gone has no columns: nothing can be asked of it.
    return Schema({table: tuple(listed) for table, listed in columns.items() if listed}, keys)


def _digest(connection: MysqlConnection, schema: Schema, address: MysqlAddress) -> str:
    connection.fetch("SET SESSION information_schema_stats_expiry = 0")  # or the times would be of yesterday
    states: dict[str, Any] = {}
    for view, definition in _rows(connection, _VIEWS):
        states[view] = definition
    for table, created, updated, size in _rows(connection, _STATES):
        if int(size or 0) > _CHECKSUM_BYTES and updated:
            states[table] = (created, updated)
        else:
            states[table] = _checksum(connection, table, address)
    state = json.dumps([schema.to_json(), states], sort_keys=True)
    return hashlib.sha256(state.encode()).hexdigest()


def _checksum(connection: MysqlConnection, table: str, address: MysqlAddress) -> str:
    [(_, checksum)] = _rows(connection, f"CHECKSUM TABLE `{table.replace('`', '``')}`")
    if not checksum:  # the server says why in a warning
        raise InfrastructureError(
            f"MySQL server {address.host}:{address.port}: table {address.database}.{table} cannot be read; "
            f"ask the server: CHECK TABLE `{table}`"
        )
    return checksum


def _rows(connection: MysqlConnection, sql: str) -> list[tuple[str, ...]]:
    """All rows of a statement of ours, as text; waits as long as a large table takes."""
    connection.start(sql)
    return [tuple((value or b"").decode("utf-8", "replace") for value in row) for row in connection.rows()]
