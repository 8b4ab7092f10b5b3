"""`run_demo()`: the whole product on one machine: start Airflow and MLflow, train, show the result, keep serving.

Left out: the work itself. The demo triggers the DAG over Airflow's REST API, as any user would, and reads what it shows
from there.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.demo import services
from pipeline.demo.airflow_api import AirflowApi, ApiError
from pipeline.demo.boot import DAG_ID, Demo, Interrupted, boot
from pipeline.demo.follow import POLL_S, failures, follow, show_result
from pipeline.demo.processes import Guard
from pipeline.demo.state import USER, DemoState
from pipeline.errors import InputError, QuerysmithError

INTERRUPTED = 130


def run_demo(profile: str, data: str, recipe: str, seed: int, exit_when_done: bool, home: Path) -> int:
    """Run the demo in the folder `home`; returns the exit code: 0 only if the DAG run succeeded, 130 if interrupted.

    `data` is "bundled" or a folder. Ctrl-C, SIGTERM and SIGHUP stop everything that was started.
    """
    console = Console()
    conf = {"profile": profile, "recipe": recipe, "data": data, "seed": seed}
    umask = os.umask(0o077)
    try:
        if data != "bundled":
            conf["data"] = str(_folder(data))
        state = DemoState(home.absolute())
        with state.claimed() as lock, _stop_signals(console) as stopping, ExitStack() as cleanup:
            demo = Demo(state, Guard(lock), stopping)
            cleanup.callback(demo.close)
            return _serve(demo, conf, exit_when_done, console)
    except QuerysmithError as error:
        _show_error(error, console)
        return error.exit_code
    finally:
        os.umask(umask)


def _serve(demo: Demo, conf: Mapping[str, Any], exit_when_done: bool, console: Console) -> int:
    """Boot, run the DAG once, show the result, and serve until interrupted unless `exit_when_done`."""
    try:
        api, addresses = _start(demo, console)
        succeeded = _run_dag(demo, api, conf, console)
        console.print(addresses, markup=False, soft_wrap=True)
        if not exit_when_done:
            console.print("Serving until Ctrl-C.")
            with suppress(Interrupted):
                while True:
                    demo.pause(POLL_S)
        return 0 if succeeded else 1
    except Interrupted:
        return INTERRUPTED
    except QuerysmithError as error:
        _show_error(error, console)  # before the services are stopped, which takes its time
        return error.exit_code


def _start(demo: Demo, console: Console) -> tuple[AirflowApi, str]:
    """Boot everything; returns the API and the two lines that say where to look and how to log in."""
    started = time.monotonic()
    console.print("Starting MLflow and Airflow ...")
    ports = demo.state.ports()
    api = boot(demo, ports)
    login = f"login {USER}, password {demo.state.password()}"
    addresses = f"Airflow  {api.url}  ({login})\nMLflow   {services.mlflow_url(ports)}"
    console.print(f"Up after {time.monotonic() - started:.0f} s.\n{addresses}", markup=False, soft_wrap=True)
    return api, addresses


def _run_dag(demo: Demo, api: AirflowApi, conf: Mapping[str, Any], console: Console) -> bool:
    """Trigger the DAG, show it to its end and what came of it; returns whether it succeeded."""
    for stale in api.unfinished_runs(DAG_ID):  # it would keep the new run waiting: one run at a time
        api.fail_run(DAG_ID, stale, "left over from a demo that was stopped")
    run_id = f"demo-{datetime.now():%Y%m%dT%H%M%S}"
    api.trigger(DAG_ID, run_id, conf)
    try:
        succeeded = follow(api, DAG_ID, run_id, console, demo.pause)
    except Interrupted:
        with suppress(ApiError):
            api.fail_run(DAG_ID, run_id, "stopped with the demo")
        raise
    if succeeded:
        show_result(api, DAG_ID, run_id, console)
    else:
        _show_failure(demo.state, api, run_id, console)
    return succeeded


def _show_failure(state: DemoState, api: AirflowApi, run_id: str, console: Console) -> None:
    """Which task failed, why, and where its log is."""
    for failure in failures(api, DAG_ID, run_id):
        log = state.task_log(DAG_ID, run_id, failure.task, failure.attempt)
        console.print(f"The task {failure.task} failed: {failure.message}", style="red", markup=False, soft_wrap=True)
        console.print(f"Its log: {log}", markup=False, highlight=False, soft_wrap=True)


def _show_error(error: QuerysmithError, console: Console) -> None:
    console.print(f"demo: error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)


def _folder(data: str) -> Path:
    folder = Path(data).absolute()
    if not folder.is_dir():
        raise InputError(f"data: {folder} is not a folder; give 'bundled' or a folder in Spider's layout")
    return folder


@contextmanager
def _stop_signals(console: Console) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and SIGHUP set. The handlers also reset what a `nohup ... &` left ignored: services
    started from here get the default behaviour back."""
    stopping = threading.Event()

    def note(number: int, frame: object) -> None:
        if not stopping.is_set():
            console.print("\nStopping ...")
        stopping.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
