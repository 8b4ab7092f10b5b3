"""Training in two processes on a CPU, for real: DDP, ZeRO-2 and ZeRO-3; interrupted, gone on with, exported."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from training_process import Training

from pipeline.config import RunConfig
from pipeline.config_loading import load_config
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.registry.runs import connect, experiment_id
from pipeline.training.grpo import prompt_rows
from pipeline.training.job import Job
from pipeline.training.launch import FAILURES, train
from pipeline.training.model import load_model, load_tokenizer, save
from pipeline.training.sft import fused_rows

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Each launch imports the libraries three times over.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

STEPS, CHECKPOINT_STEPS = 24, 6
SFT = [
    "profile=smoke",
    "profile.sft.epochs=3",
    "profile.sft.batch_size=4",
    f"profile.sft.checkpoint_steps={CHECKPOINT_STEPS}",
]
TWO = ["profile.launch.processes=2"]

JobMaker = Callable[..., Job]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    """An MLflow store that the ranks find through the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}")
        yield connect()


@pytest.fixture(scope="module")
def start(
    tmp_path_factory: pytest.TempPathFactory, build: Callable[..., PreTrainedModel], tokenizer: PreTrainedTokenizerBase
) -> Path:
    """The folder of a random Qwen3 and its tokenizer."""
    folder = tmp_path_factory.mktemp("start")
    save(build(seed=1, hidden=32, layers=2), tokenizer, folder)
    return folder


@pytest.fixture(scope="module")
def make_job(client: MlflowClient, start: Path) -> JobMaker:
    """Makes a job of SFT from the random model, or another, with an MLflow run of its own."""

    def make(work: Path, *settings: str, **more: Any) -> Job:
        config: RunConfig = load_config(None, [*SFT, *settings])
        run = client.create_run(experiment_id(client, "distributed"))
        described = {"method": "sft", "label": "training", "model": str(start), "tokenizer": str(start), **more}
        return Job(config=config, run_id=run.info.run_id, work=work, **described)

    return make


