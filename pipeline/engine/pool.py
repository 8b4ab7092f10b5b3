"""The engine: runs batches of untrusted queries over a few worker processes.

Whatever a query does, it costs at most itself: a worker that overruns or dies is replaced and the batch goes on.
Faults of the machine are retried, then raised; they are never the outcome of a query.
Gold queries may be answered from a cache on disk, see cache.py.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
import weakref
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType

from pipeline.engine.batch import Batch, Task
from pipeline.engine.cache import ResultCache
from pipeline.engine.process import WorkerProcess
from pipeline.engine.protocol import Answers, Chunk, Hello
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE, dialect_of, mysql_address, sqlite_path
from pipeline.errors import InfrastructureError, InputError
from pipeline.sql.parsing import is_plain_query

_START_S = 60.0
# A worker gets queries in chunks, as many as take a few milliseconds: one at a time, the messages would cost more than
# the queries; too many, and one worker would still be busy when the others have nothing left to do.
_CHUNKS_IN_FLIGHT = 2
_FIRST_CHUNK = 4
_LARGEST_CHUNK = 128
_SHORT_CHUNK_S = 0.01
_LONG_CHUNK_S = 0.05


class _Worker:
    """A process and what it is doing: starting until `ready`, idle without `chunks`.

    It has one chunk in work and the next one at hand, so that it need not wait for the parent.
    """

    def __init__(self, hello: Hello) -> None:
        self.process = WorkerProcess(hello)
        self.ready = False
        self.chunks: deque[list[Task]] = deque()  # without those tasks that have been answered
        self.answered = 0  # over the life of the process
        self.heard_at = self._chunk_at = time.monotonic()
        self.chunk_size = _FIRST_CHUNK
        self.url = ""

    @property
    def tasks(self) -> list[Task]:
        """All that is in flight, in the order of execution."""
        return [task for chunk in self.chunks for task in chunk]

    def give(self, url: str, tasks: list[Task]) -> None:
        if not self.chunks:
            self.heard_at = self._chunk_at = time.monotonic()
        self.url = url
        self.chunks.append(tasks)
        doubtful = [place for place, task in enumerate(tasks) if not is_plain_query(task.query.sql)]
        self.process.send(Chunk(url, [task.query.sql for task in tasks], doubtful))

    def running(self) -> tuple[int, float]:
        """Which of `tasks` runs now, and since when; the first one, if it has not even begun."""
        number, since = self.process.progress.read()
        return (number - self.answered - 1, since) if number > self.answered else (0, self.heard_at)

    def done(self, count: int) -> list[Task]:
        """Take the next `count` tasks off, which have been answered."""
        chunk = self.chunks[0]
        done = chunk[:count]
        del chunk[:count]
        self.answered += count
        self.heard_at = time.monotonic()
        if not chunk:
            self.chunks.popleft()
            self._adapt(self.heard_at - self._chunk_at)
        return done

    def abandoned(self) -> list[Task]:
        """Take the rest of the chunk off: its first query met a fault, the others are not executed."""
        self.answered += 1
        return self.chunks.popleft()

    def _adapt(self, chunk_s: float) -> None:
        self._chunk_at = self.heard_at
        if chunk_s < _SHORT_CHUNK_S:
            self.chunk_size = min(2 * self.chunk_size, _LARGEST_CHUNK)
        elif chunk_s > _LONG_CHUNK_S:
            self.chunk_size = max(self.chunk_size // 2, 1)


class Engine:
    """Executes queries in `workers` processes, started as they are needed.

    timeout_s: seconds for one query; the answer comes within 1.2 * timeout_s + 0.5 even if the database does not stop.
    max_rows, max_bytes: a larger result is cut and marked as truncated. memory_mb: MiB for SQLite, in each worker.
    cache: file for the results of gold queries, of the databases whose content `digests` tells by their URL.
    MySQL's password is taken from the environment variable QUERYSMITH_MYSQL_PASSWORD.
    Safe to share between threads (batches run one after the other), not between processes: build one after a fork.
    """

    def __init__(
        self,
        workers: int = 2,
        timeout_s: float = 5.0,
        max_rows: int = 10_000,
        max_bytes: int = 16 * 2**20,
        memory_mb: int = 512,
        cache: Path | None = None,
        digests: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers: {workers}, at least 1 is needed")
        self._limits = Limits(timeout_s, max_rows, max_bytes, memory_mb)
        self._cache = ResultCache(cache, self._limits, digests) if cache else None
        self._hello = Hello(self._limits, os.environ.get(MYSQL_PASSWORD_VARIABLE))
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
            if self._cache:
                self._cache.close()

    def execute(self, queries: Sequence[Query], golds: Collection[Query] = ()) -> list[ExecutionResult]:
        """The results in the order of the queries; equal queries are executed once.

        Those that are also in `golds` are looked up in the cache, and kept there.

        Raises:
            InputError: a URL has no known form, a password is wrong, or an account may do more than read.
            InfrastructureError: a database is missing, unreachable or broken, also after retries (of half a second
                for a file, of a minute for a server). The other results of the batch are then lost.
        """
        with self._lock:
            if not self._finalizer.alive:
                raise RuntimeError("the engine is closed")
            unique, golds = dict.fromkeys(queries), dict.fromkeys(golds)
            _require_databases({query.url for query in unique})
            known = self._cache.read(golds) if self._cache else {}
            batch = Batch(query for query in unique if query not in known)
            try:
                while not batch.is_done or any(worker.chunks for worker in self._workers):
                    self._assign(batch)
                    self._wait(batch)
                    for worker in list(self._workers):
                        self._collect(worker, batch)
            except BaseException:
                for worker in [worker for worker in self._workers if worker.chunks]:
                    self._remove(worker)
                raise
            if self._cache:
                self._cache.write((query, batch.results[query]) for query in golds if query in batch.results)
            known |= batch.results
            return [known[query] for query in queries]

    def _assign(self, batch: Batch) -> None:
        """Give tasks to workers that are about to run out, and start workers while tasks outnumber the free ones."""
        for worker in [w for w in self._workers if w.ready and not w.chunks and w.process.exit_code is not None]:
            self._remove(worker)  # died while idle: no query is to blame
        free = [worker for worker in self._workers if not worker.chunks]
        for _ in range(min(batch.waiting - len(free), self._size - len(self._workers))):
            self._start()
        hungry = [worker for worker in self._workers if worker.ready and len(worker.chunks) < _CHUNKS_IN_FLIGHT]
        for worker in sorted(hungry, key=lambda worker: len(worker.chunks)):
            fair_share = batch.waiting // (2 * self._size)
            if fair_share < 1 and worker.chunks:
                continue  # the last few are for those who have nothing to do
            url, tasks = batch.take(worker.url, max(1, min(worker.chunk_size, fair_share)))
            if tasks:
                worker.give(url, tasks)

    def _wait(self, batch: Batch) -> None:
        """Sleep until a worker has something to say or a moment is reached at which something has to be done."""
        moments = batch.moments()
        poll = select.poll()
        for worker in self._workers:
            if worker.chunks or not worker.ready:
                moments.append(self._kill_at(worker))
            poll.register(worker.process.inbox, select.POLLIN)
            if worker.process.has_unsent:
                poll.register(worker.process.outbox, select.POLLOUT)
        if moments:
            poll.poll(1000 * max(0.0, min(moments) - time.monotonic()) + 1)

    def _kill_at(self, worker: _Worker) -> float:
        if not worker.ready:
            return worker.heard_at + _START_S
        return worker.running()[1] + self._limits.kill_after_s

    def _collect(self, worker: _Worker, batch: Batch) -> None:
        """Take the messages from a worker, or note that it is dead or late."""
        if worker.process.has_unsent:
            worker.process.flush()
        try:
            messages = worker.process.receive()
        except EOFError:
            self._lost(worker, batch)
            return
        for answers in messages:
            if worker.ready:
                self._answered(worker, answers, batch)
            worker.ready = True
        if (worker.chunks or not worker.ready) and time.monotonic() > self._kill_at(worker):
            self._overrun(worker, batch)

    def _answered(self, worker: _Worker, answers: Answers, batch: Batch) -> None:
        for task, result in zip(worker.done(len(answers.results)), answers.results, strict=True):
            batch.results[task.query] = result
        if answers.fault is None:
            return
        if not answers.fault.retry:
            raise InputError(answers.fault.message)
        batch.put_back_after_fault(worker.abandoned(), answers.fault.message)

    def _overrun(self, worker: _Worker, batch: Batch) -> None:
        if not worker.ready:
            self._remove(worker)
            raise InfrastructureError(
                f"a query worker did not start within {_START_S:.0f} s: is the machine overloaded?"
            )
        self._replace(worker, batch, _timeout("did not stop at its deadline and was killed", self._limits))

    def _lost(self, worker: _Worker, batch: Batch) -> None:
        if not worker.ready:
            raise InfrastructureError(
                f"a query worker ended with code {self._remove(worker)} before it was ready: its message is on stderr"
            )
        if not worker.chunks:
            self._remove(worker)
            return
        if worker.process.exit_code in (-signal.SIGALRM, -signal.SIGXCPU):
            self._replace(worker, batch, _timeout("ended by its alarm", self._limits))
        else:
            self._replace(worker, batch, None)

    def _replace(self, worker: _Worker, batch: Batch, outcome: ExecutionResult | None) -> None:
        """Remove a worker in mid-query and start another. The query gets `outcome`; without one it crashed the worker,
        or somebody else did, which a second try tells apart."""
        index, _ = worker.running()
        exit_code = self._remove(worker)
        tasks = worker.tasks
        culprit = tasks[index]
        if outcome is None:
            culprit.crashes += 1
            if culprit.crashes > 1:
                outcome = ExecutionResult.failed(ErrorKind.CRASHED, f"the worker ended with code {exit_code}, twice")
        if outcome is not None:
            batch.results[culprit.query] = outcome
            del tasks[index]
        batch.put_back(tasks)
        self._start()

    def _start(self) -> None:
        self._workers.append(_Worker(self._hello))

    def _remove(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        return worker.process.kill()


def _timeout(message: str, limits: Limits) -> ExecutionResult:
    return ExecutionResult.failed(ErrorKind.TIMEOUT, message, limits.kill_after_s)


def _end(workers: list[_Worker], owner: int) -> None:
    if os.getpid() == owner:  # a forked copy of the engine must not end its parent's workers
        while workers:
            workers.pop().process.kill()


def _require_databases(urls: Collection[str]) -> None:
    for url in urls:
        if dialect_of(url) == "mysql":
            mysql_address(url)
        elif not os.path.isfile(path := sqlite_path(url)):
            raise InfrastructureError(f"database file {path} does not exist: mount or download it, then run again")
