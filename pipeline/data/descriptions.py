"""What columns mean, in words: from BIRD's database_description folders and from tables.json."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.data.decoding import read_text
from pipeline.data.example import Column, Database, Schema
from pipeline.errors import InputError

# By table and column, both in lower case.
Descriptions = Mapping[tuple[str, str], str]

_NAME = "original_column_name"
_PARTS = ("column_description", "value_description")
_PREFACE = re.compile(r"common\s*sense\s+evidence\s*:", re.IGNORECASE)


def described(database: Database, descriptions: Descriptions) -> Database:
    """The database with these descriptions. Its digest covers them, because prompts show them."""
    used: dict[str, dict[str, str]] = {}
    tables: dict[str, tuple[Column, ...]] = {}
    for table, columns in database.schema.tables.items():
        texts = {c.name: descriptions.get((table.lower(), c.name.lower()), "") for c in columns}
        texts = {name: text for name, text in texts.items() if text}
        tables[table] = tuple(replace(c, description=texts.get(c.name, c.description)) for c in columns)
        if texts:
            used[table] = texts
    if not used:
        return database
    digest = hashlib.sha256(f"{database.digest}\n{json.dumps(used, sort_keys=True)}".encode()).hexdigest()
    return replace(database, schema=Schema(tables, database.schema.foreign_keys), digest=digest)


def worth_telling(table: str, column: str, text: str) -> str:
    """The description on one line, or nothing where it only repeats the names, as a third of all do."""
    text = " ".join(text.split())
    told = _letters(text)
    repeats = {_letters(column), _letters(f"the {column}"), _letters(f"the {column} of the {table}")}
    return "" if told in repeats else text


def read_description_files(folder: Path) -> dict[tuple[str, str], str]:
    """BIRD's database_description/<table>.csv: what a column holds, then what its values mean.

    These files are in mixed encodings and have stray bytes and open quotes: what cannot be understood is left out, and
    nothing is ever raised. Empty where the folder does not exist.
    """
    found: dict[tuple[str, str], str] = {}
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if path.suffix.lower() == ".csv":
            found |= _read_file(path)
    return found


def _read_file(path: Path) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    table = path.stem.strip()
    try:
        text, _ = read_text(path)
        rows = csv.reader(io.StringIO(text, newline=""))
        header = [name.strip().lower() for name in next(rows, [])]
        for values in rows:
            row = dict(zip(header, values, strict=False))
            column = row.get(_NAME, "").strip()
            meaning, values_mean = (row.get(part, "") for part in _PARTS)
            told = (
                worth_telling(table, column, meaning or row.get("column_name", "")),
                " ".join(_PREFACE.sub("", values_mean).split()),
            )
            if column and any(told):
                found[table.lower(), column.lower()] = "; ".join(filter(None, told))
    except (InputError, csv.Error):
        pass  # what has been read so far is of use
    return found


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())
