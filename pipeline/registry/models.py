"""Models in MLflow: logged once per step with lineage, registered once per DAG run, found by URI or alias."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pipeline
from pipeline.config import RunConfig, located
from pipeline.data.dataset import Dataset
from pipeline.errors import InputError
from pipeline.registry.runs import DAG_RUN, DIGEST, STEP, as_tags, connect, fetch, not_found_is_input_error, quoted

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.data.dataset import Dataset as MlflowDataset
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, PREVIOUS_CHAMPION = "champion", "previous_champion"
CHECKPOINT = "checkpoint"
SERVING_REQUIREMENTS = ("mlflow", "pydantic", "pyyaml", "rich", "safetensors", "sqlglot", "torch", "transformers")


def resolve_base(config: RunConfig, folder: Path) -> str:
    """Where the model is that training starts from: "" (built from nothing), a local folder or a hub name; registry
    models are fetched.

    Raises:
        InputError: `champion` is asked for but the registry has none, or a model URI does not exist.
    """
    base = config.base_model or config.profile.model.path
    if base == CHAMPION:
        version = champion(connect(), config.model_name)
        if version is None:
            raise InputError(
                f"base_model=champion, but the registry has no alias 'champion' of {config.model_name!r}; "
                "promote a model first, or leave base_model empty to start from the profile's own model"
            )
        base = f"models:/{config.model_name}/{version.version}"
    return str(checkpoint(base, folder)) if base.startswith("models:/") else located(base)


def training_data(config: RunConfig) -> str:
    """The URI of the data set that the run's base model was trained on; "" where it is not one of ours."""
    base = f"models:/{config.model_name}@{CHAMPION}" if config.base_model == CHAMPION else config.base_model
    if not base.startswith("models:/"):
        return ""
    reference = logged_model(base)
    with not_found_is_input_error(base):
        return str(connect().get_logged_model(reference).tags.get("querysmith.dataset", ""))


def logged_model(model_uri: str) -> str:
    """The id (m-...) of a logged model of ours: models:/m-ID, models:/NAME/VERSION or models:/NAME@ALIAS.

    Raises:
        InputError: there is no such model.
    """
    client, reference = connect(), model_uri.removeprefix("models:/")
    name, alias_mark, alias = reference.partition("@")
    with not_found_is_input_error(model_uri):
        if alias_mark:
            version = _alias(client, name, alias)
            if version is None:
                raise InputError(f"{model_uri}: not found in MLflow; give a URI that an earlier step wrote")
            return source_of(version)
        if not reference.startswith("m-"):
            name, _, number = reference.rpartition("/")
            return source_of(client.get_model_version(name, number))
        return reference


def checkpoint(model_uri: str, folder: Path) -> Path:
    """Fetch the Hugging Face checkpoint of a model of ours, see logged_model.

    Raises:
        InputError: there is no such model.
    """
    reference = logged_model(model_uri)
    with not_found_is_input_error(model_uri):
        location = connect().get_logged_model(reference).artifact_location
    return fetch(f"{location}/artifacts/{CHECKPOINT}", folder)


def source_of(version: ModelVersion) -> str:
    """The id (m-...) of the logged model that a version was registered from, which is the version's source."""
    return str(version.source).removeprefix("models:/")


