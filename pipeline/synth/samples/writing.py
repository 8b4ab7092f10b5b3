"""Writes the bundled sample databases with questions, gold SQL and thoughts, in the layout of a Spider download.

As in query logs, most golds are right but slower than need be (see pipeline.synth.slow): their record holds the fast
query, too. `write_samples` is the whole interface. What it leaves out: database variants, and questions over the
owner's schemas.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from random import Random
from typing import Any

import sqlglot
from sqlglot import exp

from pipeline.data.sqlite_schema import read_sqlite
from pipeline.engine.result import Limits
from pipeline.engine.sqlite import SqliteExecutor
from pipeline.errors import InputError
from pipeline.progress import progress
from pipeline.synth.processes import processes
from pipeline.synth.questions.splits import split
from pipeline.synth.samples.database import content_digest, draw_rows, write_database
from pipeline.synth.samples.domain import Domain
from pipeline.synth.samples.domains import DOMAINS
from pipeline.synth.samples.questions import MAX_STEPS, Question, draw_questions, normalise
from pipeline.synth.slow import SlowForm, for_share, proven, slow_forms
from pipeline.synth.thoughts import describe

VERSION = 6  # raise it whenever the same seed gives other content
SLOW_SHARE = 0.85  # of the questions: with fewer, a model trained on them writes the fast form of half the slow ones
TIME_LIMIT_S = 20.0  # far beyond MAX_STEPS: those decide, so that the machine does not
SPIDER_TYPES = {"TEXT": "text", "INTEGER": "number", "REAL": "number", "DATE": "time"}

Slow = dict[tuple[str, str], str]  # the slow form by database and SQL


@dataclass(frozen=True)
class _Drawn:
    """What one database has yielded."""

    questions: list[Question]
    slow: Slow
    digest: str  # of its rows


def write_samples(out: Path, seed: int, questions_per_database: int = 400, slow_share: float = SLOW_SHARE) -> Path:
    """Write the samples to the folder `out` and return it; at once where `out` already holds just these samples.

    A share of the questions has a slow query as its gold, and the fast one as `fast_query`. Writes to a temporary
    folder next to `out` and renames it. Raises InputError where `out` holds something else than samples, or where the
    databases do not yield so many questions.
    """
    wanted = {
        "generator": "querysmith-samples",
        "version": VERSION,
        "seed": seed,
        "questions_per_database": questions_per_database,
        "slow_share": slow_share,
    }
    found = _manifest(out)
    if wanted.items() <= found.items():
        return out
    if out.exists() and any(out.iterdir()) and found.get("generator") != wanted["generator"]:
        raise InputError(f"{out} holds other files than samples; name a folder that does not exist yet")
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.parent / f".{out.name}.{os.getpid()}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        _write(draft, wanted)
        shutil.rmtree(out, ignore_errors=True)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return out


def difficulty(sql: str) -> str:
    """Points for what a query needs: 1 per join, grouping, HAVING, ORDER BY, CASE, condition or aggregate after the
    first; 2 per inner query or set operation. Up to 1 point is easy, 2 are medium, more is hard."""
    tree = sqlglot.parse_one(sql, dialect="sqlite")
    nodes = Counter(type(node) for node in tree.walk())
    points = sum(nodes[kind] for kind in (exp.Join, exp.Group, exp.Having, exp.Order, exp.Case, exp.And, exp.Or))
    points += max(0, sum(nodes[kind] for kind in (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)) - 1)
    points += 2 * (nodes[exp.Select] - 1)
    return "easy" if points <= 1 else "medium" if points == 2 else "hard"


def _manifest(out: Path) -> dict[str, Any]:
    try:
        found = json.loads((out / "manifest.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(draft: Path, wanted: dict[str, Any]) -> None:
    order = draft, wanted["seed"], wanted["questions_per_database"], wanted["slow_share"]
    drawn: list[_Drawn] = []
    with (
        progress("sample databases and questions", len(DOMAINS)) as advance,
        processes(min(len(os.sched_getaffinity(0)), len(DOMAINS))) as pool,
    ):
        for one in (pool.map if pool else map)(_draw, DOMAINS, *map(repeat, order)):
            drawn.append(one)
            advance(1)
    questions = [question for one in drawn for question in one.questions]
    slow = {key: sql for one in drawn for key, sql in one.slow.items()}
    train, dev = split(questions, leak_keys, wanted["seed"])
    _dump(draft / "train.json", [_record(q, slow) for q in train])
    _dump(draft / "dev.json", [_record(q, slow) for q in dev])
    _dump(draft / "tables.json", [_schema(d) for d in DOMAINS])
    _dump(
        draft / "manifest.json",
        {
            **wanted,
            "questions": {"train": len(train), "dev": len(dev)},
            "slow": sum((q.db_id, q.sql) in slow for q in questions),
            "rows": {d.db_id: {t.name: t.rows for t in d.tables} for d in DOMAINS},
            "digests": {domain.db_id: one.digest for domain, one in zip(DOMAINS, drawn, strict=True)},
        },
    )


def _draw(domain: Domain, draft: Path, seed: int, count: int, slow_share: float) -> _Drawn:
    """Write one database, and draw the questions over it."""
    path = draft / "database" / domain.db_id / f"{domain.db_id}.sqlite"
    rows = draw_rows(domain, seed)
    write_database(domain, rows, path)
    questions = list(draw_questions(domain, rows, path, seed, count))
    return _Drawn(questions, _slow(questions, path, seed, slow_share), content_digest(path))


def leak_keys(question: Question) -> tuple[str, str]:
    """What must not stand in both splits."""
    return f"sql {question.sql}", f"question {normalise(question.question)}"


def _slow(questions: list[Question], path: Path, seed: int, share: float) -> Slow:
    """Slow forms for this share of one database's questions."""
    schema = read_sqlite(path.stem, path).schema
    executor = SqliteExecutor(Limits(timeout_s=TIME_LIMIT_S))
    run = executor.open(f"sqlite:///{path.absolute()}")

    def slow(sql: str) -> SlowForm | None:
        return proven(run, sql, slow_forms(sql, schema, Random(f"{seed} {sql}")), MAX_STEPS)

    try:
        found = for_share(slow, [question.sql for question in questions], share, f"{seed} {path.name}")
    finally:
        executor.close()
    return {(path.stem, sql): form for sql, form in found.items()}


