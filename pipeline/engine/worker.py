"""The process that runs untrusted SQL: `python -m pipeline.engine.worker PROGRESS_DESCRIPTOR`.

Reads messages on standard input and answers on standard output (see protocol.py). Ends when its input ends, so it never
outlives its parent for long: while a query runs, the kernel's alarm ends it should the parent no longer be there.
Not covered: a sandbox against bugs in SQLite's C code. It needs no files but the databases and no network but the MySQL
servers; run the whole program in a container where that matters.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import apsw
from msgspec.msgpack import Decoder

from pipeline.engine.protocol import CHUNK, HELLO, Answers, Chunk, Fault, Hello, Progress, pack, portable, unpack
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits
from pipeline.engine.sqlite import SqliteExecutor
from pipeline.engine.urls import dialect_of
from pipeline.errors import InfrastructureError, InputError

T = TypeVar("T")

# Memory of the interpreter, and of a result at its byte cap as Python objects and as a message.
_OVERHEAD_MB = 512
# The alarm leaves the first shot to the parent, which then knows that it was a timeout.
_ALARM_GRACE_S = 2.0
# Opening a connection has limits of its own, which come earlier.
_OPEN_S = 60.0
# Answers wait for company, but not for long: the parent has work to do with them meanwhile.
_SEND_AFTER_S = 0.002
_SEND_ROWS = 500
_CHUNK_BYTES = 1 << 16


class Executor(Protocol):
    """What runs the queries of one dialect. Opening and running raise InfrastructureError or InputError."""

    def open(self, url: str) -> Callable[[str], ExecutionResult]: ...

    def close(self) -> None: ...


def main() -> None:
    channel = _Channel(0, os.dup(1))
    os.dup2(2, 1)  # nothing that a library prints may get between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    try:
        if hello := channel.receive(HELLO):
            _confine(hello.limits)
            channel.send(Answers())
            worker = _Worker(hello, channel, Progress(int(sys.argv[1])))
            while chunk := channel.receive(CHUNK):
                worker.run(chunk)
    except BrokenPipeError:
        return  # the parent is gone


def _confine(limits: Limits) -> None:
    """Bound the memory of this process, and leave no core files behind."""
    memory = limits.memory_mb * 2**20
    apsw.soft_heap_limit(memory * 3 // 4)
    apsw.hard_heap_limit(memory)
    address_space = memory + _OVERHEAD_MB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Channel:
    """The two pipes to the parent."""

    def __init__(self, inbox: int, outbox: int) -> None:
        self._inbox, self._outbox = inbox, outbox
        self._buffer = bytearray()

    def receive(self, decoder: Decoder[T]) -> T | None:
        """The next message, or None when the parent has closed its end."""
        while (message := unpack(self._buffer, decoder)) is None:
            data = os.read(self._inbox, _CHUNK_BYTES)
            if not data:
                return None
            self._buffer += data
        return message

    def send(self, answers: Answers) -> None:
        with memoryview(pack(answers)) as data:
            sent = 0
            while sent < len(data):
                sent += os.write(self._outbox, data[sent:])


class _Worker:
    def __init__(self, hello: Hello, channel: _Channel, progress: Progress) -> None:
        self._hello, self._channel, self._progress = hello, channel, progress
        self._executors: dict[str, Executor] = {}
        self._count = 0

    def run(self, chunk: Chunk) -> None:
        """Execute a chunk and send its answers, the last of them at its end or at the first fault."""
        results: list[ExecutionResult] = []
        rows, sent_at = 0, time.monotonic()
        patience_s = self._hello.limits.kill_after_s + _ALARM_GRACE_S
        _allow_cpu(patience_s)
        has_decimals = dialect_of(chunk.url) == "mysql"
        doubtful = frozenset(chunk.doubtful)
        execute = None
        try:
            for place, sql in enumerate(chunk.sql):
                now = time.monotonic()
                if results and (now - sent_at > _SEND_AFTER_S or rows > _SEND_ROWS):
                    self._send(results)
                    _allow_cpu(patience_s)
                    results, rows, sent_at = [], 0, now
                self._count += 1
                if execute is None:
                    execute = self._open(chunk)
                    now = time.monotonic()
                self._progress.begin(self._count, now)
                signal.setitimer(signal.ITIMER_REAL, patience_s)
                result = (_refused(sql, chunk.url) if place in doubtful else None) or execute(sql)
                if result.error or result.truncated:
                    execute = None  # a MySQL connection may have been lost over it
                results.append(portable(result) if has_decimals else result)
                rows += len(result.rows)
            self._send(results)
        except (InfrastructureError, InputError) as error:
            self._close_executors()  # a connection that met a fault is not to be trusted again
            self._send(results, Fault(str(error), retry=isinstance(error, InfrastructureError)))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _open(self, chunk: Chunk) -> Callable[[str], ExecutionResult]:
        """Get ready to execute; the time of the next query starts afterwards."""
        self._progress.begin(self._count, time.monotonic() + _OPEN_S)
        signal.setitimer(signal.ITIMER_REAL, _OPEN_S)
        if chunk.doubtful:
            import pipeline.sql.parsing  # noqa: F401 (half a second, once)
        return self._executor(chunk.url).open(chunk.url)

    def _executor(self, url: str) -> Executor:
        dialect = dialect_of(url)
        if dialect not in self._executors:
            limits = self._hello.limits
            if dialect == "mysql":
                from pipeline.engine.mysql import MysqlExecutor  # only who has a MySQL server pays for its import

                self._executors[dialect] = MysqlExecutor(limits, self._hello.mysql_password)
            else:
                self._executors[dialect] = SqliteExecutor(limits)
        return self._executors[dialect]

    def _close_executors(self) -> None:
        while self._executors:
            self._executors.popitem()[1].close()

    def _send(self, results: list[ExecutionResult], fault: Fault | None = None) -> None:
        try:
            self._channel.send(Answers(results, fault))
        except MemoryError:
            for result in results:
                self._send_one(result)
            self._channel.send(Answers(fault=fault))

    def _send_one(self, result: ExecutionResult) -> None:
        try:
            self._channel.send(Answers([result]))
        except MemoryError:
            error = "the result does not fit in memory"
            self._channel.send(Answers([ExecutionResult.failed(ErrorKind.TOO_LARGE, error)]))


def _refused(sql: str, url: str) -> ExecutionResult | None:
    """The outcome of a text that is not executed. Decided here and not in the parent, because reading hostile text may
    take as much as executing it: then the query is late or too large, and only that query."""
    from pipeline.sql.parsing import check_read_only

    try:
        reason = check_read_only(sql, dialect_of(url))
    except MemoryError:
        return ExecutionResult.failed(ErrorKind.TOO_LARGE, "reading the text needs too much memory")
    return ExecutionResult.failed(ErrorKind.REFUSED, reason) if reason else None


def _allow_cpu(seconds: float) -> None:
    """Bound the processor time from now on: the kernel's last word, should even the alarm fail to end a query."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, hard))


if __name__ == "__main__":
    main()
