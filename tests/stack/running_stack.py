"""The stack of docker-compose.yml where one is up: its services, DAG runs and step containers.

Test modules import the fixture: `from running_stack import RunningStack, stack`. It finds what the shell's COMPOSE_*
variables and `.env` name, as `make up` does. The tests are skipped unless QUERYSMITH_STACK=1 says that one is up, as
`make check-stack` and `make break-stack` do; then it is a failure if none is.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest

from pipeline.demo.airflow_api import AirflowApi, ApiError, request

ROOT = Path(__file__).resolve().parents[2]
DATA = "/data/samples-mysql"
DAG = "train_text2sql"
STEPS = ("validate", "sft", "self_distill", "grpo", "evaluate", "promote")
POLL_S = 0.3

Found = TypeVar("Found")


@pytest.fixture(scope="module")
def stack() -> RunningStack:
    if os.environ.get("QUERYSMITH_STACK") != "1":
        pytest.skip("looks at a running stack: make up, make train, then make check-stack")
    if missing := _missing():
        pytest.fail(missing)
    return RunningStack()


def _missing() -> str:
    """Why there is no stack to test, "" where there is one."""
    if shutil.which("docker") is None or _docker("compose", "version", check=False).returncode:
        return "needs Docker with Compose"
    running = _docker("compose", "ps", "--status", "running", "--services", check=False)
    if running.returncode or "airflow-scheduler" not in running.stdout.split():
        return f"no stack is up: make up {running.stderr.strip()}"
    return ""


class RunningStack:
    def __init__(self) -> None:
        config = json.loads(self.compose("config", "--format", "json"))
        self.project: str = config["name"]
        self.services: dict[str, Any] = config["services"]
        pairs = (line.partition("=") for line in (ROOT / ".env").read_text().splitlines() if not line.startswith("#"))
        self.variables = {name: value for name, equals, value in pairs if equals}
        self.airflow_url, self.mlflow_url = self._url("airflow-api-server"), self._url("mlflow")
        self.airflow = AirflowApi(self.airflow_url, "admin", self.variables["AIRFLOW_ADMIN_PASSWORD"])

    @property
    def secrets(self) -> dict[str, str]:
        """What nobody may see."""
        return {name: value for name, value in self.variables.items() if len(value) >= 32}

    @property
    def images(self) -> list[str]:
        """Those that are built here."""
        return sorted({service["image"] for service in self.services.values() if "build" in service})

    def compose(self, *arguments: str, text: str | None = None) -> str:
        return docker("compose", *arguments, text=text)

    def mlflow(self, path: str, body: object = None, **query: str) -> Any:
        """MLflow's answer to its administrator; a POST with a body, else a GET."""
        login = base64.b64encode(f"admin:{self.variables['MLFLOW_ADMIN_PASSWORD']}".encode()).decode()
        url = f"{self.mlflow_url}/api/2.0/mlflow/{path}" + (f"?{urlencode(query)}" if query else "")
        return request("GET" if body is None else "POST", url, body, {"Authorization": f"Basic {login}"})

    def trigger(self, dag: str = DAG, **form: Any) -> str:
        """Start a run; returns its id. Waits for one that has not ended, because a training runs alone."""
        wait_until(lambda: not self.airflow.unfinished_runs(dag), 900, f"an earlier run of {dag} does not end")
        run_id = f"test-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        self.airflow.trigger(dag, run_id, form)
        return run_id

    def task(self, run_id: str, task: str, dag: str = DAG) -> dict[str, Any]:
        """The task as Airflow describes it; {} while Airflow does not answer."""
        try:
            return next(found for found in self.airflow.tasks(dag, run_id) if found["task_id"] == task)
        except ApiError:
            return {}

    def ended(self, run_id: str, dag: str = DAG, limit_s: float = 1500) -> str:
        """The state in which the run ends."""

        def state() -> str:
            try:
                found = self.airflow.run_state(dag, run_id)
            except ApiError:
                return ""
            return found if found in ("success", "failed") else ""

        return wait_until(state, limit_s, f"{run_id} does not end")

    def containers(self, run_id: str, task: str = "", *, ended: bool = True) -> list[str]:
        """Ids of the run's step containers, newest first."""
        filters = [f"label=querysmith.run_id={run_id}", *([f"label=querysmith.task_id={task}"] if task else [])]
        options = [part for value in filters for part in ("--filter", value)] + (["--all"] if ended else [])
        return docker("ps", "--quiet", "--no-trunc", *options).split()

    def running(self, run_id: str, task: str, limit_s: float = 600) -> str:
        """The container of the task, as soon as it runs."""

        def found() -> str:
            assert self.task(run_id, task).get("state") not in ("failed", "upstream_failed"), f"{task} has failed"
            return next(iter(self.containers(run_id, task, ended=False)), "")

        return wait_until(found, limit_s, f"{task} of {run_id} does not start")

    def on_volume(self, *command: str) -> str:
        """The output of a command that sees the data volume as steps do, in a container of its own."""
        volume = f"{self.project}_data:/data"
        return docker("run", "--rm", "-v", volume, self.services["samples"]["image"], *command)

    def _url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.services[service]['ports'][0]['published']}"


def docker(*arguments: str, text: str | None = None) -> str:
    """The output of Docker's command line; fails with what it said."""
    done = _docker(*arguments, text=text, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr[-2000:]}"
    return done.stdout


def _docker(*arguments: str, text: str | None = None, check: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        check=check,
        timeout=600,
    )


def wait_until(found: Callable[[], Found], limit_s: float, otherwise: str) -> Found:
    """What `found` returns, as soon as that is true."""
    deadline = time.monotonic() + limit_s
    while not (value := found()):
        if time.monotonic() > deadline:
            pytest.fail(f"{otherwise} within {limit_s:.0f} s")
        time.sleep(POLL_S)
    return value
