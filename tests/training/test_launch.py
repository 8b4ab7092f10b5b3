"""How a training in several processes is started, on one node and on several, and what its failure becomes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config_loading import load_config
from pipeline.errors import InfrastructureError, InputError
from pipeline.profile import LaunchSettings
from pipeline.training.failures import failure, leave
from pipeline.training.job import Job
from pipeline.training.launch import CONFIGURATIONS, command, train
from pipeline.training.nodes import Node, announced, await_announcement, this_node

MEETING = {"MASTER_ADDR": "train-0.train", "MASTER_PORT": "4000"}
STRATEGIES = [("ddp", False), ("zero2", False), ("zero2", True), ("zero3", False), ("zero3", True)]


def options(launched: list[str]) -> dict[str, str]:
    """The launcher's options by name."""
    own = launched[3 : launched.index("-m", 3)]
    return dict(zip(own[::2], own[1::2], strict=True))


@pytest.mark.parametrize(
    ("environment", "node"),
    [
        ({}, Node()),
        ({"MASTER_ADDR": "x", "JOB_COMPLETION_INDEX": "3"}, Node()),  # a step in a job of any other kind
        ({**MEETING, "NNODES": "1", "NODE_RANK": "0"}, Node()),
        ({**MEETING, "NNODES": "4", "NODE_RANK": "2"}, Node(4, 2, "train-0.train", 4000)),
        ({**MEETING, "NNODES": "4", "JOB_COMPLETION_INDEX": "3"}, Node(4, 3, "train-0.train", 4000)),
        ({"MASTER_ADDR": "10.0.0.1", "NNODES": "2", "NODE_RANK": "0"}, Node(2, 0, "10.0.0.1", 29500)),
        (
            {"PET_NNODES": "2", "PET_NODE_RANK": "1", "PET_MASTER_ADDR": "a", "PET_MASTER_PORT": "5"},
            Node(2, 1, "a", 5),
        ),
    ],
)
def test_the_environment_tells_which_node_this_is(environment: dict[str, str], node: Node) -> None:
    assert this_node(environment) == node


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"NNODES": "2", "NODE_RANK": "0"}, "MASTER_ADDR is not set"),
        ({"NNODES": "2", **MEETING}, "NODE_RANK is not set"),
        ({"NNODES": "2", "NODE_RANK": "2", **MEETING}, "NODE_RANK is 2, but of 2 nodes"),
        ({"NNODES": "1:4", **MEETING}, "NNODES must be a whole number, it is '1:4'"),
        ({"NNODES": "2", "NODE_RANK": "0", "MASTER_ADDR": "a", "MASTER_PORT": "http"}, "MASTER_PORT"),
    ],
)
def test_an_environment_that_makes_no_sense_is_wrong_input(environment: dict[str, str], named: str) -> None:
    with pytest.raises(InputError, match=named):
        this_node(environment)


def test_the_command_on_one_node_looks_for_a_free_port() -> None:
    launched = command(Path("/somewhere/job.json"), LaunchSettings(processes=8, strategy="ddp"), Node(), threads=4)
    assert launched[-3:] == ["-m", "pipeline.training.worker", "/somewhere/job.json"]
    assert options(launched) == {
        "--config_file": str(CONFIGURATIONS / "ddp.yaml"),
        "--num_machines": "1",
        "--num_processes": "8",
        "--main_process_port": "0",
        "--num_cpu_threads_per_process": "4",
    }


def test_the_command_on_several_nodes_names_all_processes_and_where_they_meet() -> None:
    settings = LaunchSettings(processes=8, strategy="zero3", offload=True)
    first, last = (
        options(command(Path("job.json"), settings, Node(4, rank, "train-0.train", 4000), threads=1)) for rank in (0, 3)
    )
    assert first == {
        "--config_file": str(CONFIGURATIONS / "deepspeed.yaml"),
        "--deepspeed_config_file": str(CONFIGURATIONS / "zero3_offload.json"),
        "--num_machines": "4",
        "--num_processes": "32",
        "--machine_rank": "0",
        "--main_process_ip": "train-0.train",
        "--main_process_port": "4000",
        "--num_cpu_threads_per_process": "1",
    }
    assert last == first | {"--machine_rank": "3"}


@pytest.mark.parametrize(("strategy", "offload"), STRATEGIES)
def test_every_strategy_has_its_configuration(strategy: Any, offload: bool) -> None:
    settings = LaunchSettings(processes=2, strategy=strategy, offload=offload)
    given = options(command(Path("job.json"), settings, Node(), threads=1))
    kind = yaml.safe_load(Path(given["--config_file"]).read_text())["distributed_type"]
    assert kind == ("MULTI_GPU" if strategy == "ddp" else "DEEPSPEED")
    if strategy != "ddp":
        zero = json.loads(Path(given["--deepspeed_config_file"]).read_text())
        assert zero["zero_optimization"]["stage"] == int(strategy[-1])
        assert ("offload_optimizer" in zero["zero_optimization"]) == offload
        assert ("offload_param" in zero["zero_optimization"]) == (offload and strategy == "zero3")
        assert zero["zero_force_ds_cpu_optimizer"] is False


