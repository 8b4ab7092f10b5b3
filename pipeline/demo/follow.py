"""One DAG run over Airflow's REST API: shown on the terminal until it ends, then what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from pipeline.demo.airflow_api import AirflowApi, ApiError
from pipeline.demo.progress import progress_view, task_rows
from pipeline.demo.report import explanation, result_table

POLL_S = 2.0
PATIENCE_S = 600.0  # a server that is restarted meanwhile is no end of the run


@dataclass(frozen=True)
class Failure:
    """A task that failed: its last try, and the error line that it left."""

    task: str
    attempt: int
    message: str


def follow(api: AirflowApi, dag_id: str, run_id: str, console: Console, pause: Callable[[float], None]) -> bool:
    """Show the run until it has ended; returns whether it succeeded. `pause` waits, and may raise to end it all.

    Raises:
        ApiError: Airflow refuses to answer, or has not answered for PATIENCE_S.
    """
    notes: dict[str, str] = {}
    asked: set[tuple[str, int, str]] = set()
    answered = time.monotonic()
    with progress_view(console, dag_id) as view:
        while True:
            try:
                state = api.run_state(dag_id, run_id)
                instances = api.tasks(dag_id, run_id)
                for task in instances:
                    key = (task["task_id"], task["try_number"], task["state"])
                    if task["state"] in ("failed", "up_for_retry") and key not in asked:
                        notes[task["task_id"]] = str(api.xcom(dag_id, run_id, task["task_id"], "error") or "")
                        asked.add(key)
            except ApiError as error:
                if 0 < error.status < 500 or time.monotonic() - answered > PATIENCE_S:
                    raise
            else:
                answered = time.monotonic()
                view.update(task_rows(instances, notes, datetime.now(UTC)))
                if state in ("success", "failed"):
                    return state == "success"
            pause(POLL_S)


def show_result(api: AirflowApi, dag_id: str, run_id: str, console: Console) -> None:
    """The closing table of a training."""
    evaluated = api.xcom(dag_id, run_id, "evaluate") or {}
    promoted = api.xcom(dag_id, run_id, "promote") or {}
    console.print(result_table(evaluated, promoted))
    for line in explanation(evaluated, promoted):
        console.print(line, markup=False, highlight=False)


def failures(api: AirflowApi, dag_id: str, run_id: str) -> Iterator[Failure]:
    """The tasks that failed, each with why."""
    for task in api.tasks(dag_id, run_id):
        if task["state"] == "failed":
            message = api.xcom(dag_id, run_id, task["task_id"], "error") or "it left no error line"
            yield Failure(task["task_id"], task["try_number"], str(message))
