"""The verdicts that Spider's and BIRD's official evaluators recorded, reproduced one by one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.benchmark_compare import bird_match, spider_match
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.sql.spider import is_spider_ordered, spider_text

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)
SPIDER = BENCHMARKS / "spider"
BIRD = BENCHMARKS / "bird"

Row = dict[str, Any]


def _recorded(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _execute(queries: list[Query]) -> list[ExecutionResult]:
    with Engine(workers=2, timeout_s=30, max_rows=1_000_000, max_bytes=256 * 2**20, memory_mb=1024) as engine:
        return engine.execute(queries)


def _spider_query(row: Row, sql: str) -> Query:
    return Query(f"sqlite:///{SPIDER}/database/{row['db_id']}/{row['db_id']}.sqlite", spider_text(sql))


@pytest.mark.skipif(
    not (SPIDER / "verdicts.jsonl").is_file(),
    reason=f"no recorded verdicts in {SPIDER}: set QUERYSMITH_BENCHMARKS to its parent",
)
def test_spider() -> None:
    rows = _recorded(SPIDER / "verdicts.jsonl")
    assert len(rows) == 3312
    golds = _execute([_spider_query(row, row["gold"]) for row in rows])
    preds = _execute([_spider_query(row, row["pred"]) for row in rows])
    different = [
        (row["system"], row["idx"], row["exec_result"])
        for row, gold, pred in zip(rows, golds, preds, strict=True)
        if spider_match(gold, pred, is_spider_ordered(row["gold"])) != bool(row["exec_result"])
    ]
    assert different == []


@pytest.mark.skipif(
    not (BIRD / "mini_dev_sqlite_verdicts.jsonl").is_file(),
    reason=f"no recorded verdicts in {BIRD}: set QUERYSMITH_BENCHMARKS to its parent",
)
def test_bird() -> None:
    rows = _recorded(BIRD / "mini_dev_sqlite_verdicts.jsonl")
    assert len(rows) == 988
    url = f"sqlite:///{BIRD}/dev_databases/superhero/superhero.sqlite"
    golds = _execute([Query(url, row["gold"]) for row in rows])
    preds = _execute([Query(url, row["pred"]) for row in rows])
    different = [
        (row["system"], row["question_id"], row["ex"])
        for row, gold, pred in zip(rows, golds, preds, strict=True)
        if bird_match(gold, pred) != bool(row["ex"])
    ]
    assert different == []
