"""What one call of the engine still has to do, by database, and what it has done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence

from pipeline.engine.result import ErrorKind, ExecutionResult, Query
from pipeline.engine.urls import dialect_of
from pipeline.errors import InfrastructureError
from pipeline.sql.parsing import refused_at_a_glance

# Seconds between attempts. A file is there or not; a server that was restarted needs its time.
_RETRY_AFTER_S = {"sqlite": (0.1, 0.5), "mysql": (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)}


class Task:
    """One query, how often the machine failed it (`faults`), and how many workers died on it (`crashes`)."""

    __slots__ = ("crashes", "faults", "query")

    def __init__(self, query: Query) -> None:
        self.query = query
        self.faults = 0
        self.crashes = 0


class Batch:
    """Queries that wait, grouped by database so that workers seldom change it; databases that rest after a fault."""

    def __init__(self, queries: Iterable[Query]) -> None:
        self.results: dict[Query, ExecutionResult] = {}
        self.waiting = 0
        self._queues: dict[str, deque[Task]] = {}
        self._resting: dict[str, float] = {}
        for query in queries:
            if reason := refused_at_a_glance(query.sql):
                self.results[query] = ExecutionResult.failed(ErrorKind.REFUSED, reason)
            else:
                self._queues.setdefault(query.url, deque()).append(Task(query))
                self.waiting += 1

    @property
    def is_done(self) -> bool:
        """True when no query waits; some may still be with a worker."""
        return not self.waiting

    def take(self, url: str, count: int) -> tuple[str, list[Task]]:
        """Up to `count` tasks of one database, of `url` if it has any: nothing where all that wait must rest."""
        now = time.monotonic()
        ready = [u for u, queue in self._queues.items() if queue and self._resting.get(u, 0.0) <= now]
        if not ready:
            return url, []
        if url not in ready:
            url = max(ready, key=lambda u: len(self._queues[u]))
        queue = self._queues[url]
        tasks = [queue.popleft() for _ in range(min(count, len(queue)))]
        self.waiting -= len(tasks)
        return url, tasks

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Tasks that were given out and not executed go to the front of their queues."""
        for task in reversed(tasks):
            self._queues[task.query.url].appendleft(task)
        self.waiting += len(tasks)

    def put_back_after_fault(self, tasks: Sequence[Task], message: str) -> None:
        """The first of `tasks` met a fault of the machine: its database rests, then it is tried again.

        Raises InfrastructureError when it has been tried often enough.
        """
        task = tasks[0]
        retry_after_s = _RETRY_AFTER_S[dialect_of(task.query.url)]
        if task.faults == len(retry_after_s):
            raise InfrastructureError(f"{message} (after {task.faults + 1} attempts)")
        self._resting[task.query.url] = time.monotonic() + retry_after_s[task.faults]
        task.faults += 1
        self.put_back(tasks)

    def moments(self) -> list[float]:
        """When databases that rest, and have queries waiting, may be asked again (readings of time.monotonic)."""
        now = time.monotonic()
        return [moment for url, moment in self._resting.items() if moment > now and self._queues[url]]
