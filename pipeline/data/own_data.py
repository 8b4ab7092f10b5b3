"""Loader of a user's own questions: JSON lines or CSV with question, db_id, gold_sql and, if known, evidence,
difficulty and reasoning.

Databases stand in databases/<db>/<db>.sqlite, databases/<db>.sqlite or <db>.sqlite beside the questions, or on a MySQL
server: the one that the caller names, else the one in the file mysql.url beside the questions. Every row that is not an
example, or asks an unknown database, is set aside with its reason. Commas, semicolons and tabs separate the fields of a
CSV file, whichever its first line holds most of.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.data.decoding import read_text
from pipeline.data.example import Database
from pipeline.data.loading import Keys, Loaded, Rejected, check_split, examples, first_file, set_aside_orphans
from pipeline.data.mysql_schema import on_server
from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.urls import mysql_address
from pipeline.errors import InputError

SERVER_FILE = "mysql.url"  # one line: mysql://user@host:3306/ or mysql://user@host:3306/database

_KEYS = Keys(sql="gold_sql")
_NEEDED = ("question", "db_id", "gold_sql")
_SUFFIXES = (".jsonl", ".csv")
_LARGEST_FIELD = 2**24  # characters; Python's own limit of 2**17 is too small for a long query with its comments
_SHOWN = 500


def load_own(root: Path, split: str = "dev", database_url: str = "") -> Loaded:
    """Read a file, or a folder with train, dev and test files (.jsonl or .csv).

    Of a folder, `train` becomes `Loaded.train`, and the file that `split` names (dev, test) `Loaded.dev`. A single
    file, or the files of a folder that has none of these names, become `Loaded.train` for the split "train", else
    `Loaded.dev`.

    Raises:
        InputError: there is no such file or folder, no question file in it, or a database is corrupt.
    """
    check_split("jsonl", split, ("dev", "test", "train"))
    folder, files = _files(root)
    named = any(path.stem in ("train", "dev", "test") for path in files)
    loaded = Loaded()
    read = 0
    for path in files:
        part = path.stem if named else split
        if part not in ("train", split):
            continue
        read += 1
        questions = loaded.train if part == "train" else loaded.dev
        rows = _jsonl_rows if path.suffix.lower() == ".jsonl" else _csv_rows
        questions += examples(rows(loaded, path), _KEYS, loaded.rejected)
    if not read:
        raise InputError(f"{folder}: no questions for the split {split!r}; add {split}.jsonl or {split}.csv")
    url = database_url or server_of(folder)
    set_aside_orphans(loaded, on_server(url) if url else _in_folder(folder))
    return loaded


def is_own(root: Path) -> bool:
    """Whether this is a file or a folder with questions in this layout."""
    if root.is_dir():
        return any(path.suffix.lower() in _SUFFIXES for path in root.iterdir())
    return root.is_file() and root.suffix.lower() in _SUFFIXES


def server_of(folder: Path) -> str:
    """The URL of the MySQL server, or of the database, that the folder's questions are asked of; "" for SQLite files.

    Raises:
        InputError: the file that names it holds something else.
    """
    file = folder / SERVER_FILE
    if not file.is_file():
        return ""
    url = read_text(file)[0].strip()
    # A server stands for each of its databases: any name will do to see whether the rest is right.
    mysql_address(f"{url.removesuffix('/')}/any" if urlsplit(url).path in ("", "/") else url)
    return url


def _files(root: Path) -> tuple[Path, list[Path]]:
    """The folder, and the question files in it."""
    if root.is_file():
        if root.suffix.lower() not in _SUFFIXES:
            raise InputError(f"{root}: questions must be in a .jsonl or .csv file; rename or convert it")
        return root.parent, [root]
    if not root.is_dir():
        raise InputError(f"{root} does not exist; give a .jsonl or .csv file with questions, or a folder that holds it")
    files = sorted(path for path in root.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
    named = [path for path in files if path.stem in ("train", "dev", "test")]
    if not files:
        raise InputError(f"data folder {root} has no .jsonl or .csv file; add one with {', '.join(_NEEDED)}")
    return root, named or files


def _in_folder(folder: Path) -> Callable[[str], Database]:
    def read(db_id: str) -> Database:
        name = f"{db_id}.sqlite"
        places = [folder / "databases" / db_id / name, folder / "databases" / name, folder / name]
        return read_sqlite(db_id, first_file(places))

    return read


def _text_of(loaded: Loaded, path: Path) -> str:
    text, repairs = read_text(path)
    if repairs:
        loaded.repaired[path.name] = repairs
    return text


def _jsonl_rows(loaded: Loaded, path: Path) -> Iterator[tuple[str, Any]]:
    """Each line that is JSON, with its source `file#line`; other lines are set aside."""
    for number, line in enumerate(_text_of(loaded, path).split("\n"), start=1):
        if not line.strip():
            continue
        source = f"{path.name}#{number}"
        try:
            yield source, json.loads(line)
        except (ValueError, RecursionError) as error:
            loaded.rejected.append(Rejected(source, line[:_SHOWN], (f"malformed: not JSON ({error})",)))


def _csv_rows(loaded: Loaded, path: Path) -> Iterator[tuple[str, Any]]:
    """Each record with as many fields as the header, with its source `file#number`, counted from 1 without the header;
    other records are set aside."""
    text = _text_of(loaded, path)
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    csv.field_size_limit(_LARGEST_FIELD)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    number = 0
    while True:
        try:
            values = next(records, None)
        except csv.Error as error:  # an open quote, or text behind a closing one
            number += 1
            reason = f"malformed: not CSV ({error}, up to line {records.line_num})"
            loaded.rejected.append(Rejected(f"{path.name}#{number}", None, (reason,)))
            continue
        if values is None:
            return
        if not any(value.strip() for value in values):
            continue
        if header is None:
            header = [name.strip().lower() for name in values]
            continue
        number += 1
        problem = _shape_problem(header, values)
        if problem:
            reasons = (f"malformed: {problem}",)
            loaded.rejected.append(Rejected(f"{path.name}#{number}", values, reasons))
        else:
            yield f"{path.name}#{number}", dict(zip(header, values, strict=True))


def _shape_problem(header: list[str], values: list[str]) -> str | None:
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        return f"the first line of the file names no column {' nor '.join(missing)}"
    if len(values) != len(header):
        return f"{len(values)} fields, but the first line names {len(header)} columns"
    return None
