"""An imagined view as a SQLite file, and the view again with what its rows really hold."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import cast

from pipeline.synth.imagined.filling import draw_tables, row_counts
from pipeline.synth.view import Value, View, ViewColumn, ViewTable

_COMMONEST = frozenset(("category", "flag", "name", "text"))  # kinds whose values come the most frequent first
_MOST_CATEGORIES, _MOST_SAMPLES = 12, 8  # values of a category, and of any other column


def write_rows(view: View, path: Path, rng: random.Random, rows: int) -> View:
    """Write the view's tables to a new SQLite file, with about `rows` rows in the biggest one.

    It has the view's keys and links as constraints, its indexes, every sample value of the view, and the statistics
    that the query planner reads. Returns the view with the values, NULLs and rows of the file. FileExistsError if
    there is a file at `path`; ValueError if the view's links go round in a circle.
    """
    if path.exists():
        raise FileExistsError(path)
    drawn = draw_tables(view, row_counts(view, rows), rng.getrandbits(32))
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a half-written file is thrown away anyway
        connection.execute("PRAGMA journal_mode = OFF")
        with connection:
            for name, columns in drawn.items():
                connection.execute(create_table(view, view.tables[name]))
                marks = ", ".join("?" * len(columns))
                connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", zip(*columns, strict=True))
            for table in view.tables.values():
                for at, column in enumerate(table.columns):
                    if column.indexed and column.kind != "key":
                        index = _quoted(f"{table.name}_{at}_index")
                        connection.execute(f"CREATE INDEX {index} ON {_quoted(table.name)} ({_quoted(column.name)})")
        connection.execute("ANALYZE")
        return replace(view, tables={t.name: _as_read(t, connection, rng) for t in view.tables.values()})
    finally:
        connection.close()


def create_table(view: View, table: ViewTable) -> str:
    """The CREATE TABLE statement of one of the view's tables."""
    lines = []
    for column in table.columns:
        end = " PRIMARY KEY" if column.kind == "key" else "" if column.nulls or not column.values else " NOT NULL"
        lines.append(f"{_quoted(column.name)} {column.type}{end}")
    lines += [
        f"FOREIGN KEY ({_quoted(k.column)}) REFERENCES {_quoted(k.parent)} ({_quoted(k.parent_column)})"
        for k in view.links
        if k.child == table.name
    ]
    return f"CREATE TABLE {_quoted(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _as_read(table: ViewTable, connection: sqlite3.Connection, rng: random.Random) -> ViewTable:
    name = _quoted(table.name)
    (rows,) = connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()
    columns = tuple(_column_as_read(name, column, connection, rng) for column in table.columns)
    return replace(table, columns=columns, rows=rows)


def _column_as_read(table: str, column: ViewColumn, connection: sqlite3.Connection, rng: random.Random) -> ViewColumn:
    """The column with values of the file: the commonest, or some at any height."""
    name, count = _quoted(column.name), _MOST_CATEGORIES if column.kind == "category" else _MOST_SAMPLES
    if column.kind in _COMMONEST:
        query = f"GROUP BY {name} ORDER BY COUNT(*) DESC, MIN(rowid) LIMIT {count}"
        found = connection.execute(f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL {query}").fetchall()
    else:
        every = connection.execute(
            f"SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL ORDER BY {name}"
        ).fetchall()
        found = [every[at] for at in sorted(rng.sample(range(len(every)), min(count, len(every))))]
    (nulls,) = connection.execute(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {name} IS NULL)").fetchone()
    return replace(column, values=tuple(cast(Value, value) for (value,) in found), nulls=bool(nulls))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
