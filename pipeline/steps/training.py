"""What the three training steps share: their inputs, and the model they log at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import RunConfig
from pipeline.data.dataset import Dataset
from pipeline.registry.models import checkpoint, log_model
from pipeline.registry.runs import fetch
from pipeline.steps.contract import Context, Result

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def dataset_folder(config: RunConfig, context: Context) -> Path:
    """The folder of the data set that validate wrote."""
    return fetch(config.inputs.require("dataset"), context.work / "dataset")


def open_dataset(config: RunConfig, context: Context) -> Dataset:
    """The data set that validate wrote."""
    return Dataset.read(dataset_folder(config, context))


def model_folder(uri: str, context: Context) -> Path:
    """The folder of a model that an earlier step logged."""
    return checkpoint(uri, context.work / "models" / uri.rpartition("/")[2])


def open_model(uri: str, config: RunConfig, context: Context) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer that an earlier step logged."""
    from pipeline.training.model import load_model, load_tokenizer

    folder = str(model_folder(uri, context))
    return load_model(folder, config.profile.model.dtype), load_tokenizer(folder)


def finish(
    context: Context,
    config: RunConfig,
    dataset: Dataset,
    parent_model: str,
    metrics: Mapping[str, float],
    notes: Mapping[str, str] | None = None,
) -> Result:
    """Log the model that a training of this step has left, with its lineage and its numbers; the result names it."""
    uri = log_model(
        context.client,
        context.run,
        context.work / "final",
        dataset,
        config.inputs.dataset,
        parent_model,
        metrics,
        config.profile.generation.known_names,
    )
    return Result(uris={"model": uri}, metrics=dict(metrics), notes=dict(notes or {}))
