"""Measures a registered model on benchmarks, one mapped task each. It only wires; the work is in `pipeline/steps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import DAG, Param, task
from airflow.sdk.exceptions import AirflowFailException
from settings import PROFILES, SETTINGS
from steps import step

# Written out, because a DAG file does not import the product; a test compares them with it.
BENCHMARKS = ("spider", "bird", "kaggledbqa", "jsonl")
ON_SERVERS = ("bird", "jsonl")
METRICS = {
    "spider_execution": "Spider's execution match, one database",
    "spider_test_suite": "Spider's execution match, test suite (needs the databases' variants)",
    "bird_ex": "BIRD's execution accuracy",
    "strict_ex": "strict comparison of the results",
}

DOC = """
### Measure a registered model on benchmarks

```text
                          ┌─▶ benchmark [spider] ─┐
form ─▶ list_benchmarks ──┼─▶ benchmark [bird]   ─┼─▶ MLflow: figures on the model version and the data set
                          └─▶ benchmark [jsonl]  ─┘
```

| Task | What it does |
| :-- | :-- |
| `list_benchmarks` | reads the field *Benchmarks*; refuses what cannot be measured before anything runs |
| `benchmark` | one mapped task for each benchmark: asks all questions, executes the answers, scores them |

**To start:** press *Trigger*, name the model and, one in a line, the benchmarks with their folders.

**To follow:** *benchmark [ ]* in the grid lists its tasks by the benchmark's name. Each has, under *Details*, a button
*MLflow run*: the figures with their intervals, every question with its answer, and a report. They take turns, so that
they do not disturb each other's latencies.

**If one fails:** the others go on. Its log ends with one line that says what to mend; *Clear* that one task to measure
it again, in the same MLflow run.

