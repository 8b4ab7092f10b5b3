"""The process that runs untrusted SQL: `python -m pipeline.engine.worker LIMITS_AS_JSON`.

Reads requests {"url", "sql"} on standard input and answers on standard output (see protocol.py): a result, or
{"fault": message} for a fault of the machine. Ends when its input ends, so it never outlives its parent for long:
while a query runs, the kernel's alarm ends it should the parent no longer be there to do so.
Not covered: a sandbox against bugs in SQLite's C code. It needs no files but the databases and no network; run the
whole program in a container where that matters.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import Any

import apsw

from pipeline.engine.protocol import pack, result_to_message, unpack
from pipeline.engine.result import ErrorKind, ExecutionResult, Limits, Query
from pipeline.engine.sqlite import SqliteExecutor
from pipeline.errors import InfrastructureError

# Memory of the interpreter, and of a result at its byte cap as Python objects and as JSON.
_OVERHEAD_MB = 512
# The alarm leaves the first shot to the parent, which then knows that it was a timeout.
_ALARM_GRACE_S = 2.0
_CHUNK = 1 << 16


def main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    answers = os.dup(1)
    os.dup2(2, 1)  # nothing that a library prints may get between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _confine(limits)
    executor = SqliteExecutor(limits)
    try:
        _send(answers, pack({"ready": True}))
        buffer = bytearray()
        while True:
            while (request := unpack(buffer)) is None:
                chunk = os.read(0, _CHUNK)
                if not chunk:
                    return
                buffer += chunk
            signal.setitimer(signal.ITIMER_REAL, limits.kill_after_s + _ALARM_GRACE_S)
            answer = _answer(executor, Query(request["url"], request["sql"]))
            signal.setitimer(signal.ITIMER_REAL, 0)
            _send(answers, answer)
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


def _answer(executor: SqliteExecutor, query: Query) -> bytes:
    message: dict[str, Any]
    try:
        message = result_to_message(executor.execute(query))
    except InfrastructureError as fault:
        executor.close()  # a connection that met a broken file is not to be trusted again
        message = {"fault": str(fault)}
    try:
        return pack(message)
    except MemoryError:
        message = result_to_message(ExecutionResult.failed(ErrorKind.TOO_LARGE, "the result does not fit in memory"))
        return pack(message)


def _send(channel: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(channel, view) :]


if __name__ == "__main__":
    main()
