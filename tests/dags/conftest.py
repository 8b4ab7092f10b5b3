"""A throw-away Airflow home, chosen before anything imports Airflow, and the DAG folder on the path, as in Airflow."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).resolve().parents[2] / "dags"

# Airflow reads these once, when it is first imported: a fixture would come too late.
_home = tempfile.TemporaryDirectory(prefix="querysmith-airflow-")
os.environ["AIRFLOW_HOME"] = _home.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(DAGS)
sys.path.insert(0, str(DAGS))


@pytest.fixture(scope="session", autouse=True)
def airflow_home() -> Iterator[Path]:
    """The throw-away home, removed at the end."""
    yield Path(_home.name)
    _home.cleanup()


@pytest.fixture(scope="session")
def dagbag() -> Any:
    """All DAG files as Airflow's DAG processor reads them."""
    from airflow.dag_processing.dagbag import DagBag

    pools = set(json.loads((DAGS / "pools.json").read_text()))
    return DagBag(DAGS, known_pools={"default_pool", *pools})


@pytest.fixture(scope="session")
def dag(dagbag: Any) -> Any:
    """The main DAG."""
    return dagbag.dags["train_text2sql"]
