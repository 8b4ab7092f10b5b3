"""What the services are told: loopback only, nothing of other installations, no secret in the environment."""

from __future__ import annotations

import stat
from configparser import ConfigParser
from pathlib import Path

import pytest

from pipeline.demo import services
from pipeline.demo.state import DemoState, Ports

PORTS = Ports(airflow=8081, mlflow=5001)


@pytest.fixture
def state(tmp_path: Path) -> DemoState:
    state = DemoState(tmp_path / "100% mine")
    with state.claimed():
        return state


def test_airflow_config_is_private_and_complete(state: DemoState) -> None:
    path = state.airflow / "airflow.cfg"
    services.write_airflow_config(services.airflow_settings(state, PORTS, Path("/repo/dags")), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = ConfigParser()
    config.read(path)
    assert config["api"]["host"] == "127.0.0.1"
    assert config["core"]["execution_api_server_url"] == "http://127.0.0.1:8081/execution/"
    assert config["database"]["sql_alchemy_conn"] == f"sqlite:///{state.airflow}/airflow.db"
    assert config["core"]["simple_auth_manager_passwords_file"] == str(state.passwords_file)
    assert config["api_auth"]["jwt_secret"] == state.secret("jwt")
    assert config["workers"]["execution_api_timeout"] == "60"


def test_environment_is_the_demos_own(state: DemoState) -> None:
    inherited = {
        "PATH": "/bin",
        "AIRFLOW_HOME": "/other",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "MLFLOW_TRACKING_URI": "http://production",
        "MLFLOW_TRACKING_PASSWORD": "x",
        "QUERYSMITH_RETRY_DELAY_S": "1",
    }
    environment = services.service_environment(state, PORTS, inherited)
    assert environment["PATH"] == "/bin"
    assert environment["QUERYSMITH_RETRY_DELAY_S"] == "1"
    assert environment["AIRFLOW_HOME"] == str(state.airflow)
    assert environment["QUERYSMITH_HOME"] == str(state.home)
    assert environment["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5001"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert "AIRFLOW__CORE__EXECUTOR" not in environment
    assert "MLFLOW_TRACKING_PASSWORD" not in environment
    assert state.secret("jwt") not in environment.values()


def test_migrates_once_for_each_version(state: DemoState, monkeypatch: pytest.MonkeyPatch) -> None:
    assert services.needs_migration(state)
    services.note_migration(state)
    assert services.needs_migration(state), "the database itself is missing"
    (state.airflow / "airflow.db").touch()
    assert not services.needs_migration(state)
    monkeypatch.setattr(services, "version", lambda package: "99")
    assert services.needs_migration(state)
