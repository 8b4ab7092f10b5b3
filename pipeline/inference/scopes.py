"""What each SELECT of a query has named, as far as it has been written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.inference.names import Names

READS = frozenset(("from", "join"))  # words behind which a table is due
AFTER_TABLES = frozenset(
    ("except", "group", "having", "intersect", "limit", "on", "order", "union", "using", "where", "window")
)


@dataclass(frozen=True)
class Scope:
    """What a SELECT has named so far."""

    depth: int
    sees_outer: bool  # whether it may name columns of the query around it
    columns: frozenset[str] = frozenset()  # without a table
    tables: frozenset[str] = frozenset()  # of the schema, that it reads
    reads_others: bool = False  # reads a query as well, whose columns are unknown
    clause: str = "select"  # or "from", or "after" that


def readable(names: Names, scopes: Sequence[Scope]) -> Names:
    """The names of what the last SELECT reads, and the queries around it; all, where that is not written yet."""
    tables: frozenset[str] = frozenset()
    for scope in reversed(scopes):
        if scope.clause == "select" or scope.reads_others:
            return names
        tables |= scope.tables
        if not scope.sees_outer:
            break
    return names.within(tables) if scopes else names
