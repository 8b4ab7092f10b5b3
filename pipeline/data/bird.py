"""Loader of BIRD's distributed layouts: full, mini-dev (SQLite, MySQL) and training set.

Question files stand in the folder itself or in the folders of the downloads (dev/, dev_20240627/, MINIDEV/, train/);
beside them dev_databases/<db>/<db>.sqlite (train_databases/), with database_description/*.csv, and dev_tables.json.
With a MySQL URL the databases come from that server, descriptions still from the files where there are any. Not
covered: mini-dev for PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.data.descriptions import described, read_description_files
from pipeline.data.example import Database
from pipeline.data.loading import (
    Keys,
    Loaded,
    add_databases,
    check_folder,
    check_split,
    examples,
    first_file,
    numbered_rows,
)
from pipeline.data.mysql_schema import on_server
from pipeline.data.tables_json import Declared, read_tables_json
from pipeline.errors import InputError

_LAYOUT = "in BIRD's layout (dev.json or mini_dev_sqlite.json, dev_databases/)"
_KEYS = Keys(sql="SQL")
_DEV_FOLDERS = ("", "dev", "dev_20240627", "MINIDEV", "minidev/MINIDEV")
_TRAIN_FOLDERS = ("", "train")


def load_bird(root: Path, split: str = "dev", database_url: str = "") -> Loaded:
    """Read a folder in BIRD's layout: the training questions, if it has them, and as `Loaded.dev` those of dev.json or
    else of the mini-dev ("dev"), of the mini-dev only ("mini_dev") or none ("train").

    `database_url`: `mysql://user@host:port/`, followed by the database where all are in one. The questions are then
    those of mini_dev_mysql.json, and there are no training questions: BIRD has none for MySQL.

    Raises:
        InputError: the folder, its question files or a database that a question needs is missing or unreadable.
    """
    check_split("bird", split, ("dev", "mini_dev", "train"))
    check_folder(root, _LAYOUT)
    mini = "mini_dev_mysql.json" if database_url else "mini_dev_sqlite.json"
    dev_names = {"dev": ("dev.json",) * (not database_url) + (mini,), "mini_dev": (mini,), "train": ()}[split]
    train_names = () if database_url else ("train.json",)
    dev = _find(root, _DEV_FOLDERS, dev_names)
    train = _find(root, _TRAIN_FOLDERS, train_names)
    if not dev and not train:
        wanted = " nor ".join((*dev_names, *train_names)) or "questions for MySQL in the split 'train'"
        raise InputError(f"data folder {root} has no {wanted}; give a folder {_LAYOUT}")
    loaded = Loaded()
    if train:
        loaded.train += examples(numbered_rows(loaded, root, train), _KEYS, loaded.rejected)
    if dev:
        loaded.dev += examples(numbered_rows(loaded, root, dev), _KEYS, loaded.rejected)
    add_databases(loaded, root, _reader(root, [name for name in (dev, train) if name], database_url))
    return loaded


def _find(root: Path, folders: tuple[str, ...], names: tuple[str, ...]) -> str:
    """The first such file that exists, relative to `root`; empty if there is none."""
    found = (str(Path(folder, name)) for name in names for folder in folders if (root / folder / name).is_file())
    return next(found, "")


def _reader(root: Path, question_files: list[str], database_url: str) -> Callable[[str], Database]:
    """Reads a database by its name, with the keys and descriptions that are beside it."""
    homes = []
    said: dict[str, Declared] = {}
    for name in question_files:
        kind = "train" if Path(name).name == "train.json" else "dev"
        folder = (root / name).parent
        homes.append(folder / f"{kind}_databases")
        said = read_tables_json(folder / f"{kind}_tables.json") | said
    server = on_server(database_url) if database_url else None

    def read(db_id: str) -> Database:
        if server:
            database, home = server(db_id), homes[0] / db_id
        else:
            path = first_file([home / db_id / f"{db_id}.sqlite" for home in homes])
            database, home = said.get(db_id, Declared()).read(db_id, path), path.parent
        return described(database, read_description_files(home / "database_description"))

    return read
