"""Starting and stopping the demo's services, so that nothing outlives the demo.

Each service gets a session of its own: Ctrl-C in the terminal reaches the demo alone, which then stops everything in
order. Tasks run their steps in further sessions, so stopping goes by the process tree, not by groups alone. If the demo
is killed, a small guard process (`pipeline.demo.guard`) sees its pipe close and does the same.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from pipeline.errors import InfrastructureError

STEP_GRACE_S = 10.0
SERVICE_GRACE_S = 8.0
LOG_LIMIT_BYTES = 20_000_000


class Service:
    """One long-running process with its log file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        mode = "ab" if log.exists() and log.stat().st_size < LOG_LIMIT_BYTES else "wb"
        with log.open(mode) as output:
            self.process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.leader = psutil.Process(self.process.pid)

    def check(self) -> None:
        """Raises InfrastructureError, naming the log file and its last line, if the process has ended."""
        code = self.process.poll()
        if code is not None:
            how = f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code}"
            raise InfrastructureError(f"the service {self.name} {how}; its log {self.log} ends: {last_line(self.log)}")


class Guard:
    """A process that stops the registered services when the demo disappears without doing so itself."""

    def __init__(self, lock: int) -> None:
        # It shares the demo's lock, so that no second demo starts while it still cleans up after a killed one.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.demo.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            start_new_session=True,
            pass_fds=[lock],
        )

    def watch(self, service: Service) -> None:
        """Include `service` in what is stopped."""
        if self.process.stdin is not None:
            self.process.stdin.write(f"{service.process.pid}\n")

    def dismiss(self) -> None:
        """End the guard; it finds the services stopped."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait()


def stop(leaders: Iterable[psutil.Process]) -> None:
    """Stop the session leaders `leaders` with all they started, the last of them last.

    First what runs in other sessions (the steps of running tasks), while the services that it reports to still live;
    then the leaders in order, each group by SIGINT, SIGTERM and SIGKILL, as far as needed. Takes seconds, at most a
    minute.
    """
    alive = [leader for leader in leaders if _runs(leader)]  # knows a reused pid by its start time
    groups = {process.pid for process in alive}
    families = {process: _descendants(process) for process in alive}
    steps = [child for family in families.values() for child in family if _group(child) not in groups]
    _signal_each(steps, signal.SIGTERM)
    _wait(steps, STEP_GRACE_S)
    for leader in alive:
        family = [leader, *families[leader], *_descendants(leader)]
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ProcessLookupError):
                os.killpg(leader.pid, number)
            if _wait(family, SERVICE_GRACE_S):
                break
        _signal_each(family, signal.SIGKILL)
        _wait(family, SERVICE_GRACE_S)


def last_line(log: Path) -> str:
    """The last line with any text in it, or a remark that there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "(nothing)")


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return list(process.children(recursive=True))
    return []


def _group(process: psutil.Process) -> int:
    with suppress(ProcessLookupError):
        return os.getpgid(process.pid)
    return 0


def _wait(processes: Iterable[psutil.Process], seconds: float) -> bool:
    """Wait for the processes to end, at most `seconds`; returns whether they have. A zombie has ended, whether or not
    its parent takes notice."""
    deadline = time.monotonic() + seconds
    while any(_runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _signal_each(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # psutil compares start times: a reused pid is not signalled
            process.send_signal(number)
