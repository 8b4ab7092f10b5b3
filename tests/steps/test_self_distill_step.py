"""The step `self_distill` with a model that solves its training questions: thoughts are kept, the guard decides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import mlflow
import pytest
from step_process import Pipeline

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
    mlflow_store: str,
    monkeypatch: pytest.MonkeyPatch,
    databases: dict[str, Database],
    known: list[Example],
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> Distil:
    """Runs the step on a data set of known questions, after a stand-in for `sft` that logs the fitted model."""
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))
    folder = tmp_path / "dataset"
    Dataset({"train": known, "dev": known, "test": known}, databases).write(folder)
    tokenizer.save_pretrained(folder / "tokenizer")

    def sft(config: RunConfig, context: Context) -> Result:
        save(fitted, tokenizer, context.work / "final" / CHECKPOINT)
        return finish(context, config, open_dataset(config, context), "scratch", {"loss": 0.01})

    monkeypatch.setitem(sys.modules, "pipeline.steps.sft", SimpleNamespace(run=sft))

    def run(epochs: int) -> tuple[str, Result]:
        """The model that it starts from, and what it makes of it in so many epochs (0: it is not run)."""
        settings = [*SETTINGS, f"profile.sft.epochs={epochs or 1}", f"inputs.dataset={folder}"]
        model = contract.execute("sft", load_config(None, settings), "r", None).uris["model"]
        config = load_config(None, [*settings, f"inputs.model={model}"])
        if not epochs:
            return model, Result()
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


@pytest.mark.integration
def test_a_round_that_was_killed_goes_on(distil: Distil, tmp_path: Path, mlflow_store: str) -> None:
    """SIGKILL in the middle of a round's training: neither its thoughts nor its steps are made again."""
    model = distil(0)[0]
    home = tmp_path / "home"
    run = Pipeline(home, tmp_path, dag_run="r", settings=dict(setting.split("=", 1) for setting in SETTINGS))
    run.environment = {"MLFLOW_TRACKING_URI": mlflow_store}
    inputs = {
        "profile.sft.epochs": "300",
        "profile.sft.checkpoint_steps": "50",
        "inputs.dataset": str(tmp_path / "dataset"),
        "inputs.model": model,
    }

    def steps_saved() -> int:
        states = home.glob("work/*/self_distill-*/round-1/checkpoints/checkpoint-*/trainer_state.json")
        return max((int(state.parent.name.removeprefix("checkpoint-")) for state in states), default=0)

    run.kill_when(lambda: steps_saved() >= 50, "self_distill", **inputs)
    (thoughts,) = home.glob("work/*/self_distill-*/round-1/thoughts.json")
    made = (thoughts.stat().st_mtime_ns, thoughts.read_text())
    saved = steps_saved()

    result = run.succeed("self_distill", **inputs)
    assert (thoughts.stat().st_mtime_ns, thoughts.read_text()) == made
    client = mlflow.MlflowClient()
    rounds = [metric.step for metric in client.get_metric_history(result["run_id"], "round/dev_ex_think")]
    assert rounds == sorted(set(rounds))
    assert rounds[:2] == [0, 1]
    (experiment,) = client.search_experiments(filter_string="name != 'Default'")
    assert len(client.search_runs([experiment.experiment_id], "tags.`querysmith.step` = 'self_distill'")) == 1
    resumed = [m.step for m in client.get_metric_history(result["run_id"], "progress") if m.step > saved]
    assert min(resumed) <= saved + 5  # logged every five steps
    assert result["metrics"]["dev_ex_think_after"] == 1.0


def test_a_model_that_thinks_worse_is_not_handed_on(distil: Distil) -> None:
    before, result = distil(1)
    assert result.metrics["dev_ex_think_after"] < result.metrics["dev_ex_think_before"]
    assert result.notes["kept"].startswith("the model from before: round 1 lowered thinking-mode EX 100.0%")
    assert result.uris["model"] == before


def test_thoughts_must_not_cost_the_other_answers_more_than_they_gain(
    distil: Distil, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = iter(
        [{"ex": 0.5, "ex_think": 0.5, "ex_no_think": 0.5}, {"ex": 0.45, "ex_think": 0.6, "ex_no_think": 0.3}]
    )
    monkeypatch.setattr("pipeline.steps.self_distill._Rounds._dev_ex", lambda *_: next(measured))
    before, result = distil(1)
    assert result.notes["kept"] == "the model from before: round 1 lowered both modes' EX 50.0% to 45.0%"
    assert result.metrics["dev_ex_think_after"] == 0.6
    assert result.uris["model"] == before
