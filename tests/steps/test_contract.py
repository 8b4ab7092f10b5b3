"""The step contract with a stand-in for a step: status, exit codes, results, reruns, the lock."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest

from pipeline.config import RunConfig
from pipeline.config_loading import load_config
from pipeline.errors import InfrastructureError, InputError, NothingToDo, Terminated
from pipeline.steps import contract
from pipeline.steps.contract import Context, Result


class Stage:
    """Runs `behaviour` as the step `sft` (or `promote`) against an MLflow of its own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.calls = home, 0
        self.behaviour: Any = lambda context: Result(uris={"model": "models:/m-1"}, metrics={"loss": 1.5})
        monkeypatch.setenv("QUERYSMITH_HOME", str(home))
        for step in ("sft", "promote"):
            monkeypatch.setitem(sys.modules, f"pipeline.steps.{step}", SimpleNamespace(run=self._run))

    def _run(self, config: RunConfig, context: Context) -> Result:
        self.calls += 1
        result: Result = self.behaviour(context)
        return result

    def execute(self, step: str = "sft", *settings: str) -> Result:
        config = load_config(None, ["profile=smoke", *settings])
        return contract.execute(step, config, "it's a run", self.home / "result.json")

    def written(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "result.json").read_text())
        return found

    def status(self, step: str) -> str:
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name("text2sql").experiment_id
        (run,) = client.search_runs([experiment], f"tags.`querysmith.step` = '{step}'")
        return str(run.info.status)


@pytest.fixture
def stage(tmp_path: Path, mlflow_store: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def fail(error: BaseException) -> Any:
    def behaviour(_: Context) -> Result:
        raise error

    return behaviour


def test_result_is_written_and_a_finished_step_is_not_repeated(stage: Stage) -> None:
    first = stage.execute()
    assert stage.written() == first.model_dump(exclude_defaults=True)
    assert first.uris == {"model": "models:/m-1"}
    assert stage.status("sft") == "FINISHED"
    assert stage.status("pipeline") == "RUNNING"
    assert stage.execute() == first
    assert stage.calls == 1


def test_a_changed_configuration_is_another_piece_of_work_in_the_same_run(stage: Stage) -> None:
    folders: list[Path] = []
    stage.behaviour = lambda context: folders.append(context.work) or Result()
    first = stage.execute()
    second = stage.execute("sft", "profile.sft.epochs=9")
    assert stage.calls == 2
    assert first.run_id == second.run_id
    assert folders[0] != folders[1]
    run = mlflow.MlflowClient().get_run(first.run_id)
    assert run.data.params["profile.sft.epochs"] == "3.0"
    assert run.data.tags["querysmith.param_drift"] == "profile.sft.epochs"


def test_the_last_step_closes_the_parent(stage: Stage) -> None:
    stage.execute("promote")
    assert stage.status("pipeline") == "FINISHED"


@pytest.mark.parametrize(
    ("error", "status", "exit_code"),
    [
        (InputError("this is\nwrong"), "FAILED", 2),
        (InfrastructureError("that is gone"), "FAILED", 1),
        (NothingToDo("all done"), "FINISHED", 99),
        (OSError(28, "No space left on device", "/data/file"), "FAILED", 1),
        (KeyboardInterrupt(), "KILLED", None),
    ],
)
def test_failures_close_the_run_with_what_is_true(
    stage: Stage, error: BaseException, status: str, exit_code: int | None
) -> None:
    stage.behaviour = fail(error)
    with pytest.raises(BaseException) as raised:
        stage.execute()
    assert stage.status("sft") == status
    assert getattr(raised.value, "exit_code", None) == exit_code
    written = stage.written()
    assert written["run_id"]
    assert "\n" not in written["error"]
    stage.behaviour = lambda context: Result(metrics={"ok": 1.0})
    assert stage.execute().metrics == {"ok": 1.0}  # a failed run is taken up again
    assert stage.status("sft") == "FINISHED"


def test_disk_full_is_one_line(stage: Stage) -> None:
    stage.behaviour = fail(OSError(28, "No space left on device", "/data/file"))
    with pytest.raises(InfrastructureError, match=r"/data/file: cannot be written \(No space left on device\); free"):
        stage.execute()


def test_sigterm_marks_the_run_as_killed(stage: Stage) -> None:
    def behaviour(_: Context) -> Result:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal must have ended the step")

    stage.behaviour = behaviour
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated):
        stage.execute()
    assert stage.status("sft") == "KILLED"
    assert stage.status("pipeline") == "KILLED"
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_step_does_not_run_beside_itself(stage: Stage) -> None:
    def behaviour(_: Context) -> Result:
        with pytest.raises(InfrastructureError, match=rf"still running \(process {os.getpid()}\)"):
            stage.execute()
        return Result(metrics={"outer": 1.0})

    stage.behaviour = behaviour
    assert stage.execute().metrics == {"outer": 1.0}


def test_no_secret_of_the_tracking_address_is_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(InfrastructureError) as raised:
        stage.execute()
    assert "secret" not in str(raised.value)
    assert "127.0.0.1:9" in str(raised.value)
