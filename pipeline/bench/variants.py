"""What variants find: wrong predictions of published systems that one database takes for right.

Spider's official test suite says which those are. Its verdicts are not the truth either: where a gold query leaves the
answer to chance (LIMIT 1 among equals), or differs from a prediction only in what the suite never holds, the two fail
each other's rights. So both kinds of disagreement are listed, to be looked at.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.bench.verdicts import Recorded, spider_verdicts
from pipeline.data.spider import load_spider
from pipeline.data.spider import variants as suite
from pipeline.engine.pool import Engine
from pipeline.errors import InputError
from pipeline.evaluation.external import LIMITS
from pipeline.evaluation.predictions import Prediction
from pipeline.evaluation.scoring import RULES, verdicts
from pipeline.synth.variants.copies import variants

COPIES = (1, 2, 3, 5, 10)
ALL = "all"
_RULE = RULES["spider_test_suite"]

Pair = tuple[str, str, str]  # db_id, gold, prediction


def run(data: Path, workers: int = 2) -> dict[str, Any]:
    """Score all recorded Spider predictions that are right on one database, on the suite and on 1 to 10 variants.

    `counts` has a row for each database and number of copies, and one for all databases: `accidental` predictions fail
    the suite, `exposed` are those of them that the variants fail; `right` ones pass it, `failed` are those of them that
    the variants fail; `build_s` are seconds. `failed` and `hidden` list the pairs of queries, at most copies, where the
    variants judge otherwise than the suite. Every recorded prediction counts, also where several systems gave the same.

    Raises:
        InputError: the benchmark's data is missing.
    """
    spider = data.resolve() / "spider"
    recorded = [row for row in spider_verdicts(spider) if row.right]
    databases = load_spider(spider).databases
    given: Counter[Pair] = Counter(map(_pair, recorded))
    if missing := {db_id for db_id, _, _ in given} - databases.keys():
        raise InputError(f"{spider}: no database {', '.join(sorted(missing))}, but verdicts on it; add the file")
    with tempfile.TemporaryDirectory() as folder, Engine(workers, **LIMITS) as engine:
        official = {db_id: [f"sqlite:///{path}" for path in suite(spider, db_id)] for db_id in databases}
        right = _right(engine, list(given), official)
        own, build_s = {}, {}
        for db_id, database in databases.items():
            started = time.perf_counter()
            own[db_id] = [variant.url for variant in variants(database, COPIES[-1], Path(folder))]
            build_s[db_id] = time.perf_counter() - started
        counts = []
        for copies in COPIES:
            passed = _right(engine, list(given), {db_id: urls[:copies] for db_id, urls in own.items()})
            for db_id in (*sorted(databases), ALL):
                counts.append(_counted(db_id, copies, given, right, passed) | {"build_s": _built(db_id, build_s)})
    return {
        "counts": counts,
        "failed": _listed(given, right - passed),
        "hidden": _listed(given, passed - right),
    }


def render(figures: Mapping[str, Any], console: Console) -> None:
    """The counts as tables, one for each number of copies, and the shares over all databases."""
    for copies in COPIES:
        rows = [row for row in figures["counts"] if row["copies"] == copies]
        table = Table(f"{copies} variants", "Fail the suite", "Exposed", "Pass the suite", "Failed", "Build, 10 (s)")
        for row in rows:
            table.add_row(
                row["db_id"],
                str(row["accidental"]),
                _share(row["exposed"], row["accidental"]),
                str(row["right"]),
                _share(row["failed"], row["right"]),
                f"{row['build_s']:.2f}",
            )
        console.print(table)


def _pair(row: Recorded) -> Pair:
    return Path(row.url).stem, row.gold, row.pred


def _right(engine: Engine, pairs: Sequence[Pair], urls: Mapping[str, Sequence[str]]) -> set[Pair]:
    """The pairs that are the same on all of their database's `urls`."""
    asked = [Prediction(line, db_id, (gold,), pred) for line, (db_id, gold, pred) in enumerate(pairs, start=1)]
    found = verdicts(engine, asked, _RULE, urls.__getitem__, "sqlite")
    return {pair for pair, verdict in zip(pairs, found, strict=True) if verdict.verdict}


def _counted(db_id: str, copies: int, given: Counter[Pair], right: set[Pair], passed: set[Pair]) -> dict[str, Any]:
    own = {pair for pair in given if db_id in (ALL, pair[0])}
    kinds = {
        "accidental": own - right,
        "exposed": own - right - passed,
        "right": own & right,
        "failed": own & right - passed,
    }
    return {"db_id": db_id, "copies": copies} | {
        kind: sum(given[pair] for pair in some) for kind, some in kinds.items()
    }


def _built(db_id: str, seconds: Mapping[str, float]) -> float:
    return sum(seconds.values()) if db_id == ALL else seconds[db_id]


def _listed(given: Counter[Pair], pairs: set[Pair]) -> list[dict[str, Any]]:
    return [
        {"db_id": db_id, "gold": gold, "pred": pred, "predictions": given[db_id, gold, pred]}
        for db_id, gold, pred in sorted(pairs)
    ]


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else str(part)