def _record(question: Question, slow: Slow) -> dict[str, Any]:
    fast = question.sql
    query = slow.get((question.db_id, fast), fast)
    return {
        "db_id": question.db_id,
        "question": question.question,
        "query": query,
        "reasoning": describe(query),
        "difficulty": difficulty(fast),
    } | ({"fast_query": fast} if query != fast else {})


def _schema(domain: Domain) -> dict[str, Any]:
    """The entry of tables.json: Spider numbers all columns of a database in one list, after `*`."""
    columns = [(t, c) for t in domain.tables for c in t.columns]
    number = {f"{t}.{c.name}": i for i, (t, c) in enumerate(columns, start=1)}
    return {
        "db_id": domain.db_id,
        "table_names": [_spoken(t.name) for t in domain.tables],
        "table_names_original": [t.name for t in domain.tables],
        "column_names": [[-1, "*"], *([domain.tables.index(t), _spoken(c.name)] for t, c in columns)],
        "column_names_original": [[-1, "*"], *([domain.tables.index(t), c.name] for t, c in columns)],
        "column_types": ["text", *(SPIDER_TYPES[c.recipe.sql_type] for _, c in columns)],
        "primary_keys": [number[t.key.full] for t in domain.tables],
        "foreign_keys": [
            [number[f"{t}.{j.fk}"], number[j.parent.key.full]] for t in domain.tables for j in domain.joins(t)
        ],
    }


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")
