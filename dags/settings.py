"""Where and how the tasks run, read from the environment once, while Airflow parses the DAG files.

Only the environment is read: no Airflow Variable, no database, no import of the product, so that a parse stays cheap
and needs nothing but Airflow. The lists of profiles and recipes are written out here for the same reason; a test
compares them with the YAML files of `pipeline/`.

    QUERYSMITH_RUNNER            how a step is run: "process" (default: a child process of the Airflow worker), "docker"
                                 (a container beside Airflow) or "kubernetes" (a pod)
    QUERYSMITH_GPU_POOL          the Airflow pool of the tasks that need the accelerator; default "gpu"
    QUERYSMITH_RETRY_DELAY_S     seconds before a failed task is tried again; default 30
    MLFLOW_TRACKING_URI          the MLflow server as the steps see it; default http://127.0.0.1:5000

Processes:

    QUERYSMITH_PYTHON            the interpreter that has the `pipeline` package; default: the one that Airflow runs on
    QUERYSMITH_PROJECT_ROOT      the folder a step starts in; default: the parent of this folder

Containers and pods:

    QUERYSMITH_STEP_IMAGE        the image with the `pipeline` package; default "querysmith-pipeline:latest". Its entry
                                 point must run what it is given (tini does) and the user below must own /data, /result
    QUERYSMITH_STEP_USER         UID:GID of the steps, never root; default 10001:10001
    QUERYSMITH_DATA_VOLUME       what a step sees at /data, its QUERYSMITH_HOME: a Docker volume, or a claim (which
                                 all nodes can write, where there are several); default "querysmith-data"
    QUERYSMITH_RESOURCES         JSON: what each step may take, see resources.py
    QUERYSMITH_STEP_ENVIRONMENT  names of more variables of the worker that a step gets, separated by commas
    QUERYSMITH_STEP_SECRETS      names of the variables that hold secrets; default: see SECRETS below. A container gets
                                 the worker's, a pod gets the keys of these names in the secret below
    QUERYSMITH_DOCKER_URL        the Docker engine, or the proxy of its socket; default: DOCKER_HOST, else the socket
    QUERYSMITH_DOCKER_NETWORK    the network, by its full name, where MLflow and MySQL are; default "querysmith"
    QUERYSMITH_GPU_DEVICES       the GPUs of a container: "profile" (default: as many as the profile is made for),
                                 "all", "none", or their ids separated by commas. To a pod only "none" means a thing
    QUERYSMITH_NAMESPACE         the namespace of the pods; default "querysmith"
    QUERYSMITH_SERVICE_ACCOUNT   their service account, which needs no rights; default "querysmith-step"
    QUERYSMITH_SECRET            the Kubernetes secret with the steps' passwords; default "querysmith-step"
    QUERYSMITH_GPU_RESOURCE      what Kubernetes calls a GPU; default "nvidia.com/gpu"
    QUERYSMITH_POD_TEMPLATE      file on the worker with a pod's further fields: node selector, tolerations, ...
    QUERYSMITH_NODES             over how many pods a training is spread whose profile has several GPUs; default 1
    QUERYSMITH_NODES_SERVICE     the headless service by which they find each other; default "querysmith-nodes"
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from resources import Resources, read_resources

RUNNERS = ("process", "docker", "kubernetes")
# What a step may have to prove who it is.
SECRETS = (
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "QUERYSMITH_MYSQL_PASSWORD",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "HF_TOKEN",
)
# What the forms offer, each with what they say of it.
PROFILES = {
    "smoke": "smoke: every stage in about 90 s, to see that all works",
    "tiny": "tiny: the small model that comes with Querysmith, on a CPU",
    "qwen3-0.6b-1x24gb": "Qwen3-0.6B, all weights, one GPU of 24 GB",
    "qwen3-1.7b-1x24gb": "Qwen3-1.7B, LoRA, one GPU of 24 GB",
    "qwen3-1.7b-1x80gb": "Qwen3-1.7B, all weights, one GPU of 80 GB",
    "qwen3-4b-1x24gb": "Qwen3-4B, LoRA, one GPU of 24 GB",
    "qwen3-8b-1x24gb": "Qwen3-8B, QLoRA, one GPU of 24 GB",
    "qwen3-8b-8x80gb": "Qwen3-8B, all weights, eight GPUs of 80 GB",
    "qwen2.5-coder-3b-1x24gb": "Qwen2.5-Coder-3B, LoRA, one GPU of 24 GB",
    "qwen2.5-coder-7b-1x80gb": "Qwen2.5-Coder-7B, LoRA, one GPU of 80 GB",
    "qwen2.5-coder-7b-8x80gb": "Qwen2.5-Coder-7B, all weights, eight GPUs of 80 GB",
}
RECIPES = ("querysmith", "sql_r1", "finer_sql", "hes_sql")


@dataclass(frozen=True)
class Settings:
    """One deployment's choices. Everything that a task may vary from run to run is a DAG param instead."""

    runner: str
    gpu_pool: str
    retry_delay: timedelta
    tracking_uri: str
    python: str
    project_root: str
    step_image: str
    step_user: str
    data_volume: str
    resources: Mapping[str, Resources]
    step_environment: tuple[str, ...]
    step_secrets: tuple[str, ...]
    docker_url: str
    docker_network: str
    gpu_devices: str
    namespace: str
    service_account: str
    secret: str
    gpu_resource: str
    pod_template: str
    nodes: int
    nodes_service: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; raises ValueError naming the variable, its value and what would be right."""
        read = _Reader(environment)
        return cls(
            runner=read.text("QUERYSMITH_RUNNER", "process", "|".join(RUNNERS), ", ".join(RUNNERS)),
            gpu_pool=read.text("QUERYSMITH_GPU_POOL", "gpu"),
            retry_delay=timedelta(seconds=read.number("QUERYSMITH_RETRY_DELAY_S", 30, 0, 86_400, " of seconds")),
            tracking_uri=read.text("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"),
            python=read.text("QUERYSMITH_PYTHON", sys.executable),
            project_root=read.text("QUERYSMITH_PROJECT_ROOT", str(Path(__file__).resolve().parent.parent)),
            step_image=read.text(
                "QUERYSMITH_STEP_IMAGE", "querysmith-pipeline:latest", r"[a-z0-9]\S*", "an image's name"
            ),
            step_user=read.text(
                "QUERYSMITH_STEP_USER", "10001:10001", r"[1-9]\d*:[1-9]\d*", "UID:GID, neither of them 0"
            ),
            data_volume=read.name("QUERYSMITH_DATA_VOLUME", "querysmith-data"),
            resources=read_resources(environment),
            step_environment=read.variables("QUERYSMITH_STEP_ENVIRONMENT", ()),
            step_secrets=read.variables("QUERYSMITH_STEP_SECRETS", SECRETS),
            docker_url=read.text(
                "QUERYSMITH_DOCKER_URL", "", r"(tcp|unix|https?)://\S+", "tcp://HOST:PORT or unix://PATH"
            ),
            docker_network=read.name("QUERYSMITH_DOCKER_NETWORK", "querysmith"),
            gpu_devices=read.text(
                "QUERYSMITH_GPU_DEVICES",
                "profile",
                r"profile|all|none|(\d+|GPU-[\w-]+|MIG-[\w-]+)(,(\d+|GPU-[\w-]+|MIG-[\w-]+))*",
                "profile, all, none, or ids separated by commas",
            ),
            namespace=read.name("QUERYSMITH_NAMESPACE", "querysmith"),
            service_account=read.name("QUERYSMITH_SERVICE_ACCOUNT", "querysmith-step"),
            secret=read.name("QUERYSMITH_SECRET", "querysmith-step"),
            gpu_resource=read.text("QUERYSMITH_GPU_RESOURCE", "nvidia.com/gpu", r"[\w.-]+/[\w.-]+", "DOMAIN/NAME"),
            pod_template=read.text("QUERYSMITH_POD_TEMPLATE", ""),
            nodes=int(read.number("QUERYSMITH_NODES", 1, 1, 1000, whole=True)),
            nodes_service=read.name("QUERYSMITH_NODES_SERVICE", "querysmith-nodes"),
        )


class _Reader:
    """Reads variables; an empty one counts as not set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str, pattern: str = "", allowed: str = "") -> str:
        text = self._environment.get(name) or default
        if pattern and text and not re.fullmatch(pattern, text):
            raise ValueError(f"{name} is {text!r}; allowed: {allowed}")
        return text

    def name(self, name: str, default: str) -> str:
        """What Docker and Kubernetes both take for a name (Docker would take a path for a folder of the host)."""
        return self.text(name, default, r"[a-z0-9][a-z0-9._-]{0,62}", "a name of small letters, digits, '.', '_', '-'")

    def variables(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        text = self.text(
            name, "", r"\s*[A-Za-z_]\w*(\s*,\s*[A-Za-z_]\w*)*\s*", "names of variables, with commas between"
        )
        return tuple(part.strip() for part in text.split(",")) if text else default

    def number(self, name: str, default: float, low: float, high: float, of: str = "", *, whole: bool = False) -> float:
        text = self._environment.get(name) or str(default)
        try:
            number: float = int(text) if whole else float(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ValueError(
                f"{name} is {text!r}; allowed: a {'whole ' if whole else ''}number{of} from {low} to {high}"
            )
        return number


SETTINGS = Settings.from_environment()
