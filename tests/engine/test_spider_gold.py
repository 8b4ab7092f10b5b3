"""Spider's own gold queries through the engine: all run, none is refused, none is said to name unknown things."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.sql.names import unknown_names
from pipeline.sql.parsing import check_read_only

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)
SPIDER = BENCHMARKS / "spider"

pytestmark = pytest.mark.skipif(
    not (SPIDER / "dev.json").is_file(), reason=f"no Spider data in {SPIDER}: set QUERYSMITH_BENCHMARKS to its parent"
)


def _url(db_id: str) -> str:
    return f"sqlite:///{SPIDER}/database/{db_id}/{db_id}.sqlite"


def _tables(engine: Engine, db_ids: list[str]) -> dict[str, dict[str, list[str]]]:
    """Table -> columns of each database; SQLite's own tables (sqlite_sequence) need no entry."""
    schemas = {}
    for db_id in db_ids:
        [tables] = engine.execute(
            [Query(_url(db_id), "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        )
        names = [name for (name,) in tables.rows]
        shown = engine.execute([Query(_url(db_id), f'SELECT * FROM "{name}"') for name in names])
        schemas[db_id] = {name: list(result.columns) for name, result in zip(names, shown, strict=True)}
    return schemas


def test_all_gold_queries_run_and_raise_no_alarm() -> None:
    dev = json.loads((SPIDER / "dev.json").read_text(encoding="utf-8"))
    assert len(dev) == 552
    with Engine(workers=2, timeout_s=20) as engine:
        results = engine.execute([Query(_url(item["db_id"]), item["query"]) for item in dev])
        schemas = _tables(engine, sorted({item["db_id"] for item in dev}))
    assert [(item["query"], result.error) for item, result in zip(dev, results, strict=True) if result.error] == []
    assert not any(result.truncated for result in results)
    assert all(result.cost for result in results)
    for item in dev:
        assert check_read_only(item["query"], "sqlite") is None, item["query"]
        unknown = unknown_names(item["query"], schemas[item["db_id"]], "sqlite")
        assert unknown is not None, item["query"]
        assert not unknown, (item["query"], unknown)
