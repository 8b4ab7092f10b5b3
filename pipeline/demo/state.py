"""The demo's folder: what it keeps between runs (databases, artifacts, logs, password, ports) and who may use it.

    HOME/airflow/   Airflow's home: configuration with its secrets, database, the login
    HOME/mlflow/    MLflow's database and artifacts
    HOME/logs/      one log file per service, and tasks/ with the log of every task

All of it is readable by its owner only. Deleting the folder starts afresh.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import InfrastructureError, InputError

USER = "admin"


@dataclass(frozen=True)
class Ports:
    """The loopback ports of the two services that a browser talks to."""

    airflow: int
    mlflow: int


@dataclass(frozen=True)
class DemoState:
    """The paths of one demo folder; `claimed()` makes them."""

    home: Path

    @property
    def airflow(self) -> Path:
        return self.home / "airflow"

    @property
    def mlflow(self) -> Path:
        return self.home / "mlflow"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def task_logs(self) -> Path:
        return self.logs / "tasks"

    def task_log(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> Path:
        """Where Airflow writes the log of one try of a task."""
        folder = self.task_logs / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        return folder / f"attempt={attempt}.log"

    @property
    def passwords_file(self) -> Path:
        return self.airflow / "passwords.json"

    @contextmanager
    def claimed(self) -> Iterator[int]:
        """Make the folders and hold the lock; yields the lock's file descriptor.

        Raises:
            InputError: the folder cannot be written.
            InfrastructureError: another demo uses it.
        """
        try:
            for folder in (self.home, self.airflow, self.mlflow, self.logs, self.task_logs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.home / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise InputError(
                f"{self.home}: the demo cannot write here ({error.strerror}); choose a folder of yours"
            ) from None
        try:
            _lock(lock, self.home)
            yield lock
        finally:
            os.close(lock)

    def secret(self, name: str) -> str:
        """A random secret of 256 bits (URL-safe base64, as Airflow's Fernet key must be), made once per folder."""
        path = self.airflow / "secrets.json"
        known = _read_json(path)
        if name not in known:
            known[name] = urlsafe_b64encode(secrets.token_bytes(32)).decode()
            write_private(path, json.dumps(known))
        return str(known[name])

    def password(self) -> str:
        """The password of USER, in the file that Airflow's SimpleAuthManager reads; made once per folder."""
        known = _read_json(self.passwords_file)
        if USER not in known:
            known[USER] = secrets.token_urlsafe(12)
            write_private(self.passwords_file, json.dumps(known))
        return str(known[USER])

    def ports(self) -> Ports:
        """The ports of the last demo in this folder where they are free, so that links in its records stay right."""
        path = self.home / "ports.json"
        last = _read_json(path)
        ports = Ports(airflow=free_port(last.get("airflow", 0)), mlflow=free_port(last.get("mlflow", 0)))
        write_private(path, json.dumps(ports.__dict__))
        return ports


def free_port(wanted: int = 0) -> int:
    """A free TCP port on the loopback interface: `wanted` if it is free, else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except (OSError, OverflowError, TypeError):  # taken, or no port number at all
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _lock(file: int, home: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InfrastructureError(f"{home}: another demo is running (or just stopping) here") from None


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    temporary = path.with_suffix(path.suffix + ".new")
    with open(temporary, "w", opener=_private) as file:
        file.write(content)
    temporary.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read_json(path: Path) -> dict[str, Any]:
    """The JSON object at `path`, {} where there is none: a damaged file of the demo's own is made anew."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
