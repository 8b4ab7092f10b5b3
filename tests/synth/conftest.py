from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline.synth.samples.writing import write_samples


class Samples(NamedTuple):
    folder: Path
    train: list[dict[str, Any]]
    dev: list[dict[str, Any]]
    tables: list[dict[str, Any]]
    manifest: dict[str, Any]

    def database(self, db_id: str) -> Path:
        return self.folder / "database" / db_id / f"{db_id}.sqlite"


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    folder = write_samples(tmp_path_factory.mktemp("synth") / "samples", seed=11, questions_per_database=160)
    read = [json.loads((folder / f"{name}.json").read_text()) for name in ("train", "dev", "tables", "manifest")]
    return Samples(folder, *read)
