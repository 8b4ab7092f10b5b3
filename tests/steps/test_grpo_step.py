"""The step `grpo` under every recipe: each component is logged by name, and so are completions with their rewards."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import mlflow
import pytest

from pipeline.config import RunConfig
from pipeline.config_loading import available, load_config
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.registry.models import CHECKPOINT
from pipeline.steps import contract
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, open_dataset
from pipeline.training.model import save

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

STEPS, EVERY = 2, 1
SETTINGS = [
    "profile=smoke",
    f"profile.grpo.steps={STEPS}",
    f"profile.grpo.checkpoint_steps={EVERY}",
    "profile.grpo.prompts_per_step=2",
    "profile.generation.max_new_tokens=64",
]


@pytest.mark.parametrize("recipe", available("recipes"))
def test_every_component_is_logged(
    recipe: str,
    tmp_path: Path,
    mlflow_store: str,
    monkeypatch: pytest.MonkeyPatch,
    databases: dict[str, Database],
    known: list[Example],
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))
    folder = tmp_path / "dataset"
    Dataset({"train": known * 4, "dev": known, "test": known}, databases).write(folder)
    tokenizer.save_pretrained(folder / "tokenizer")

    def sft(config: RunConfig, context: Context) -> Result:
        save(fitted, tokenizer, context.work / "final" / CHECKPOINT)
        return finish(context, config, open_dataset(config, context), "scratch", {"loss": 0.01})

    monkeypatch.setitem(sys.modules, "pipeline.steps.sft", SimpleNamespace(run=sft))
    settings = [*SETTINGS, f"recipe={recipe}", f"inputs.dataset={folder}"]
    model = contract.execute("sft", load_config(None, settings), "r", None).uris["model"]
    config = load_config(None, [*settings, f"inputs.model={model}"])
    result = contract.execute("grpo", config, "r", None)

    client = mlflow.MlflowClient()
    for name in config.recipe.rewards:
        for figure in ("mean", "std", "zero_spread"):
            history = client.get_metric_history(result.run_id, f"rewards/{name}/{figure}")
            assert [metric.step for metric in history] == [1, 2], f"{name}/{figure}"
    for share in ("right", "run", "exposed", "unparsed"):
        assert all(0 <= m.value <= 1 for m in client.get_metric_history(result.run_id, f"rollouts/{share}"))
    table = json.loads(
        Path(mlflow.artifacts.download_artifacts(run_id=result.run_id, artifact_path="completions.json")).read_text()
    )
    assert set(config.recipe.rewards) <= set(table["columns"])
    assert {row[table["columns"].index("step")] for row in table["data"]} == {1, 2}
    copies = list((tmp_path / "home" / "cache" / "variants").rglob("*.sqlite"))
    assert len(copies) == config.recipe.variants
    memory = [file.path for file in client.list_artifacts(result.run_id, "memory")]
    assert memory == (["memory/thoughts.parquet"] if "memory" in config.recipe.rewards else [])
