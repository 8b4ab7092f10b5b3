"""The step `self_distill` with a model that solves its training questions: thoughts are kept, the guard decides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import mlflow
import pytest

from pipeline.config import RunConfig
from pipeline.config_loading import load_config
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.registry.models import CHECKPOINT
from pipeline.steps import contract
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, open_dataset
from pipeline.training.model import save

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Distil = Callable[[int], tuple[str, Result]]

SETTINGS = [
    "profile=smoke",
    "profile.model.architecture.hidden_size=32",
    "profile.model.architecture.intermediate_size=64",
    "profile.sft.batch_size=4",
    "profile.sft.checkpoint_steps=500",
    "profile.sft.learning_rate=0.01",
    "profile.self_distill.temperature=0.1",
    "profile.generation.max_new_tokens=96",
]


@pytest.fixture
def distil(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    databases: dict[str, Database],
    known: list[Example],
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> Distil:
    """Runs the step on a data set of known questions, after a stand-in for `sft` that logs the fitted model."""
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    folder = tmp_path / "dataset"
    Dataset({"train": known, "dev": known, "test": known}, databases).write(folder)
    tokenizer.save_pretrained(folder / "tokenizer")

    def sft(config: RunConfig, context: Context) -> Result:
        save(fitted, tokenizer, context.work / "final" / CHECKPOINT)
        return finish(context, config, open_dataset(config, context), "scratch", {"loss": 0.01})

    monkeypatch.setitem(sys.modules, "pipeline.steps.sft", SimpleNamespace(run=sft))

    def run(epochs: int) -> tuple[str, Result]:
        settings = [*SETTINGS, f"profile.sft.epochs={epochs}", f"inputs.dataset={folder}"]
        model = contract.execute("sft", load_config(None, settings), "r", None).uris["model"]
        config = load_config(None, [*settings, f"inputs.model={model}"])
        return model, contract.execute("self_distill", config, "r", None)

    return run


def test_verified_thoughts_train_a_new_model_from_the_base(distil: Distil) -> None:
    before, result = distil(300)
    assert result.metrics["questions_solved"] == 2
    assert result.metrics["thoughts_kept"] >= 2
    assert result.metrics["dev_ex_think_before"] == 1.0
    assert result.metrics["dev_ex_think_after"] == 1.0
    assert result.notes["kept"].startswith("the newly trained model: ")
    assert result.metrics["rounds"] >= 1
    assert result.uris["model"] != before
    model = mlflow.MlflowClient().get_logged_model(result.uris["model"].removeprefix("models:/"))
    assert model.tags["querysmith.parent_model"] == before


def test_a_model_that_thinks_worse_is_not_handed_on(distil: Distil) -> None:
    before, result = distil(1)
    assert result.metrics["dev_ex_think_after"] < result.metrics["dev_ex_think_before"]
    assert result.notes["kept"].startswith("the model from before: thinking-mode EX fell from 100.0%")
    assert result.uris["model"] == before
