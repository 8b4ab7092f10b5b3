"""The generated .env: random, private, complete, and never changed."""

from __future__ import annotations

import base64
import re
import stat
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def made(path: Path) -> dict[str, str]:
    subprocess.run([ROOT / "docker" / "make-env", path], check=True)
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_secrets_are_random_and_private(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a"), made(tmp_path / "b")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    secrets = [value for name, value in first.items() if name != "DOCKER_GID"]
    assert len(set(secrets)) == len(secrets)
    assert all(first[name] != second[name] for name in first if name != "DOCKER_GID")
    # They stand in addresses of databases, in JSON and in shell commands: nothing may need quoting there.
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}(?:[A-Za-z0-9_-]{43})?=?", value) for value in secrets)
    assert len(base64.urlsafe_b64decode(first["AIRFLOW_JWT_SECRET"] + "==")) == 64
    assert len(base64.urlsafe_b64decode(first["AIRFLOW_FERNET_KEY"])) == 32


def test_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("AIRFLOW_PORT=9090\nMLFLOW_ADMIN_PASSWORD=mine\n")
    first = made(path)
    assert first["MLFLOW_ADMIN_PASSWORD"] == "mine"
    assert first["AIRFLOW_PORT"] == "9090"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made(path) == first


def test_every_variable_that_compose_insists_on(tmp_path: Path) -> None:
    needed = set(re.findall(r"\$\{(\w+):\?run make up", (ROOT / "docker-compose.yml").read_text()))
    assert needed == set(made(tmp_path / ".env"))
