"""A soak: very many executions by one engine, watched for memory, descriptors and connections that do not come back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.progress import progress

_SAMPLES = 20


class Usage(NamedTuple):
    """Of this process and its workers: resident memory in MiB, open file descriptors, network connections."""

    parent_mib: float
    workers_mib: float
    descriptors: int
    connections: int


class Soak(NamedTuple):
    """What was used early (in the second tenth of the executions) and at the end, each the median of its samples."""

    executions: int
    seconds: float
    first: Usage
    last: Usage

    @property
    def growth(self) -> float:
        """Share by which the memory grew, of parent or workers, whichever grew more."""
        return max(
            self.last.parent_mib / self.first.parent_mib - 1,
            self.last.workers_mib / self.first.workers_mib - 1,
        )


def soak(engine: Engine, queries: Sequence[Query], executions: int) -> Soak:
    """Execute `queries` (different ones: equal ones are executed once) over and over, until `executions` are done."""
    rounds = -(-executions // len(queries))
    at = {max(1, rounds * sample // _SAMPLES) for sample in range(1, _SAMPLES + 1)}
    samples = []
    start = time.monotonic()
    with progress("soak", rounds * len(queries)) as advance:
        for number in range(1, rounds + 1):
            engine.execute(queries)
            advance(len(queries))
            if number in at:
                samples.append(_usage())
    some = max(1, len(samples) // 10)
    return Soak(
        rounds * len(queries), time.monotonic() - start, _median(samples[some : 2 * some]), _median(samples[-some:])
    )


def _usage() -> Usage:
    parent = psutil.Process()
    workers = parent.children(recursive=True)
    return Usage(
        parent.memory_info().rss / 2**20,
        sum(worker.memory_info().rss for worker in workers) / 2**20,
        sum(process.num_fds() for process in (parent, *workers)),
        sum(len(process.net_connections()) for process in (parent, *workers)),
    )


def _median(samples: Sequence[Usage]) -> Usage:
    middle = len(samples) // 2
    return Usage(*(sorted(values)[middle] for values in zip(*samples, strict=True)))
