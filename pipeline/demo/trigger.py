"""`querysmith trigger`: a DAG run on an Airflow that runs already, triggered and followed over its REST API.

The address, the password and the address that a browser uses come from the environment: AIRFLOW_URL,
AIRFLOW_ADMIN_PASSWORD, AIRFLOW_PUBLIC_URL (default: AIRFLOW_URL).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from rich.console import Console

from pipeline.demo.airflow_api import AirflowApi
from pipeline.demo.boot import DAG_ID
from pipeline.demo.follow import Failure, failures, follow, show_result
from pipeline.demo.state import USER
from pipeline.errors import InfrastructureError, InputError

INTERRUPTED = 130
PARSE_LIMIT_S = 180.0
_EVER = datetime.min.replace(tzinfo=UTC)


def trigger_and_follow(dag_id: str, settings: Iterable[str], pause: Callable[[float], None] = time.sleep) -> int:
    """Trigger the DAG with the form's fields `settings` (key=value) and show the run to its end.

    Returns the exit code: 0 only if the run succeeded; 130 after Ctrl-C, which leaves the run going.

    Raises:
        InputError: the address or password is not set, or Airflow refuses a field.
        ApiError: Airflow does not answer.
    """
    console = Console()
    api = AirflowApi(_variable("AIRFLOW_URL").rstrip("/"), USER, _variable("AIRFLOW_ADMIN_PASSWORD"))
    conf = fields(settings)
    _wait_for_dag(api, dag_id, pause)
    run_id = f"manual-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    before = api.unfinished_runs(dag_id)
    api.trigger(dag_id, run_id, conf)
    page = f"{os.environ.get('AIRFLOW_PUBLIC_URL') or api.url}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"
    console.print(f"{dag_id} runs: {page}", markup=False, highlight=False, soft_wrap=True)
    if before:
        console.print(f"It may wait for {before[-1]}, which has not ended.", markup=False, highlight=False)
    try:
        succeeded = follow(api, dag_id, run_id, console, pause)
    except KeyboardInterrupt:
        console.print(f"\nThe run goes on: {page}", markup=False, highlight=False, soft_wrap=True)
        return INTERRUPTED
    if succeeded and dag_id == DAG_ID:
        show_result(api, dag_id, run_id, console)
    elif succeeded:
        _show_notes(api, dag_id, run_id, console)
    for failure in failures(api, dag_id, run_id):
        console.print(_line(failure, page), style="red", markup=False, highlight=False, soft_wrap=True)
    return 0 if succeeded else 1


def fields(settings: Iterable[str]) -> dict[str, Any]:
    """`key=value` settings as fields of a trigger form: a value that is JSON (42, true) is that, any other is text.

    Raises:
        InputError: a setting is not of that form.
    """
    conf: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not key or not equals:
            raise InputError(f"--set {setting!r} is not of the form key=value, e.g. --set profile=smoke")
        try:
            conf[key] = json.loads(value)
        except ValueError:
            conf[key] = value
    return conf


def _wait_for_dag(api: AirflowApi, dag_id: str, pause: Callable[[float], None]) -> None:
    """Wait until Airflow has parsed the DAG: after a start that takes a while longer than being healthy."""
    deadline = time.monotonic() + PARSE_LIMIT_S
    while not api.has_dag(dag_id, _EVER):
        if errors := api.import_errors(_EVER):
            raise InfrastructureError(f"Airflow cannot import a DAG file: {errors[0]}")
        if time.monotonic() > deadline:
            raise InputError(f"Airflow at {api.url} has no DAG {dag_id}")
        pause(1.0)


def _show_notes(api: AirflowApi, dag_id: str, run_id: str, console: Console) -> None:
    """What the tasks of another DAG have to say."""
    for task in api.tasks(dag_id, run_id):
        for name, note in ((api.xcom(dag_id, run_id, task["task_id"]) or {}).get("notes") or {}).items():
            console.print(f"{name}: {note}", markup=False, highlight=False, soft_wrap=True)


def _line(failure: Failure, page: str) -> str:
    return f"The task {failure.task} failed: {failure.message}\nIts log: {page}/tasks/{quote(failure.task)}"


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise InputError(f"{name} is not set: `make train` sets it, from the stack's .env")
    return value
