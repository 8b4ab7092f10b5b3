"""The checks that training data must pass, as facts about each row; Great Expectations judges them (expectations.py).

A fact is 1 (fine) or 0. A row that fails a check which sets rows aside never reaches training or evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.data.example import Database, Example
from pipeline.data.splits import SPLITS, Split, leaks, normalise
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.sql.canonical import canonical
from pipeline.sql.names import unknown_names
from pipeline.sql.parsing import check_read_only, parse


@dataclass(frozen=True)
class Check:
    """`title` is the condition as people read it; `sets_aside` says whether a failing row is quarantined."""

    name: str
    title: str
    sets_aside: bool = True


CHECKS = (
    Check("read_only", "the gold SQL is one statement that only reads"),
    Check("parses", "the gold SQL can be parsed (if not, execution alone judges it)", sets_aside=False),
    Check("known_names", "the gold SQL names only tables and columns of its database"),
    Check("executes", "the gold SQL runs within the limits"),
    Check("non_empty", "the gold result is not empty"),
    Check("is_unique", "the question stands only once"),
    Check("consistent", "the question has only one gold query"),
    Check("not_leaked", "no question or query of train stands in dev or test, and none of dev in test"),
    Check("fits", "prompt and completion fit into profile.model.max_length"),
)


@dataclass
class Row:
    """One example with its split, the facts about it, and for each failed fact what was wrong."""

    example: Example
    split: Split
    facts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    tokens: int = 0

    def state(self, check: str, problem: str | None) -> None:
        """Record a fact: fine where `problem` is None."""
        self.facts[check] = int(problem is None)
        if problem is not None:
            self.reasons[check] = problem


def check_rows(rows: Sequence[Row], databases: Mapping[str, Database], engine: Engine) -> None:
    """State every fact but `fits`.

    Raises:
        InfrastructureError: a database went away while its golds ran.
    """
    _check_statements(rows, databases)
    _check_execution(rows, databases, engine)
    dialects = {db_id: database.dialect for db_id, database in databases.items()}
    _check_repeats(rows, dialects)
    _check_leaks(rows, dialects)


def _check_statements(rows: Sequence[Row], databases: Mapping[str, Database]) -> None:
    columns = {
        db_id: {table: [c.name for c in listed] for table, listed in database.schema.tables.items()}
        for db_id, database in databases.items()
    }
    for row in rows:
        golds, db_id = row.example.gold_sql, row.example.db_id
        dialect = databases[db_id].dialect
        row.state("read_only", next((p for sql in golds if (p := check_read_only(sql, dialect))), None))
        row.state("parses", None if all(parse(sql, dialect) for sql in golds) else "sqlglot cannot parse the gold SQL")
        unknown = [name for sql in golds for name in _unknown(sql, columns[db_id], dialect)]
        row.state("known_names", f"not in database {db_id}: {', '.join(unknown)}" if unknown else None)


def _unknown(sql: str, columns: Mapping[str, Sequence[str]], dialect: str) -> tuple[str, ...]:
    """Tables and columns that the query names and the database lacks; none where that cannot be told."""
    found = unknown_names(sql, columns, dialect)
    return (*found.tables, *found.columns) if found else ()


def _check_repeats(rows: Sequence[Row], dialects: Mapping[str, str]) -> None:
    """A repeated question keeps its first row that passes the other checks. Another query for it is a contradiction,
    not a second gold."""
    first: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: bool(row.reasons)):
        example = row.example
        earlier = first.setdefault((example.db_id, normalise(example.question)), row)
        repeated = earlier is not row
        dialect = dialects[example.db_id]
        same = _canonical_golds(earlier.example, dialect) == _canonical_golds(example, dialect)
        row.state("is_unique", f"the same question stands in {earlier.example.source}" if repeated and same else None)
        row.state(
            "consistent",
            f"{earlier.example.source} gives the same question another query" if repeated and not same else None,
        )


def _check_leaks(rows: Sequence[Row], dialects: Mapping[str, str]) -> None:
    """Where two splits share a question or query, the row that is further from the final verdict goes."""
    for position, split in enumerate(SPLITS):
        own = [row for row in rows if row.split == split]
        kept_apart = [row.example for row in rows if row.split in SPLITS[position + 1 :]]
        for row, leaked in zip(own, leaks(kept_apart, [r.example for r in own], dialects), strict=True):
            later = " or ".join(SPLITS[position + 1 :])
            row.state("not_leaked", f"its question or query also stands in the {later} split" if leaked else None)


def _canonical_golds(example: Example, dialect: str) -> set[str]:
    return {canonical(sql, dialect) for sql in example.gold_sql}


def _check_execution(rows: Sequence[Row], databases: Mapping[str, Database], engine: Engine) -> None:
    queries = {
        (row.example.db_id, sql): Query(databases[row.example.db_id].url, sql)
        for row in rows
        if row.facts["read_only"]
        for sql in row.example.gold_sql
    }
    asked = list(queries.values())
    results = dict(zip(queries, engine.execute(asked, golds=asked), strict=True))
    for row in rows:
        if not row.facts["read_only"]:
            row.state("executes", "not run, because it is refused")
            row.state("non_empty", None)
            continue
        golds = [results[row.example.db_id, sql] for sql in row.example.gold_sql]
        error = next((f"{gold.error.kind}: {gold.error.message}" for gold in golds if gold.error), None)
        if any(gold.truncated for gold in golds):  # a cut result equals nothing, so no answer could ever be right
            error = "its result is larger than profile.engine.max_rows allows"
        row.state("executes", error)
        empty = not error and any(all(value is None for line in gold.rows for value in line) for gold in golds)
        row.state("non_empty", "the gold result has no row, or only NULL" if empty else None)


def check_lengths(rows: Sequence[Row], tokens: Sequence[int], max_length: int) -> None:
    """State `fits` from the token count (prompt, completion and closing token, longer mode) of each row."""
    for row, count in zip(rows, tokens, strict=True):
        row.tokens = count
        row.state("fits", f"{count} tokens, profile.model.max_length is {max_length}" if count > max_length else None)
