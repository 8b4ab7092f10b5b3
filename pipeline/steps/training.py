"""What the three training steps share: their inputs, the trainer's reporter, and the model they log at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.config import RunConfig, home
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database
from pipeline.engine.pool import Engine
from pipeline.registry.models import CHECKPOINT, checkpoint, log_model
from pipeline.registry.runs import fetch
from pipeline.rewards.copies import Copies
from pipeline.steps.contract import Context, Result

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def open_dataset(config: RunConfig, context: Context) -> Dataset:
    """The data set that validate wrote."""
    return Dataset.read(fetch(config.inputs.require("dataset"), context.work / "dataset"))


def open_engine(config: RunConfig, databases: Mapping[str, Database], copies: Copies) -> Engine:
    """The engine under the profile's limits, with the cache of gold results that all runs share."""
    known = [*databases.values(), *(copy for several in copies.values() for copy in several)]
    return Engine(
        **config.profile.engine.model_dump(),
        cache=home() / "cache" / "results.sqlite",
        digests={database.url: database.digest for database in known},
    )


def open_model(uri: str, config: RunConfig, context: Context) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer that an earlier step logged."""
    from pipeline.training.model import load_model, load_tokenizer

    folder = str(checkpoint(uri, context.work / "models" / uri.rpartition("/")[2]))
    return load_model(folder, config.profile.model.dtype), load_tokenizer(folder)


def finish(
    context: Context,
    config: RunConfig,
    dataset: Dataset,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    parent_model: str,
    metrics: Mapping[str, float],
    notes: Mapping[str, str] | None = None,
) -> Result:
    """Log the trained model with its lineage and its numbers; the step's result names it."""
    from pipeline.training.model import save

    save(model, tokenizer, context.work / "final" / CHECKPOINT)
    uri = log_model(
        context.client, context.run, context.work / "final", dataset, config.inputs.dataset, parent_model, metrics
    )
    return Result(uris={"model": uri}, metrics=dict(metrics), notes=dict(notes or {}))
