"""MLflow runs: one parent per DAG run, one child per step, found again by their tags after a crash or a retry.

Tags: `querysmith.dag_run` and `querysmith.step` ("pipeline" for the parent). Not covered: two steps of one DAG run at
the same time; the DAG runs them one after the other.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import __version__
from pipeline.config import home
from pipeline.errors import InfrastructureError, InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

DAG_RUN, STEP, DIGEST, DRIFT = (f"querysmith.{name}" for name in ("dag_run", "step", "config_digest", "param_drift"))
PARENT_STEP = "pipeline"
REPORTED_PACKAGES = ("mlflow", "torch", "transformers", "trl", "datasets", "sqlglot", "apsw", "great-expectations")


def connect() -> MlflowClient:
    """A client of the tracking server named by `MLFLOW_TRACKING_URI` (default: a SQLite file under `home()`).

    Raises:
        InfrastructureError: the server does not answer.
        InputError: the server refuses the credentials.
    """
    # MLflow's own default waits for minutes before it says that a server is gone; the task's retry is the better wait.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        store = home() / "mlflow"
        store.mkdir(parents=True, exist_ok=True)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{store / 'mlflow.db'}"
    import mlflow

    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    client = mlflow.MlflowClient()
    with translated_errors():
        client.search_experiments(max_results=1)
    return client


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn MLflow's connection and permission failures into one line with the right exit code."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    where = re.sub(r"//[^@/]*@", "//", os.environ.get("MLFLOW_TRACKING_URI", ""))
    try:
        yield
    except RequestException as error:
        raise InfrastructureError(
            f"MLflow at {where} does not answer ({type(error).__name__}); start it or mend MLFLOW_TRACKING_URI"
        ) from error
    except MlflowException as error:
        text = str(error)
        if re.search(r"\b40[13]\b", text):
            remedy = "check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, and the server's allowed hosts"
            raise InputError(f"MLflow at {where} refuses this client; {remedy}") from error
        if re.search(r"API request to .* failed|Max retries|Connection|error code 5\d\d", text):
            raise InfrastructureError(
                f"MLflow at {where} does not answer; start it or mend MLFLOW_TRACKING_URI"
            ) from error
        raise


def experiment_id(client: MlflowClient, name: str) -> str:
    """The experiment's id; it is created when missing (artifacts under `home()` where no server keeps them)."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        if found.lifecycle_stage != "active":
            raise InputError(
                f"experiment {name!r} is deleted in MLflow; restore it or choose another with --set experiment=NAME"
            )
        return str(found.experiment_id)
    embedded = os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite:")
    location = (home() / "mlflow" / "artifacts").as_uri() if embedded else None
    kind = {"mlflow.experimentKind": "custom_model_development"}  # opens MLflow's pages for training, not for agents
    return str(client.create_experiment(name, artifact_location=location, tags=kind))


def find_run(client: MlflowClient, experiment: str, dag_run: str, step: str) -> Run | None:
    """The run of `step` in `dag_run`, oldest first, or None."""
    query = f"tags.`{DAG_RUN}` = {quoted(dag_run)} AND tags.`{STEP}` = '{step}'"
    runs = client.search_runs([experiment], query, order_by=["attributes.start_time ASC"], max_results=1)
    return runs[0] if runs else None


def quoted(text: str) -> str:
    """A text as a value in an MLflow filter, which knows both quotes and no escape.

    Raises:
        InputError: the text holds both kinds of quotes.
    """
    quote = '"' if "'" in text else "'"
    if quote in text:
        raise InputError(f"{text}: a name or id may hold single or double quotes, not both")
    return f"{quote}{text}{quote}"


def find_or_create(client: MlflowClient, experiment: str, dag_run: str, step: str, parent: str | None = None) -> Run:
    """The run of `step` in `dag_run`, made when missing; `parent` is the id of the parent run."""
    found = find_run(client, experiment, dag_run, step)
    if found is not None:
        return found
    tags = {DAG_RUN: dag_run, STEP: step}
    if parent:
        tags["mlflow.parentRunId"] = parent
    return client.create_run(experiment, run_name=dag_run if parent is None else step, tags=tags)


def log_params(client: MlflowClient, run: Run, params: Mapping[str, str]) -> None:
    """Log what is new. MLflow refuses to change a parameter, so a resumed run that differs gets a tag saying where."""
    from mlflow.entities import Param

    old = run.data.params
    new = [Param(key, value) for key, value in params.items() if key not in old]
    drift = sorted(key for key, value in params.items() if key in old and old[key] != value)
    if new:
        client.log_batch(run.info.run_id, params=new)
    if drift:
        client.set_tag(run.info.run_id, DRIFT, ", ".join(drift))


def run_url(run: Run) -> str:
    """The page of a run, or "" where no server shows one. `MLFLOW_PUBLIC_URL` wins over the address steps use."""
    base = os.environ.get("MLFLOW_PUBLIC_URL") or os.environ.get("MLFLOW_TRACKING_URI", "")
    base = re.sub(r"//[^@/]*@", "//", base)
    return (
        f"{base.rstrip('/')}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
        if base.startswith("http")
        else ""
    )


def provenance() -> dict[str, str]:
    """Tags that say which code ran: version, git commit (QUERYSMITH_GIT_COMMIT, else the checkout's), packages."""
    tags = {"querysmith.version": __version__, "querysmith.git_commit": _git_commit()}
    for package in REPORTED_PACKAGES:
        tags[f"version.{package}"] = metadata.version(package)
    return tags


@functools.cache
def _git_commit() -> str:
    given = os.environ.get("QUERYSMITH_GIT_COMMIT")
    if given:
        return given
    here = Path(__file__).resolve().parent
    try:
        done = subprocess.run(["git", "-C", here, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def fetch(uri: str, folder: Path) -> Path:
    """Download an artifact (`runs:/...` or `models:/...`) into `folder`; returns the path of its content.

    Raises:
        InputError: nothing stands at `uri`.
    """
    import mlflow

    folder.mkdir(parents=True, exist_ok=True)
    with translated_errors(), not_found_is_input_error(uri):
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))


@contextmanager
def not_found_is_input_error(uri: str) -> Iterator[None]:
    """Turn MLflow's "does not exist" about `uri` into an InputError. A server with logins says "permission denied"."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code == "PERMISSION_DENIED":
            raise InputError(
                f"{uri}: not found in MLflow, or not for this login to read; give a URI that an earlier step wrote"
            ) from error
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"):
            raise InputError(f"{uri}: not found in MLflow; give a URI that an earlier step wrote") from error
        if "must be a valid http or https URI" in str(error):
            raise InputError(
                f"{uri}: its files are behind an MLflow server, but MLFLOW_TRACKING_URI names that server's database; "
                "set it to the server's http address"
            ) from error
        raise


def log_figures(client: MlflowClient, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
    """Log several metrics at once."""
    import time

    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    client.log_batch(run_id, metrics=[Metric(key, float(value), now, step) for key, value in metrics.items()])


def as_tags(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as tag texts under the project's prefix."""
    return {f"querysmith.{key}": str(value) for key, value in values.items()}
