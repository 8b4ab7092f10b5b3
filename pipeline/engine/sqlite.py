"""Runs one query on an SQLite file inside this process, read-only and within limits.

Time is bounded by a progress handler, the size of a result by the row and byte caps.
Not covered here: memory (a limit holds for a whole process, so the worker sets it), and operations that run long inside
one step of SQLite's virtual machine, which no handler can interrupt (the pool kills the worker).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import apsw

from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.engine.sqlite_connection import Connections, database_path
from pipeline.engine.sqlite_errors import query_error

_DEADLINE_STEPS = 1000  # a cheap interval: at 100 the handler doubles the time of a query
# Atomic and possessive, or text such as "--------" before a word would take exponential time.
_BLANK = re.compile(r"(?>\s+|;|--[^\n]*|/\*.*?(?:\*/|\Z))*+", re.DOTALL)


class SqliteExecutor:
    """Executes queries one at a time and keeps a few connections open. Not thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connections = Connections(limits.max_bytes)

    def execute(self, query: Query) -> ExecutionResult:
        """Run one query; what it does wrong is in the result, a fault of the machine raises InfrastructureError.

        Text that is not UTF-8 is decoded with its invalid bytes dropped, as the official evaluators do. Such a query
        runs twice within its one deadline (apsw decodes strictly, so the second run fetches bytes); time and cost are
        those of the first run.
        """
        path = database_path(query.url)
        connection = self._connections.get(path)
        deadline = time.monotonic() + self._limits.timeout_s
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _DEADLINE_STEPS)
        start = time.perf_counter()
        try:
            observed, fetched = self._run(connection, query.sql)
            elapsed_s = time.perf_counter() - start
            if fetched.undecodable:
                fetched = self._fetch_bytes(connection, observed)
        except (_Refused, ValueError) as error:  # ValueError: a NUL character, a lone surrogate
            return ExecutionResult.failed(ErrorKind.REFUSED, str(error), time.perf_counter() - start)
        except (apsw.Error, MemoryError) as error:
            return ExecutionResult(error=query_error(error, path), elapsed_s=time.perf_counter() - start)
        return ExecutionResult(
            columns=observed.columns,
            rows=tuple(fetched.rows),
            elapsed_s=elapsed_s,
            cost=None if fetched.truncated else observed.cost,
            truncated=fetched.truncated,
        )

    def close(self) -> None:
        self._connections.close()

    def _run(self, connection: apsw.Connection, sql: str) -> tuple[_Observed, _Rows]:
        observed = _Observed(sql)
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, observed.finished)
        cursor = connection.cursor()
        cursor.exec_trace = observed.admit
        try:
            cursor.execute(sql, can_cache=False)
            if not observed.statement:
                raise _Refused("not SQL: empty")
            return observed, self._fetch(cursor)
        finally:
            cursor.close(True)
            connection.trace_v2(0, None)

    def _fetch(self, cursor: apsw.Cursor) -> _Rows:
        """Rows up to the caps; a row with text that is not UTF-8 is left out and noted, the query goes on."""
        fetched = _Rows()
        size = count = 0
        while True:
            try:
                row = next(cursor)
            except StopIteration:
                return fetched
            except UnicodeDecodeError:
                fetched.undecodable = True
                row = ()
            count += 1
            size += sum(map(_size, row))
            if count > self._limits.max_rows or size > self._limits.max_bytes:
                fetched.truncated = True
                return fetched
            fetched.rows.append(row)

    def _fetch_bytes(self, connection: apsw.Connection, observed: _Observed) -> _Rows:
        """The rows of a query whose text is fetched as bytes and decoded here.

        The query becomes the body of a common table expression, which SQLite runs in the body's own order. Only files
        in UTF-8 come here: of UTF-16, SQLite itself makes valid text.
        """
        names = [f"querysmith_{i}" for i in range(len(observed.columns))]
        values = (f"typeof({n}), CASE typeof({n}) WHEN 'text' THEN CAST({n} AS BLOB) ELSE {n} END" for n in names)
        body = observed.statement.strip("; \t\r\n\f\v")
        sql = f"WITH querysmith({', '.join(names)}) AS (\n{body}\n) SELECT {', '.join(values)} FROM querysmith"
        cursor = connection.execute(sql, can_cache=False)
        try:
            fetched = self._fetch(cursor)
        finally:
            cursor.close(True)
        fetched.rows = [
            tuple(
                value.decode("utf-8", "ignore") if kind == "text" else value
                for kind, value in zip(row[::2], row[1::2], strict=True)
            )
            for row in fetched.rows
        ]
        return fetched


class _Refused(Exception):
    """The text is not exactly one reading statement."""


@dataclass
class _Rows:
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    truncated: bool = False
    undecodable: bool = False


@dataclass
class _Observed:
    """What SQLite tells about a statement while it runs; refuses the text before its first statement starts."""

    sql: str
    seen: int = 0
    statement: str = ""
    columns: tuple[str, ...] = ()
    cost: int | None = None

    def admit(self, cursor: apsw.Cursor, statement: str, _bindings: Any) -> bool:
        """Called by apsw before each statement; comments around the query count as statements without a program."""
        self.seen += len(statement)
        if not cursor.has_vdbe:
            return True
        if cursor.is_explain or not cursor.is_readonly:
            raise _Refused("not a query that only reads")
        if not _BLANK.fullmatch(self.sql, self.seen):
            raise _Refused("more than one statement")
        self.statement = statement
        self.columns = tuple(column[0] for column in cursor.get_description())
        return True

    def finished(self, event: dict[str, Any]) -> None:
        # Virtual tables run statements of their own, which finish first: the last event is the query's.
        self.cost = event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]


def _size(value: Any) -> int:
    """Bytes that a value counts for: the length of text (in UTF-8) or of a blob; 8 for a number or NULL."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    return len(value) if isinstance(value, bytes) else 8
