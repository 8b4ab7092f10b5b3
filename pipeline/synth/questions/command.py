"""`querysmith synth`: questions with SQL and thoughts over a user's own databases.

`synthesise` is the whole interface. What it leaves out: databases without rows, on which nothing can be executed, and
for MySQL the altered copies, because nothing is ever written to a server.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config import home
from pipeline.data.example import Database
from pipeline.engine.pool import Engine
from pipeline.errors import InputError
from pipeline.progress import progress
from pipeline.synth.processes import processes
from pipeline.synth.questions.candidates import Drawer, draw_with_slow_form
from pipeline.synth.questions.harvest import Harvest, harvest
from pipeline.synth.questions.judging import Judge, Judged
from pipeline.synth.questions.layout import dump, file_digests, write_questions
from pipeline.synth.questions.made import Made, Order, Record
from pipeline.synth.questions.quality import write_report
from pipeline.synth.questions.sources import Source
from pipeline.synth.questions.splits import split
from pipeline.synth.reading.views import read_view
from pipeline.synth.thoughts import describe
from pipeline.synth.variants.copies import variants

VERSION = 1  # raise it whenever the same seed gives other content
GENERATOR = "querysmith-synth"
_COPIES = 3
_TIMEOUT_S = 1.0  # see the bound on work in pipeline.synth.questions.judging
_MOST_ROWS = 1000


@dataclass(frozen=True)
class Kept:
    """A question that was kept, with the database that it is asked of."""

    db_id: str
    dialect: str
    judged: Judged

    @property
    def keys(self) -> tuple[str, ...]:
        return self.judged.candidate.keys


def synthesise(sources: Sequence[Source], order: Order, out: Path, drawer: Drawer | None = None) -> Made:
    """Write questions over the databases, a manifest and a quality report to the folder `out`.

    Writes to a temporary folder next to `out` and renames it; an `out` that an earlier call has written is replaced.

    Raises:
        InputError: `out` holds something else, or no database has anything that can be asked.
        InfrastructureError: a server does not answer, or a disk is full.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not _is_ours(out))):
        raise InputError(f"{out} holds other files than synthetic questions; name a folder that does not exist yet")
    started = time.monotonic()
    drawer = drawer or (draw_with_slow_form if order.slow_share else None)
    made = Made()
    with processes(order.workers) as pool, Engine(order.workers, _TIMEOUT_S, _MOST_ROWS) as engine:
        kept = [k for source in sources for k in _harvest(source, order, engine, pool, made, drawer)]
        if not kept:
            raise InputError("no question was found; the databases need rows, keys and plain names")
        train, dev = split(kept, lambda k: k.keys, order.seed)
        made.splits = {"train": _records(train, pool), "dev": _records(dev, pool)}
    _take_slow(made, order, {source.database.db_id: source.database for source in sources})
    made.tags = Counter(tag for k in kept for tag in k.judged.candidate.drawn.tags)
    made.seconds = time.monotonic() - started
    _write(out, sources, order, made)
    return made


def _is_ours(out: Path) -> bool:
    try:
        found = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("generator") == GENERATOR


def _harvest(
    source: Source, order: Order, engine: Engine, pool: Executor | None, made: Made, drawer: Drawer | None
) -> list[Kept]:
    database = source.database
    with progress(f"{database.db_id}: questions", order.count) as advance:
        view = read_view(database, source.names)
        copies, note = _copies(database)
        if not view.tables:
            found = Harvest(database.db_id, order.count, notes=["no table with rows and plain names: nothing to ask"])
        else:
            judge = Judge(engine, database, copies)
            found = harvest(view, judge, order.count, order.seed, pool, advance, drawer)
    found.copies = len(copies)
    found.notes += [note] if note else []
    made.harvests.append(found)
    return [Kept(database.db_id, database.dialect, judged) for judged in found.kept]


def _copies(database: Database) -> tuple[Sequence[Database], str]:
    """The altered copies, and why there are none."""
    if database.dialect != "sqlite":
        return (), "no altered copies, because nothing is written to a server: not tested whether the rows matter"
    try:
        return variants(database, _COPIES, home() / "cache" / "variants"), ""
    except InputError as error:
        return (), f"no altered copies ({error}): not tested whether the rows matter"


def _records(kept: Sequence[Kept], pool: Executor | None) -> list[Record]:
    queries = [k.judged.candidate.drawn.sql for k in kept]
    dialects = [k.dialect for k in kept]
    thoughts = pool.map(describe, queries, dialects, chunksize=200) if pool else map(describe, queries, dialects)
    found = []
    for k, thought in zip(kept, thoughts, strict=True):
        drawn = k.judged.candidate.drawn
        record = {
            "db_id": k.db_id,
            "question": drawn.question,
            "query": drawn.sql,
            "reasoning": thought,
            "difficulty": drawn.level,
        }
        found.append(record | ({"slow_query": drawn.slow_sql} if k.judged.slow else {}))
    return found


def _take_slow(made: Made, order: Order, databases: Mapping[str, Database]) -> None:
    """Let a share of the training questions have the slow form as their query, as far as there are such forms."""
    train = made.splits["train"]
    wanted = round(order.slow_share * len(train))
    there = [number for number, record in enumerate(train) if "slow_query" in record]
    chosen = np.random.default_rng([order.seed, 3]).permutation(there)[:wanted].tolist() if there else []
    for number in chosen:
        record = train[number]
        slow = record.pop("slow_query")
        thought = describe(slow, databases[record["db_id"]].dialect)
        train[number] = record | {"query": slow, "reasoning": thought, "fast_query": record["query"]}
    if len(chosen) < wanted:
        made.notes.append(f"only {len(chosen)} of {wanted} training questions with a slow form: no more have one")


def _write(out: Path, sources: Sequence[Source], order: Order, made: Made) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.parent / f".{out.name}.{os.getpid()}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        write_questions(draft, sources, made.splits)
        dump(draft / "manifest.json", _manifest(draft, sources, order, made))
        write_report(draft / "report.html", made, order)
        shutil.rmtree(out, ignore_errors=True)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _manifest(draft: Path, sources: Sequence[Source], order: Order, made: Made) -> dict[str, Any]:
    return {
        "generator": GENERATOR,
        "version": VERSION,
        "seed": order.seed,
        "questions_per_database": order.count,
        "slow_share": order.slow_share,
        "questions": {name: len(records) for name, records in made.splits.items()},
        "databases": {
            s.database.db_id: {
                "dialect": s.database.dialect,
                "digest": s.database.digest,
                "questions": len(h.kept),
                "draws": h.draws,
            }
            for s, h in zip(sources, made.harvests, strict=True)
        },
        "files": file_digests(draft),
    }
