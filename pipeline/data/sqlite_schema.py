"""The schema and the content digest of a SQLite file."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from urllib.parse import quote

from pipeline.data.example import Column, Database, ForeignKey, Schema
from pipeline.errors import InputError


def read_sqlite(db_id: str, path: Path, more_keys: tuple[ForeignKey, ...] = ()) -> Database:
    """Schema and content digest (SHA-256) of a SQLite file; `more_keys` are foreign keys known from elsewhere.

    Reads the whole file twice: to find corrupt pages, and for the digest.

    Raises:
        InputError: the file is not a SQLite database or is corrupt.
    """
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        # Names, too, may hold bytes that are not UTF-8; a query cannot name them, but the rest is of use.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            schema = _schema(connection, more_keys)
            if not schema.tables:  # SQLite takes an empty file for a database
                raise sqlite3.DatabaseError("it has no table")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise InputError(f"{path}: not a usable SQLite database ({error}); restore the file") from None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Database(db_id, "sqlite", f"sqlite:///{path.absolute()}", schema, digest)


def _schema(connection: sqlite3.Connection, more_keys: tuple[ForeignKey, ...]) -> Schema:
    listed = connection.execute(
        "SELECT name, type FROM sqlite_master "
        "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    tables: dict[str, tuple[Column, ...]] = {}
    keys: list[ForeignKey] = []
    for table, kind in listed.fetchall():
        try:
            info = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)).fetchall()
        except sqlite3.OperationalError:
            if kind == "view":  # of a table that is gone: nothing can be asked of it
                continue
            raise
        tables[table] = tuple(Column(name, declared.lower(), pk > 0) for name, declared, pk in info)
    for table in tables:
        pragma = 'SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)'
        for column, ref_table, ref_column in connection.execute(pragma, (table,)):
            if ref_column is None:  # the reference names no column: it means the other table's primary key
                primary = [c.name for c in tables.get(ref_table, ()) if c.primary_key]
                if len(primary) != 1:
                    continue
                ref_column = primary[0]
            keys.append(ForeignKey(table, column, ref_table, ref_column))
    seen = {_folded(key) for key in keys}
    keys += [key for key in more_keys if _folded(key) not in seen]
    return Schema(tables, tuple(keys))


def _folded(key: ForeignKey) -> tuple[str, ...]:
    return tuple(part.lower() for part in (key.table, key.column, key.ref_table, key.ref_column))
