"""Altered copies of a SQLite database: a query that is right by accident on one of them is hardly so on all.

In the manner of distilled test suites (Zhong et al. 2020, arXiv 2010.02840), but from the database alone, no queries
needed: rewards, filters and evaluation ask a prediction to equal the gold on the database and on its variants. They are
kept on disk by the digest of the database. What a copy keeps and what it changes is in alterations.py, how the ten
differ in manners.py.
Not covered: other dialects than SQLite, throwing variants away (the folder may be deleted at any time), statistics
(ANALYZE), full-text tables that keep no content of their own, and foreign keys in the digest: who loads the same file
with other foreign keys gets the copies of the first.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from pipeline.data.example import Database
from pipeline.engine.urls import sqlite_path
from pipeline.errors import InfrastructureError, InputError
from pipeline.synth.variants.alterations import Alterations, Made
from pipeline.synth.variants.content import Content, Row, Table, is_orphan, quoted, read_content
from pipeline.synth.variants.manners import MANNERS

VERSION = 1  # of the copies' content: raised with every change to it, so that copies of before are not taken for new
MOST_COPIES = len(MANNERS)

# The beginnings of SQLite's names for what is no property of a database.
_MACHINE = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_NOMEM")


def variants(database: Database, copies: int, folder: Path) -> tuple[Database, ...]:
    """The first `copies` variants of a database, built under `folder` where they are not there yet.

    Each has the database's id and schema, and a digest of its own. The same digest always gives the same rows; how many
    copies are asked for changes none of them. Safe to call from several processes at once.

    Raises:
        InputError: more copies than there are, no SQLite database, or one whose definitions cannot be repeated.
        InfrastructureError: the database is missing, or the copies cannot be written.
    """
    if not 0 <= copies <= MOST_COPIES:
        raise InputError(f"variants of {database.db_id}: {copies} asked for, there are 0 to {MOST_COPIES}")
    if database.dialect != "sqlite":
        raise InputError(f"variants of {database.db_id}: only SQLite databases have them, this is {database.dialect}")
    place = folder.absolute() / f"{database.digest}-v{VERSION}"
    paths = [place / f"{number}.sqlite" for number in range(1, copies + 1)]
    missing = [number for number, path in enumerate(paths, start=1) if not path.is_file()]
    if missing:
        content = _read(database)
        alterations = Alterations(content, f"{database.digest}-v{VERSION}")
        for number in missing:
            _build(content, alterations.made(number), paths[number - 1])
    return tuple(
        replace(database, url=f"sqlite:///{path}", digest=_digest(database.digest, number))
        for number, path in enumerate(paths, start=1)
    )


def _digest(digest: str, number: int) -> str:
    return hashlib.sha256(f"{digest}-v{VERSION}/{number}".encode()).hexdigest()


def _read(database: Database) -> Content:
    path = Path(sqlite_path(database.url))
    if not path.is_file():
        raise InfrastructureError(f"database file {path} does not exist: mount or download it, then run again")
    try:
        return read_content(path, database.schema)
    except sqlite3.Error as error:
        kind = InfrastructureError if _of_the_machine(error) else InputError
        raise kind(f"{path}: not a usable SQLite database ({error}); restore the file") from None


def _of_the_machine(error: Exception) -> bool:
    return isinstance(error, OSError) or getattr(error, "sqlite_errorname", "").startswith(_MACHINE)


def _build(content: Content, made: dict[str, list[Made]], path: Path) -> None:
    """Write a copy under another name, then give it its own: what a killed process has left is never taken for one."""
    partial = path.with_name(f"{path.stem}-{uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
            _write(connection, content, made)
        with partial.open("rb") as file:
            os.fsync(file.fileno())  # or the name could survive a crash of the machine that the content does not
        partial.replace(path)
    except (OSError, sqlite3.Error) as error:
        if _of_the_machine(error):
            raise InfrastructureError(f"variant {path}: {error}: make room in its folder, then run again") from error
        raise InputError(
            f"variant {path}: {error}: the database has definitions that cannot be repeated in a copy"
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _write(connection: sqlite3.Connection, content: Content, made: dict[str, list[Made]]) -> None:
    connection.execute(f"PRAGMA encoding = {quoted(content.encoding)}")
    connection.execute("PRAGMA synchronous = OFF")  # a half-written file is thrown away anyway
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("BEGIN")
    for sql in content.before:
        connection.execute(sql)
    for table in content.tables:
        for row, original in made[table.name]:
            if not _inserted(connection, table, row):
                _inserted(connection, table, original)
    _delete_orphans(connection, content.tables)
    for sql in content.after:
        connection.execute(sql)
    connection.execute("COMMIT")


def _inserted(connection: sqlite3.Connection, table: Table, row: Row) -> bool:
    """Add a row; False if a constraint of the table forbids it."""
    try:
        return connection.execute(_insertion(table, ["?"] * len(row)), row).rowcount > 0
    except UnicodeEncodeError:  # text that is not UTF-8: its bytes, made text by SQLite
        raw = [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value for value in row]
        marks = ["CAST(? AS TEXT)" if isinstance(value, str) else "?" for value in row]
        return connection.execute(_insertion(table, marks), raw).rowcount > 0
    except sqlite3.IntegrityError:  # of a STRICT table: OR IGNORE does not cover types
        return False


def _insertion(table: Table, marks: Sequence[str]) -> str:
    columns = ", ".join(map(quoted, table.columns))
    return f"INSERT OR IGNORE INTO {quoted(table.name)} ({columns}) VALUES ({', '.join(marks)})"


def _delete_orphans(connection: sqlite3.Connection, tables: Sequence[Table]) -> None:
    """Delete the rows whose link leads nowhere, until there is none: SQLite may have refused what it leads to."""
    deletions = [
        f"DELETE FROM {quoted(table.name)} AS child WHERE {is_orphan(link)}"
        for table in tables
        for link in table.links
        if link.strict
    ]
    while sum(connection.execute(sql).rowcount for sql in deletions):
        pass
