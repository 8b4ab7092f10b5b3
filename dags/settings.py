"""Where and how the tasks run, read from the environment once, while Airflow parses the DAG files.

Only the environment is read: no Airflow Variable, no database, no import of the product, so that a parse stays cheap
and needs nothing but Airflow. The lists of profiles and recipes are written out here for the same reason; a test
compares them with the YAML files of `pipeline/`.

    QUERYSMITH_RUNNER         how a step is run: "process" (a child process of the Airflow worker)
    QUERYSMITH_PYTHON         the interpreter that has the `pipeline` package; default: the one Airflow itself runs on
    QUERYSMITH_PROJECT_ROOT   the folder a step starts in; default: the parent of this folder
    QUERYSMITH_GPU_POOL       the Airflow pool of the tasks that need the accelerator; default "gpu"
    QUERYSMITH_RETRY_DELAY_S  seconds before a failed task is tried again; default 30
    MLFLOW_TRACKING_URI       the MLflow server; default http://127.0.0.1:5000
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

RUNNERS = ("process",)
# What the forms offer, each with what they say of it.
PROFILES = {
    "smoke": "smoke: every stage in about 90 s, to see that all works",
    "tiny": "tiny: a small model built from scratch, on a CPU",
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
    python: str
    project_root: str
    tracking_uri: str
    gpu_pool: str
    retry_delay: timedelta

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; raises ValueError naming the variable, its value and what would be right."""
        runner = environment.get("QUERYSMITH_RUNNER", "process")
        if runner not in RUNNERS:
            raise ValueError(f"QUERYSMITH_RUNNER is {runner!r}; allowed: {', '.join(RUNNERS)}")
        return cls(
            runner=runner,
            python=environment.get("QUERYSMITH_PYTHON") or sys.executable,
            project_root=environment.get("QUERYSMITH_PROJECT_ROOT") or str(Path(__file__).resolve().parent.parent),
            tracking_uri=environment.get("MLFLOW_TRACKING_URI") or "http://127.0.0.1:5000",
            gpu_pool=environment.get("QUERYSMITH_GPU_POOL") or "gpu",
            retry_delay=timedelta(seconds=_seconds(environment, "QUERYSMITH_RETRY_DELAY_S", 30)),
        )


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise ValueError(f"{name} is {text!r}; allowed: a number of seconds from 0 to 86400")
    return seconds


SETTINGS = Settings.from_environment()