def log_model(
    client: MlflowClient,
    run: Run,
    folder: Path,
    dataset: Dataset,
    dataset_uri: str,
    parent_model: str,
    metrics: Mapping[str, float],
    known_names: bool,
) -> str:
    """Log the checkpoint in `folder`/checkpoint as a servable model of this step; returns its URI (models:/m-...).

    A model that an interrupted try of the same step has logged is found again instead of being logged twice. The model
    names its data (digest, MLflow data set) and the model it was trained from.
    """
    import json
    from importlib import metadata

    import mlflow

    tags = {key: client.get_run(run.info.run_id).data.tags[key] for key in (DAG_RUN, STEP, DIGEST)}
    query = " AND ".join(f"tags.`{key}` = {quoted(value)}" for key, value in tags.items())
    earlier = client.search_logged_models([run.info.experiment_id], query, max_results=1)
    if earlier and str(earlier[0].status) == "READY":
        return f"models:/{earlier[0].model_id}"
    schemas = folder / "databases.json"
    schemas.write_text(json.dumps({k: d.to_json() for k, d in dataset.databases.items()}), encoding="utf-8")
    package = Path(pipeline.__file__).parent
    info = mlflow.pyfunc.log_model(
        name=tags[STEP],
        python_model=str(package / "serving" / "text2sql.py"),
        artifacts={CHECKPOINT: str(folder / CHECKPOINT), "databases": str(schemas)},
        model_config={"known_names": known_names},
        code_paths=[str(package)],
        pip_requirements=[f"{name}=={metadata.version(name).partition('+')[0]}" for name in SERVING_REQUIREMENTS],
        tags={**tags, **as_tags({"data_digest": dataset.digest, "dataset": dataset_uri, "parent_model": parent_model})},
    )
    source = as_mlflow_dataset(dataset, "train")
    mlflow.log_input(source, context="training")
    mlflow.log_metrics(dict(metrics), model_id=info.model_id, dataset=source)
    return f"models:/{info.model_id}"


def as_mlflow_dataset(dataset: Dataset, split: str) -> MlflowDataset:
    """A split as MLflow shows it: name, digest, size. MLflow has no data set source for its own artifacts, so where the
    data is stands in the tag `querysmith.dataset`."""
    import pandas as pd
    from mlflow.data.pandas_dataset import from_pandas

    examples = [e for name, rows in dataset.splits.items() if name == split for e in rows]
    frame = pd.DataFrame({"db_id": [e.db_id for e in examples], "question": [e.question for e in examples]})
    return from_pandas(frame, name=f"text2sql-{split}", digest=dataset.digest)


def champion(client: MlflowClient, name: str) -> ModelVersion | None:
    """The version that the alias `champion` points to, or None."""
    return _alias(client, name, CHAMPION)


def _alias(client: MlflowClient, name: str, alias: str) -> ModelVersion | None:
    """Asked of the model: where there is none yet, a server with logins answers a question for its alias with 403."""
    from mlflow.exceptions import MlflowException

    try:
        version = client.get_registered_model(name).aliases.get(alias)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return None if version is None else client.get_model_version(name, str(version))


def register(client: MlflowClient, name: str, model_uri: str, dag_run: str, tags: Mapping[str, str]) -> ModelVersion:
    """The version of `name` that `dag_run` made of this model: registered now, or found where an interrupted try has
    registered it."""
    import mlflow

    query = f"name = {quoted(name)} AND tags.`{DAG_RUN}` = {quoted(dag_run)}"
    for found in client.search_model_versions(query):
        if model_uri == f"models:/{source_of(found)}":
            return found
    return mlflow.register_model(model_uri, name, tags={DAG_RUN: dag_run, **tags})


def promote(client: MlflowClient, name: str, version: str, expected_champion: str) -> None:
    """Move `champion` to `version` and `previous_champion` to the one before it.

    MLflow's aliases know no compare-and-set, so the champion is read again just before the switch; promotions of one
    model must not run at the same time (the DAG allows one active run).

    Raises:
        InputError: the champion is no longer the version that the gate compared with.
    """
    current = champion(client, name)
    current_version = str(current.version) if current else ""
    if current_version == version:
        return
    if current_version != expected_champion:
        raise InputError(
            f"the champion of {name!r} is now version {current_version or 'none'}, but the model was compared with "
            f"{expected_champion or 'none'}; run evaluate again"
        )
    if current:
        client.set_registered_model_alias(name, PREVIOUS_CHAMPION, current.version)
    client.set_registered_model_alias(name, CHAMPION, version)
