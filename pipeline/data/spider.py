"""Loader of Spider's distributed layout: dev.json / train*.json / test.json, tables.json, database/<db>/<db>.sqlite.

The bundled samples and a user's own data come in the same layout; two more keys are understood in a row, `reasoning`
and `evidence`. A malformed row is set aside with its reason, a missing or corrupt database stops the load. Not covered:
Spider's parsed `sql` and `query_toks` fields, which nothing here needs.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.data.loading import (
    Keys,
    Loaded,
    MissingDatabase,
    add_databases,
    check_folder,
    check_split,
    examples,
    first_file,
    numbered_rows,
)
from pipeline.data.tables_json import Declared, read_tables_json
from pipeline.errors import InputError

TRAIN_FILES = ("train.json", "train_spider.json", "train_others.json")
DEV_FILE, TEST_FILE = "dev.json", "test.json"

_LAYOUT = "in Spider's layout (dev.json or train.json, tables.json, database/) or 'bundled'"
_KEYS = Keys()
# The databases of the test split come in a folder and a tables file of their own; some put all into one.
_FOLDERS = {"dev": ("database",), "train": ("database",), "test": ("test_database", "database")}
_TABLES = {"dev": ("tables.json",), "train": ("tables.json",), "test": ("tables.json", "test_tables.json")}


def load_spider(root: Path, split: str = "dev") -> Loaded:
    """Read a folder in Spider's layout: its training questions and, as `Loaded.dev`, those of dev.json ("dev"), of
    test.json ("test") or none ("train").

    Raises:
        InputError: the folder, its question files or a database that a question needs is missing or unreadable.
    """
    check_split("spider", split, ("dev", "test", "train"))
    check_folder(root, _LAYOUT)
    judged = {"dev": DEV_FILE, "test": TEST_FILE, "train": ""}[split]
    wanted = {"dev": (DEV_FILE, *TRAIN_FILES), "test": (TEST_FILE,), "train": TRAIN_FILES}[split]
    if not any((root / name).is_file() for name in wanted):
        raise InputError(f"data folder {root} has {'neither' if wanted[1:] else 'no'} {' nor '.join(wanted)}")
    loaded = Loaded()
    names = [name for name in (*TRAIN_FILES, judged) if name and (root / name).is_file()]
    for name in names:
        questions = loaded.dev if name == judged else loaded.train
        questions += examples(numbered_rows(loaded, root, name), _KEYS, loaded.rejected)
    said: dict[str, Declared] = {}
    for name in _TABLES[split]:
        said |= read_tables_json(root / name)
    add_databases(loaded, root, lambda db_id: said.get(db_id, Declared()).read(db_id, _path(root, db_id, split)))
    return loaded


def variants(root: Path, db_id: str) -> list[Path]:
    """The SQLite files that the test-suite evaluation runs a query on: the database itself, then its variants by name.

    They stand in test_suite/<db>/, or in database/<db>/ (test_database/<db>/) as in the official download; without any,
    the list holds the database alone.

    Raises:
        InputError: the database itself is missing.
    """
    name = f"{db_id}.sqlite"
    folders = [root / folder / db_id for folder in ("test_suite", "database", "test_database")]
    try:
        original = first_file([folder / name for folder in folders])
    except MissingDatabase:
        raise InputError(f"{folders[1] / name}: this database is missing; add the file") from None
    suite = folders[0] if folders[0].is_dir() else original.parent
    return [original, *sorted(path for path in suite.glob("*.sqlite") if path.name != name)]


def _path(root: Path, db_id: str, split: str) -> Path:
    return first_file([root / folder / db_id / f"{db_id}.sqlite" for folder in _FOLDERS[split]])
