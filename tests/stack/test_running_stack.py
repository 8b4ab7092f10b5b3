"""What must hold on a running stack after a training: no door without a login, confined steps, no secret anywhere.

Run it with `make check-stack`, after `make train PROFILE=smoke`.
"""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from running_stack import DAG, ROOT, STEPS, RunningStack, docker, stack, wait_until

from pipeline.demo.airflow_api import ApiError

__all__ = ["stack"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

# Asks a server itself for all that it serves, so that a version that serves more is swept, too.
WALK = """
def walk(routes, prefix=""):
    for route in routes:
        path = prefix + getattr(route, "path", "")
        for method in getattr(route, "methods", None) or ():
            print(method, path)
        walk(getattr(route, "routes", None) or (), path)
"""
AIRFLOW = f"""
from airflow.api_fastapi.app import create_app
{WALK}
app = create_app()
walk(app.routes)
# The API for tasks has a list of routes for each of its versions, made at the first request.
tasks = next(route.app for route in app.routes if getattr(route, "path", "") == "/execution")
tasks._cadwyn_initialize()
versions = tasks.router.versioned_routers
walk(versions[max(versions)].routes, "/execution")
"""
MLFLOW = f"""
from mlflow.server import app
from mlflow.server.auth import create_app
from mlflow.server.fastapi_app import create_fastapi_app
{WALK}
create_app(app)
for rule in app.url_map.iter_rules():
    for method in rule.methods:
        print(method, rule.rule)
walk(create_fastapi_app(app).routes)
"""
HEALTH = {"/health", "/api/v2/monitor/health", "/execution/health", "/execution/health/ping"}
# What a login needs: 422 says that no name and password came, 307 leads to the page, which is served for every path.
LOGIN = {
    "/auth/token": 422,
    "/auth/token/cli": 422,
    "/api/v2/auth/login": 307,
    "/api/v2/auth/logout": 307,
    "/auth/1": 200,
}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


OPENER = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))


