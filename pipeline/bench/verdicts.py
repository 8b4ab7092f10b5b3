"""Predictions of published systems with the verdicts that the benchmarks' own evaluators recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.engine.benchmark_compare import bird_match, spider_match
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.errors import InputError
from pipeline.sql.spider import is_spider_ordered, spider_text


class Recorded(NamedTuple):
    """One prediction: the texts as they were published, and whether the benchmark's evaluator called it right."""

    system: str
    question: int
    url: str
    gold: str
    pred: str
    right: bool


def spider_verdicts(spider: Path) -> list[Recorded]:
    """The rows of `spider`/verdicts.jsonl: single database, DISTINCT taken out of both queries."""
    return [
        Recorded(
            row["system"],
            row["idx"],
            f"sqlite:///{spider.absolute()}/database/{row['db_id']}/{row['db_id']}.sqlite",
            row["gold"],
            row["pred"],
            bool(row["exec_result"]),
        )
        for row in _rows(spider / "verdicts.jsonl")
    ]


def bird_verdicts(path: Path, url: str) -> list[Recorded]:
    """The rows of a file of BIRD verdicts, all of one database."""
    return [
        Recorded(row["system"], row["question_id"], url, row["gold"], row["pred"], bool(row["ex"]))
        for row in _rows(path)
    ]


def spider_score(engine: Engine, rows: Sequence[Recorded]) -> list[bool]:
    """Spider's verdict on each row, by execution on one database.

    All results are kept if the engine has a cache, for the same predictions are scored again. Each pair of queries is
    compared once: published systems agree with each other more often than not.
    """
    different = dict.fromkeys((row.url, row.gold, row.pred) for row in rows)
    texts = {sql: spider_text(sql) for sql in {sql for _, *both in different for sql in both}}
    pairs = [(Query(url, texts[gold]), Query(url, texts[pred])) for url, gold, pred in different]
    queries = list(chain.from_iterable(pairs))
    results = dict(zip(queries, engine.execute(queries, golds=queries), strict=True))
    verdicts = {
        key: spider_match(results[gold], results[pred], is_spider_ordered(key[1]))
        for key, (gold, pred) in zip(different, pairs, strict=True)
    }
    return [verdicts[row.url, row.gold, row.pred] for row in rows]


def bird_score(engine: Engine, rows: Sequence[Recorded]) -> list[bool]:
    """BIRD's verdict (EX) on each row."""
    queries = [Query(row.url, sql) for row in rows for sql in (row.gold, row.pred)]
    results = iter(engine.execute(queries))
    return [bird_match(gold, pred) for gold, pred in zip(results, results, strict=True)]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: put the benchmark data there, or name its folder") from None
