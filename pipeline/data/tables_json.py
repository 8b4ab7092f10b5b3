"""tables.json of Spider and of the benchmarks after it: foreign keys and column descriptions, by database.

Many databases do not declare their keys themselves. KaggleDBQA's file has descriptions as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.decoding import read_list
from pipeline.data.descriptions import described, worth_telling
from pipeline.data.example import Database, ForeignKey
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.errors import InputError


@dataclass(frozen=True)
class Declared:
    """What is said of one database: foreign keys, and descriptions by table and column in lower case; `names` are the
    names as people say them, those of tables with "" for the column."""

    foreign_keys: tuple[ForeignKey, ...] = ()
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self, db_id: str, path: Path) -> Database:
        """The SQLite file `path` with what is said of it; raises InputError where it is not usable."""
        return described(read_sqlite(db_id, path, self.foreign_keys), self.descriptions)


def read_tables_json(path: Path) -> dict[str, Declared]:
    """What the file says of each db_id; empty where there is no such file.

    Raises:
        InputError: the file is not in Spider's form.
    """
    return declared(path, read_list(path)[0]) if path.is_file() else {}


def declared(path: Path, entries: Iterable[Any]) -> dict[str, Declared]:
    """As `read_tables_json`, of entries that have been read already."""
    found = {}
    for number, entry in enumerate(entries, start=1):
        try:
            found[entry["db_id"]] = _declared(entry)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{path}: entry {number} is not in Spider's form ({type(error).__name__}: {error})"
            ) from None
    return found


def _declared(entry: dict[str, Any]) -> Declared:
    tables, columns = entry["table_names_original"], entry["column_names_original"]
    keys = tuple(
        ForeignKey(tables[columns[a][0]], columns[a][1], tables[columns[b][0]], columns[b][1])
        for a, b in entry["foreign_keys"]
    )
    texts = entry.get("column_descriptions") or ()
    descriptions = {
        (tables[table].lower(), column.lower()): told
        for (table, column), text in zip(columns, texts, strict=False)
        if table >= 0 and isinstance(text, str) and (told := worth_telling(tables[table], column, text))
    }
    return Declared(keys, descriptions, _names(entry, tables, columns))


def _names(entry: dict[str, Any], tables: list[str], columns: list[Any]) -> dict[tuple[str, str], str]:
    said = zip(tables, entry.get("table_names") or (), strict=False)
    names = {(table.lower(), ""): text for table, text in said if isinstance(text, str)}
    for (table, column), (_, text) in zip(columns, entry.get("column_names") or (), strict=False):
        if table >= 0 and isinstance(text, str):
            names[tables[table].lower(), column.lower()] = text
    return names
