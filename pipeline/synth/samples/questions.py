"""Draws questions with gold SQL over one sample database, and keeps only those whose answer is worth learning from.

A gold must execute within a fixed number of SQLite steps, and its answer be definite (see worth.py). All
is counted in steps and draws, never in seconds, so that a seed decides.
"""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import InputError
from pipeline.synth.questions.worth import holds, is_definite, probes
from pipeline.synth.samples.database import Rows
from pipeline.synth.samples.domain import Domain, Field, Join, Table
from pipeline.synth.samples.fillers import Filler, both, either
from pipeline.synth.samples.patterns import PATTERNS, Pattern

MAX_STEPS = 3_000_000  # of SQLite's virtual machine: about 100 ms
MAX_QUESTION_WORDS, MAX_SQL_WORDS = 25, 45
DRAWS_PER_QUESTION = 60
THRESHOLDS = (2, 3, 5, 10, 20, 50, 100, 200, 500)
ASKABLE = ("category", "number", "date", "name", "opaque")
KINDS = {
    "c": ASKABLE,
    "n": ("number",),
    "s": ("number",),
    "v": ("number",),
    "g": ("category",),
    "d": ("date",),
    "a": ("category", "number", "date"),
    "r": ("number", "date"),
}


class Unfillable(Exception):
    """The drawn tables have no column for a slot; the caller draws again."""


@dataclass(frozen=True)
class Question:
    db_id: str
    question: str
    sql: str


def normalise(question: str) -> str:
    """Lower case, words and numbers only: what counts as the same question."""
    return " ".join(re.findall(r"[\w.]+", question.lower().rstrip(".?")))


def draw_questions(domain: Domain, rows: Rows, path: Path, seed: int, count: int) -> Iterator[Question]:
    """Yield `count` distinct questions over the database at `path`, all patterns in turn; InputError if too many."""
    rng = np.random.default_rng([seed, zlib.crc32(domain.db_id.encode()), 1])  # 1: not the stream of the rows
    sampler = _Sampler(domain, Filler(rows, rng))
    order = rng.permutation(len(PATTERNS))  # so that few questions are not all of the first patterns
    seen: set[str] = set()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for draw in range(count * DRAWS_PER_QUESTION):
            if len(seen) == count:
                return
            found = sampler.draw(PATTERNS[order[draw % len(PATTERNS)]])
            if found and normalise(found.question) not in seen and is_worth_asking(connection, found.sql):
                seen.add(normalise(found.question))
                yield found
    finally:
        connection.close()
    raise InputError(f"{domain.db_id}: only {len(seen)} of {count} questions found; lower questions_per_database")


def is_worth_asking(connection: sqlite3.Connection, sql: str) -> bool:
    """Whether the gold runs within the step limit and answers with something definite."""
    answer = _execute(connection, sql)
    if answer is None or not is_definite(answer):
        return False
    further = probes(sql, "sqlite")
    return further is not None and all(
        (rows := _execute(connection, probe.sql)) is not None and holds(probe, rows, answer) for probe in further
    )


def _execute(connection: sqlite3.Connection, sql: str) -> list[tuple[object, ...]] | None:
    """The rows, or None where the query takes too many steps."""
    steps = iter(range(MAX_STEPS // 10_000))
    connection.set_progress_handler(lambda: int(next(steps, None) is None), 10_000)
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return None
        raise  # a gold that SQLite refuses is a defect of its pattern
    finally:
        connection.set_progress_handler(None, 0)


class _Sampler:
    """Fills one pattern with random tables, columns and values."""

    def __init__(self, domain: Domain, filler: Filler) -> None:
        self._domain = domain
        self._fill = filler

    def draw(self, pattern: Pattern) -> Question | None:
        """A question, or None where the drawn tables do not offer what the pattern needs or it becomes too long."""
        try:
            slots = self._tables("".join(pattern.slots))
            used: set[str] = set()
            for name in pattern.slots:
                if name not in slots:
                    slots[name] = self._slot(name, slots, used)
        except Unfillable:
            return None
        sql = pattern.sql.format(**slots)
        question = self._fill.pick(pattern.phrasings).format(**slots)
        if len(question.split()) > MAX_QUESTION_WORDS or len(sql.split()) > MAX_SQL_WORDS:
            return None
        return Question(self._domain.db_id, question[0].upper() + question[1:], sql)

    def _tables(self, letters: str) -> dict[str, object]:
        """The table t, and what it is joined with as far as the slots need it."""
        t: Table = self._pick(self._domain.tables)
        slots: dict[str, object] = {"t": t}
        if any(letter in letters for letter in "lp"):
            join: Join = self._pick(list(self._domain.joins(t)))
            slots |= {"l": join, "p": join.parent}
            if any(letter in letters for letter in "mq"):
                second: Join = self._pick(list(self._domain.joins(join.parent)))
                slots |= {"m": second, "q": second.parent}
            if any(letter in letters for letter in "ob"):
                other: Join = self._pick([j for j in self._domain.joins(t) if j != join])
                slots |= {"o": other, "b": other.parent}
        return slots

    def _slot(self, name: str, slots: dict[str, object], used: set[str]) -> object:
        if name == "k":
            return self._pick((2, 3, 4, 5, 10))
        owner, kind = (name[0], name[1:]) if name[0] in "pqb" else ("t", name)
        table = slots[owner]
        assert isinstance(table, Table)
        kind = kind.rstrip("2")
        if kind == "h":
            groups = slots.get("p")
            mean = table.rows / groups.rows if isinstance(groups, Table) else table.rows / 20
            return self._pick([n for n in THRESHOLDS if mean / 2 < n < mean * 5])
        if kind == "e":
            if table.label == table.key:
                raise Unfillable
            used.add(table.label.full)
            return self._fill.entity(table.label)
        if kind in ("cc", "co"):
            drawn = [self._field(table, "c", used) for _ in range(2)]
            drawn.sort(key=lambda f: (f.column.kind in ("name", "opaque"), table.columns.index(f.column)))
            return (both if kind == "cc" else either)(*(self._fill.condition(f) for f in drawn))
        field = self._field(table, kind, used)
        makers = {"c": self._fill.condition, "s": self._fill.statistic, "v": self._fill.mean_or_total}
        return makers[kind](field) if kind in makers else field

    def _field(self, table: Table, kind: str, used: set[str]) -> Field:
        """A column of `table` that suits the slot and that no other slot of this question uses."""
        fields = [Field(table, c) for c in table.columns if c.kind in KINDS[kind]]
        complete = kind in ("r", "g", "d")  # NULLs would sort first or be a group of their own
        usable = [f for f in fields if f.full not in used and not (complete and f.column.null)]
        field: Field = self._pick(usable)
        used.add(field.full)
        return field

    def _pick(self, options: Sequence[Any]) -> Any:
        if not options:
            raise Unfillable
        return self._fill.pick(options)
