"""What the engine is asked and what it answers.

Only plain data: the worker processes import this module, so it must stay free of heavy imports.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct


class ErrorKind(StrEnum):
    """Why a query has no result. Each is a property of the query; faults of the machine raise InfrastructureError."""

    SYNTAX = "syntax"
    UNKNOWN_NAME = "unknown_name"  # a table or a column that does not exist
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"  # out of its memory limit, or one value above the byte cap
    REFUSED = "refused"  # not exactly one read-only query, or not SQL at all
    RUNTIME = "runtime"  # everything else that the query brings about: misuse of an aggregate, integer overflow ...
    CRASHED = "crashed"  # the worker process died while it ran this query, twice


class Query(NamedTuple):
    """One SQL text and the database it is asked of; for the forms of `url` see pipeline.engine.urls."""

    url: str
    sql: str


class Limits(Struct, frozen=True):
    """What one query may use: seconds of wall time, rows and bytes of result, MiB of memory inside SQLite."""

    timeout_s: float = 5.0
    max_rows: int = 10_000
    max_bytes: int = 16 * 2**20
    memory_mb: int = 512

    @property
    def kill_after_s(self) -> float:
        """Seconds after which the process that runs the query is killed: it should have stopped itself by then.

        SQLite can be interrupted between two steps of its virtual machine only, and one step may build a large string
        or match a costly pattern. The caller is promised an answer within 1.2 * timeout_s + 0.5; the difference pays
        for the start of a replacement.
        """
        return 1.2 * self.timeout_s + 0.1


class ExecutionError(Struct, frozen=True, array_like=True):
    kind: ErrorKind
    message: str


class ExecutionResult(Struct, frozen=True, array_like=True):
    """Outcome of one query: its rows, or the error it caused.

    Values are None, int, float, str or bytes, and from MySQL Decimal; its dates and times come as text. `elapsed_s` is
    wall time in seconds inside the worker, from the start of the preparation to the last row, transfer excluded. `cost`
    is a count of work that does not depend on the machine's mood, and is None unless the query ran to its end: the
    steps of SQLite's virtual machine, which repeat exactly for the same query on the same file; for MySQL the rows
    that the storage engine was asked for and those that were sorted. `truncated` means that the row or the byte cap
    cut the result, which then equals no other result.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    error: ExecutionError | None = None
    elapsed_s: float = 0.0
    cost: int | None = None
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """True when the query ran without error; its rows may still be truncated."""
        return self.error is None

    @classmethod
    def failed(cls, kind: ErrorKind, message: str, elapsed_s: float = 0.0) -> ExecutionResult:
        return cls(error=ExecutionError(kind, message), elapsed_s=elapsed_s)
