"""Asks a SQLite file or a MySQL database what it holds: rows, base tables, indexes. Nothing is ever written.

A statement that fails, or takes longer than a few seconds, has no rows and raises nothing.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipeline.data.example import Database
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.engine.urls import sqlite_path
from pipeline.errors import InfrastructureError
from pipeline.synth.variants.content import quoted

_MOST_STEPS = 20_000_000  # of SQLite's virtual machine for one statement: about a second
_MOST_BYTES = 32 * 2**20
_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Index:
    columns: tuple[str, ...]
    unique: bool


@dataclass
class TableFacts:
    """`sample` holds the sampled values by column, in the order of the rows; `whole`: the sample is the table."""

    rows: int = 0
    whole: bool = False
    sample: dict[str, list[Any]] = field(default_factory=dict)
    indexes: tuple[Index, ...] = ()
    composite_keys: frozenset[str] = frozenset()  # columns, in lower case, of foreign keys of several columns

    @property
    def indexed(self) -> set[str]:
        """Columns by which rows are found fast: the first of each index."""
        return {index.columns[0] for index in self.indexes}

    @property
    def unique(self) -> set[str]:
        """Columns that an index keeps different in every row."""
        return {index.columns[0] for index in self.indexes if index.unique and len(index.columns) == 1}


class Reader(Protocol):
    """Asks one database."""

    def quoted(self, name: str) -> str:
        """The name as an identifier in this dialect."""

    def rows(self, sql: str) -> list[tuple[Any, ...]] | None:
        """The rows, in MySQL as many as fit into 16 MiB; None where the statement fails or takes too long."""

    def tables(self) -> dict[str, TableFacts]:
        """The base tables, with their indexes only."""

    def place(self, table: str, facts: TableFacts, types: dict[str, str]) -> str:
        """A column of whole numbers by which stretches of the table are found, or nothing."""


@contextmanager
def open_reader(database: Database) -> Iterator[Reader]:
    """A reader that cannot write. Raises InfrastructureError where a file is missing or a server does not answer."""
    if database.dialect == "mysql":
        with Engine(workers=1, timeout_s=_PATIENCE_S, max_rows=100_000) as engine:
            yield _Mysql(engine, database.url)
        return
    path = Path(sqlite_path(database.url))
    if not path.is_file():
        raise InfrastructureError(f"database file {path} does not exist: mount or download it, then run again")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield _Sqlite(connection)
    finally:
        connection.close()


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._without_number: set[str] = set()

    def quoted(self, name: str) -> str:
        return quoted(name)

    def rows(self, sql: str) -> list[tuple[Any, ...]] | None:
        found: list[tuple[Any, ...]] = []
        left = _MOST_BYTES
        steps = iter(range(_MOST_STEPS // 100_000))
        self._connection.set_progress_handler(lambda: int(next(steps, None) is None), 100_000)
        try:
            for row in self._connection.execute(sql):
                left -= sum(len(value) for value in row if isinstance(value, str | bytes))
                if left < 0:
                    break
                found.append(row)
        except sqlite3.Error:
            return None
        finally:
            self._connection.set_progress_handler(None, 0)
        return found

    def tables(self) -> dict[str, TableFacts]:
        found = {}
        for schema, name, kind, _, without_number, *_ in self.rows("PRAGMA table_list") or ():
            if schema == "main" and kind == "table" and not name.startswith("sqlite_"):
                table = quoted(name)
                found[name] = TableFacts(indexes=tuple(self._indexes(table)), composite_keys=self._composite(table))
                if without_number:
                    self._without_number.add(name.lower())
        return found

    def place(self, table: str, facts: TableFacts, types: dict[str, str]) -> str:
        return "" if table.lower() in self._without_number else "_rowid_"

    def _indexes(self, table: str) -> Iterator[Index]:
        info = self.rows(f"PRAGMA table_info({table})") or []
        if primary := tuple(column for _, column, *_, pk in sorted(info, key=lambda row: row[5]) if pk):
            yield Index(primary, unique=True)
        for _, index, unique, _, partial in self.rows(f"PRAGMA index_list({table})") or ():
            columns = [column for *_, column in self.rows(f"PRAGMA index_info({quoted(index)})") or ()]
            if columns and None not in columns and not partial:
                yield Index(tuple(columns), bool(unique))

    def _composite(self, table: str) -> frozenset[str]:
        keys: dict[int, list[str]] = defaultdict(list)
        for number, _, _, column, *_ in self.rows(f"PRAGMA foreign_key_list({table})") or ():
            keys[number].append(column.lower())
        return frozenset(column for columns in keys.values() if len(columns) > 1 for column in columns)


class _Mysql:
    def __init__(self, engine: Engine, url: str) -> None:
        self._engine, self._url = engine, url

    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def rows(self, sql: str) -> list[tuple[Any, ...]] | None:
        [result] = self._engine.execute([Query(self._url, sql)])
        return list(result.rows) if result.ok else None

    def tables(self) -> dict[str, TableFacts]:
        listed = self.rows(
            "SELECT table_name, table_rows FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
        )
        found = {name: TableFacts(rows=int(rows or 0)) for name, rows in listed or ()}
        indexes: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
        for table, index, not_unique, column in (
            self.rows(
                "SELECT table_name, index_name, non_unique, column_name FROM information_schema.statistics "
                "WHERE table_schema = DATABASE() AND column_name IS NOT NULL AND index_type = 'BTREE' "
                "ORDER BY table_name, index_name, seq_in_index"
            )
            or ()
        ):
            indexes[table, index, not not_unique].append(column)
        for (table, _, unique), columns in indexes.items():
            found[table].indexes += (Index(tuple(columns), unique),)
        keys: dict[tuple[str, str], list[str]] = defaultdict(list)
        for table, key, column in (
            self.rows(
                "SELECT table_name, constraint_name, column_name FROM information_schema.key_column_usage "
                "WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL"
            )
            or ()
        ):
            keys[table, key].append(column.lower())
        for (table, _), columns in keys.items():
            if len(columns) > 1:
                found[table].composite_keys |= frozenset(columns)
        return found

    def place(self, table: str, facts: TableFacts, types: dict[str, str]) -> str:
        return next((self.quoted(c) for c in facts.unique if "int" in types.get(c, "")), "")
