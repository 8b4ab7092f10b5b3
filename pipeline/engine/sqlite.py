"""Runs one query on an SQLite file inside this process, read-only and within limits.

Time is bounded by a progress handler, the size of a result by the row and byte caps.
Not covered here: memory (a limit holds for a whole process, so the worker sets it), and operations that run long inside
one step of SQLite's virtual machine, which no handler can interrupt (the pool kills the worker).
"""

from __future__ import annotations

import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Any

import apsw

from pipeline.engine.result import ErrorKind, ExecutionResult, Limits
from pipeline.engine.sqlite_connection import open_read_only
from pipeline.engine.sqlite_errors import file_fault, query_error
from pipeline.engine.urls import sqlite_path

_DEADLINE_STEPS = 1000  # a cheap interval: at 100 the handler doubles the time of a query
_OPEN_SESSIONS = 8
_FIRST_ROWS = 16
_MOST_ROWS = 256
# Atomic and possessive, or text such as "--------" before a word would take exponential time.
_BLANK = re.compile(r"(?>\s+|;|--[^\n]*|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
# Whatever may hold the signs of a comment, and comments; the possessive forms keep hostile text linear.
_PIECE = re.compile(r"""'[^']*+'?|"[^"]*+"?|`[^`]*+`?|\[[^\]]*+\]?|--[^\n]*+|/\*.*?(?:\*/|\Z)|.""", re.DOTALL)


class SqliteExecutor:
    """Executes queries one at a time and keeps a few files open. Not thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sessions: OrderedDict[tuple[str, int, int, int], _Session] = OrderedDict()

    def open(self, url: str) -> Callable[[str], ExecutionResult]:
        """A function that runs one query on the file as it is now (if it is replaced later, open it again).

        What the query does wrong is in its result. Opening and running raise InfrastructureError for a fault of the
        machine, such as a file that is missing, unreadable or no database.
        """
        path = sqlite_path(url)
        try:
            status = os.stat(path)
            # The file's identity is part of the key: an immutable connection would not see that it was replaced.
            key = (path, status.st_ino, status.st_size, status.st_mtime_ns)
            if key not in self._sessions:
                self._sessions[key] = _Session(path, self._limits)
        except (OSError, apsw.Error) as error:
            raise file_fault(error, path) from error
        self._sessions.move_to_end(key)
        while len(self._sessions) > _OPEN_SESSIONS:
            self._sessions.popitem(last=False)[1].close()
        return self._sessions[key].execute

    def close(self) -> None:
        while self._sessions:
            self._sessions.popitem()[1].close()


class _Refused(Exception):
    """The text is not exactly one reading statement."""


class _Session:
    """One open file and what SQLite tells about the query that runs on it. The hooks are set once, not per query."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self._connection = open_read_only(path, limits.max_bytes)
        self._connection.exec_trace = self._admit
        self._connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._finished)
        self._connection.set_progress_handler(self._overdue, _DEADLINE_STEPS)

    def execute(self, sql: str) -> ExecutionResult:
        """Run one query within the limits.

        Text that is not UTF-8 is decoded with its invalid bytes dropped, as the official evaluators do. Such a query
        runs twice within its one deadline (apsw decodes strictly, so the second run fetches bytes); time and cost are
        those of the first run.
        """
        start = time.perf_counter()
        try:
            return self._run(sql, start)
        except (_Refused, ValueError) as error:  # ValueError: a NUL character, a lone surrogate
            return ExecutionResult.failed(ErrorKind.REFUSED, str(error), time.perf_counter() - start)
        except (apsw.Error, MemoryError) as error:
            return ExecutionResult(error=query_error(error, self._path), elapsed_s=time.perf_counter() - start)

    def _run(self, sql: str, start: float) -> ExecutionResult:
        self._deadline = start + self._limits.timeout_s
        self._sql, self._seen, self._statement = sql, 0, ""
        self._columns: tuple[str, ...] = ()
        self._cost: int | None = None
        cursor = self._connection.cursor()
        undecodable = False
        try:
            cursor.execute(sql, can_cache=False)
            if not self._statement:
                raise _Refused("not SQL: empty")
            try:
                rows, truncated = self._fetch(cursor)
            except UnicodeDecodeError:
                undecodable = True
                self._drain(cursor)
        finally:
            cursor.close(True)
        elapsed_s, cost = time.perf_counter() - start, self._cost
        if undecodable:
            rows, truncated = self._fetch_bytes()
        return ExecutionResult(self._columns, tuple(rows), None, elapsed_s, None if truncated else cost, truncated)

    def close(self) -> None:
        self._connection.close()

    def _admit(self, cursor: apsw.Cursor, statement: str, _bindings: Any) -> bool:
        """Called by apsw before each statement; comments around the query count as statements without a program."""
        self._seen += len(statement)
        if not cursor.has_vdbe:
            return True
        if cursor.is_explain or not cursor.is_readonly:
            raise _Refused("not a query that only reads")
        if self._seen < len(self._sql) and not _BLANK.fullmatch(self._sql, self._seen):
            raise _Refused("more than one statement")
        self._statement = statement
        self._columns = tuple([column[0] for column in cursor.get_description()])
        return True

    def _finished(self, event: dict[str, Any]) -> None:
        # Virtual tables run statements of their own, which finish first: the last event is the query's.
        self._cost = event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    def _overdue(self) -> bool:
        return time.perf_counter() > self._deadline

    def _fetch(self, cursor: apsw.Cursor) -> tuple[list[tuple[Any, ...]], bool]:
        """Rows up to the caps, and whether there were more. Fetched in growing bites, so that a few huge rows do not
        fill the memory before their size is looked at."""
        rows: list[tuple[Any, ...]] = []
        size, bite = 0, _FIRST_ROWS
        while more := list(islice(cursor, bite)):
            rows += more
            size += sum([_size(value) for row in more for value in row])
            if len(rows) > self._limits.max_rows or size > self._limits.max_bytes:
                return self._cut(rows), True
            if len(more) < bite:
                break
            bite = min(2 * bite, _MOST_ROWS)
        return rows, False

    def _cut(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        size = 0
        for count, row in enumerate(rows):
            size += sum(map(_size, row))
            if count == self._limits.max_rows or size > self._limits.max_bytes:
                return rows[:count]
        return rows

    def _drain(self, cursor: apsw.Cursor) -> None:
        """Run a query with undecodable text to its end, for its cost; its rows are fetched again."""
        for _ in range(self._limits.max_rows):
            try:
                if not list(islice(cursor, _MOST_ROWS)):
                    return
            except UnicodeDecodeError:
                continue

    def _fetch_bytes(self) -> tuple[list[tuple[Any, ...]], bool]:
        """The rows of a query whose text is fetched as bytes and decoded here.

        The query becomes the body of a common table expression, which SQLite runs in the body's own order. Only files
        in UTF-8 come here: of UTF-16, SQLite itself makes valid text.
        """
        names = [f"querysmith_{i}" for i in range(len(self._columns))]
        values = (f"typeof({n}), CASE typeof({n}) WHEN 'text' THEN CAST({n} AS BLOB) ELSE {n} END" for n in names)
        body = self._statement.strip("; \t\r\n\f\v")
        sql = "WITH querysmith({}) AS (\n{}\n) SELECT {} FROM querysmith".format(
            ", ".join(names), body + "*/" * _ends_in_comment(body), ", ".join(values)
        )
        columns = self._columns
        self._sql, self._seen = sql, 0
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, can_cache=False)
            rows, truncated = self._fetch(cursor)
        finally:
            cursor.close(True)
            self._columns = columns
        decoded = [
            tuple(
                value.decode("utf-8", "ignore") if kind == "text" else value
                for kind, value in zip(row[::2], row[1::2], strict=True)
            )
            for row in rows
        ]
        return decoded, truncated


def _ends_in_comment(sql: str) -> bool:
    """True if a comment is never closed, which SQLite allows."""
    last = max(_PIECE.finditer(sql), key=re.Match.end, default=None)
    return last is not None and last.group().startswith("/*") and not last.group().endswith("*/")


def _size(value: Any) -> int:
    """Bytes that a value counts for: the length of text (in UTF-8) or of a blob; 8 for a number or NULL."""
    if type(value) is str:
        return len(value) if value.isascii() else len(value.encode())
    return len(value) if type(value) is bytes else 8
