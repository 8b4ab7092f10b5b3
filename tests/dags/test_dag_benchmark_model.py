"""The DAG that measures a model: its shape, its form, what every mapped task is told, and that each stands alone."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).resolve().parents[2] / "dags"
DEFAULTS = {
    "model": "models:/text2sql@champion",
    "profile": "tiny",
    "limit": 0,
    "metric": "own",
    "database_url": None,
    "mode": "both",
    "votes": 1,
    "seed": 42,
    "experiment": "text2sql",
}
TWO = ["spider=/data/spider", "bird=/data/bird"]


@pytest.fixture(scope="module")
def dag(dagbag: Any) -> Any:
    return dagbag.dags["benchmark_model"]


def test_shape(dag: Any) -> None:
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    found = {task.task_id: (task.downstream_task_ids, task.pool, task.retries) for task in dag.tasks}
    assert found == {"list_benchmarks": ({"benchmark"}, "default_pool", 2), "benchmark": (set(), "gpu", 2)}
    assert isinstance(dag.get_task("benchmark"), MappedOperator)
    assert dag.get_task("benchmark").max_active_tis_per_dagrun == 1, "they measure latencies and share a parent run"
    assert dag.schedule is None
    assert not dag.fail_fast


def test_every_mapped_task_has_the_link_to_mlflow(dag: Any) -> None:
    assert [link.name for link in dag.get_task("benchmark").operator_extra_links] == ["MLflow run"]


def test_pools_are_declared(dag: Any) -> None:
    declared = set(json.loads((DAGS / "pools.json").read_text()))
    assert {task.pool for task in dag.tasks} - {"default_pool"} <= declared


def test_form_explains_itself(dag: Any) -> None:
    for name in dag.params:
        schema = dag.params.get_param(name).schema
        assert schema["title"], name
        assert schema["description_md"], name
        assert schema["section"] in {"Model", "Benchmarks", "Asking", "Run"}
        assert set(schema.get("values_display", [])) == set(schema.get("enum", [])) or name == "profile"


def test_form_defaults_are_valid_and_benchmarks_must_be_named(dag: Any) -> None:
    params = {name: dag.params.get_param(name) for name in dag.params}
    assert not params.pop("benchmarks").has_value
    assert {name: param.resolve() for name, param in params.items()} == DEFAULTS


def test_form_offers_what_the_product_knows() -> None:
    import benchmark_model

    from pipeline.data.benchmarks import _ON_SERVERS
    from pipeline.evaluation.external import DEFAULT_METRICS
    from pipeline.evaluation.scoring import RULES

    assert tuple(DEFAULT_METRICS) == benchmark_model.BENCHMARKS
    assert set(RULES) == set(benchmark_model.METRICS)
    assert _ON_SERVERS == benchmark_model.ON_SERVERS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "text2sql"),
        ("model", "models:/text2sql"),
        ("model", "models:/text2sql@"),
        ("benchmarks", []),
        ("benchmarks", None),
        ("benchmarks", ["/data/spider"]),
        ("benchmarks", ["spidr=/data/spider"]),
        ("benchmarks", ["spider="]),
        ("benchmarks", ["spider=/data/spider", "bird"]),
        ("benchmarks", [{"spider": "/data/spider"}]),
        ("mode", "no"),
        ("votes", 0),
        ("limit", -1),
        ("metric", "accuracy"),
        ("seed", -1),
        ("database_url", "mysql://ada:secret@db/bird"),
    ],
)
def test_form_refuses(dag: Any, field: str, value: object) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dag.params.get_param(field).__copy__().resolve(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "models:/text2sql/3"),
        ("model", "models:/my text2sql@champion"),
        ("model", "models:/m-0123456789abcdef"),
        ("benchmarks", TWO),
        ("benchmarks", [" spider = /my data/spider ", ""]),
        ("database_url", "mysql://ada@db:3306/bird"),
    ],
)
def test_form_accepts(dag: Any, field: str, value: object) -> None:
    assert dag.params.get_param(field).__copy__().resolve(value) == value


@pytest.mark.parametrize(
    ("lines", "database_url", "message"),
    [
        (["", " "], "", "Benchmarks: nothing is named; write one in a line, as spider=/data/spider"),
        (["bird=/a", "bird = /b"], "", r"Benchmarks: bird is named twice \(/a, /b\); one run measures it once"),
        (["spider=/a"], "mysql://ada@db/spider", "MySQL: only bird and jsonl can be measured there, not spider"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(lines: list[str], database_url: str, message: str) -> None:
    from airflow.sdk.exceptions import AirflowFailException
    from benchmark_model import read_benchmarks

    with pytest.raises(AirflowFailException, match=message) as caught:
        read_benchmarks(lines, database_url)
    assert "\n" not in str(caught.value)


def test_lines_become_settings() -> None:
    from benchmark_model import read_benchmarks

    found = read_benchmarks([" spider = /my data/a=b ", "", "bird=/data/bird"], "mysql://ada@db/bird")
    assert found == [
        {"benchmark.name": "spider", "data": "/my data/a=b", "benchmark.database_url": ""},
        {"benchmark.name": "bird", "data": "/data/bird", "benchmark.database_url": "mysql://ada@db/bird"},
    ]


class Command:
    """Takes the place of the hook that runs a command."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def run_command(self, command: list[str], env: dict[str, str], cwd: str) -> Any:
        from airflow.providers.standard.hooks.subprocess import SubprocessResult

        self.given = command
        Path(command[-1]).write_text("{}")
        return SubprocessResult(0, "")


