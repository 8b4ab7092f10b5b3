"""Starting and stopping: a death is one clear line, and nothing outlives a stop, be it deaf or in another session."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline.demo import processes
from pipeline.demo.processes import Guard, Service, last_line, stop
from pipeline.errors import InfrastructureError

# Like Airflow's scheduler with a running task: a child in the same group, and a grandchild in a session of its own.
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen(["sleep", "60"])
step = subprocess.Popen(["sleep", "60"], start_new_session=True)
print(child.pid, step.pid, flush=True)
time.sleep(60)
"""
DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def start(code: str, log: Path) -> Service:
    return Service("service", [sys.executable, "-c", code], os.environ, log)


def family(service: Service) -> list[psutil.Process]:
    """The service and what it started, once it has."""
    deadline = time.monotonic() + 10
    while not (text := service.log.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [psutil.Process(int(pid)) for pid in (str(service.process.pid), *text)]


def running(found: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_service_that_dies_names_its_log_and_last_line(tmp_path: Path) -> None:
    service = start("print('starting'); print('port taken'); raise SystemExit(3)", tmp_path / "x.log")
    service.process.wait()
    with pytest.raises(
        InfrastructureError, match=rf"service ended with exit code 3.*{tmp_path}/x.log ends: port taken"
    ):
        service.check()


def test_running_service_is_fine(tmp_path: Path) -> None:
    service = start("import time; time.sleep(60)", tmp_path / "x.log")
    service.check()
    stop([service.leader])
    with pytest.raises(InfrastructureError):
        service.check()


def test_stop_reaches_the_family(tmp_path: Path) -> None:
    found = family(start(FAMILY, tmp_path / "x.log"))
    stop(found[:1])
    assert running(found) == []


def test_stop_reaches_the_deaf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STEP_GRACE_S", 0.5)
    monkeypatch.setattr(processes, "SERVICE_GRACE_S", 0.5)
    found = family(start(DEAF + FAMILY, tmp_path / "x.log"))
    stop(found[:1])
    assert running(found) == []


def test_guard_stops_what_a_killed_demo_left(tmp_path: Path) -> None:
    """The demo is a process that starts a service and is killed; the guard holds its lock until all is stopped."""
    code = f"""
import os, sys, time
from pathlib import Path
from pipeline.demo.processes import Guard, Service
lock = os.open({str(tmp_path / "lock")!r}, os.O_CREAT | os.O_RDWR)
guard = Guard(lock)
service = Service("s", [sys.executable, "-c", {FAMILY!r}], os.environ, Path({str(tmp_path / "x.log")!r}))
guard.watch(service)
print(service.process.pid, guard.process.pid, flush=True)
time.sleep(60)
"""
    demo = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    service_pid, guard_pid = map(int, demo.stdout.readline().split())
    log = tmp_path / "x.log"
    deadline = time.monotonic() + 10
    while not log.read_text().split() and time.monotonic() < deadline:
        time.sleep(0.05)
    found = [psutil.Process(pid) for pid in (service_pid, guard_pid, *map(int, log.read_text().split()))]
    demo.kill()
    demo.wait()
    demo.stdout.close()
    deadline = time.monotonic() + 30
    while running(found) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running(found) == []


def test_dismissed_guard_ends(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    guard = Guard(lock)
    guard.dismiss()
    os.close(lock)
    assert guard.process.returncode == 0


def test_last_line_skips_empty_ones(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert last_line(log) == "(nothing)"
    log.write_text("first\n  last words  \n\n \n")
    assert last_line(log) == "last words"
