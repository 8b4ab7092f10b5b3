"""MLflow goes away: exit code 1 and one line; when it is back, the same step goes on and ends well."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mlflow_server import MlflowServer
from step_process import Pipeline

# A dozen processes that import their libraries: minutes, and more on a busy machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MlflowServer]:
    server = MlflowServer(tmp_path / "mlflow")
    yield server
    server.stop()


def test_step_fails_for_a_retry_while_mlflow_is_down(pipeline: Pipeline, server: MlflowServer) -> None:
    pipeline.environment |= {"MLFLOW_TRACKING_URI": server.url, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    pipeline.settings |= {"profile.sft.epochs": "8", "profile.sft.checkpoint_steps": "4"}
    down = f"querysmith: error: MLflow at {server.url} does not answer; start it or mend MLFLOW_TRACKING_URI"

    code, _, errors = pipeline.run("validate")
    assert code == 1
    assert errors.splitlines()[-1] == down

    server.start()
    result = pipeline.succeed("validate")
    assert result["run_url"].startswith(f"{server.url}/#/experiments/")
    dataset = {"inputs.dataset": result["uris"]["dataset"]}

    process = pipeline.start("sft", **dataset)
    while not pipeline.checkpoints("sft"):
        assert process.poll() is None, process.communicate()[1]
    server.stop()
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == down
    reached = max(pipeline.checkpoints("sft"))

    server.start()
    code, _, errors = pipeline.run("sft", **dataset)
    assert code == 0, errors
    assert f"checkpoint-{reached}" in errors
