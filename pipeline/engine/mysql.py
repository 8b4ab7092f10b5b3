"""Runs one query on a MySQL server, read-only and within limits.

A query that takes too long meets, one after the other: the server's own max_execution_time; a KILL QUERY from a
connection of its own; the read timeout of its connection; and the parent, which kills this process. So it does not go
on running on the server, but for operations that the server itself cannot interrupt (arithmetic inside one function).
The size of a result is bounded by the row and byte caps; the rest of a result that is cut is not read, its query is
killed.
Not covered: memory on the server, which only its administrator can bound (connection_memory_limit).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.protocol import FieldDescriptorPacket

from pipeline.engine.mysql_connection import Connections, Counters, MysqlConnection, RowTooLarge, kill
from pipeline.engine.mysql_errors import (
    QUERY_INTERRUPTED,
    QUERY_TIMEOUT,
    is_lost,
    is_read_timeout,
    number_of,
    query_error,
    unavailable,
)
from pipeline.engine.mysql_text import forbidden
from pipeline.engine.result import ErrorKind, ExecutionError, ExecutionResult, Limits
from pipeline.engine.urls import MysqlAddress, mysql_address
from pipeline.engine.watchdog import Outcome, Shot, Watchdog

# Where in the time between timeout_s and kill_after_s the later guards act.
_KILL_AT = 0.25
_GIVE_UP_AT = 0.75
# A query shorter than this part of its time is run twice where its cost would hold more than its own work.
_RERUN_WITHIN = 0.1

_BINARY_CHARSET = 63
_TEXTS = frozenset(
    {FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.ENUM, FIELD_TYPE.SET}
    | {FIELD_TYPE.TINY_BLOB, FIELD_TYPE.BLOB, FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB}
)

_Decoder = Callable[[bytes], Any]


class MysqlExecutor:
    """Executes queries one at a time and keeps a few connections open. Not thread-safe."""

    def __init__(self, limits: Limits, password: str | None) -> None:
        self._limits = limits
        self._password = password
        self._slack_s = limits.kill_after_s - limits.timeout_s
        self._connections = Connections(limits, password, limits.timeout_s + _GIVE_UP_AT * self._slack_s)
        self._watchdog = Watchdog()

    def open(self, url: str) -> Callable[[str], ExecutionResult]:
        """A function that runs queries on a connection that is open now. What a query does wrong is in its result.

        Opening raises InputError for a wrong URL, password or database, and for an account that may do more than read.
        Opening and running raise InfrastructureError for a fault of the server or the way to it; the next `open` makes
        a new connection then.

        Integers, YEAR and BOOLEAN come as int, FLOAT and DOUBLE as float, DECIMAL as Decimal, dates, times and JSON as
        the server's text, BIT, BINARY, BLOB, GEOMETRY and VECTOR as bytes. Invalid bytes in text are dropped.
        """
        address = mysql_address(url)
        self._connections.get(address)
        return partial(self._execute, address)

    def close(self) -> None:
        """Close all connections. May be called twice; the executor can be used again."""
        self._connections.close()
        self._watchdog.close()

    def _execute(self, address: MysqlAddress, sql: str) -> ExecutionResult:
        if reason := forbidden(sql):
            return ExecutionResult.failed(ErrorKind.REFUSED, reason)
        connection = self._connections.get(address)
        try:
            return self._answer(connection, sql)
        except pymysql.MySQLError as error:
            self._connections.drop(connection)
            raise unavailable(error, address) from error
        except BaseException:
            self._connections.drop(connection)
            raise

    def _answer(self, connection: MysqlConnection, sql: str) -> ExecutionResult:
        result, done = self._measured(connection, sql)
        if done and done.opened and result.elapsed_s < _RERUN_WITHIN * self._limits.timeout_s:
            # The server has read its own dictionary for tables that nobody has used lately, and counts that. Run again
            # only where that is quick; a longer query reads so much that this does not matter.
            again, _ = self._measured(connection, sql)
            return again if again.ok else result
        return result

    def _measured(self, connection: MysqlConnection, sql: str) -> tuple[ExecutionResult, Counters | None]:
        """The result, and what the session did for it; raises one of pymysql's errors if the connection is lost.

        The connection can be used again, or has been dropped.
        """
        before = connection.counters_before()
        fetched = _Rows()
        start = time.perf_counter()
        shot = self._watch(connection)
        error = None
        try:
            self._fetch(connection, sql, fetched)
        except Exception as caught:
            error = caught
        elapsed_s = time.perf_counter() - start
        outcome = self._watchdog.disarm(shot, self._limits.kill_after_s - elapsed_s)
        if error is not None:
            fetched.rows.clear()
            return self._failed(connection, error, elapsed_s, outcome), None
        done = None
        if fetched.truncated:
            self._connections.kill(connection)
        elif outcome is not Outcome.NOT_FIRED:
            self._connections.drop(connection)  # the KILL may hit what comes next
        else:
            done = connection.done_between(before, connection.counters_after())
        result = ExecutionResult(
            columns=fetched.columns,
            rows=tuple(fetched.rows),
            elapsed_s=elapsed_s,
            cost=done.work if done else None,
            truncated=fetched.truncated,
        )
        return result, done

    def _watch(self, connection: MysqlConnection) -> Shot:
        at = time.monotonic() + self._limits.timeout_s + _KILL_AT * self._slack_s
        return self._watchdog.arm(at, lambda: kill(connection, self._password, "QUERY"))

    def _fetch(self, connection: MysqlConnection, sql: str, fetched: _Rows) -> None:
        """Rows up to the caps. A single value above the byte cap is an error: no part of it can be shown."""
        fields = connection.start(sql)
        if not fields:
            raise _NoResult("not a query: it has no result")
        fetched.columns = tuple(field.name for field in fields)
        decoders = [_decoder(field) for field in fields]
        size = 0
        for raw in connection.rows():
            row = tuple(None if v is None else decode(v) for v, decode in zip(raw, decoders, strict=True))
            sizes = [_size(value) for value in row]
            if max(sizes) > self._limits.max_bytes:
                raise RowTooLarge("one value is larger than the result may be")
            size += sum(sizes)
            if len(fetched.rows) == self._limits.max_rows or size > self._limits.max_bytes:
                fetched.truncated = True
                return
            fetched.rows.append(row)

    def _failed(
        self, connection: MysqlConnection, error: Exception, elapsed_s: float, outcome: Outcome
    ) -> ExecutionResult:
        """What an error means; it is raised again if it is neither the query's nor a timeout."""
        in_time = outcome is Outcome.NOT_FIRED and elapsed_s < self._limits.timeout_s
        if isinstance(error, _NoResult):
            self._connections.drop(connection)  # it was a statement after all: who knows what it has changed
            return ExecutionResult.failed(ErrorKind.REFUSED, str(error), elapsed_s)
        if isinstance(error, MemoryError | RowTooLarge):
            self._connections.kill(connection)
            message = str(error) or "the result does not fit in memory"
            return ExecutionResult.failed(ErrorKind.TOO_LARGE, message, elapsed_s)
        if not isinstance(error, pymysql.MySQLError):
            self._connections.kill(connection)
            raise error
        if outcome is not Outcome.NOT_FIRED:
            self._connections.drop(connection)
        number = number_of(error)
        if number == QUERY_TIMEOUT or (number == QUERY_INTERRUPTED and not in_time):
            return self._timeout(elapsed_s)
        if is_read_timeout(error) and outcome is Outcome.KILLED:
            return self._timeout(elapsed_s)  # the server lives, but what the query does cannot be interrupted
        if is_lost(error) or number == QUERY_INTERRUPTED:
            raise error
        found: ExecutionError = query_error(error, connection.address)
        return ExecutionResult(error=found, elapsed_s=elapsed_s)

    def _timeout(self, elapsed_s: float) -> ExecutionResult:
        return ExecutionResult.failed(
            ErrorKind.TIMEOUT, f"the query took longer than {self._limits.timeout_s:g} s", elapsed_s
        )


class _NoResult(Exception):
    """The server has executed the text, but it was no query."""


@dataclass
class _Rows:
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    truncated: bool = False


def _decoder(column: FieldDescriptorPacket) -> _Decoder:
    return _DECODERS.get(column.type_code) or (
        _text if column.type_code in _TEXTS and column.charsetnr != _BINARY_CHARSET else bytes
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "ignore")


def _decimal(raw: bytes) -> Decimal:
    return Decimal(raw.decode())


_DECODERS: dict[int, _Decoder] = {
    **dict.fromkeys((FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.INT24), int),
    FIELD_TYPE.YEAR: int,
    FIELD_TYPE.FLOAT: float,
    FIELD_TYPE.DOUBLE: float,
    FIELD_TYPE.DECIMAL: _decimal,
    FIELD_TYPE.NEWDECIMAL: _decimal,
    **dict.fromkeys((FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP), _text),
    FIELD_TYPE.TIME: _text,
    FIELD_TYPE.JSON: _text,  # the server calls some of it binary
}


def _size(value: Any) -> int:
    """Bytes that a value counts for: the length of text (in UTF-8) or of bytes; 8 for a number or NULL."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    return len(value) if isinstance(value, bytes) else 8
