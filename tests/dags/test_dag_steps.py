"""The process runner: exit codes, the result file, what the Airflow page says, and that a kill reaches everything."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

# Stands for `python`: gets `-m pipeline STEP ... --result PATH` and does what the script says.
FAKE_PYTHON = """#!/bin/sh
for result; do :; done
{body}
"""
RESULT = {"step": "sft", "run_id": "abc", "run_url": "http://mlflow/#/runs/abc", "uris": {"model": "models:/m-1"}}


class Xcoms:
    """A task instance, as far as a step needs one."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


class Runner:
    """A step with a shell script in the place of Python."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import process_step

        self.folder = folder
        self.script = folder / "python"
        self.ti = Xcoms()
        fields = {"python": str(self.script), "project_root": str(folder)}
        monkeypatch.setattr(process_step, "SETTINGS", replace(process_step.SETTINGS, **fields))
        self.task = process_step.ProcessStep(task_id="sft", arguments=["sft", "--dag-run", "r1", "--set", "seed=1"])

    def run(self, body: str) -> Any:
        self.script.write_text(FAKE_PYTHON.format(body=body))
        self.script.chmod(0o755)
        return type(self.task).execute.__wrapped__(self.task, {"ti": self.ti})


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(tmp_path, monkeypatch)


def write_result(result: object) -> str:
    return f"cat > $result <<'END'\n{json.dumps(result)}\nEND\n"


def test_success_returns_the_result(runner: Runner) -> None:
    assert runner.run('echo "$@" > arguments\n' + write_result(RESULT)) == RESULT
    arguments = (runner.folder / "arguments").read_text()
    assert arguments.startswith("-m pipeline sft --dag-run r1 --set seed=1 --result /")
    assert runner.task.mlflow_url == RESULT["run_url"]
    assert runner.ti.pushed == {}


@pytest.mark.parametrize(("code", "retried"), [(1, True), (2, False), (137, True)])
def test_failure_is_retried_unless_the_input_is_wrong(runner: Runner, code: int, retried: bool) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    failure = {"step": "sft", "run_url": "http://mlflow/#/runs/abc", "error": "the disk is full;\n free some"}
    with pytest.raises(AirflowException, match="the disk is full; free some") as caught:
        runner.run(write_result(failure) + f"echo done; exit {code}")
    assert isinstance(caught.value, AirflowFailException) is not retried
    assert runner.ti.pushed == {"error": "the disk is full; free some"}
    assert runner.task.mlflow_url == "http://mlflow/#/runs/abc", "the link is there for failed tries too"


def test_nothing_to_do_is_skipped(runner: Runner) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    with pytest.raises(AirflowSkipException, match="no new rows"):
        runner.run("echo no new rows >&2; exit 99")


def test_without_a_result_the_last_line_is_the_error(runner: Runner) -> None:
    from airflow.sdk.exceptions import AirflowException

    with pytest.raises(AirflowException, match=r"^MLflow is not reachable$"):
        runner.run("echo starting; echo MLflow is not reachable >&2; exit 1")
    assert runner.task.mlflow_url == ""


def test_death_by_a_signal_is_retried(runner: Runner) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    with pytest.raises(AirflowException, match=r"killed by signal 9 \(Killed\); out of memory\?") as caught:
        runner.run("kill -9 $$")
    assert not isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("true", "left no result file"),
        ("echo nonsense > $result", "not JSON"),
        ("echo '[1]' > $result", "a JSON list, not an object"),
        ("head -c 70000 /dev/zero > $result", "larger than 65536 bytes"),
    ],
)
def test_success_without_a_proper_result_is_a_defect(runner: Runner, body: str, message: str) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=message):
        runner.run(body)


def test_link_carries_nothing_but_web_addresses(runner: Runner) -> None:
    import step_contract

    runner.run(write_result({**RESULT, "run_url": "javascript:alert(1)"}))
    assert step_contract.MlflowRunLink().get_link(runner.task, ti_key=None) == ""


def test_steps_get_no_secret_of_airflow(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "s3cr3t")
    monkeypatch.setenv("AIRFLOW_CONN_DB", "s3cr3t")
    monkeypatch.setenv("QUERYSMITH_HOME", "/data")
    runner.run("env > environment\n" + write_result(RESULT))
    environment = (runner.folder / "environment").read_text()
    assert "s3cr3t" not in environment
    assert "QUERYSMITH_HOME=/data" in environment
    assert "MLFLOW_TRACKING_URI=http" in environment


@pytest.mark.parametrize("deaf", [False, True])
def test_kill_reaches_the_whole_group(runner: Runner, monkeypatch: pytest.MonkeyPatch, deaf: bool) -> None:
    import process_step
    from airflow.sdk.exceptions import AirflowException

    monkeypatch.setattr(process_step, "KILL_GRACE_S", 1.0)
    ignore = "trap '' TERM;" if deaf else ""
    body = f"{ignore} sleep 60 & echo $! > child; echo $$ > leader; wait; wait; sleep 60"
    failures: list[BaseException] = []

    def run() -> None:
        try:
            runner.run(body)
        except AirflowException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    pids = [wait_for_pid(runner.folder / name) for name in ("child", "leader")]
    runner.task.on_kill()
    thread.join(timeout=10)
    assert not thread.is_alive()
    number = signal.SIGKILL if deaf else signal.SIGTERM
    assert f"killed by signal {int(number)}" in str(failures[0])
    assert not any(alive(pid) for pid in pids)


def wait_for_pid(path: Path) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def alive(pid: int) -> bool:
    time.sleep(0.1)
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and os.getpgid(pid) > 0
