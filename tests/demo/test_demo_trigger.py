"""`querysmith trigger`: a run on an Airflow that runs already, as a user at a terminal sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.demo import follow as follow_module
from pipeline.demo import trigger
from pipeline.demo.airflow_api import ApiError
from pipeline.demo.trigger import fields, trigger_and_follow
from pipeline.errors import InputError


class FakeApi:
    """An Airflow whose run goes through `states`; an ApiError among them is raised."""

    def __init__(self, states: list[Any], tasks: list[dict[str, Any]], xcoms: dict[tuple[str, str], Any]) -> None:
        self.url = "http://airflow"
        self.states: Iterator[Any] = iter(states)
        self.given_tasks, self.xcoms = tasks, xcoms
        self.triggered: dict[str, Any] = {}
        self.parsed = iter([False, True])

    def has_dag(self, *arguments: Any) -> bool:
        return next(self.parsed, True)

    def import_errors(self, *arguments: Any) -> list[str]:
        return []

    def unfinished_runs(self, dag_id: str) -> list[str]:
        return ["earlier"]

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        self.triggered = conf

    def run_state(self, *arguments: Any) -> str:
        state = next(self.states)
        if isinstance(state, BaseException):
            raise state
        return str(state)

    def tasks(self, *arguments: Any) -> list[dict[str, Any]]:
        return self.given_tasks

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        return self.xcoms.get((task_id, key))


def task(task_id: str, state: str) -> dict[str, Any]:
    return {"task_id": task_id, "state": state, "try_number": 1, "duration": 3.0, "start_date": None}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AIRFLOW_URL", "http://airflow")
    monkeypatch.setenv("AIRFLOW_PUBLIC_URL", "http://localhost:8080")
    monkeypatch.setenv("AIRFLOW_ADMIN_PASSWORD", "x")

    def run(api: FakeApi, dag_id: str = "preflight", *settings: str) -> int:
        monkeypatch.setattr(trigger, "AirflowApi", lambda *arguments: api)
        return trigger_and_follow(dag_id, settings, pause=lambda seconds: None)

    return run


def test_success_with_what_the_step_said(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    api = FakeApi(
        ["queued", "running", "success"],
        [task("preflight", "success")],
        {("preflight", "return_value"): {"notes": {"mlflow": "ok, as querysmith"}}},
    )
    assert run(api, "preflight", "profile=smoke", "seed=7", "approval=true") == 0
    assert api.triggered == {"profile": "smoke", "seed": 7, "approval": True}
    output = capsys.readouterr().out
    assert "http://localhost:8080/dags/preflight/runs/manual-" in output
    assert "It may wait for earlier" in output
    assert "mlflow: ok, as querysmith" in output


def test_failure_names_task_reason_and_log(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    api = FakeApi(
        ["running", "failed"], [task("preflight", "failed")], {("preflight", "error"): "the volume is not mounted"}
    )
    assert run(api) == 1
    output = capsys.readouterr().out
    assert "The task preflight failed: the volume is not mounted" in output
    assert "/tasks/preflight" in output


def test_a_server_that_restarts_ends_nothing(run: Any) -> None:
    states = ["running", ApiError(0, "connection refused"), ApiError(503, "starting"), "success"]
    assert run(FakeApi(states, [task("preflight", "success")], {})) == 0


def test_but_not_for_ever(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "PATIENCE_S", -1.0)
    with pytest.raises(ApiError):
        run(FakeApi([ApiError(0, "connection refused")], [], {}))
    with pytest.raises(ApiError):
        run(FakeApi([ApiError(404, "no such run")], [], {}))


def test_interrupt_leaves_the_run_going(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(FakeApi(["running", KeyboardInterrupt()], [], {})) == 130
    assert "The run goes on: http://localhost:8080" in capsys.readouterr().out


def test_what_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_URL", raising=False)
    with pytest.raises(InputError, match="AIRFLOW_URL is not set"):
        trigger_and_follow("preflight", [])
    with pytest.raises(InputError, match="not of the form key=value"):
        fields(["profile"])
    assert fields(["a=1=2", "b=null"]) == {"a": "1=2", "b": None}
