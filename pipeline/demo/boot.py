"""Bringing the demo's services up: in which order, how long each may take, and what counts as ready."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline.demo import services
from pipeline.demo.airflow_api import AirflowApi, ApiError
from pipeline.demo.processes import Guard, Service, stop
from pipeline.demo.state import USER, DemoState, Ports
from pipeline.errors import InfrastructureError

DAG_ID = "train_text2sql"
DAGS = Path(__file__).resolve().parents[2] / "dags"
BOOT_LIMIT_S = 180.0


class Interrupted(Exception):
    """Somebody asked the demo to stop."""


class Demo:
    """The running services, and the waiting on them. Every wait ends when a service dies or somebody asks to stop."""

    def __init__(self, state: DemoState, guard: Guard, stopping: threading.Event) -> None:
        self.state = state
        self.services: list[Service] = []
        self._guard = guard
        self._stopping = stopping

    def add(self, service: Service) -> None:
        """Take charge of a service."""
        self.services.append(service)
        self._guard.watch(service)

    def close(self) -> None:
        """Stop everything, the first started last."""
        stop(service.leader for service in reversed(self.services))
        self._guard.dismiss()

    def pause(self, seconds: float) -> None:
        """Wait; raises Interrupted, or InfrastructureError when a service has ended."""
        if self._stopping.wait(seconds):
            raise Interrupted
        for service in self.services:
            service.check()

    def wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait until `condition()`, at most BOOT_LIMIT_S."""
        deadline = time.monotonic() + BOOT_LIMIT_S
        while not condition():
            if time.monotonic() > deadline:
                raise InfrastructureError(f"{what} is not there after {BOOT_LIMIT_S:.0f} s; see {self.state.logs}")
            self.pause(0.3)


def boot(demo: Demo, ports: Ports) -> AirflowApi:
    """Start all services; returns when Airflow knows the DAG and its pools and MLflow answers."""
    state, started = demo.state, datetime.now(UTC)
    api = AirflowApi(services.airflow_url(ports), USER, state.password())
    services.write_airflow_config(services.airflow_settings(state, ports, DAGS), state.airflow / "airflow.cfg")
    environment = services.service_environment(state, ports)
    demo.add(services.start_mlflow(state, ports, environment))
    if services.needs_migration(state):
        _migrate(demo, environment)
    for name in ("api-server", "scheduler", "dag-processor"):
        demo.add(services.start_airflow(name, state, environment))
    demo.wait_for("Airflow's API server", lambda: _answers(api))
    threading.Thread(target=_warm, args=(api,), daemon=True).start()
    api.set_pools(json.loads((DAGS / "pools.json").read_text()))
    demo.wait_for(f"the DAG {DAG_ID}", lambda: _dag_is_parsed(api, started))
    demo.wait_for("Airflow's scheduler", lambda: api.health().get("scheduler") == "healthy")
    demo.wait_for("MLflow", lambda: services.mlflow_is_up(ports))
    return api


def _migrate(demo: Demo, environment: Mapping[str, str]) -> None:
    migration = services.start_migration(demo.state, environment)
    deadline = time.monotonic() + BOOT_LIMIT_S
    try:
        while migration.process.poll() is None and time.monotonic() < deadline:
            demo.pause(0.2)
    finally:
        stop([migration.leader])
    if migration.process.wait() != 0:
        migration.check()
    services.note_migration(demo.state)


def _answers(api: AirflowApi) -> bool:
    try:
        return bool(api.health())
    except ApiError:
        return False


def _warm(api: AirflowApi) -> None:
    with suppress(ApiError):  # only a warming-up: the tasks have their own time-out
        api.warm_execution_api()


def _dag_is_parsed(api: AirflowApi, since: datetime) -> bool:
    if errors := api.import_errors(since):
        raise InfrastructureError(f"Airflow cannot import a DAG file: {errors[0]}")
    return api.has_dag(DAG_ID, since)
