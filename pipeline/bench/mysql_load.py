"""Fills the tables of a MySQL database with the rows of an SQLite database of the same schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from pipeline.bench.enlarge import ordinary_tables, quoted, writable_columns
from pipeline.errors import InputError

_BATCH_ROWS = 5000
_SET = "SET SESSION foreign_key_checks = %s, unique_checks = %s, sql_mode = %s"


def copy_rows(sqlite: Path, connection: Connection[Any], database: str) -> int:
    """Replace the rows of all tables in `database` that the SQLite file has too; returns how many it has now.

    `connection` needs the rights to TRUNCATE, INSERT and ANALYZE; the tables must exist, their columns be called as in
    the file (but for upper and lower case), and other tables of `database` keep their rows. Foreign keys are not looked
    at, so the order of the tables does not matter. Statistics are brought up to date, or the optimizer would go on
    planning for small tables. Text that is not UTF-8 loses its invalid bytes. The session's settings end as they were.
    Raises InputError for a table of the file that MySQL does not have, pymysql.MySQLError for rows that do not fit into
    its columns; what has been copied then stays.
    """
    total = 0
    with (
        closing(sqlite3.connect(f"{sqlite.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as source,
        connection.cursor(Cursor) as cursor,
    ):
        source.text_factory = lambda content: content.decode("utf-8", "ignore")
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,))
        existing = {name.lower(): name for (name,) in cursor.fetchall()}
        tables = ordinary_tables(source)
        if missing := [table for table in tables if table.lower() not in existing]:
            raise InputError(f"MySQL database {database}: no table {', '.join(missing)}; create the schema first")
        cursor.execute("SELECT @@SESSION.foreign_key_checks, @@SESSION.unique_checks, @@SESSION.sql_mode")
        settings = cursor.fetchone()
        # A key that is 0 must stay 0, even where the column numbers its rows by itself.
        cursor.execute(_SET, (0, 0, f"{settings[2]},NO_AUTO_VALUE_ON_ZERO"))
        try:
            for table in tables:
                name = f"{_backquoted(database)}.{_backquoted(existing[table.lower()])}"
                cursor.execute(f"TRUNCATE TABLE {name}")
                columns = writable_columns(source, table)
                into = f"INSERT INTO {name} ({', '.join(map(_backquoted, columns))})".replace("%", "%%")
                values = ", ".join(["%s"] * len(columns))
                selected = ", ".join(map(quoted, columns))
                for batch in _batches(source.execute(f"SELECT {selected} FROM {quoted(table)}")):
                    cursor.executemany(f"{into} VALUES ({values})", batch)  # pymysql joins them to statements of 1 MB
                    total += len(batch)
                connection.commit()
                cursor.execute(f"ANALYZE TABLE {name}")
                cursor.fetchall()
        finally:
            connection.rollback()
            cursor.execute(_SET, settings)
    return total


def _batches(cursor: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while batch := cursor.fetchmany(_BATCH_ROWS):
        yield batch


def _backquoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
