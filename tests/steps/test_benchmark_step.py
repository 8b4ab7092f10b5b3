"""The step `benchmark` on a registered model: figures on its run and on the model, the report as an artifact."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import mlflow
import pytest

from pipeline.config import RunConfig
from pipeline.config_loading import load_config
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.registry.models import CHECKPOINT, register
from pipeline.registry.runs import connect
from pipeline.steps import contract
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, open_dataset
from pipeline.training.model import save

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def test_a_registered_model_on_two_benchmarks(
    tmp_path: Path,
    mlflow_store: str,
    monkeypatch: pytest.MonkeyPatch,
    spider_folder: Any,
    databases: dict[str, Database],
    known: list[Example],
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))
    rows = [{"db_id": e.db_id, "question": e.question, "query": e.gold_sql[0]} for e in known]
    folder = Path(spider_folder(dev=rows))
    Dataset({"train": known, "dev": known, "test": known}, databases).write(tmp_path / "dataset")
    tokenizer.save_pretrained(tmp_path / "dataset" / "tokenizer")

    def sft(config: RunConfig, context: Context) -> Result:
        save(fitted, tokenizer, context.work / "final" / CHECKPOINT)
        return finish(context, config, open_dataset(config, context), "scratch", {"loss": 0.01})

    monkeypatch.setitem(sys.modules, "pipeline.steps.sft", SimpleNamespace(run=sft))
    training = load_config(None, ["profile=smoke", f"inputs.dataset={tmp_path / 'dataset'}"])
    monkeypatch.setattr("pipeline.steps.training.fetch", lambda uri, folder: Path(uri))
    trained = contract.execute("sft", training, "train", None)
    monkeypatch.undo()
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_store)
    client = connect()
    register(client, "text2sql", trained.uris["model"], "train", {})

    results = {}
    for name in ("spider", "kaggledbqa"):
        data = folder
        if name == "kaggledbqa":  # the same questions in the other layout
            data = tmp_path / "kaggle"
            (data / "examples").mkdir(parents=True)
            (data / "databases").mkdir()
            (folder / "database" / "shop").rename(data / "databases" / "shop")
            (data / "examples" / "shop.json").write_text((folder / "dev.json").read_text())
            (data / "KaggleDBQA_tables.json").write_text("[]")
        settings = ["profile=smoke", "profile.generation.max_new_tokens=96", f"data={data}", f"benchmark.name={name}"]
        settings += ["inputs.model=models:/text2sql/1", "benchmark.mode=no_think"]
        results[name] = contract.execute("benchmark", load_config(None, settings), "bench-1", None)

    assert results["spider"].run_id != results["kaggledbqa"].run_id
    assert results["spider"].notes["evaluator"] == "greedy, Spider execution match, single database"
    run = client.get_run(results["spider"].run_id)
    assert run.data.metrics["ex"] == results["spider"].metrics["ex"]
    assert run.data.tags["querysmith.model"] == "models:/text2sql/1"
    assert run.inputs.dataset_inputs[0].dataset.name == "spider"
    files = {Path(f.path).name for f in client.list_artifacts(run.info.run_id, "evaluation")}
    assert {"outcomes.parquet", "report.html", "scorecard.json"} <= files
    model = mlflow.get_logged_model(trained.uris["model"].removeprefix("models:/"))
    assert {"spider.ex", "kaggledbqa.ex"} <= {metric.key for metric in model.metrics}
    parent = client.get_run(run.data.tags["mlflow.parentRunId"])
    assert parent.info.status == "FINISHED"
