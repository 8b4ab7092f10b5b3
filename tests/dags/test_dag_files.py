"""The DAG files as a whole: they import clean and fast, without the product, and say what the product offers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
DAG_IDS = ("benchmark_model", "preflight", "train_text2sql")  # each in the file of that name

# Run in a fresh interpreter: imports a DAG file with the product and the model libraries out of reach.
PARSE = """
import importlib, sys, time

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "mlflow", "pipeline", "transformers"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, sys.argv[1])
import airflow.sdk
started = time.perf_counter()
importlib.import_module(sys.argv[2])
print(time.perf_counter() - started)
"""


def test_imports_without_errors_or_warnings(dagbag: Any) -> None:
    assert dagbag.import_errors == {}
    assert dagbag.captured_warnings == {}
    assert set(dagbag.dags) == set(DAG_IDS)


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_serialises(dagbag: Any, dag_id: str) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    dag = dagbag.dags[dag_id]
    serialised = DagSerialization.serialize_dag(dag)
    json.dumps(serialised)
    assert {task["__var"]["task_id"] for task in serialised["tasks"]} == set(dag.task_ids)


def test_is_the_same_on_every_parse(dagbag: Any) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    again = DagBag(DAGS).dags
    for dag_id in DAG_IDS:
        assert DagSerialization.serialize_dag(again[dag_id]) == DagSerialization.serialize_dag(dagbag.dags[dag_id])


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_parses_in_a_second_without_the_product(dag_id: str) -> None:
    done = subprocess.run([sys.executable, "-c", PARSE, str(DAGS), dag_id], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) < 1.0


@pytest.mark.parametrize("kind", ["profiles", "recipes"])
def test_offers_the_profiles_and_recipes_there_are(kind: str) -> None:
    import settings

    offered = {"profiles": settings.PROFILES, "recipes": settings.RECIPES}[kind]
    assert set(offered) == {path.stem for path in (ROOT / "pipeline" / kind).glob("*.yaml")}


def test_ignores_the_modules_that_hold_no_dag() -> None:
    ignored = {line for line in (DAGS / ".airflowignore").read_text().splitlines() if line and not line.startswith("#")}
    without_dag = {path.name for path in DAGS.glob("*.py") if "with DAG(" not in path.read_text()}
    assert ignored == without_dag


def test_settings_name_what_is_wrong() -> None:
    from settings import Settings

    with pytest.raises(ValueError, match=r"QUERYSMITH_RUNNER is 'cloud'; allowed: process"):
        Settings.from_environment({"QUERYSMITH_RUNNER": "cloud"})
    with pytest.raises(ValueError, match=r"QUERYSMITH_RETRY_DELAY_S is 'soon'"):
        Settings.from_environment({"QUERYSMITH_RETRY_DELAY_S": "soon"})


def test_settings_have_defaults() -> None:
    from settings import Settings

    settings = Settings.from_environment({})
    assert (settings.runner, settings.python, settings.gpu_pool) == ("process", sys.executable, "gpu")
    assert settings.project_root == str(ROOT)
    assert settings.retry_delay.total_seconds() == 30