def commands(dag: Any, form: dict[str, Any]) -> list[list[str]]:
    """What the mapped tasks of a run with this form run, rendered as Airflow renders it."""
    from benchmark_model import read_benchmarks

    params = {**DEFAULTS, **form}
    found = []
    for settings in read_benchmarks(params["benchmarks"], params["database_url"] or ""):
        task = dag.get_task("benchmark").unmap({"settings": settings})
        context = {"params": params, "run_id": "manual__1", "task": task}
        task.render_template_fields(context, dag.get_template_env())
        task.hook = Command()
        type(task).execute.__wrapped__(task, context)
        found.append(task.hook.given)
    return found


def test_every_mapped_task_is_told_what_it_needs(dag: Any) -> None:
    from pipeline.config_loading import load_config

    form = {
        "benchmarks": TWO,
        "model": "models:/text2sql/3",
        "mode": "think",
        "votes": 8,
        "limit": 5,
        "metric": "strict_ex",
        "database_url": "mysql://ada@db/bird",
        "profile": "smoke",
        "seed": 7,
        "experiment": "figures",
    }
    found = commands(dag, form)
    assert [command[1:6] for command in found] == [["-m", "pipeline", "benchmark", "--dag-run", "manual__1"]] * 2
    assert {command[-2] for command in found} == {"--result"}
    options = [command[6:-2] for command in found]
    assert {option for told in options for option in told[::2]} == {"--set"}
    spider, bird = (load_config(None, told[1::2]) for told in options)
    for config in (spider, bird):
        asked = config.benchmark
        assert (asked.mode, asked.votes, asked.limit, asked.metric) == ("think", 8, 5, "strict_ex")
        assert (config.profile.name, config.seed, config.experiment) == ("smoke", 7, "figures")
        assert config.inputs.model == "models:/text2sql/3"
    assert (spider.benchmark.name, spider.data, spider.benchmark.database_url) == ("spider", "/data/spider", "")
    assert (bird.benchmark.name, bird.data, bird.benchmark.database_url) == ("bird", "/data/bird", form["database_url"])


def test_the_untouched_form_means_the_defaults_of_the_product(dag: Any) -> None:
    from pipeline.config import BenchmarkSettings
    from pipeline.config_loading import load_config

    (command,) = commands(dag, {"benchmarks": ["spider=/data/spider"]})
    config = load_config(None, command[7:-2:2])
    assert config.benchmark == BenchmarkSettings(name="spider")
    assert config.inputs.model == "models:/text2sql@champion"


def test_a_folder_is_no_template(dag: Any) -> None:
    (command,) = commands(dag, {"benchmarks": ["spider=/data/{{ run_id }}"]})
    assert "data=/data/{{ run_id }}" in command


def test_mapped_tasks_are_named_after_their_benchmark(dag: Any) -> None:
    mapped = dag.get_task("benchmark")
    task = mapped.unmap({"settings": {"benchmark.name": "spider"}})
    assert dag.get_template_env().from_string(mapped.map_index_template).render(task=task) == "spider"


# Stands for `python -m pipeline benchmark ...`: wrong input for spider, a result for every other benchmark.
STEP = """#!/bin/sh
for result; do :; done
case "$*" in
  *benchmark.name=spider*) echo '{"run_url": "http://mlflow/#/1", "error": "no folder"}' > $result; exit 2;;
  *) echo '{"run_url": "http://mlflow/#/2", "metrics": {"ex": 0.5}}' > $result;;
esac
"""
RUN = """
from benchmark_model import dag
run = dag.test(run_conf={"benchmarks": ["spider=/data/spider", "bird=/data/bird"]})
print("ENDED", run.state)
"""


@pytest.mark.integration
def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    step = tmp_path / "python"
    step.write_text(STEP)
    step.chmod(0o755)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "PYTHONPATH": str(DAGS),
        "QUERYSMITH_PYTHON": str(step),
        "QUERYSMITH_RETRY_DELAY_S": "0",
    }
    for command in (["-m", "airflow", "db", "migrate"], ["-c", RUN]):
        done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "ENDED failed" in done.stdout

    with closing(sqlite3.connect(tmp_path / "airflow" / "airflow.db")) as database:
        tasks = database.execute(
            "SELECT map_index, rendered_map_index, state, try_number FROM task_instance WHERE task_id = 'benchmark'"
        ).fetchall()
        told = database.execute("SELECT map_index, key, value FROM xcom WHERE task_id = 'benchmark'").fetchall()
    assert sorted(tasks) == [(0, "spider", "failed", 1), (1, "bird", "success", 1)]
    xcoms = {(index, key): json.loads(value) for index, key, value in told}
    assert xcoms[0, "error"] == "no folder"
    assert (0, "return_value") not in xcoms
    assert xcoms[1, "return_value"]["metrics"] == {"ex": 0.5}
    assert [xcoms[index, "mlflow_url"] for index in (0, 1)] == ["http://mlflow/#/1", "http://mlflow/#/2"]
