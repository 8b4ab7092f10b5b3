"""Loader of KaggleDBQA's distributed layout: examples/<db>.json, <db>_fewshot.json and <db>_test.json,
KaggleDBQA_tables.json with column descriptions, databases/<db>/<db>.sqlite.
"""

from __future__ import annotations

from pathlib import Path

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
from pipeline.data.tables_json import Declared, read_tables_json
from pipeline.errors import InputError

_LAYOUT = "in KaggleDBQA's layout (examples/, KaggleDBQA_tables.json, databases/)"
_KEYS = Keys()
_FEWSHOT, _TEST = "_fewshot", "_test"


def load_kaggledbqa(root: Path, split: str = "dev") -> Loaded:
    """Read a folder in KaggleDBQA's layout. `split` is "dev": all questions as `Loaded.dev`; "test": the test questions
    as `Loaded.dev` and the few-shot ones as `Loaded.train`; "train": only the few-shot ones.

    Raises:
        InputError: the folder, its question files or a database that a question needs is missing or unreadable.
    """
    check_split("kaggledbqa", split, ("dev", "test", "train"))
    check_folder(root, _LAYOUT)
    folder = root / "examples"
    listed = sorted(path.stem for path in folder.glob("*.json"))
    endings = {"dev": {"": "dev"}, "test": {_FEWSHOT: "train", _TEST: "dev"}, "train": {_FEWSHOT: "train"}}[split]
    loaded = Loaded()
    found = False
    for stem in listed:
        ending = next((ending for ending in (_FEWSHOT, _TEST) if stem.endswith(ending)), "")
        if ending in endings:
            found = True
            questions = loaded.train if endings[ending] == "train" else loaded.dev
            questions += examples(numbered_rows(loaded, root, f"examples/{stem}.json"), _KEYS, loaded.rejected)
    if not found:
        missing = " or ".join(f"<db>{ending}.json" for ending in endings)
        raise InputError(f"{folder}: no {missing}; give a folder {_LAYOUT}")
    said = read_tables_json(root / "KaggleDBQA_tables.json")

    def path_of(db_id: str) -> Path:
        return first_file([root / "databases" / db_id / f"{db_id}.sqlite"])

    add_databases(loaded, root, lambda db_id: said.get(db_id, Declared()).read(db_id, path_of(db_id)))
    return loaded
