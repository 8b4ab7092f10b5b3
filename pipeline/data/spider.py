"""Loader of Spider's distributed layout: dev.json / train*.json, tables.json, database/<db>/<db>.sqlite.

The bundled samples and a user's own data come in the same layout; two more keys are understood in a row, `reasoning`
and `evidence`. A malformed row is set aside with its reason, a missing or corrupt database stops the load: without it
nothing about its questions can be checked. Not covered: Spider's parsed `sql` and `query_toks` fields, which nothing
here needs.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.data.example import Column, Database, Example, ForeignKey, Schema
from pipeline.data.prompts import THINK_CLOSE, THINK_OPEN
from pipeline.errors import InputError

TRAIN_FILES = ("train.json", "train_spider.json", "train_others.json")
DEV_FILE = "dev.json"


@dataclass(frozen=True)
class Rejected:
    """A row that is not an example: where it stood, what it held, why it was set aside."""

    source: str
    row: Any
    reasons: tuple[str, ...]


@dataclass
class Loaded:
    """What a folder held: `train` is empty where the folder has no training file."""

    train: list[Example] = field(default_factory=list)
    dev: list[Example] = field(default_factory=list)
    databases: dict[str, Database] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


def load_spider(root: Path) -> Loaded:
    """Read a folder in Spider's layout.

    Raises:
        InputError: the folder, its question files or a database that a question needs is missing or unreadable.
    """
    if not root.is_dir():
        raise InputError(
            f"data folder {root} does not exist; give a folder in Spider's layout "
            "(dev.json or train.json, tables.json, database/) or 'bundled'"
        )
    loaded = Loaded()
    names = [name for name in (*TRAIN_FILES, DEV_FILE) if (root / name).is_file()]
    if not names:
        raise InputError(f"data folder {root} has neither {DEV_FILE} nor {', nor '.join(TRAIN_FILES)}")
    for name in names:
        split = loaded.dev if name == DEV_FILE else loaded.train
        for number, row in enumerate(_read_list(root / name), start=1):
            source = f"{name}#{number}"
            problem = _problem(row)
            if problem:
                loaded.rejected.append(Rejected(source, row, (problem,)))
            else:
                split.append(_example(row, source))
    keys = _declared_keys(root / "tables.json")
    for example in (*loaded.train, *loaded.dev):
        if example.db_id not in loaded.databases:
            path = root / "database" / example.db_id / f"{example.db_id}.sqlite"
            if not path.is_file():
                raise InputError(
                    f"{path}: this database is missing, but {root / example.source} asks a question of it; "
                    "add the file or remove the question"
                )
            loaded.databases[example.db_id] = read_sqlite(example.db_id, path, keys.get(example.db_id, ()))
    return loaded


def read_sqlite(db_id: str, path: Path, more_keys: tuple[ForeignKey, ...] = ()) -> Database:
    """Schema and content digest (SHA-256) of a SQLite file; `more_keys` are foreign keys known from elsewhere.

    Raises:
        InputError: the file is not a SQLite database or is corrupt.
    """
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        try:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            schema = _schema(connection, more_keys)
            if not schema.tables:  # SQLite takes an empty file for a database
                raise sqlite3.DatabaseError("it has no table")
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a usable SQLite database ({error}); restore the file") from None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Database(db_id, "sqlite", f"sqlite:///{path.absolute()}", schema, digest)


def _schema(connection: sqlite3.Connection, more_keys: tuple[ForeignKey, ...]) -> Schema:
    listed = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    tables: dict[str, tuple[Column, ...]] = {}
    keys: list[ForeignKey] = []
    for (table,) in listed.fetchall():
        info = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)).fetchall()
        tables[table] = tuple(Column(name, kind.lower(), pk > 0) for name, kind, pk in info)
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


def _declared_keys(path: Path) -> dict[str, tuple[ForeignKey, ...]]:
    """Foreign keys by db_id as tables.json declares them: many Spider databases do not declare their own."""
    if not path.is_file():
        return {}
    declared = {}
    for number, entry in enumerate(_read_list(path), start=1):
        try:
            tables, columns = entry["table_names_original"], entry["column_names_original"]
            declared[entry["db_id"]] = tuple(
                ForeignKey(tables[columns[a][0]], columns[a][1], tables[columns[b][0]], columns[b][1])
                for a, b in entry["foreign_keys"]
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: entry {number} is not in Spider's form ({type(error).__name__}: {error})"
            ) from None
    return declared


def _read_list(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InputError(f"{path}: not JSON ({error.msg} at {where}); mend the file or export it again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    if not isinstance(content, list):
        raise InputError(f"{path}: must hold a JSON list of rows, not {type(content).__name__}")
    return content


def _problem(row: Any) -> str | None:
    """Why `row` is no example, or None."""
    if not isinstance(row, dict):
        return f"malformed: a row must be an object, this is {type(row).__name__}"
    for key in ("db_id", "question", "query"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            return f"malformed: {key!r} must be a non-empty text"
    if Path(row["db_id"]).name != row["db_id"] or row["db_id"] == "..":
        return f"malformed: db_id {row['db_id']!r} is not a plain name"
    for key in ("reasoning", "evidence", "difficulty"):
        if not isinstance(row.get(key, ""), str | None):
            return f"malformed: {key!r} must be a text"
    if any(tag in (row.get("reasoning") or "") for tag in (THINK_OPEN, THINK_CLOSE)):
        return f"malformed: 'reasoning' must not hold {THINK_OPEN} or {THINK_CLOSE}, which are put around it"
    return None


def _example(row: dict[str, Any], source: str) -> Example:
    reasoning = (row.get("reasoning") or "").strip() or None
    return Example(
        db_id=row["db_id"],
        question=row["question"].strip(),
        gold_sql=(row["query"].strip().rstrip(";").strip(),),
        evidence=(row.get("evidence") or "").strip(),
        difficulty=row.get("difficulty") or "",
        source=source,
        reasoning=reasoning,
        reasoning_source="given" if reasoning else "",
    )
