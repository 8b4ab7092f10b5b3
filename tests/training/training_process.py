"""A process that trains one job as a step does: `python training_process.py JOB.json`; and what tests do with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from pipeline.errors import QuerysmithError, Terminated
from pipeline.training.job import Job
from pipeline.training.launch import JOB_FILE, LOG_FILE, train
from pipeline.training.trainer import SEAL


class Training:
    """The training of one job, in a process of its own."""

    def __init__(self, job: Job, rows: list[dict[str, Any]]) -> None:
        self.job = job
        job.work.mkdir(parents=True, exist_ok=True)
        self.order = job.work / "order.json"
        self.order.write_text(json.dumps({"job": job.model_dump(mode="json"), "rows": rows}))

    def start(self, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, __file__, str(self.order)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        process = self.start()
        output, errors = process.communicate(timeout=600)
        return process.returncode, output, errors

    def end_when(self, ready: Callable[[], bool], with_signal: signal.Signals) -> int:
        """Send the process, and it alone, a signal as soon as `ready` says so; its exit code."""
        process = self.start()
        deadline = time.monotonic() + 300
        while not ready():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, f"the training did not come far enough: {self.log()}"
            time.sleep(0.01)
        process.send_signal(with_signal)
        process.communicate(timeout=60)
        return process.returncode

    def sealed(self) -> list[int]:
        """Steps of the checkpoints that all ranks have written."""
        return sorted(int(p.parent.name.partition("-")[2]) for p in self.job.checkpoints.glob(f"checkpoint-*/{SEAL}"))

    def processes(self) -> list[psutil.Process]:
        """What runs for this job: launcher and ranks."""
        file, found = str(self.job.work / JOB_FILE), []
        for process in psutil.process_iter(["cmdline", "status"]):
            if file in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def log(self) -> str:
        return (self.job.work / LOG_FILE).read_text(errors="replace")


def _terminate(signum: int, frame: object) -> None:
    raise Terminated


def main(order: Path) -> int:
    signal.signal(signal.SIGTERM, _terminate)
    content = json.loads(order.read_text())
    try:
        print(json.dumps(train(Job.model_validate(content["job"]), content["rows"])))
    except QuerysmithError as error:
        print(f"querysmith: error: {error}", file=sys.stderr)
        return error.exit_code
    except Terminated as error:
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
