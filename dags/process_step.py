"""A step as a child process of the Airflow worker: for a laptop, the demo and development."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from containers import mask_secrets, secret_environment
from settings import SETTINGS
from step_contract import KILL_GRACE_S, RESULT_LIMIT_BYTES, Ending, Step, parse_result

if TYPE_CHECKING:
    from airflow.sdk import Context

# Airflow's own settings (database, signing keys, connections) are no business of a step.
PRIVATE_PREFIXES = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


class ProcessStep(Step):
    """Runs a step as a child process, in a session of its own so that the whole of it can be stopped."""

    def __init__(self, *, arguments: list[str], settings: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arguments = arguments
        self.settings = settings or {}
        self.hook = SubprocessHook()

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the step and return its result; raises what tells Airflow to retry, to fail or to skip."""
        mask_secrets(secret_environment(os.environ))
        with TemporaryDirectory(prefix="querysmith-") as folder:
            path = Path(folder) / "result.json"
            command = [SETTINGS.python, *self.python_arguments(str(path))]
            ended = self.hook.run_command(command, env=step_environment(os.environ), cwd=SETTINGS.project_root)
            result, defect = parse_result(read_file(path))
        return self.conclude(context, Ending(ended.exit_code, result, defect, ended.output))

    def on_kill(self) -> None:
        """Stop the step's process group: first politely, so that it can close its MLflow run, then for good."""
        process = self.hook.sub_process
        if process is None or process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            self.hook.send_sigterm()
            try:
                process.wait(timeout=KILL_GRACE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def step_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment without Airflow's secrets, with the address of MLflow."""
    public = {key: value for key, value in environment.items() if not key.startswith(PRIVATE_PREFIXES)}
    return public | {"MLFLOW_TRACKING_URI": SETTINGS.tracking_uri, "PYTHONUNBUFFERED": "1"}


def read_file(path: Path) -> bytes | None:
    """What stands at `path`, no more than tells that it is too big; None where nothing does."""
    try:
        with path.open("rb") as file:
            return file.read(RESULT_LIMIT_BYTES + 1)
    except OSError:
        return None
