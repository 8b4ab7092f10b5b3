"""An enlarged copy of an SQLite database: every row several times, each copy of the data joined to itself only.

Benchmark databases have a few dozen rows, and queries on them take microseconds. In the copies, keys move on: the
columns of primary keys, unique indexes and declared foreign keys get new values by one rule, the same for the whole
database, so that what was equal stays equal and copies never meet. All other values are repeated as they are.
Not covered: links that no foreign key declares (the copies' rows then refer to the first copy), keys that are equal
only after a conversion (' 1' or '1.0' and 1), virtual tables (copied, not enlarged) and unique indexes on expressions
(such a database raises). Triggers do not fire, CHECKs are not looked at.
"""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

# Text of digits is taken for a number, since it may refer to one: '07' becomes '0' and then 7 + offset.
_IS_NUMBER = "({c} <> '' AND {c} NOT GLOB '*[^0-9]*' AND length({c}) <= 15)"
_NUMBER = f"""CASE WHEN typeof({{c}}) IN ('integer', 'real') THEN {{c}}
    WHEN typeof({{c}}) = 'text' AND {_IS_NUMBER} THEN CAST({{c}} AS INTEGER) END"""
_MOVED = f"""CASE typeof({{c}})
    WHEN 'integer' THEN {{c}} + copy.number * :offset
    WHEN 'real' THEN {{c}} + copy.number * :offset
    WHEN 'text' THEN CASE WHEN {_IS_NUMBER} THEN
        substr({{c}}, 1, length({{c}}) - length(ltrim({{c}}, '0'))) || (CAST({{c}} AS INTEGER) + copy.number * :offset)
        ELSE {{c}} || :mark || copy.number END
    WHEN 'blob' THEN CAST({{c}} || :mark || copy.number AS BLOB)
    END"""
_MARK = "~"

_Keys = dict[str, list[str]]


def enlarge(source: Path, target: Path, rows: int = 200_000) -> int:
    """Write a copy of the database `source` with at least `rows` rows in total to `target`; returns how many it has.

    All tables grow by the same whole factor; a database without any row, or with enough of them, is only copied. Views,
    indexes and triggers are kept. The same source gives the same file, byte for byte. `source` is only read, and must
    not have a write-ahead log with changes; a file at `target` is replaced, and there is none there after an error.
    Raises sqlite3.Error for a source that is no database or cannot grow because of a unique index on an expression,
    ValueError if its keys are too large to be moved on within 64 bits.
    """
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    target.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
            with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as original:
                original.backup(connection)
            total = _grow(connection, rows)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return total


def _grow(connection: sqlite3.Connection, rows: int) -> int:
    for setting in (
        "journal_mode = DELETE",
        "synchronous = OFF",
        "foreign_keys = OFF",
        "ignore_check_constraints = ON",
    ):
        connection.execute(f"PRAGMA {setting}").fetchall()
    tables = ordinary_tables(connection)
    counts = {table: _one(connection, f"SELECT count(*) FROM {quoted(table)}")[0] for table in tables}
    total = sum(counts.values())
    copies = math.ceil(rows / total) - 1 if total else 0
    if copies > 0:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        keys = _keys(connection, tables)
        connection.execute("BEGIN")
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {quoted(name)}")
        values = {"last": copies, "offset": _offset(connection, keys, copies), "mark": _unused_mark(connection, keys)}
        for table in tables:
            if counts[table]:
                connection.execute(_insertion(connection, table, keys[table]), values)
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")
        if _one(connection, "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")[0]:
            connection.execute("ANALYZE")
    connection.execute("VACUUM")
    return total * (copies + 1) if copies > 0 else total


def _insertion(connection: sqlite3.Connection, table: str, keys: list[str]) -> str:
    """The statement that adds all copies of a table's rows. CROSS JOIN fixes the order: copy by copy."""
    columns = writable_columns(connection, table)
    values = [(_MOVED if column in keys else "{c}").format(c=f"old.{quoted(column)}") for column in columns]
    return f"""
        WITH RECURSIVE copy(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number < :last)
        INSERT INTO main.{quoted(table)} ({", ".join(map(quoted, columns))})
        SELECT {", ".join(values)} FROM copy CROSS JOIN main.{quoted(table)} AS old"""