def status(method: str, url: str) -> int:
    """What somebody without a login is answered."""
    body = None if method in ("GET", "HEAD", "OPTIONS") else b"{}"
    message = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    try:
        with OPENER.open(message, timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def routes(listing: str) -> list[tuple[str, str]]:
    """Method and path of all that a server serves, with 1 for every parameter."""
    found = re.findall(r"^(GET|POST|PUT|PATCH|DELETE) (/\S*)$", listing, re.MULTILINE)
    return sorted({(method, re.sub(r"[<{][^>}]*[>}]", "1", path)) for method, path in found})


@pytest.mark.parametrize("server", ["Airflow", "MLflow"])
def test_no_door_is_open_without_a_login(stack: RunningStack, server: str) -> None:
    if server == "Airflow":
        url = stack.airflow_url
        swept = routes(stack.compose("exec", "-T", "airflow-api-server", "python", "-", text=AIRFLOW))
        least = 180
    else:
        url = stack.mlflow_url
        swept = routes(stack.compose("exec", "-T", "mlflow", "python", "-", text=MLFLOW))
        least = 400
    assert len(swept) > least
    with ThreadPoolExecutor(4) as pool:
        answers = dict(zip(swept, pool.map(lambda route: status(route[0], url + route[1]), swept), strict=True))
    open_doors = {
        f"{method} {path}: {code}"
        for (method, path), code in answers.items()
        if code not in (401, 403) and path not in HEALTH and code != LOGIN.get(path)
    }
    assert open_doors == set()


def test_only_two_ports_and_on_loopback_alone(stack: RunningStack) -> None:
    names = docker("ps", "--filter", f"label=com.docker.compose.project={stack.project}", "--format", "{{.Ports}}")
    published = [part for line in names.splitlines() for part in line.split(", ") if "->" in part]
    assert len(published) == 2
    assert all(part.startswith("127.0.0.1:") for part in published)


def test_a_training_has_left_a_champion(stack: RunningStack) -> None:
    version = stack.mlflow("registered-models/alias", name="text2sql", alias="champion")["model_version"]
    dag_run = next(tag["value"] for tag in version["tags"] if tag["key"] == "querysmith.dag_run")
    query = {"experiment_ids": _experiments(stack), "filter": f"tags.`querysmith.dag_run` = '{dag_run}'"}
    tags = [
        {tag["key"]: tag["value"] for tag in run["data"]["tags"]} | {"status": run["info"]["status"]}
        for run in stack.mlflow("runs/search", query)["runs"]
    ]
    assert sorted(tag["querysmith.step"] for tag in tags) == sorted(("pipeline", *STEPS))
    assert {tag["status"] for tag in tags} == {"FINISHED"}
    assert stack.containers(dag_run) == []


def _experiments(stack: RunningStack) -> list[str]:
    return [found["experiment_id"] for found in stack.mlflow("experiments/search", {"max_results": 100})["experiments"]]


def test_step_containers_are_confined(stack: RunningStack) -> None:
    """Looked at while one runs, from outside and from inside."""
    run_id = stack.trigger("preflight", profile="smoke")
    step = wait_until(lambda: next(iter(stack.containers(run_id, ended=False)), ""), 120, "no step container is seen")
    inside = ["id -u", "touch /probe", "test -e /var/run/docker.sock", "grep CapEff /proc/self/status"]
    said = [_exec(step, command) for command in inside]
    found = json.loads(docker("inspect", step))[0]
    assert [code for code, _ in said] == [0, 1, 1, 0]
    assert said[0][1] == "10001"
    assert "Read-only file system" in said[1][1]
    assert int(said[3][1].split()[-1], 16) == 0
    host = found["HostConfig"]
    assert found["Config"]["User"] == "10001:10001"
    assert (host["ReadonlyRootfs"], host["Privileged"], host["CapDrop"]) == (True, False, ["ALL"])
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert {mount["Type"] for mount in found["Mounts"]} == {"volume"}
    assert sorted(mount["Destination"] for mount in found["Mounts"]) == ["/data", "/result"]
    assert list(found["NetworkSettings"]["Networks"]) == [f"{stack.project}_steps"]
    given = {name for name, value in stack.secrets.items() if value in json.dumps(found)}
    assert given == {"MLFLOW_PIPELINE_PASSWORD", "QUERYSMITH_MYSQL_PASSWORD"}
    assert stack.ended(run_id, "preflight") == "success"
    assert stack.containers(run_id) == []


def _exec(container: str, command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["docker", "exec", container, "sh", "-c", command], capture_output=True, text=True, timeout=60
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def leaked(stack: RunningStack, tmp_path: Path, commands: Iterable[list[str]]) -> set[str]:
    """The names of the secrets that are in what the commands write, a stream of any length."""
    patterns = tmp_path / "patterns"
    patterns.touch(mode=0o600)
    patterns.write_text("".join(f"{value}\n" for value in stack.secrets.values()))
    names = {value: name for name, value in stack.secrets.items()}
    found: set[str] = set()
    for command in commands:
        source = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        grep = subprocess.run(
            ["grep", "--text", "--only-matching", "--fixed-strings", "--file", patterns],
            stdin=source.stdout,
            capture_output=True,
            text=True,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )
        assert source.wait() == 0, command
        assert grep.returncode in (0, 1), grep.stderr
        found |= {names[value] for value in grep.stdout.split()}
    patterns.unlink()
    return found


def test_the_search_finds_what_is_there(stack: RunningStack, tmp_path: Path) -> None:
    assert leaked(stack, tmp_path, [["cat", ".env"]]) == set(stack.secrets)


def test_no_secret_in_an_image(stack: RunningStack, tmp_path: Path) -> None:
    saved = ["docker", "save", *stack.images]  # all layers, each once
    looked_at = ["docker", "image", "inspect", *stack.images]
    assert leaked(stack, tmp_path, [saved, looked_at]) == set()


def test_no_secret_in_a_log(stack: RunningStack, tmp_path: Path) -> None:
    tasks = ["docker", "compose", "exec", "-T", "airflow-scheduler", "tar", "-C", "/var/log/airflow", "-cf", "-", "."]
    assert f"dag_id={DAG}" in stack.compose("exec", "-T", "airflow-scheduler", "ls", "/var/log/airflow")
    assert leaked(stack, tmp_path, [["docker", "compose", "logs", "--no-color"], tasks]) == set()


@pytest.mark.parametrize("database", ["airflow", "mlflow", "mlflow_auth"])
def test_no_secret_in_a_database(stack: RunningStack, tmp_path: Path, database: str) -> None:
    """Airflow's holds XComs, rendered arguments and the tasks' state; MLflow's its runs and models."""
    dump = ["docker", "compose", "exec", "-T", "postgres", "pg_dump", "-U", "postgres", database]
    assert leaked(stack, tmp_path, [dump]) == set()


def test_no_secret_in_an_artifact_or_on_the_data_volume(stack: RunningStack, tmp_path: Path) -> None:
    artifacts = ["docker", "compose", "exec", "-T", "mlflow", "tar", "-C", "/artifacts", "-cf", "-", "."]
    image = stack.services["samples"]["image"]
    data = [
        "docker",
        "run",
        "--rm",
        "-v",
        f"{stack.project}_data:/data:ro",
        image,
        "tar",
        "-C",
        "/data",
        "-cf",
        "-",
        ".",
    ]
    assert leaked(stack, tmp_path, [artifacts, data]) == set()


def test_a_wrong_password_is_refused(stack: RunningStack) -> None:
    from pipeline.demo.airflow_api import AirflowApi

    with pytest.raises(ApiError) as refused:
        AirflowApi(stack.airflow_url, "admin", "wrong").tasks(DAG, "any")
    assert refused.value.status == 401
