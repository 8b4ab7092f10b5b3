"""The engine: runs batches of untrusted queries over a few worker processes.

Whatever a query does, it costs at most itself: a worker that overruns or dies is replaced and the batch goes on.
Faults of the machine are retried, then raised; they are never the outcome of a query.
Not covered: MySQL, and caching of results between batches.
"""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from pipeline.engine.process import WorkerProcess
from pipeline.engine.protocol import result_from_message
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.engine.sqlite_connection import database_path
from pipeline.errors import InfrastructureError
from pipeline.sql.parsing import check_read_only

_START_S = 60.0
_RETRY_AFTER_S = (0.1, 0.5)


@dataclass(eq=False)
class _Task:
    query: Query
    attempts: int = 0
    not_before: float = 0.0


@dataclass
class _Batch:
    """The state of one call: what waits for a worker, what waits for its next attempt, what is done."""

    pending: deque[_Task] = field(default_factory=deque)
    delayed: list[_Task] = field(default_factory=list)
    results: dict[Query, ExecutionResult] = field(default_factory=dict)


@dataclass(eq=False)
class _Worker:
    """A process and what it is doing: starting until `ready`, idle without a `task`; `kill_at` ends either."""

    process: WorkerProcess
    kill_at: float
    ready: bool = False
    task: _Task | None = None


class Engine:
    """Executes queries in `workers` processes, started as they are needed.

    timeout_s: seconds for one query; the answer comes within 1.2 * timeout_s + 0.5 even if SQLite does not stop.
    max_rows, max_bytes: a larger result is cut and marked as truncated. memory_mb: MiB for SQLite, in each worker.
    Safe to share between threads (batches run one after the other), not between processes: build one after a fork.
    """

    def __init__(
        self,
        workers: int = 2,
        timeout_s: float = 5.0,
        max_rows: int = 10_000,
        max_bytes: int = 16 * 2**20,
        memory_mb: int = 512,
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers: {workers}, at least 1 is needed")
        self._limits = Limits(timeout_s, max_rows, max_bytes, memory_mb)
        self._size = workers
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()
        # Runs on close, when the engine is collected, and at the interpreter's exit, whichever comes first.
        self._finalizer = weakref.finalize(self, _end, self._workers, os.getpid())

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers. May be called twice."""
        with self._lock:
            self._finalizer()

    def execute(self, queries: Sequence[Query]) -> list[ExecutionResult]:
        """The results in the order of the queries; equal queries are executed once.

        Raises InputError for a URL that is no SQLite URL, InfrastructureError when a database is missing or still
        broken after retries; the other results of the batch are then lost.
        """
        with self._lock:
            if not self._finalizer.alive:
                raise RuntimeError("the engine is closed")
            batch = _Batch()
            for query in dict.fromkeys(queries):
                _require_database(query.url)
                if reason := check_read_only(query.sql, "sqlite"):
                    batch.results[query] = ExecutionResult.failed(ErrorKind.REFUSED, reason)
                else:
                    batch.pending.append(_Task(query))
            try:
                while batch.pending or batch.delayed or any(worker.task for worker in self._workers):
                    self._assign(batch)
                    self._wait(batch)
                    for worker in list(self._workers):
                        self._collect(worker, batch)
            except BaseException:
                for worker in [worker for worker in self._workers if worker.task]:
                    self._remove(worker)
                raise
            return [batch.results[query] for query in queries]

    def _assign(self, batch: _Batch) -> None:
        """Give tasks to idle workers, and start workers while there are more tasks than free ones."""
        for worker in [w for w in self._workers if w.ready and w.task is None and w.process.exit_code is not None]:
            self._remove(worker)  # died while idle: no query is to blame
        now = time.monotonic()
        batch.pending.extend(task for task in batch.delayed if task.not_before <= now)
        batch.delayed = [task for task in batch.delayed if task.not_before > now]
        free = [worker for worker in self._workers if worker.task is None]
        for _ in range(min(len(batch.pending) - len(free), self._size - len(self._workers))):
            self._start()
        for worker in [worker for worker in free if worker.ready][: len(batch.pending)]:
            task = worker.task = batch.pending.popleft()
            task.attempts += 1
            worker.kill_at = time.monotonic() + self._limits.kill_after_s
            worker.process.send(task.query)

    def _wait(self, batch: _Batch) -> None:
        """Sleep until a worker has something to say or a moment is reached at which something has to be done."""
        moments = [worker.kill_at for worker in self._workers if worker.task or not worker.ready]
        moments += [task.not_before for task in batch.delayed]
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.process.inbox, selectors.EVENT_READ)
                if worker.process.has_unsent:
                    selector.register(worker.process.outbox, selectors.EVENT_WRITE)
            selector.select(max(0.0, min(moments) - time.monotonic()))

    def _collect(self, worker: _Worker, batch: _Batch) -> None:
        """Take one message from a worker, or note that it is dead or late."""
        if worker.process.has_unsent:
            worker.process.flush()
        try:
            message = worker.process.receive()
        except EOFError:
            self._lost(worker, batch)
            return
        if message is not None and worker.task is None:
            worker.ready = True
        elif message is not None:
            self._answered(worker, message, batch)
        elif time.monotonic() > worker.kill_at and (worker.task or not worker.ready):
            self._overrun(worker, batch)

    def _answered(self, worker: _Worker, message: dict[str, Any], batch: _Batch) -> None:
        task, worker.task = worker.task, None
        assert task is not None
        if "fault" not in message:
            batch.results[task.query] = result_from_message(message)
        elif task.attempts > len(_RETRY_AFTER_S):
            raise InfrastructureError(
                f"{message['fault']} (after {task.attempts} attempts): check that the file is a sound SQLite database, "
                "readable, and not being written; then run again"
            )
        else:
            task.not_before = time.monotonic() + _RETRY_AFTER_S[task.attempts - 1]
            batch.delayed.append(task)

    def _overrun(self, worker: _Worker, batch: _Batch) -> None:
        self._remove(worker)
        if worker.task is None:
            raise InfrastructureError(
                f"a query worker did not start within {_START_S:.0f} s: is the machine overloaded?"
            )
        batch.results[worker.task.query] = ExecutionResult.failed(
            ErrorKind.TIMEOUT, "did not stop at its deadline and was killed", self._limits.kill_after_s
        )
        self._start()

    def _lost(self, worker: _Worker, batch: _Batch) -> None:
        exit_code = self._remove(worker)
        if worker.task is None:
            if not worker.ready:
                raise InfrastructureError(
                    f"a query worker ended with code {exit_code} before it was ready: its message is on stderr"
                )
            return
        if exit_code == -signal.SIGALRM:
            failure = ExecutionResult.failed(ErrorKind.TIMEOUT, "ended by its alarm", self._limits.kill_after_s)
        else:
            failure = ExecutionResult.failed(ErrorKind.CRASHED, f"the worker ended with code {exit_code}")
        batch.results[worker.task.query] = failure
        self._start()

    def _start(self) -> _Worker:
        worker = _Worker(WorkerProcess(self._limits), kill_at=time.monotonic() + _START_S)
        self._workers.append(worker)
        return worker

    def _remove(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        return worker.process.kill()


def _end(workers: list[_Worker], owner: int) -> None:
    if os.getpid() == owner:  # a forked copy of the engine must not end its parent's workers
        while workers:
            workers.pop().process.kill()


def _require_database(url: str) -> None:
    path = database_path(url)
    if not os.path.isfile(path):
        raise InfrastructureError(f"database file {path} does not exist: mount or download it, then run again")
