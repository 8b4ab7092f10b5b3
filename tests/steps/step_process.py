"""Steps as Airflow runs them: processes with an exit code and a result file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# smoke, made smaller still: every step takes seconds.
SMALL = {
    "profile": "smoke",
    "profile.model.architecture.hidden_size": "32",
    "profile.model.architecture.intermediate_size": "64",
    "profile.data.max_train": "32",
    "profile.data.max_dev": "4",
    "profile.data.max_test": "4",
    "profile.generation.max_new_tokens": "24",
}


@dataclass
class Pipeline:
    """Runs steps of one DAG run; `settings` go to every step."""

    home: Path
    data: Path
    dag_run: str = "run-1"
    settings: dict[str, str] = field(default_factory=lambda: dict(SMALL))
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, step: str, result: Path, **more: str) -> list[str]:
        values = {**self.settings, "data": str(self.data), **more}
        pairs = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        return [sys.executable, "-m", "pipeline", step, "--dag-run", self.dag_run, "--result", str(result), *pairs]

    def start(self, step: str, **more: str) -> subprocess.Popen[str]:
        """Start a step; its result file is `home`/STEP.json."""
        environment = {**os.environ, "QUERYSMITH_HOME": str(self.home), **self.environment}
        return subprocess.Popen(
            self.command(step, self.home / f"{step}.json", **more),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, step: str, **more: str) -> tuple[int, dict[str, Any], str]:
        """Run a step to its end: exit code, result, stderr."""
        process = self.start(step, **more)
        _, errors = process.communicate(timeout=600)
        result = self.home / f"{step}.json"
        return process.returncode, json.loads(result.read_text()) if result.exists() else {}, errors

    def succeed(self, step: str, **more: str) -> dict[str, Any]:
        code, result, errors = self.run(step, **more)
        assert code == 0, errors
        return result

    def kill_when(self, ready: Callable[[], bool], step: str, **more: str) -> None:
        """Start a step and kill it with SIGKILL as soon as `ready` says so, which must be before it ends by itself."""
        process = self.start(step, **more)
        deadline = time.monotonic() + 600
        while not ready():
            assert process.poll() is None, f"{step} ended before it could be killed: {process.communicate()[1]}"
            assert time.monotonic() < deadline, f"{step} did not come far enough to be killed"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL

    def checkpoints(self, step: str) -> list[int]:
        """Numbers of the complete checkpoints of a step."""
        states = self.home.glob(f"work/*/{step}-*/checkpoints/checkpoint-*/trainer_state.json")
        return sorted(int(path.parent.name.partition("-")[2]) for path in states)
