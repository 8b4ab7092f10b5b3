"""Draws a domain's rows and writes them to one SQLite file, in bulk and the same for the same seed."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.synth.samples.domain import Column, Domain, Field, Table
from pipeline.synth.samples.rows import Amount, Array, Choice, Context, Score, Tables


@dataclass(frozen=True)
class Rows:
    """All drawn values of one database, and where they are NULL instead."""

    tables: Tables
    nulls: dict[str, dict[str, Array]]

    def known(self, field: Field) -> Array:
        """The values of a column that are not NULL."""
        table, column = field.table.name, field.column.name
        return self.tables[table][column][~self.nulls[table][column]]

    def records(self, table: str) -> list[tuple[Any, ...]]:
        columns: list[list[Any]] = []
        for name, values in self.tables[table].items():
            plain = (values.astype(str) if values.dtype.kind == "M" else values).tolist()
            columns.append([None if gone else v for v, gone in zip(plain, self.nulls[table][name], strict=True)])
        return list(zip(*columns, strict=True))


def draw_rows(domain: Domain, seed: int) -> Rows:
    """Draw every table; the database's name is part of the seed, so that domains do not share their randomness."""
    rng = np.random.default_rng([seed, zlib.crc32(domain.db_id.encode())])
    rows = Rows({}, {})
    for table in domain.tables:
        own: dict[str, Array] = {}
        for column in table.columns:
            own[column.name] = column.recipe.draw(Context(rng, table.rows, own, rows.tables))
        rows.tables[table.name] = own
        rows.nulls[table.name] = {c.name: rng.random(table.rows) < c.null for c in table.columns}
    return rows


def write_database(domain: Domain, rows: Rows, path: Path) -> None:
    """Create `path` (it must not exist) with tables, rows, indexes and statistics for the query planner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a half-written file is thrown away anyway
        connection.execute("PRAGMA journal_mode = OFF")
        with connection:
            for table in domain.tables:
                connection.execute(create_table(domain, table))
                marks = ", ".join("?" * len(table.columns))
                connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows.records(table.name))
            for table in domain.tables:
                for column in table.columns:
                    if column.indexed or column.kind == "ref":
                        name = f"{table.name}_{column.name}"
                        connection.execute(f"CREATE INDEX {name} ON {table.name} ({column.name})")
        connection.execute("ANALYZE")
    finally:
        connection.close()


def create_table(domain: Domain, table: Table) -> str:
    """The CREATE TABLE statement."""
    lines = [_column_sql(c) for c in table.columns]
    lines += [f"FOREIGN KEY ({j.fk}) REFERENCES {j.parent} ({j.parent.key})" for j in domain.joins(table)]
    return f"CREATE TABLE {table.name} (\n  " + ",\n  ".join(lines) + "\n)"


def _column_sql(column: Column) -> str:
    name, recipe = column.name, column.recipe
    text = f"{name} {recipe.sql_type}"
    if column.kind == "key":
        return f"{text} PRIMARY KEY"
    if not column.null:
        text += " NOT NULL"
    if isinstance(recipe, Choice) and len(recipe.values) <= 6:
        text += f" CHECK ({name} IN ({', '.join(repr(v) for v in recipe.values)}))"
    if isinstance(recipe, Score):
        text += f" CHECK ({name} BETWEEN {recipe.low} AND {recipe.low + len(recipe.shares) - 1})"
    if isinstance(recipe, Amount):
        text += f" CHECK ({name} >= 0)"
    return text


def content_digest(path: Path) -> str:
    """SHA-256 over the definition and the rows of every table, in order: equal content, equal digest."""
    digest = hashlib.sha256()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL "
            "AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        for name, sql in tables:
            digest.update(sql.encode())
            for row in connection.execute(f"SELECT * FROM {name} ORDER BY rowid"):
                digest.update(repr(row).encode())
    finally:
        connection.close()
    return digest.hexdigest()
