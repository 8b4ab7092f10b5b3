"""The validated data set as a folder: what the validate step writes to MLflow and every later step reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.data.example import Database, Example
from pipeline.data.splits import SPLITS, Split
from pipeline.errors import InputError


@dataclass(frozen=True)
class Dataset:
    """Examples by split and the databases they are asked of. `tokenizer` is the folder of a tokenizer trained on the
    training split, or None where the base model brings its own."""

    splits: dict[Split, list[Example]]
    databases: dict[str, Database]
    tokenizer: Path | None = None

    @property
    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of all examples, their splits and the databases' content."""
        state = hashlib.sha256()
        for split in SPLITS:
            for example in self.splits[split]:
                state.update(json.dumps([split, example.to_json()], sort_keys=True).encode())
        for db_id in sorted(self.databases):
            state.update(self.databases[db_id].digest.encode())
        return state.hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Write everything but the tokenizer (which is made in place, under `folder`/tokenizer)."""
        folder.mkdir(parents=True, exist_ok=True)
        for split in SPLITS:
            write_jsonl(folder / f"{split}.jsonl", (e.to_json() for e in self.splits[split]))
        databases = {db_id: database.to_json() for db_id, database in sorted(self.databases.items())}
        (folder / "databases.json").write_text(json.dumps(databases, indent=1), encoding="utf-8")
        summary = {"digest": self.digest, "counts": {split: len(self.splits[split]) for split in SPLITS}}
        (folder / "dataset.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Dataset:
        """Read what `write` wrote.

        Raises:
            InputError: the folder is not such a data set, or its content is not what its digest says.
        """
        try:
            digest = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))["digest"]
            raw = json.loads((folder / "databases.json").read_text(encoding="utf-8"))
            splits = {split: [Example.from_json(r) for r in read_jsonl(folder / f"{split}.jsonl")] for split in SPLITS}
            databases = {db_id: Database.from_json(value) for db_id, value in raw.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{folder}: not a data set written by the validate step ({error})") from None
        tokenizer = folder / "tokenizer"
        dataset = cls(splits, databases, tokenizer if tokenizer.is_dir() else None)
        if dataset.digest != digest:
            raise InputError(f"{folder}: content does not match its digest {digest}; run validate again")
        return dataset


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line, UTF-8; half a character, as rejected rows may hold, stays the escape that it came as."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]
