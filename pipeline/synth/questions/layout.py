"""Questions on disk as the loaders read them: Spider's layout for SQLite, JSON lines for MySQL."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.data.dataset import write_jsonl
from pipeline.data.example import Database
from pipeline.synth.questions.made import Record
from pipeline.synth.questions.sources import Source
from pipeline.synth.reading.views import Names

# What Spider calls the types of columns, by what the declared type begins with or holds.
_SPIDER_TYPES = (
    ("boolean", r"bool|bit\b"),
    ("time", r"date|time|year"),
    ("number", r"int|real|float|double|dec|num|money|serial"),
    ("text", r"char|text|clob|enum|set|string|^$"),
)


def write_questions(folder: Path, sources: Sequence[Source], splits: Mapping[str, Iterable[Record]]) -> None:
    """Write the questions of each split: `train.json`, `dev.json`, `tables.json` and the databases where they are of
    SQLite; `train.jsonl` and `dev.jsonl`, to be loaded with the server's URL, where they are of MySQL."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [source for source in sources if source.path is not None]
    servers = {source.database.db_id for source in sources if source.path is None}
    for name, records in splits.items():
        listed = list(records)
        if files:
            dump(folder / f"{name}.json", [r for r in listed if r["db_id"] not in servers])
        if servers:
            write_jsonl(folder / f"{name}.jsonl", [_own(r) for r in listed if r["db_id"] in servers])
    if files:
        dump(folder / "tables.json", [_schema(source.database, source.names) for source in files])
    for source in files:
        assert source.path is not None
        place = folder / "database" / source.database.db_id
        place.mkdir(parents=True)
        shutil.copyfile(source.path, place / f"{source.database.db_id}.sqlite")


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every question file, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.json*"))}


def dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _own(record: Record) -> Record:
    """As the loader of a user's own questions has it."""
    return {"gold_sql" if key == "query" else key: value for key, value in record.items()}


def _schema(database: Database, names: Names) -> dict[str, Any]:
    """The entry of tables.json: Spider numbers all columns of a database in one list, after `*`."""
    tables = list(database.schema.tables)
    columns = [(t, c) for t in tables for c in database.schema.tables[t]]
    number = {(t.lower(), c.name.lower()): n for n, (t, c) in enumerate(columns, start=1)}
    keys = [
        (number.get((k.table.lower(), k.column.lower())), number.get((k.ref_table.lower(), k.ref_column.lower())))
        for k in database.schema.foreign_keys
    ]
    return {
        "db_id": database.db_id,
        "table_names": [names.get((t.lower(), ""), _spoken(t)) for t in tables],
        "table_names_original": tables,
        "column_names": [
            [-1, "*"],
            *([tables.index(t), names.get((t.lower(), c.name.lower()), _spoken(c.name))] for t, c in columns),
        ],
        "column_names_original": [[-1, "*"], *([tables.index(t), c.name] for t, c in columns)],
        "column_types": ["text", *(_spider_type(c.type) for _, c in columns)],
        "primary_keys": [n for n, (_, c) in enumerate(columns, start=1) if c.primary_key],
        "foreign_keys": [[own, other] for own, other in keys if own and other],
    }


def _spider_type(declared: str) -> str:
    return next((name for name, pattern in _SPIDER_TYPES if re.search(pattern, declared)), "others")


def _spoken(name: str) -> str:
    return name.replace("_", " ").lower()
