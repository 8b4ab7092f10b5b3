"""The Compose file and its overlays: they parse, and keep what is promised of ports, secrets and networks."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEPS = {"mlflow", "mysql", "samples"}
# What the overlays ask for beside the secrets.
ASKED = {
    "VLLM_IMAGE": "vllm:none",
    "VLLM_MODEL": "/data/models/none",
    "OBJECT_STORE_BUCKET": "bucket",
    "OBJECT_STORE_URL": "http://store:9000",
    "OBJECT_STORE_KEY": "key",
    "OBJECT_STORE_SECRET": "secret",
}


@pytest.fixture(scope="module")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("env") / ".env"
    subprocess.run([ROOT / "docker" / "make-env", path], check=True)
    return path


def config(env_file: Path | None, *overlays: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    files = ["docker-compose.yml", *(f"docker/compose.{name}.yml" for name in overlays)]
    command = ["docker", "compose", "--env-file", str(env_file or os.devnull), "--profile", "*"]
    command += [part for file in files for part in ("-f", file)]
    # No variable of this shell may stand in for one of the file.
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **(ASKED if overlays else {})}
    try:
        return subprocess.run(
            [*command, "config", "--format", "json"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=check,
        )
    except FileNotFoundError:
        pytest.skip("needs Docker's command line, with Compose")


@pytest.fixture(scope="module")
def stack(env_file: Path) -> dict[str, Any]:
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("needs Docker Compose")
    parsed: dict[str, Any] = json.loads(config(env_file).stdout)
    return parsed


@pytest.mark.parametrize("overlays", [["gpu"], ["gpu", "vllm"], ["object-store"], ["gpu", "vllm", "object-store"]])
def test_overlays_parse(stack: dict[str, Any], env_file: Path, overlays: list[str]) -> None:
    assert set(json.loads(config(env_file, *overlays).stdout)["services"]) >= set(stack["services"])


def test_gpu_overlay_reaches_where_dags_are_parsed(stack: dict[str, Any], env_file: Path) -> None:
    services = json.loads(config(env_file, "gpu").stdout)["services"]
    assert services["samples"]["build"]["args"]["TORCH"] == "cuda"
    for name in ("airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"):
        assert services[name]["environment"]["QUERYSMITH_GPU_DEVICES"] == "profile"


def test_nothing_starts_without_secrets(stack: dict[str, Any]) -> None:
    refused = config(None, check=False)
    assert refused.returncode != 0
    assert "make up" in refused.stderr


def test_no_secret_stands_in_the_file() -> None:
    for file in (ROOT / "docker-compose.yml", *(ROOT / "docker").glob("compose.*.yml")):
        for name, value in re.findall(r"^\s*(\w*(?:PASSWORD|SECRET|KEY)): (.+)$", file.read_text(), re.MULTILINE):
            assert value.startswith("${") and ":?" in value, f"{file.name}: {name}"  # noqa: PT018


def test_ports_are_on_loopback_alone(stack: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in stack["services"].items() if service.get("ports")}
    assert set(published) == {"airflow-api-server", "mlflow"}
    assert all(port["host_ip"] == "127.0.0.1" for ports in published.values() for port in ports)


def test_step_containers_meet_mlflow_and_mysql_alone(stack: dict[str, Any]) -> None:
    assert {name for name, service in stack["services"].items() if "steps" in service["networks"]} == STEPS
    assert {name for name, network in stack["networks"].items() if not network.get("internal")} == {"published"}
    assert {name for name, service in stack["services"].items() if "engine" in service["networks"]} == {
        "airflow-scheduler",
        "socket-proxy",
    }


def test_the_docker_socket_is_the_proxys_alone(stack: dict[str, Any]) -> None:
    mounts = {
        name: [volume.get("source", "") for volume in service.get("volumes", [])]
        for name, service in stack["services"].items()
    }
    assert [name for name, sources in mounts.items() if any("docker.sock" in source for source in sources)] == [
        "socket-proxy"
    ]


def test_every_service_is_confined(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert int(service["mem_limit"]) > 0, name
        assert service["restart"] in ("unless-stopped", "no"), name
        assert service.get("user", "10001") != "0", name


def test_secrets_of_the_steps_are_the_schedulers_alone(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        environment = service.get("environment") or {}
        if name.startswith("airflow-") and name != "airflow-scheduler":
            assert "MLFLOW_TRACKING_PASSWORD" not in environment, name
            assert "QUERYSMITH_MYSQL_PASSWORD" not in environment, name


def test_airflows_settings_are_those_that_the_dags_know(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "dags")
    from settings import Settings

    environment = stack["services"]["airflow-scheduler"]["environment"]
    settings = Settings.from_environment(environment)
    assert settings.runner == "docker"
    assert settings.docker_network == stack["networks"]["steps"]["name"]
    assert settings.data_volume == stack["volumes"]["data"]["name"]
    assert settings.step_image == stack["services"]["samples"]["image"]
    known = (ROOT / "dags" / "settings.py").read_text() + (ROOT / "dags" / "resources.py").read_text()
    own = {"QUERYSMITH_COMPONENT", "QUERYSMITH_API_SERVER", "QUERYSMITH_DATA", "QUERYSMITH_MYSQL_PASSWORD"}
    for name in set(environment) - own:
        assert not name.startswith("QUERYSMITH_") or name in known, name


def test_one_set_of_keys_for_all_of_airflow(stack: dict[str, Any]) -> None:
    services = [service for name, service in stack["services"].items() if name.startswith("airflow-")]
    for key in ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY"):
        assert len({service["environment"][key] for service in services}) == 1
