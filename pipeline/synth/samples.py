"""Writes the bundled sample databases with questions, gold SQL and thoughts, in the layout of a Spider download.

`write_samples` is the whole interface. What it leaves out: database variants, and questions over the owner's schemas.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import sqlglot
from sqlglot import exp

from pipeline.errors import InputError
from pipeline.progress import progress
from pipeline.synth.database import content_digest, draw_rows, write_database
from pipeline.synth.domain import Domain
from pipeline.synth.domains import DOMAINS
from pipeline.synth.questions import Question, draw_questions, normalise
from pipeline.synth.thoughts import describe

VERSION = 1  # raise it whenever the same seed gives other content
DEV_SHARE = 0.15
SPIDER_TYPES = {"TEXT": "text", "INTEGER": "number", "REAL": "number", "DATE": "time"}


def write_samples(out: Path, seed: int, questions_per_database: int = 400) -> Path:
    """Write the samples to the folder `out` and return it; at once where `out` already holds just these samples.

    Writes to a temporary folder next to `out` and renames it. Raises InputError where `out` holds something else than
    samples, or where the databases do not yield so many questions.
    """
    wanted = {
        "generator": "querysmith-samples",
        "version": VERSION,
        "seed": seed,
        "questions_per_database": questions_per_database,
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
    seed, count = wanted["seed"], wanted["questions_per_database"]
    questions: list[Question] = []
    digests: dict[str, str] = {}
    with progress("sample databases and questions", len(DOMAINS) * (count + 1)) as advance:
        for domain in DOMAINS:
            path = draft / "database" / domain.db_id / f"{domain.db_id}.sqlite"
            rows = draw_rows(domain, seed)
            write_database(domain, rows, path)
            digests[domain.db_id] = content_digest(path)
            advance(1)
            for question in draw_questions(domain, rows, path, seed, count):
                questions.append(question)
                advance(1)
    train, dev = split(questions, seed)
    _dump(draft / "train.json", [_record(q) for q in train])
    _dump(draft / "dev.json", [_record(q) for q in dev])
    _dump(draft / "tables.json", [_schema(d) for d in DOMAINS])
    _dump(
        draft / "manifest.json",
        {
            **wanted,
            "questions": {"train": len(train), "dev": len(dev)},
            "rows": {d.db_id: {t.name: t.rows for t in d.tables} for d in DOMAINS},
            "digests": digests,
        },
    )


def split(questions: list[Question], seed: int) -> tuple[list[Question], list[Question]]:
    """(train, dev): all questions with the same SQL, or the same words, stay on one side."""
    groups: dict[str, list[Question]] = {}
    group_of: dict[str, str] = {}
    for q in questions:
        same_words, same_sql = f"question {normalise(q.question)}", f"sql {q.sql}"
        group = group_of.get(same_sql) or group_of.get(same_words) or same_sql
        group_of[same_sql] = group_of[same_words] = group
        groups.setdefault(group, []).append(q)
    order = np.random.default_rng([seed, 2]).permutation(sorted(groups))
    dev: set[Question] = set()
    for group in order.tolist():
        if len(dev) >= DEV_SHARE * len(questions):
            break
        dev.update(groups[group])
    return [q for q in questions if q not in dev], [q for q in questions if q in dev]


def _record(question: Question) -> dict[str, Any]:
    return {
        "db_id": question.db_id,
        "question": question.question,
        "query": question.sql,
        "reasoning": describe(question.sql),
        "difficulty": difficulty(question.sql),
    }


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
