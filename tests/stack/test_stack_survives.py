"""What a training on the running stack survives: a killed step, a killed scheduler, restarted servers, a full disk.

These tests stop services and kill containers, so they run only when asked for, on a stack that nobody needs:
`make break-stack`. One training takes all faults, each in another step, because a step is tried three times in all.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from running_stack import DAG, DATA, STEPS, RunningStack, docker, stack, wait_until

__all__ = ["stack"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(5400),
    pytest.mark.skipif(
        os.environ.get("QUERYSMITH_BREAK_STACK") != "1",
        reason="kills and restarts what runs on the stack: make break-stack",
    ),
]


class Training:
    """A training on the sample data, and every step container that it has had."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.run_id = stack.trigger(profile="smoke", data=DATA)
        self.had: defaultdict[str, set[str]] = defaultdict(set)
        self._over = threading.Event()

    def watch(self) -> None:
        form = '{{.ID}} {{.Label "querysmith.task_id"}}'
        while not self._over.wait(0.5):
            listed = docker("ps", "--all", "--filter", f"label=querysmith.run_id={self.run_id}", "--format", form)
            for line in listed.splitlines():
                container, task = line.split()
                self.had[task].add(container)

    def stop_watching(self) -> None:
        self._over.set()

    def state(self, task: str) -> str:
        return str(self.stack.task(self.run_id, task).get("state"))

    def task_ended(self, task: str) -> dict[str, Any]:
        """The task, once it has succeeded."""
        wait_until(lambda: self.state(task) in ("success", "failed", "upstream_failed"), 1800, f"{task} does not end")
        found = self.stack.task(self.run_id, task)
        assert found["state"] == "success", f"{task}: {self.stack.airflow.xcom(DAG, self.run_id, task, 'error')}"
        return found

    def log(self, task: str, attempt: int) -> str:
        """Of one try, as it is on the volume of the logs."""
        path = f"/var/log/airflow/dag_id={DAG}/run_id={self.run_id}/task_id={task}/attempt={attempt}.log"
        return self.stack.compose("exec", "-T", "airflow-scheduler", "cat", path)

    def succeeded(self) -> None:
        """What must hold whatever has happened: success, one MLflow run for each step, nothing left."""
        assert self.stack.ended(self.run_id) == "success"
        experiment = self.stack.mlflow("experiments/get-by-name", experiment_name="text2sql")["experiment"]
        query = f"tags.`querysmith.dag_run` = '{self.run_id}'"
        search = {"experiment_ids": [experiment["experiment_id"]], "filter": query}
        runs = self.stack.mlflow("runs/search", search)["runs"]
        steps = [tag["value"] for run in runs for tag in run["data"]["tags"] if tag["key"] == "querysmith.step"]
        assert sorted(steps) == sorted(("pipeline", *STEPS))
        assert {run["info"]["status"] for run in runs} == {"FINISHED"}
        assert self.stack.containers(self.run_id) == []


@contextmanager
def training(stack: RunningStack) -> Iterator[Training]:
    """A training; if the test fails it is ended, so that the next one need not wait for it."""
    started = Training(stack)
    watcher = threading.Thread(target=started.watch)
    watcher.start()
    try:
        yield started
        started.succeeded()
    except BaseException:
        stack.airflow.fail_run(DAG, started.run_id, "the test failed")
        raise
    finally:
        started.stop_watching()
        watcher.join()


def test_a_training_survives_all_of_it(stack: RunningStack) -> None:
    volume = f"{stack.project}_data"
    if docker("volume", "inspect", volume, "--format", "{{.Options.type}}").strip() != "tmpfs":
        pytest.skip("needs the overlay tests/stack/compose.small-data.yml since the first `make up`")
    with training(stack) as run:
        restart_postgres(run)
        kill_a_step(run)
        kill_the_scheduler(run)
        fill_the_disk(run)
        restart_mlflow(run)
        kill_mysql(run)


def restart_postgres(run: Training) -> None:
    """Airflow's and MLflow's database at once."""
    run.stack.running(run.run_id, "validate")
    run.stack.compose("restart", "postgres")
    run.task_ended("validate")