**To compare two models,** start this twice. Figures are comparable where evaluator and data digest are the same: both
are tags of the MLflow run.
"""

# Airflow draws inline code over the line above it, so the help texts mark literal values in bold.
PARAMS = {
    "model": Param(
        "models:/text2sql@champion",
        type="string",
        # A version, an alias, or a logged model.
        pattern="^models:/(m-[0-9a-f]+|[^/@]+(/[0-9]+|@[^/@]+))$",
        examples=["models:/text2sql@champion", "models:/text2sql@previous_champion", "models:/text2sql/1"],
        title="Model",
        description_md="A model of MLflow's registry by its alias, **models:/text2sql@champion**, or its version, "
        "**models:/text2sql/3**.",
        section="Model",
    ),
    "profile": Param(
        "tiny",
        type="string",
        enum=list(PROFILES),
        values_display=PROFILES,
        title="Profile",
        description_md="How long an answer may be and how many queries run side by side: choose the one that the model "
        "was trained with.",
        section="Model",
    ),
    # The form gives an array of texts a box with one line for each. A last line that is empty arrives too.
    "benchmarks": Param(
        type="array",
        minItems=1,
        items={"type": "string", "pattern": rf"^\s*(({'|'.join(BENCHMARKS)})\s*=\s*\S.*)?$"},
        title="Benchmarks",
        description_md="One in a line, as **name=folder**, for example **spider=/data/spider**. Names: **spider**, "
        "**bird**, **kaggledbqa** in the layout in which they are distributed; **jsonl** for your own questions. The "
        "folder is a path as the machine of the steps sees it.",
        section="Benchmarks",
    ),
    "limit": Param(
        0,
        type="integer",
        minimum=0,
        title="Questions",
        description_md="Only so many questions of each benchmark, the first ones. 0: all.",
        section="Benchmarks",
    ),
    "metric": Param(
        "own",
        type="string",
        enum=["own", *METRICS],
        values_display={"own": "the benchmark's own", **METRICS},
        title="Metric",
        description_md="The rule that says which answers are right.",
        section="Benchmarks",
    ),
    "database_url": Param(
        None,
        type=["null", "string"],
        pattern="^mysql://[^:@/]+@[^@/]+/[^/]+$",
        title="MySQL",
        description_md="Empty: the SQLite files of the benchmarks. Or **mysql://user@host:3306/database**, for bird "
        "and jsonl. The password never stands here: the steps read it from QUERYSMITH_MYSQL_PASSWORD.",
        section="Benchmarks",
    ),
    "mode": Param(
        "both",
        type="string",
        enum=["both", "think", "no_think"],
        values_display={"both": "both, one after the other", "think": "thinking", "no_think": "non-thinking"},
        title="Mode",
        description_md="Whether the model thinks before it writes the SQL.",
        section="Asking",
    ),
    "votes": Param(
        1,
        type="integer",
        minimum=1,
        maximum=100,
        title="Votes",
        description_md="1: one greedy answer. More, usually 8 or 30: so many sampled answers vote with their results, "
        "which takes so many times as long.",
        section="Asking",
    ),
    "seed": Param(
        42,
        type="integer",
        minimum=0,
        maximum=2**31 - 1,
        title="Seed",
        description_md="Of the answers that vote.",
        section="Asking",
    ),
    "experiment": Param(
        "text2sql",
        type="string",
        minLength=1,
        title="MLflow experiment",
        description_md="The MLflow experiment that collects the runs.",
        section="Run",
    ),
}

# What all benchmarks of a run share; name, data and database are those of the mapped task.
FORM = {
    "profile": "{{ params.profile }}",
    "seed": "{{ params.seed }}",
    "experiment": "{{ params.experiment }}",
    "inputs.model": "{{ params.model }}",
    "benchmark.mode": "{{ '' if params.mode == 'both' else params.mode }}",
    "benchmark.votes": "{{ params.votes }}",
    "benchmark.limit": "{{ params.limit }}",
    "benchmark.metric": "{{ '' if params.metric == 'own' else params.metric }}",
}


def read_benchmarks(lines: Sequence[str], database_url: str) -> list[dict[str, str]]:
    """The settings of every mapped task, from "name=folder" texts that fit the form; empty ones are left out.

    Raises:
        AirflowFailException: no benchmark, one that is named twice, or a MySQL database that none can use.
    """
    named: dict[str, str] = {}
    for line in filter(str.strip, lines):
        name, data = (part.strip() for part in line.split("=", 1))
        if name in named:
            raise AirflowFailException(
                f"Benchmarks: {name} is named twice ({named[name]}, {data}); one run measures it once, start a second"
            )
        named[name] = data
    if not named:
        raise AirflowFailException("Benchmarks: nothing is named; write one in a line, as spider=/data/spider")
    if database_url and not set(named) & set(ON_SERVERS):
        raise AirflowFailException(
            f"MySQL: only {' and '.join(ON_SERVERS)} can be measured there, not {', '.join(named)}; leave it empty"
        )
    return [
        {
            "benchmark.name": name,
            "data": data,
            "benchmark.database_url": database_url if name in ON_SERVERS else "",
        }
        for name, data in named.items()
    ]


with DAG(
    "benchmark_model",
    description="Measure a registered model on benchmarks.",
    schedule=None,
    params=PARAMS,
    default_args={"owner": "querysmith", "retries": 2, "retry_delay": SETTINGS.retry_delay},
    doc_md=DOC,
    tags=["querysmith", "evaluation"],
) as dag:

    @task
    def list_benchmarks(**context: Any) -> list[dict[str, str]]:
        """Read the form."""
        params = context["params"]
        return read_benchmarks(params["benchmarks"], params["database_url"] or "")

    step(
        "benchmark",
        inputs={},
        form=FORM,
        for_each=list_benchmarks(),
        map_index_template="{{ task.settings['benchmark.name'] }}",
        pool=SETTINGS.gpu_pool,
        # One after the other even where the pool has room: each measures latencies, and they share a parent run.
        max_active_tis_per_dagrun=1,
    )