@pytest.fixture(scope="module")
def rows(
    tokenizer: PreTrainedTokenizerBase, known: list[Example], databases: dict[str, Database]
) -> list[dict[str, str]]:
    """32 samples of different lengths."""
    few = fused_rows(tokenizer, known, databases)
    return [{**few[i % len(few)], "completion": few[i % len(few)]["completion"] + " 1" * (i % 7)} for i in range(32)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, make_job: JobMaker, rows: list[dict[str, str]]) -> dict[str, Any]:
    """The weights after the same training in this one process."""
    job = make_job(tmp_path_factory.mktemp("alone"))
    assert train(job, rows)["parameters"] == load_model(str(job.output)).num_parameters()
    return weights(job.output)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def largest_difference(a: dict[str, Any], b: dict[str, Any]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def all_end(training: Training) -> bool:
    """Whether no process of a training is left after a few seconds."""
    deadline = time.monotonic() + 20
    while training.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not training.processes()


@pytest.mark.parametrize(
    ("strategy", "ended_by"), [("ddp", signal.SIGTERM), ("zero2", signal.SIGKILL), ("zero3", signal.SIGKILL)]
)
def test_an_interrupted_training_goes_on_and_ends_as_one_in_a_single_process(
    strategy: str,
    ended_by: signal.Signals,
    tmp_path: Path,
    client: MlflowClient,
    make_job: JobMaker,
    rows: list[dict[str, str]],
    alone: dict[str, Any],
) -> None:
    """The signal is for the step's process alone: launcher and ranks must notice."""
    job = make_job(tmp_path / "work", *TWO, f"profile.launch.strategy={strategy}")
    training = Training(job, rows)
    ended = training.end_when(lambda: bool(training.sealed()), ended_by)
    assert ended == (-signal.SIGKILL if ended_by == signal.SIGKILL else 128 + signal.SIGTERM)
    assert all_end(training)
    reached = max(training.sealed())
    assert CHECKPOINT_STEPS <= reached < STEPS
    logged = len(client.get_metric_history(job.run_id, "progress"))

    code, _, errors = training.run()
    assert code == 0, errors
    assert re.search(rf"resuming from .*checkpoint-{reached}\b", errors)  # what the first rank tells is passed on
    later = [metric.step for metric in client.get_metric_history(job.run_id, "progress")[logged:]]
    assert reached < min(later) < max(later) == STEPS
    assert len(later) == len(set(later))  # one rank reports
    assert not training.processes()

    assert largest_difference(weights(job.output), alone) < 1e-4
    assert not [path.name for path in job.output.iterdir() if path.suffix in (".bin", ".pt", ".pth", ".py")]
    assert load_model(str(job.output)).dtype == load_model(job.model).dtype
    assert len(load_tokenizer(str(job.output))) == len(load_tokenizer(job.tokenizer))
    stages = set(re.findall(r"Creating torch\.float32 ZeRO stage (\d) optimizer", training.log()))  # DeepSpeed's line
    assert stages == ({strategy.removeprefix("zero")} if strategy != "ddp" else set())


def test_two_nodes_meet(
    tmp_path: Path, make_job: JobMaker, rows: list[dict[str, str]], alone: dict[str, Any], free_port: int
) -> None:
    """Two nodes of one process each; the second one is started first."""
    job = make_job(tmp_path / "work", "profile.launch.strategy=ddp")
    environment = {"NNODES": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port)}
    environment["QUERYSMITH_HOME"] = str(tmp_path / "home")
    second = subprocess.Popen(
        [sys.executable, "-m", "pipeline.training.join"],
        env={**os.environ, **environment, "JOB_COMPLETION_INDEX": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    first = Training(job, rows).start(**environment, JOB_COMPLETION_INDEX="0")
    _, errors = first.communicate(timeout=600)
    assert first.returncode == 0, errors
    assert second.wait(timeout=60) == 0, second.communicate()[1]
    assert largest_difference(weights(job.output), alone) < 1e-4
    assert not list((tmp_path / "home" / "nodes").iterdir())


def test_what_a_rank_finds_wrong_is_one_line_with_its_exit_code(
    tmp_path: Path, make_job: JobMaker, rows: list[dict[str, str]]
) -> None:
    job = make_job(tmp_path / "work", *TWO, "profile.launch.strategy=ddp", "profile.sft.batch_size=3")
    code, _, errors = Training(job, rows).run()
    assert code == 2
    (line,) = [line for line in errors.splitlines() if line.startswith("querysmith: error: ")]
    assert "profile.sft.batch_size: 3 samples cannot be spread over 2 processes" in line
    assert "Traceback" not in errors
    assert sorted(path.name for path in (job.work / FAILURES).iterdir())[0] in ("rank-0.json", "rank-1.json")


def test_grpo_in_two_processes(
    tmp_path: Path,
    client: MlflowClient,
    make_job: JobMaker,
    fitted_folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    known: list[Example],
    databases: dict[str, Database],
) -> None:
    examples, folder = known * 4, tmp_path / "dataset"
    impossible = replace(known[0], gold_sql=("SELECT 'what nobody would write'",))
    Dataset({"train": examples, "dev": [*known, impossible], "test": known}, databases).write(folder)
    job = make_job(
        tmp_path / "work",
        *TWO,
        "profile.launch.strategy=ddp",
        "recipe=finer_sql",
        "profile.grpo.steps=2",
        "profile.grpo.temperature=1.6",
        "profile.generation.max_new_tokens=40",
        method="grpo",
        model=str(fitted_folder),
        tokenizer=str(fitted_folder),
        dataset=folder,
    )
    training = Training(job, prompt_rows(tokenizer, examples, databases, 0.5, 42))
    code, output, errors = training.run()
    assert code == 0, errors
    assert json.loads(output)["train_runtime"] > 0
    logged = client.get_run(job.run_id).data.metrics
    assert {f"rewards/{name}/mean" for name in job.config.recipe.rewards} <= set(logged)
    assert [metric.step for metric in client.get_metric_history(job.run_id, "rollouts/right")] == [1, 2]
    before, *_ = client.get_metric_history(job.run_id, "held_out/ex")
    assert before.value == pytest.approx(len(known) / (len(known) + 1))  # each process has asked its share
    assert training.sealed() == [1, 2]
    assert largest_difference(weights(job.output), weights(fitted_folder)) > 0
    assert (job.work / "thoughts.parquet").is_file()