def kill_a_step(run: Training) -> None:
    """The retry, in a new container, goes on from the checkpoint."""
    killed = run.stack.running(run.run_id, "sft")
    wait_until(lambda: _has_checkpoint(run, killed, "sft"), 900, "sft writes no checkpoint")
    docker("kill", killed)
    assert run.task_ended("sft")["try_number"] == 2
    assert len(run.had["sft"]) == 2
    assert "killed by signal 9" in run.log("sft", 1)
    assert "resuming from" in run.log("sft", 2)


def kill_the_scheduler(run: Training) -> None:
    """With it dies the task, but not its container: the next try finds that one."""
    step = run.stack.running(run.run_id, "self_distill")
    run.stack.compose("restart", "--timeout", "1", "airflow-scheduler")
    assert run.task_ended("self_distill")["try_number"] == 2
    assert run.had["self_distill"] == {step[:12]}
    assert "Reconnecting to existing job" in run.log("self_distill", 2)


def fill_the_disk(run: Training) -> None:
    """Between two checkpoints of GRPO; it is said, and the last complete one is what the retry goes on from."""
    step = run.stack.running(run.run_id, "grpo")
    wait_until(lambda: _has_checkpoint(run, step, "grpo"), 900, "grpo writes no checkpoint")
    try:
        _resize(run.stack, f"{_used_kib(run.stack)}k")
        wait_until(lambda: run.state("grpo") in ("up_for_retry", "failed"), 900, "nobody minds a full disk")
        error = run.stack.airflow.xcom(DAG, run.run_id, "grpo", "error")
        assert "cannot be written (No space left on device); free space" in error
    finally:
        _resize(run.stack, "6g")
    wait_until(lambda: run.state("grpo") == "running", 300, "grpo is not tried again")


def restart_mlflow(run: Training) -> None:
    """In the retry of grpo, which trains on meanwhile or is tried once more."""
    run.stack.compose("restart", "mlflow")
    tries = run.task_ended("grpo")["try_number"]
    assert "resuming from" in run.log("grpo", tries)


def kill_mysql(run: Training) -> None:
    """Between the questions to two models. It comes back when the step has said that it misses it."""
    container = run.stack.running(run.run_id, "evaluate")
    wait_until(lambda: "test questions" in _log_of(container), 900, "evaluate asks no question")
    run.stack.compose("kill", "mysql")
    try:
        wait_until(lambda: run.state("evaluate") in ("up_for_retry", "failed", "success"), 900, "nobody misses MySQL")
        assert run.state("evaluate") == "up_for_retry"
        assert "MySQL" in run.stack.airflow.xcom(DAG, run.run_id, "evaluate", "error")
    finally:
        run.stack.compose("up", "--detach", "--wait", "--no-deps", "mysql")
    run.task_ended("evaluate")


def _has_checkpoint(run: Training, container: str, step: str) -> bool:
    """Of this run, and a whole one: `trainer_state.json` is written last but one."""
    folder = f"/data/work/{run.run_id}-*/{step}-*"
    find = ["find", "/data/work", "-path", folder, "-name", "trainer_state.json"]
    done = subprocess.run(["docker", "exec", container, *find], capture_output=True, text=True)
    return bool(done.stdout)


def _log_of(container: str) -> str:
    """What a step has said so far, "" where its container is gone."""
    done = subprocess.run(["docker", "logs", container], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout if done.returncode == 0 else ""


def _used_kib(stack: RunningStack) -> int:
    return int(stack.on_volume("df", "--output=used", "--block-size=1K", "/data").split()[-1])


def _resize(stack: RunningStack, size: str) -> None:
    """Let the data volume hold so much, and no byte more."""
    mount = ["mount", "-o", f"remount,size={size}", "/data"]
    options = ["--rm", "--privileged", "--user", "0", "--network", "none", "-v", f"{stack.project}_data:/data"]
    docker("run", *options, "--entrypoint", mount[0], stack.services["samples"]["image"], *mount[1:])
