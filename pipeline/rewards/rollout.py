"""A rollout: one completion, parsed once, executed once and compared once, whatever rewards look at it later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, read_completion
from pipeline.engine.compare import same_result
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.sql.parsing import is_ordered


@dataclass(frozen=True)
class Rollout:
    """`execution` is None where the completion holds no SQL: nothing is run for it, and it is never correct.

    `correct` means: its result equals a gold query's (bag of rows, ordered where that gold orders) and the gold ran.
    """

    example: Example
    mode: Mode
    text: str
    thought: str
    sql: str
    well_formed: bool
    execution: ExecutionResult | None
    correct: bool

    @property
    def runs(self) -> bool:
        return self.execution is not None and self.execution.error is None


def roll_out(
    engine: Engine,
    databases: Mapping[str, Database],
    examples: Sequence[Example],
    modes: Sequence[Mode],
    texts: Sequence[str],
) -> list[Rollout]:
    """Rollouts of completions, executed in one batch together with their golds.

    Raises:
        InfrastructureError: a database is gone. It is never scored as a wrong answer.
    """
    read = [read_completion(text, mode) for text, mode in zip(texts, modes, strict=True)]
    golds = [Query(databases[example.db_id].url, sql) for example in examples for sql in example.gold_sql]
    queries = golds + [
        Query(databases[example.db_id].url, completion.sql)
        for example, completion in zip(examples, read, strict=True)
        if completion.sql
    ]
    results = dict(zip(queries, engine.execute(queries, golds), strict=True))

    rollouts = []
    for example, mode, text, completion in zip(examples, modes, texts, read, strict=True):
        url, dialect = databases[example.db_id].url, databases[example.db_id].dialect
        execution = results[Query(url, completion.sql)] if completion.sql else None
        correct = execution is not None and any(
            same_result(results[Query(url, gold)], execution, ordered=is_ordered(gold, dialect))
            for gold in example.gold_sql
        )
        rollouts.append(
            Rollout(example, mode, text, completion.thought, completion.sql, completion.well_formed, execution, correct)
        )
    return rollouts
