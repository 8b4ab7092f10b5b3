"""What must hold on a running stack after a training, for CI: `python3 docker/check_stack.py`.

A champion in MLflow; no answer to anybody without a login, but health; no secret of .env in an image's history or
settings, in a service's log or in the log of a task. Standard library only. Exit code 1 and a line for what does not
hold.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

OPEN_PATHS = ("/health", "/api/v2/monitor/health", "/execution/health")
AIRFLOW_PATHS = (
    "/api/v2/monitor/health",
    "/api/v2/dags",
    "/api/v2/dags/train_text2sql/dagRuns",
    "/api/v2/pools",
    "/api/v2/variables",
    "/api/v2/connections",
    "/api/v2/config",
    "/api/v2/importErrors",
    "/execution/variables/x",
)
MLFLOW_PATHS = (
    "/",
    "/health",
    "/version",
    "/metrics",
    "/graphql",
    "/api/2.0/mlflow/experiments/search?max_results=1",
    "/api/2.0/mlflow/registered-models/search",
    "/api/2.0/mlflow-artifacts/artifacts",
    "/ajax-api/2.0/mlflow/experiments/search?max_results=1",
    "/get-artifact",
)


def environment(path: Path = Path(".env")) -> dict[str, str]:
    """The variables of .env."""
    pairs = (line.partition("=") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name: value for name, separator, value in pairs if separator}


def secrets(variables: dict[str, str]) -> dict[str, str]:
    """Those of the variables that nobody may see."""
    return {name: value for name, value in variables.items() if len(value) >= 32}


def status(url: str, login: str = "") -> tuple[int, str]:
    """HTTP status and content."""
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return int(answer.status), answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def open_doors(base: str, paths: tuple[str, ...]) -> list[str]:
    """Paths, not among OPEN_PATHS, that answer somebody without a login."""
    answers = {path: status(base + path)[0] for path in paths if path not in OPEN_PATHS}
    # 422 and 404 tell a stranger that a path is not served like this, and nothing else.
    return [f"{base}{path} answers {code} without a login" for path, code in answers.items() if code < 400]


def leaks(text: str, where: str, known: dict[str, str]) -> list[str]:
    """The secrets in a text."""
    return [f"{where} shows {name}" for name, value in known.items() if value in text]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True)
    return done.stdout + done.stderr


def main() -> int:
    variables = environment()
    known = secrets(variables)
    ports = json.loads(run("docker", "compose", "config", "--format", "json"))["services"]
    airflow = f"http://127.0.0.1:{ports['airflow-api-server']['ports'][0]['published']}"
    mlflow = f"http://127.0.0.1:{ports['mlflow']['ports'][0]['published']}"
    found = open_doors(airflow, AIRFLOW_PATHS) + open_doors(mlflow, MLFLOW_PATHS)

    address = f"{mlflow}/api/2.0/mlflow/registered-models/alias?name=text2sql&alias=champion"
    code, content = status(address, f"admin:{variables['MLFLOW_ADMIN_PASSWORD']}")
    if code != 200:
        found.append(f"MLflow has no champion: {code} {content[:200]}")

    found += leaks(run("docker", "compose", "logs", "--no-color"), "the log of a service", known)
    for image in sorted({service["image"] for service in ports.values() if "build" in service}):
        history = run("docker", "image", "history", "--no-trunc", image)
        found += leaks(history + run("docker", "image", "inspect", image), f"image {image}", known)
    tasks = run(
        "docker",
        "compose",
        "exec",
        "-T",
        "airflow-scheduler",
        "sh",
        "-c",
        "find /var/log/airflow -type f -exec cat {} +",
    )
    found += leaks(tasks, "the log of a task", known)
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
