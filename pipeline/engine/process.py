"""One worker process as the pool sees it: start it, send it queries, collect its answers, kill it.

All pipes are non-blocking: a worker that stops reading or writing cannot hold up the others.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pipeline
from pipeline.engine.protocol import ANSWERS, Answers, Chunk, Hello, Progress, pack, unpack

_READ_BYTES = 1 << 20
# What an interpreter may need to start. The rest, credentials above all, is not the business of untrusted SQL.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")


class WorkerProcess:
    """A running `pipeline.engine.worker`. `inbox` and `outbox` are the file descriptors to wait on."""

    def __init__(self, hello: Hello) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(pipeline.__file__).parent.parent)
        progress = Progress.create()
        try:
            self.progress = Progress(progress)
            self._process = subprocess.Popen(
                # -P: nothing in the current folder may shadow a module of the worker.
                [sys.executable, "-P", "-m", "pipeline.engine.worker", str(progress)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                pass_fds=[progress],
                env=environment,
            )
        finally:
            os.close(progress)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.outbox = self._process.stdin.fileno()
        self.inbox = self._process.stdout.fileno()
        os.set_blocking(self.outbox, False)
        os.set_blocking(self.inbox, False)
        self._received = bytearray()
        self._unsent = bytearray()
        self.send(hello)

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

    def send(self, message: Hello | Chunk) -> None:
        self._unsent += pack(message)
        self.flush()

    def flush(self) -> None:
        """Write as much of what is unsent as the pipe takes. A dead worker is noticed when its answer is read."""
        try:
            del self._unsent[: os.write(self.outbox, self._unsent)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent.clear()

    def receive(self) -> list[Answers]:
        """All whole messages that have arrived; raises EOFError when the worker has ended and nothing is left."""
        ended = False
        with contextlib.suppress(BlockingIOError):
            data = os.read(self.inbox, _READ_BYTES)
            ended = not data
            self._received += data
        messages = []
        while (message := unpack(self._received, ANSWERS)) is not None:
            messages.append(message)
        if ended and not messages:
            raise EOFError
        return messages

    def kill(self) -> int:
        """End the process at once and reap it (it only reads: there is nothing to lose); its exit code."""
        self._process.kill()
        exit_code = self._process.wait()
        self.progress.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return exit_code
