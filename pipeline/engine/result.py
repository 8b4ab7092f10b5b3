"""What the engine is asked and what it answers.

Only plain data: the worker processes import this module, so it must stay free of heavy imports.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    """Why a query has no result. Each is a property of the query; faults of the machine raise InfrastructureError."""

    SYNTAX = "syntax"
    UNKNOWN_NAME = "unknown_name"  # a table or a column that does not exist
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"  # out of its memory limit, or one value above the byte cap
    REFUSED = "refused"  # not exactly one read-only query, or not SQL at all
    RUNTIME = "runtime"  # everything else that the query brings about: misuse of an aggregate, integer overflow ...
    CRASHED = "crashed"  # the worker process died while it ran this query


@dataclass(frozen=True)
class Query:
    """One SQL text and the database it is asked of; `url` is `sqlite:///` and an absolute path (so four slashes)."""

    url: str
    sql: str


@dataclass(frozen=True)
class Limits:
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


@dataclass(frozen=True)
class ExecutionError:
    kind: ErrorKind
    message: str


@dataclass(frozen=True)
class ExecutionResult:
    """Outcome of one query: its rows, or the error it caused.

    Values are None, int, float, str or bytes. `elapsed_s` is wall time in seconds inside the worker, from the start of
    the preparation to the last row, transfer excluded. `cost` is the number of steps of SQLite's virtual machine: it
    repeats exactly for the same query on the same file, and is None unless the query ran to its end. `truncated` means
    that the row or the byte cap cut the result, which then equals no other result.
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
