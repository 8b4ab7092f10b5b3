"""A rollout: one completion, parsed once, executed once and compared once, whatever rewards look at it later.

Right means: its result equals a gold's on the database and, where altered copies of the database are given, on all of
them (see pipeline.synth.variants.copies), so that what is equal by accident is not taken for right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, read_completion
from pipeline.engine.compare import comparable, same_result
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.rewards.copies import Copies
from pipeline.sql.canonical import canonical
from pipeline.sql.parsing import is_ordered

Results = dict[Query, ExecutionResult]

_NO_COPIES: Copies = MappingProxyType({})


@dataclass(frozen=True)
class Rollout:
    """`answer` is the completion without its think block. `execution` is None where it holds no SQL: nothing is run for
    it, and it is never correct.

    `correct` means: its result equals a gold query's (bag of rows, ordered where that gold orders) and the gold ran.
    `exposed_by` is the number of the first altered copy on which it does not, where the database itself shows no
    difference; 0 for all others. `cost` and `gold_cost` are the work (see ExecutionResult) of a right answer and of its
    cheapest gold, both in their canonical form, so that it does not depend on how they are written: SQLite's work
    depends on the order of the conditions, too. None for wrong answers.
    """

    example: Example
    database: Database
    mode: Mode
    text: str
    thought: str
    answer: str
    sql: str
    well_formed: bool
    execution: ExecutionResult | None
    correct: bool
    exposed_by: int = 0
    cost: int | None = None
    gold_cost: int | None = None

    @property
    def runs(self) -> bool:
        return self.execution is not None and self.execution.error is None


def roll_out(
    engine: Engine,
    databases: Mapping[str, Database],
    examples: Sequence[Example],
    modes: Sequence[Mode],
    texts: Sequence[str],
    copies: Copies = _NO_COPIES,
    min_thought_chars: int = 0,
) -> list[Rollout]:
    """Rollouts of completions, executed in one batch together with their golds; in a second one those that are equal so
    far, in their canonical form and on the altered `copies` of their databases (by db_id).

    A copy on which no gold of the question runs to its end says nothing. In thinking mode, a thought of fewer than
    `min_thought_chars` characters is not well formed.

    Raises:
        InfrastructureError: a database is gone. It is never scored as a wrong answer.
    """
    read = [read_completion(text, mode) for text, mode in zip(texts, modes, strict=True)]
    cases = [
        _Case(
            example.db_id, databases[example.db_id].dialect, databases[example.db_id].url, example.gold_sql, found.sql
        )
        for example, found in zip(examples, read, strict=True)
    ]
    results = _execute(engine, cases)
    right = {case: _is_right(results, case) for case in cases}
    looked_at = [_Second(case, copies.get(case.db_id, ())) for case in right if right[case]]
    again_asked = [each for second in looked_at for each in (second.canonical, *second.copies)]
    again = _execute(engine, again_asked) if again_asked else {}
    exposed = {second.case: number for second in looked_at if (number := second.exposed_by(again))}
    costs = {second.case: second.costs(results, again) for second in looked_at}
    return [
        Rollout(
            example,
            databases[example.db_id],
            mode,
            text,
            found.thought,
            found.answer,
            found.sql,
            found.well_formed and (mode == "no_think" or len(found.thought) >= min_thought_chars),
            results[Query(case.url, case.sql)] if case.sql else None,
            correct=right[case] and case not in exposed,
            exposed_by=exposed.get(case, 0),
            cost=costs.get(case, (None, None))[0],
            gold_cost=costs.get(case, (None, None))[1],
        )
        for example, case, found, mode, text in zip(examples, cases, read, modes, texts, strict=True)
    ]


class _Case(NamedTuple):
    """One prediction, beside the golds, on one database or on an altered copy of it."""

    db_id: str
    dialect: str
    url: str
    golds: tuple[str, ...]
    sql: str


def _execute(engine: Engine, cases: Sequence[_Case]) -> Results:
    golds = [Query(case.url, gold) for case in cases for gold in case.golds]
    queries = golds + [Query(case.url, case.sql) for case in cases if case.sql]
    return dict(zip(queries, engine.execute(queries, golds), strict=True))


def _is_right(results: Results, case: _Case) -> bool:
    return bool(case.sql) and any(
        same_result(
            results[Query(case.url, gold)],
            results[Query(case.url, case.sql)],
            ordered=is_ordered(gold, case.dialect),
        )
        for gold in case.golds
    )


class _Second:
    """The second look at a case that is right so far."""

    def __init__(self, case: _Case, copies: Sequence[Database]) -> None:
        self.case = case
        self.canonical = case._replace(
            golds=tuple(canonical(gold, case.dialect) for gold in case.golds), sql=canonical(case.sql, case.dialect)
        )
        self.copies = [case._replace(url=copy.url) for copy in copies]

    def exposed_by(self, again: Results) -> int:
        """The number of the first copy that shows a difference, or 0."""
        for number, on_copy in enumerate(self.copies, start=1):
            golds = [again[Query(on_copy.url, gold)] for gold in on_copy.golds]
            if any(comparable(gold, gold) for gold in golds) and not _is_right(again, on_copy):
                return number
        return 0

    def costs(self, results: Results, again: Results) -> tuple[int | None, int | None]:
        """The work of the prediction and of the cheapest gold."""
        if _is_right(again, self.canonical):
            return _costs(again, self.canonical)
        return _costs(results, self.case)  # their canonical form is not what was written, after all


def _costs(results: Results, case: _Case) -> tuple[int | None, int | None]:
    golds = [results[Query(case.url, gold)].cost for gold in case.golds]
    least = min((cost for cost in golds if cost is not None), default=None)
    return results[Query(case.url, case.sql)].cost, least
