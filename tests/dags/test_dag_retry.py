"""A task that fails because MLflow is down is tried again by Airflow, and succeeds when MLflow is back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mlflow_server import MlflowServer

# A dozen processes that import their libraries: minutes, and more on a busy machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]

DAGS = Path(__file__).resolve().parents[2] / "dags"
SCRIPT = """
import sys
sys.path.insert(0, {dags!r})
from airflow.sdk import DAG
from settings import SETTINGS
from steps import step
from train_text2sql import PARAMS

with DAG("retry", params=PARAMS) as dag:
    step("validate", inputs={{}}, retries=8, retry_delay=SETTINGS.retry_delay)

if __name__ == "__main__":
    run = dag.test(run_conf={{"profile": "smoke"}})
    (task,) = run.get_task_instances()
    print("ENDED", task.state, task.try_number)
"""


def test_retry_succeeds_when_mlflow_is_back(tmp_path: Path) -> None:
    server = MlflowServer(tmp_path / "mlflow")
    script = tmp_path / "dags" / "retry.py"
    script.parent.mkdir()
    script.write_text(SCRIPT.format(dags=str(DAGS)))
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(script.parent),
        "QUERYSMITH_HOME": str(tmp_path / "home"),
        "QUERYSMITH_RETRY_DELAY_S": "2",
        "MLFLOW_TRACKING_URI": server.url,
    }
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=environment,
        check=True,
        capture_output=True,
        timeout=600,
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    down = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            lines.append(line)
            if "does not answer" in line:
                down.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert down.wait(timeout=600), "".join(lines[-40:])
        server.start()
        assert process.wait(timeout=600) == 0, "".join(lines[-40:])
        reader.join(timeout=10)
        (ended,) = [line.split() for line in lines if line.startswith("ENDED")]
        assert ended[1] == "success"
        assert int(ended[2]) >= 2
    finally:
        process.kill()
        server.stop()
