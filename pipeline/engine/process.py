"""One worker process as the pool sees it: start it, send it a query, collect its answer, kill it.

All pipes are non-blocking: a worker that stops reading or writing cannot hold up the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pipeline
from pipeline.engine.protocol import pack, unpack
from pipeline.engine.result import Limits, Query

_CHUNK = 1 << 20
# What an interpreter may need to start. The rest, credentials above all, is not the business of untrusted SQL.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")


class WorkerProcess:
    """A running `pipeline.engine.worker`. `inbox` and `outbox` are the file descriptors to wait on."""

    def __init__(self, limits: Limits) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(pipeline.__file__).parent.parent)
        self._process = subprocess.Popen(
            # -P: nothing in the current folder may shadow a module of the worker.
            [sys.executable, "-P", "-m", "pipeline.engine.worker", json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.outbox = self._process.stdin.fileno()
        self.inbox = self._process.stdout.fileno()
        os.set_blocking(self.outbox, False)
        os.set_blocking(self.inbox, False)
        self._received = bytearray()
        self._unsent = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if a signal ended it."""
        return self._process.poll()

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def send(self, query: Query) -> None:
        self._unsent = pack({"url": query.url, "sql": query.sql})
        self.flush()

    def flush(self) -> None:
        """Write as much of the request as the pipe takes. A dead worker is noticed when its answer is read."""
        try:
            self._unsent = self._unsent[os.write(self.outbox, self._unsent) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent = b""

    def receive(self) -> dict[str, Any] | None:
        """The next whole message, or None while there is none; raises EOFError when the worker has ended."""
        with contextlib.suppress(BlockingIOError):
            chunk = os.read(self.inbox, _CHUNK)
            if not chunk:
                raise EOFError
            self._received += chunk
        return unpack(self._received)

    def kill(self) -> int:
        """End the process at once and reap it (it only reads: there is nothing to lose); its exit code."""
        self._process.kill()
        exit_code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return exit_code
