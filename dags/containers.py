"""What a step is given in a container and in a pod alike: its environment, and nothing that it does not need."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.sdk.log import mask_secret
from settings import SETTINGS

DATA = "/data"
# Variables of the worker that say where things are or how to behave. Not proxies: their addresses may hold passwords.
PASSED_ON = (
    "MLFLOW_PUBLIC_URL",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    "MLFLOW_HTTP_REQUEST_TIMEOUT",
    "MLFLOW_S3_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
    "HF_HUB_OFFLINE",
    "HF_ENDPOINT",
)


def public_environment(environment: Mapping[str, str], threads: int) -> dict[str, str]:
    """What a step is told and everybody may see; `threads` (0: unsaid) for each of its processes."""
    names = (name for name in (*PASSED_ON, *SETTINGS.step_environment) if name not in SETTINGS.step_secrets)
    return {name: environment[name] for name in names if name in environment} | {
        "MLFLOW_TRACKING_URI": SETTINGS.tracking_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONUNBUFFERED": "1",
        "QUERYSMITH_HOME": DATA,
        "HF_HOME": f"{DATA}/huggingface",
        "HOME": "/tmp",  # the root file system is read-only, and libraries keep caches at home
        # Libraries count the machine's CPUs, not those that they may use.
        **({"OMP_NUM_THREADS": str(threads)} if threads else {}),
    }


def secret_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The worker's secrets that a step needs. Read when a task runs, never when a DAG file is parsed."""
    return {name: environment[name] for name in SETTINGS.step_secrets if environment.get(name)}


def mask_secrets(secrets: Mapping[str, str]) -> None:
    """From now on the task's log shows *** in their place, should a step print one. Names of accounts are none."""
    for name, value in secrets.items():
        if not name.endswith(("USER", "USERNAME")):
            mask_secret(value)
