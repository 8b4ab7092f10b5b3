"""The databases that a user names: a SQLite file, a URL, or a folder in Spider's layout with many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.example import Database
from pipeline.data.mysql_schema import read_mysql
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.data.tables_json import Declared, read_tables_json
from pipeline.engine.urls import mysql_address, sqlite_path
from pipeline.errors import InputError
from pipeline.synth.reading.views import Names

_FORMS = "give a SQLite file, mysql://user@host:3306/database, or a folder with database/<db>/<db>.sqlite"


@dataclass(frozen=True)
class Source:
    """A database with the spoken names that are known of it, and its file if it is one."""

    database: Database
    names: Names = field(default_factory=dict)
    path: Path | None = None


def open_sources(given: Sequence[str], only: Sequence[str] = ()) -> list[Source]:
    """The databases in the order in which they are named; of folders those in `only`, or all.

    Raises:
        InputError: there is no such database, two have the same db_id, or `only` names one that no folder has.
        InfrastructureError: a server does not answer.
    """
    found: dict[str, Source] = {}
    for text in given:
        for source in _read(text, only):
            db_id = source.database.db_id
            if db_id in found:
                raise InputError(f"--db {text}: there is a second database {db_id!r}; rename one, or leave one out")
            found[db_id] = source
    if missing := [db_id for db_id in only if db_id not in found]:
        raise InputError(f"--only {missing[0]}: none of {', '.join(given)} has this database")
    return list(found.values())


def _read(text: str, only: Sequence[str]) -> Iterator[Source]:
    if text.startswith("mysql:"):
        yield Source(read_mysql(mysql_address(text).database, text))
        return
    path = Path(sqlite_path(text) if text.startswith("sqlite:") else text).absolute()
    if path.is_dir():
        yield from _folder(path, only)
    elif path.suffix.lower() in (".sql", ".json"):
        raise InputError(f"--db {text}: a schema without rows, on which nothing can be executed; {_FORMS}")
    elif path.is_file():
        yield Source(read_sqlite(path.stem, path), path=path)
    else:
        raise InputError(f"--db {text}: there is no such file or folder; {_FORMS}")


def _folder(root: Path, only: Sequence[str]) -> Iterator[Source]:
    files = {path.parent.name: path for path in sorted((root / "database").glob("*/*.sqlite")) if _is_original(path)}
    if not files:
        raise InputError(f"--db {root}: no database/<db>/<db>.sqlite in this folder; {_FORMS}")
    said = read_tables_json(root / "tables.json")
    for db_id, path in files.items():
        if not only or db_id in only:
            known = said.get(db_id, Declared())
            yield Source(known.read(db_id, path), known.names, path)


def _is_original(path: Path) -> bool:
    return path.stem == path.parent.name  # beside it the official download has variants