def test_the_configurations_come_with_the_package() -> None:
    data = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "training/accelerate/*" in data["package-data"]["pipeline"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (
            ["profile.launch.processes=2", "profile.launch.strategy=single"],
            "2 processes need a strategy: ddp, zero2 or zero3",
        ),
        (
            ["profile.launch.strategy=ddp", "profile.launch.offload=true"],
            "offload needs strategy zero2 or zero3, not ddp",
        ),
        (["profile.launch.strategy=zero4"], "profile.launch.strategy"),
        (["profile.launch.processes=0"], "profile.launch.processes"),
        (["profile.launch.nodes=2"], "unknown key 'profile.launch.nodes'"),
        (
            [
                "profile.launch.strategy=zero3",
                "profile.model.adapter.rank=4",
                "profile.model.adapter.alpha=8",
            ],
            "model.adapter cannot be merged",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: list[str], named: str) -> None:
    with pytest.raises(InputError, match=named):
        load_config(None, settings)


def test_a_profile_need_not_mention_it() -> None:
    assert load_config(None, ["profile=smoke"]).profile.launch == LaunchSettings()


def test_several_nodes_need_a_strategy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**MEETING, "NNODES": "2", "NODE_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    config = load_config(None, ["profile=smoke"])
    job = Job(method="sft", label="x", config=config, run_id="x", model="x", tokenizer="x", work=tmp_path)
    with pytest.raises(InputError, match=r"2 nodes \(NNODES\); set profile\.launch\.strategy"):
        train(job, [])


def test_a_job_survives_its_file(tmp_path: Path) -> None:
    config = load_config(None, ["profile=smoke", "profile.launch.processes=2", "profile.launch.strategy=zero2"])
    job = Job(
        method="grpo", label="x", config=config, run_id="r", model="m", tokenizer="t", dataset=tmp_path, work=tmp_path
    )
    assert Job.model_validate_json(job.model_dump_json()) == job


def test_the_other_nodes_learn_of_a_job_while_it_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path))
    settings, first, second = LaunchSettings(processes=2, strategy="zero2"), Node(2, 0, "a:b/c"), Node(2, 1, "a:b/c")
    with pytest.raises(InfrastructureError, match="has announced no training within 0 s"):
        await_announcement(second, 0)
    with announced(tmp_path / "job.json", settings, first):
        assert await_announcement(second, 0) == (tmp_path / "job.json", settings)
    with pytest.raises(InfrastructureError):
        await_announcement(second, 0)


def log_of(folder: Path, text: str = "") -> Path:
    path = folder / "training.log"
    path.write_text(text)
    return path


def test_the_first_rank_to_fail_is_believed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for rank, error in (
        (1, InfrastructureError("the database is gone")),
        (0, RuntimeError("Connection closed by peer")),
    ):
        leave(tmp_path, rank, error)
    found = failure(tmp_path, log_of(tmp_path), 0)
    assert (type(found), str(found)) == (InfrastructureError, "the database is gone")
    assert not caplog.text


def test_wrong_input_stays_wrong_input(tmp_path: Path) -> None:
    leave(tmp_path, 0, InputError("profile.x is wrong"))
    found = failure(tmp_path, log_of(tmp_path, "exitcode  : -9 (pid: 1)"), 0)
    assert (type(found), str(found), found.exit_code) == (InputError, "profile.x is wrong", 2)


def test_a_defect_is_told_in_one_line_with_its_traceback_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        raise ValueError("a\nb")
    except ValueError as error:
        leave(tmp_path, 3, error)
    earlier = "exitcode  : -9 (pid: 1)"  # of an earlier try
    log = log_of(tmp_path, earlier + "exitcode  : 1 (pid: 2)")
    found = failure(tmp_path, log, len(earlier))
    assert str(found) == f"training process 3 failed: ValueError: a b (see {log})"
    assert found.exit_code == 1
    assert "Traceback (most recent call last)" in caplog.text


@pytest.mark.parametrize("others", [False, True])
def test_a_rank_that_is_killed_leaves_nothing_but_the_complaints_of_others(tmp_path: Path, others: bool) -> None:
    if others:
        leave(tmp_path, 0, RuntimeError("Connection closed by peer"))
    log = log_of(tmp_path, "exitcode  : -9 (pid: 4711)")
    found = failure(tmp_path, log, 0)
    assert found.exit_code == 1
    assert f"ended from outside, which the system does when memory runs out (see {log})" in str(found)
