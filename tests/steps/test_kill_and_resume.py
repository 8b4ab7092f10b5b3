"""SIGKILL in mid-training, then the step again: it resumes in the same MLflow run and registers nothing twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import mlflow
import pytest
from step_process import Pipeline

from pipeline.steps.contract import CHAIN

# A dozen processes that import their libraries: minutes, and more on a busy machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(1500)]


def killed_and_resumed(pipeline: Pipeline, step: str, after: int, total: int, **inputs: str) -> str:
    """Kill `step` once checkpoint `after` is complete, run it again, check that it went on from there; its model."""
    pipeline.kill_when(lambda: max(pipeline.checkpoints(step), default=0) >= after, step, **inputs)
    reached = max(pipeline.checkpoints(step))
    assert after <= reached < total
    client = mlflow.MlflowClient(f"sqlite:///{pipeline.home}/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("text2sql").experiment_id
    (killed,) = client.search_runs([experiment], f"tags.`querysmith.step` = '{step}'")
    assert killed.info.status == "RUNNING"  # SIGKILL leaves no time to say otherwise
    logged = client.get_metric_history(killed.info.run_id, "progress")

    code, result, errors = pipeline.run(step, **inputs)
    assert code == 0, errors
    assert re.search(rf"resuming from .*checkpoint-{reached}\b", errors)
    assert result["run_id"] == killed.info.run_id
    (resumed,) = client.search_runs([experiment], f"tags.`querysmith.step` = '{step}'")
    assert resumed.info.status == "FINISHED"
    later = client.get_metric_history(killed.info.run_id, "progress")[len(logged) :]
    assert min(metric.step for metric in later) > reached
    assert max(metric.step for metric in later) == total

    # A third time: nothing is trained or logged again.
    assert pipeline.succeed(step, **inputs) == result
    models = client.search_logged_models([experiment], f"tags.`querysmith.step` = '{step}'")
    assert [f"models:/{model.model_id}" for model in models] == [result["uris"]["model"]]
    return str(result["uris"]["model"])


def test_killed_training_resumes_and_registers_once(pipeline: Pipeline) -> None:
    pipeline.settings |= {
        "profile.sft.epochs": "6",
        "profile.sft.checkpoint_steps": "4",
        "profile.grpo.steps": "10",
        "profile.grpo.checkpoint_steps": "1",
    }
    dataset = {"inputs.dataset": pipeline.succeed("validate")["uris"]["dataset"]}
    sft = killed_and_resumed(pipeline, "sft", after=8, total=48, **dataset)
    distilled = pipeline.succeed("self_distill", **dataset, **{"inputs.model": sft})["uris"]["model"]
    grpo = killed_and_resumed(pipeline, "grpo", after=2, total=10, **dataset, **{"inputs.model": distilled})
    stages = {"inputs.sft": sft, "inputs.self_distill": distilled, "inputs.grpo": grpo}
    evaluation = pipeline.succeed("evaluate", **dataset, **stages)["uris"]["evaluation"]
    last = {**dataset, "inputs.model": grpo, "inputs.evaluation": evaluation}
    registered = "querysmith.gate"
    client = mlflow.MlflowClient(f"sqlite:///{pipeline.home}/mlflow/mlflow.db")

    def version_exists() -> bool:
        return bool(client.search_model_versions("name = 'text2sql'"))

    pipeline.kill_when(version_exists, "promote", **last)
    result = pipeline.succeed("promote", **last)
    (version,) = client.search_model_versions("name = 'text2sql'")
    assert int(version.version) == 1
    assert result["uris"]["model_version"] == "models:/text2sql/1"
    assert version.tags[registered] == "passed"
    assert client.get_model_version_by_alias("text2sql", "champion").version == version.version

    experiment = client.get_experiment_by_name("text2sql").experiment_id
    runs = client.search_runs([experiment])
    parent = next(run for run in runs if run.data.tags["querysmith.step"] == "pipeline")
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert sorted(run.data.tags["querysmith.step"] for run in children) == sorted(CHAIN)
    assert len(runs) == 1 + len(CHAIN)
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {"ex_think", "ex_no_think", "latency_gold_ms"} <= set(parent.data.metrics)
    assert {
        run.data.tags["querysmith.data_digest"]
        for run in (parent, *children)
        if "querysmith.data_digest" in run.data.tags
    } == {version.tags["querysmith.data_digest"]}
    assert all(run.data.tags["querysmith.git_commit"] and run.data.tags["version.torch"] for run in runs)

    # The next DAG run starts from the champion and is compared with it on the same questions.
    pipeline.dag_run, pipeline.settings["base_model"] = "run-2", "champion"
    dataset = {"inputs.dataset": pipeline.succeed("validate")["uris"]["dataset"]}
    evaluated = pipeline.succeed("evaluate", **dataset, **stages)
    assert evaluated["notes"]["latency_reference"] == "champion"
    assert evaluated["metrics"]["champion.ex"] == evaluated["metrics"]["grpo.ex"]  # it is the same model
    last = {**dataset, "inputs.model": grpo, "inputs.evaluation": evaluated["uris"]["evaluation"]}
    refused = pipeline.succeed("promote", **last, approved_by="Ada")
    assert refused["uris"]["model_version"] == "models:/text2sql/2"
    assert refused["notes"]["alias"] == ""
    assert refused["notes"]["reason"].endswith("an equal model does not replace the champion")
    assert int(client.get_model_version_by_alias("text2sql", "champion").version) == 1
    tags = client.get_model_version("text2sql", "2").tags
    assert tags["querysmith.approved_by"] == "Ada"
    assert (tags[registered], tags["querysmith.champion_before"]) == ("refused", "1")
    assert tags["querysmith.gate_won_lost"] == "0 won, 0 lost of 4 questions"
    gate = json.loads(Path(client.download_artifacts(refused["run_id"], "gate.json")).read_text())
    assert (gate["promote"], gate["evidence"]["answers"]) == (False, 8)
