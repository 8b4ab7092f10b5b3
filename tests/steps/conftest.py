"""A data folder and a home of its own for each test of the steps."""

from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import pytest
from step_process import Pipeline

from pipeline.synth.samples.writing import write_samples


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled samples, small, written once."""
    return write_samples(tmp_path_factory.mktemp("samples") / "data", seed=7, questions_per_database=20)


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database: making one takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments(max_results=1)
    return path


@pytest.fixture
def mlflow_store(tmp_path: Path, empty_mlflow: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of an empty MLflow of its own, which steps find through the environment."""
    uri = f"sqlite:///{shutil.copy(empty_mlflow, tmp_path / 'mlflow.db')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


@pytest.fixture
def pipeline(tmp_path: Path, sample_data: Path) -> Pipeline:
    home = tmp_path / "home"
    home.mkdir()
    return Pipeline(home, sample_data)


@pytest.fixture
def own_data(tmp_path: Path, sample_data: Path) -> Path:
    """A copy of the samples that a test may damage."""
    folder = tmp_path / "own"
    shutil.copytree(sample_data, folder)
    return folder