def _keys(connection: sqlite3.Connection, tables: list[str]) -> _Keys:
    """The columns to move on: both ends of every foreign key, and one column at least of all that must be unique.

    Where a unique index of several columns holds no other key, the one with the most distinct values is taken: an
    identifier rather than a year.
    """
    known = {table.lower(): table for table in tables}
    columns = {table: {column.lower(): column for column in writable_columns(connection, table)} for table in tables}
    keys: _Keys = {table: [] for table in tables}

    def add(table: str, column: str) -> None:
        actual = columns[table].get(column.lower())
        if actual and actual not in keys[table]:
            keys[table].append(actual)

    primary = {table: _primary_key(connection, table) for table in tables}
    for table in tables:
        for link in connection.execute(f"PRAGMA foreign_key_list({quoted(table)})").fetchall():
            _, position, parent, child_column, parent_column, *_ = link
            add(table, child_column)
            if other := known.get(parent.lower()):  # dirty schemas refer to tables and columns that do not exist
                implied = primary[other][position : position + 1]
                for name in [parent_column] if parent_column else implied:
                    add(other, name)
    for table in tables:
        indexes = connection.execute(f"PRAGMA index_list({quoted(table)})").fetchall()
        unique = [_indexed(connection, name) for _, name, is_unique, *_ in indexes if is_unique]
        for group in sorted([primary[table], *unique], key=len):
            if group and not set(group) & set(keys[table]):
                add(table, max(group, key=lambda column: _distinct(connection, table, column)))
    return keys


def _offset(connection: sqlite3.Connection, keys: _Keys, copies: int) -> int:
    """How far the numbers of one copy lie from those of the one before: more than the span of all numeric keys."""
    low, high = 0, 0
    for table, column in _pairs(keys):
        number = _NUMBER.format(c=quoted(column))
        least, most = _one(connection, f"SELECT min({number}), max({number}) FROM {quoted(table)}")
        low, high = min(low, least or 0), max(high, most or 0)
    if not -(2**62) < low <= high < 2**62 or high + copies * (high - low + 1) >= 2**62:
        raise ValueError(f"keys from {low} to {high} are too large for {copies} further copies")
    return math.ceil(high) - math.floor(low) + 1


def _unused_mark(connection: sqlite3.Connection, keys: _Keys) -> str:
    """What stands between a text key and the number of its copy; no key of the source holds it."""
    mark = _MARK
    while any(
        _one(connection, f"SELECT EXISTS (SELECT 1 FROM {quoted(t)} WHERE instr({quoted(c)}, ?))", mark)[0]
        for t, c in _pairs(keys)
    ):
        mark += _MARK
    return mark


def _pairs(keys: _Keys) -> list[tuple[str, str]]:
    return [(table, column) for table, columns in keys.items() for column in columns]


def ordinary_tables(connection: sqlite3.Connection) -> list[str]:
    """Names of the tables with rows of their own: no views, no virtual tables nor what these keep their content in."""
    listed = connection.execute("PRAGMA table_list").fetchall()
    return sorted(
        name
        for schema, name, kind, *_ in listed
        if schema == "main" and kind == "table" and not name.startswith("sqlite_")
    )


def writable_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns that can be written: generated ones are left out."""
    return [name for _, name, *_, hidden in connection.execute(f"PRAGMA table_xinfo({quoted(table)})") if not hidden]


def _primary_key(connection: sqlite3.Connection, table: str) -> list[str]:
    described = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    return [name for _, name, *_, place in sorted(described, key=lambda row: row[-1]) if place]


def _indexed(connection: sqlite3.Connection, index: str) -> list[str]:
    """The columns of an index; expressions and the rowid have no name and are left out."""
    return [name for *_, name in connection.execute(f"PRAGMA index_info({quoted(index)})") if name is not None]


def _distinct(connection: sqlite3.Connection, table: str, column: str) -> int:
    count: int = _one(connection, f"SELECT count(DISTINCT {quoted(column)}) FROM {quoted(table)}")[0]
    return count


def _one(connection: sqlite3.Connection, sql: str, *values: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(sql, values).fetchone()
    return row


def quoted(name: str) -> str:
    """A name as an identifier in SQLite's SQL."""
    return '"' + name.replace('"', '""') + '"'
