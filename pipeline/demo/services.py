"""The demo's services: what is started, with which configuration, and when each counts as up.

MLflow (SQLite, artifacts through the server) and Airflow (SQLite, LocalExecutor), all on the loopback interface.
Airflow's components are started one by one, not by `airflow standalone`, because that also opens its log servers on
every interface. The triggerer is left out: nothing in these DAGs defers (an approval waits in the database).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from configparser import RawConfigParser
from importlib.metadata import version
from io import StringIO
from pathlib import Path

from pipeline.demo.airflow_api import ApiError, request
from pipeline.demo.processes import Service
from pipeline.demo.state import USER, DemoState, Ports, write_private

HOST = "127.0.0.1"
# The demo decides all of these itself; what the user's shell holds of them belongs to another installation.
FOREIGN_PREFIXES = ("AIRFLOW", "MLFLOW_", "_MLFLOW_")


def airflow_url(ports: Ports) -> str:
    """Where Airflow's pages and its API are."""
    return f"http://{HOST}:{ports.airflow}"


def mlflow_url(ports: Ports) -> str:
    """Where MLflow's pages and its API are."""
    return f"http://{HOST}:{ports.mlflow}"


def airflow_settings(state: DemoState, ports: Ports, dags: Path) -> dict[str, dict[str, object]]:
    """Airflow's configuration, where it differs from the defaults: {section: {key: value}}."""
    return {
        "core": {
            "dags_folder": dags,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "executor": "LocalExecutor",
            "parallelism": 4,  # so many workers are forked at start
            "fernet_key": state.secret("fernet"),
            "execution_api_server_url": f"{airflow_url(ports)}/execution/",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": state.passwords_file,
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{state.airflow / 'airflow.db'}"},
        "api": {
            "host": HOST,
            "port": ports.airflow,
            "base_url": airflow_url(ports),
            "workers": 1,
            "secret_key": state.secret("api"),
        },
        "api_auth": {"jwt_secret": state.secret("jwt")},
        "workers": {"execution_api_timeout": 60},  # the first request after a boot on a busy machine is slow
        "dag_processor": {"parsing_processes": 1, "min_file_process_interval": 300},
        "scheduler": {"enable_health_check": False},
        "logging": {
            "base_log_folder": state.task_logs,
            "dag_processor_child_process_log_directory": state.logs / "dag-files",
        },
        "usage_data_collection": {"enabled": False},
    }


def write_airflow_config(settings: Mapping[str, Mapping[str, object]], path: Path) -> None:
    """Write airflow.cfg, readable by its owner only. In a file, so that no secret is in the environment of a step and
    `AIRFLOW_HOME=... airflow ...` in another terminal sees the same installation."""
    parser = RawConfigParser()
    parser.read_dict({name: {k: str(v).replace("%", "%%") for k, v in part.items()} for name, part in settings.items()})
    text = StringIO()
    parser.write(text)
    write_private(path, text.getvalue())


def service_environment(state: DemoState, ports: Ports, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of every service, and through Airflow that of the steps."""
    kept = {key: value for key, value in inherited.items() if not key.startswith(FOREIGN_PREFIXES)}
    return kept | {
        "AIRFLOW_HOME": str(state.airflow),
        "QUERYSMITH_HOME": str(state.home),
        "MLFLOW_TRACKING_URI": mlflow_url(ports),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def start_mlflow(state: DemoState, ports: Ports, environment: Mapping[str, str]) -> Service:
    """The MLflow server."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(ports.mlflow), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{state.mlflow / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(state.mlflow / "artifacts")]
    return Service("mlflow", command, environment, state.logs / "mlflow.log")


def start_airflow(name: str, state: DemoState, environment: Mapping[str, str]) -> Service:
    """One component of Airflow: api-server, scheduler or dag-processor."""
    options = ["--skip-serve-logs"] if name == "scheduler" else []
    command = [sys.executable, "-m", "airflow", name, *options]
    return Service(name, command, environment, state.logs / f"{name}.log")


def start_migration(state: DemoState, environment: Mapping[str, str]) -> Service:
    """The making (or upgrade) of Airflow's database; it ends by itself."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    return Service("airflow-db", command, environment, state.logs / "airflow-db.log")


def needs_migration(state: DemoState) -> bool:
    """Whether the database was not made by the installed version of Airflow: checking that itself takes seconds."""
    stamp = state.airflow / "database-version"
    current = stamp.read_text() if stamp.exists() and (state.airflow / "airflow.db").exists() else ""
    return current != version("apache-airflow")


def note_migration(state: DemoState) -> None:
    """Remember which version of Airflow made the database."""
    write_private(state.airflow / "database-version", version("apache-airflow"))


def mlflow_is_up(ports: Ports) -> bool:
    """Whether MLflow answers."""
    try:
        return str(request("GET", f"{mlflow_url(ports)}/health", timeout_s=5)).strip() == "OK"
    except ApiError:
        return False
