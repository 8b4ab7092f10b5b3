"""Scores predictions of any system by a benchmark's own rule, one verdict a line, so that an interrupted run goes on.

Golds come from the cache where they have run before; predictions are always executed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.engine.benchmark_compare import bird_match, spider_match
from pipeline.engine.compare import same_result
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.errors import InputError
from pipeline.evaluation.predictions import Prediction
from pipeline.progress import progress
from pipeline.sql.parsing import is_ordered
from pipeline.sql.spider import is_spider_ordered, spider_text

_BATCH = 500
NO_SQL = "no_sql"


@dataclass(frozen=True)
class Rule:
    """How a benchmark judges by execution: what it does to both texts, which results it calls the same, and whether a
    prediction must be right on all variants of its database."""

    title: str
    same: Callable[[str, ExecutionResult, ExecutionResult, str], bool]  # the gold's text, both results, the dialect
    rewrite: Callable[[str], str] = str
    on_variants: bool = False


def _spider(gold: str, expected: ExecutionResult, found: ExecutionResult, _: str) -> bool:
    return spider_match(expected, found, is_spider_ordered(gold))


def _bird(_: str, expected: ExecutionResult, found: ExecutionResult, __: str) -> bool:
    return bird_match(expected, found)


def _strict(gold: str, expected: ExecutionResult, found: ExecutionResult, dialect: str) -> bool:
    return same_result(expected, found, is_ordered(gold, dialect))


RULES = {
    "spider_execution": Rule("Spider execution match, single database", _spider, spider_text),
    "spider_test_suite": Rule("Spider execution match, test suite", _spider, spider_text, on_variants=True),
    "bird_ex": Rule("BIRD execution accuracy (EX)", _bird),
    "strict_ex": Rule("execution accuracy, strict comparison, single database", _strict),
}


@dataclass(frozen=True)
class Verdict:
    """`error_kind` is "" where the prediction ran, "no_sql" where there was none, "truncated" where its result was cut,
    else an ErrorKind; `elapsed_s` are seconds inside the worker, summed over the variants. `gold_error` is an ErrorKind
    if no gold ran: then nothing can be right."""

    verdict: bool
    error_kind: str
    elapsed_s: float
    gold_error: str = ""


def verdicts(
    engine: Engine,
    predictions: Sequence[Prediction],
    rule: Rule,
    urls: Callable[[str], Sequence[str]],
    dialect: str,
) -> list[Verdict]:
    """One verdict a prediction; `urls` gives the database (and its variants) of a db_id."""
    golds = [
        [[Query(url, rule.rewrite(sql)) for url in urls(prediction.db_id)] for sql in prediction.golds]
        for prediction in predictions
    ]
    asked = [
        [Query(url, rule.rewrite(prediction.sql)) for url in urls(prediction.db_id)] if prediction.sql else []
        for prediction in predictions
    ]
    of_golds = [query for several in golds for one in several for query in one]
    queries = of_golds + [query for one in asked for query in one]
    results = dict(zip(queries, engine.execute(queries, golds=of_golds), strict=True))

    found = []
    for prediction, several, own in zip(predictions, golds, asked, strict=True):
        ran = [results[query] for query in own]
        expected = [[results[query] for query in one] for one in several]
        right = bool(ran) and any(
            all(rule.same(sql, gold, pred, dialect) for gold, pred in zip(one, ran, strict=True))
            for sql, one in zip(prediction.golds, expected, strict=True)
        )
        error = next((result.error for result in ran if result.error), None)
        kind = NO_SQL if not ran else str(error.kind) if error else "truncated" if any(r.truncated for r in ran) else ""
        gold_errors = [next((str(gold.error.kind) for gold in one if gold.error), "") for one in expected]
        found.append(
            Verdict(right, kind, sum(result.elapsed_s for result in ran), gold_errors[0] if all(gold_errors) else "")
        )
    return found


def score_file(
    predictions: Sequence[Prediction],
    output: Path,
    settings: dict[str, Any],
    score: Callable[[Sequence[Prediction]], list[Verdict]],
) -> list[Verdict]:
    """Write one JSON line a prediction to `output`, in their order, and return all verdicts.

    Beside it, `<output>.state` says what is being scored, until it is done: a run with equal `settings` that finds it
    goes on behind the last complete line.
    Raises InputError where the unfinished output is of other predictions or settings.
    """
    state = output.with_name(output.name + ".state")
    digest = hashlib.sha256(json.dumps([settings, [asdict(p) for p in predictions]]).encode()).hexdigest()
    done = _resumed(output, state, digest)
    with progress("scoring", len(predictions)) as advance, output.open("a", encoding="utf-8") as file:
        advance(len(done))
        for batch in _batches(predictions[len(done) :]):
            fresh = score(batch)
            for prediction, verdict in zip(batch, fresh, strict=True):
                file.write(json.dumps({"line": prediction.line, "db_id": prediction.db_id, **asdict(verdict)}) + "\n")
            file.flush()
            os.fsync(file.fileno())
            done += fresh
            advance(len(batch))
    state.unlink()
    return done


def _resumed(output: Path, state: Path, digest: str) -> list[Verdict]:
    """The verdicts that an interrupted run has left, its last, half-written line cut off; none for a new run."""
    if not state.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(b"")
        state.write_text(digest)
        return []
    if state.read_text() != digest:
        raise InputError(
            f"{output}: an interrupted run with other predictions or settings has left it; remove it and {state.name}, "
            "or name another file"
        )
    with suppress(FileNotFoundError):
        whole = output.read_bytes().rpartition(b"\n")[0]
        output.write_bytes(whole + b"\n" if whole else b"")
        rows = [json.loads(line) for line in whole.splitlines()]
        return [Verdict(*(row[name] for name in Verdict.__dataclass_fields__)) for row in rows]
    return []


def _batches(predictions: Sequence[Prediction]) -> Iterator[Sequence[Prediction]]:
    for start in range(0, len(predictions), _BATCH):
        yield predictions[start : start + _BATCH]
