"""The main DAG's shape and its trigger form. The shape is written out here: a change must be meant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).resolve().parents[2] / "dags"

# task: (downstream, pool, retries, trigger rule)
SHAPE = {
    "validate": ({"sft"}, "default_pool", 2, "all_success"),
    "sft": ({"self_distill"}, "gpu", 2, "all_success"),
    "self_distill": ({"grpo"}, "gpu", 2, "all_success"),
    "grpo": ({"evaluate"}, "gpu", 2, "all_success"),
    "evaluate": ({"approve", "promote"}, "gpu", 2, "all_success"),
    "approve": ({"promote"}, "default_pool", 2, "all_success"),
    "promote": (set(), "default_pool", 2, "none_failed_min_one_success"),
}
INPUTS = {
    "validate": {},
    "sft": {"dataset": "validate"},
    "self_distill": {"dataset": "validate", "model": "sft"},
    "grpo": {"dataset": "validate", "model": "self_distill"},
    "evaluate": {"dataset": "validate", "sft": "sft", "self_distill": "self_distill", "grpo": "grpo"},
    "promote": {"dataset": "validate", "model": "grpo", "evaluation": "evaluate"},
}


def test_shape(dag: Any) -> None:
    found = {
        task.task_id: (task.downstream_task_ids, task.pool, task.retries, task.trigger_rule.value) for task in dag.tasks
    }
    assert found == SHAPE
    assert dag.max_active_runs == 1
    assert dag.schedule is None


def test_pools_are_declared(dag: Any) -> None:
    declared = set(json.loads((DAGS / "pools.json").read_text()))
    assert {task.pool for task in dag.tasks} - {"default_pool"} <= declared


@pytest.mark.parametrize("task_id", list(INPUTS))
def test_inputs_come_from_earlier_tasks(dag: Any, task_id: str) -> None:
    task = dag.get_task(task_id)
    assert task.arguments[:3] == [task_id, "--dag-run", "{{ run_id }}"]
    given = dict(argument.split("=", 1) for argument in task.arguments if argument.startswith("inputs."))
    sources = {key.removeprefix("inputs."): re.findall(r"task_ids='(\w+)'", value) for key, value in given.items()}
    assert sources == {key: [source] for key, source in INPUTS[task_id].items()}
    assert set(INPUTS[task_id].values()) <= task.get_flat_relative_ids(upstream=True)


def test_form_explains_itself(dag: Any) -> None:
    sections = set()
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.schema.get("title"), name
        assert param.schema.get("description_md") or param.description, name
        sections.add(param.schema["section"])
        if "enum" in param.schema:
            assert set(param.schema["values_display"]) == set(param.schema["enum"])
    assert sections == {"Model", "Method", "Data", "Run"}


def test_form_defaults_are_valid(dag: Any) -> None:
    assert dag.params.validate() == {
        "profile": "tiny",
        "base_model": None,
        "recipe": "querysmith",
        "data": "bundled",
        "seed": 42,
        "approval": False,
        "experiment": "text2sql",
    }


@pytest.mark.parametrize(("field", "value"), [("profile", "huge"), ("recipe", "magic"), ("data", ""), ("seed", -1)])
def test_form_refuses(dag: Any, field: str, value: object) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    param = dag.params.get_param(field)
    with pytest.raises(ParamValidationError):
        param.resolve(value)


def render(template: str, results: dict[str, Any]) -> str:
    """A template of the DAG, with the XComs of earlier tasks."""
    from airflow.sdk.definitions._internal.templater import SandboxedEnvironment

    class TaskInstance:
        def xcom_pull(self, task_ids: str) -> Any:
            return results.get(task_ids)

    return SandboxedEnvironment().from_string(template).render(ti=TaskInstance())


def test_approval_compares_with_the_champion() -> None:
    from approval import COMPARISON

    metrics = {"questions": 24, "grpo.ex_think": 0.5, "grpo.ex": 0.25, "champion.ex_think": 0.125}
    lines = render(COMPARISON, {"evaluate": {"metrics": metrics, "run_url": "http://mlflow/#/1"}}).strip().splitlines()
    assert lines[0] == "| On 24 questions | New model | Champion |"
    assert lines[2] == "| Execution accuracy, thinking | 0.500 | 0.125 |"
    assert lines[4] == "| Execution accuracy, both | 0.250 | – |"
    assert lines[-1].endswith("(http://mlflow/#/1)")


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (None, ""),
        ({"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "ada"}}, "ada"),
        ({"chosen_options": ["Reject"], "responded_by_user": None}, ""),
    ],
)
def test_promoter_is_who_approved(answer: Any, name: str) -> None:
    from approval import APPROVED_BY

    assert render(APPROVED_BY, {"approve": answer}) == name


def test_approval_skips_itself_when_not_asked_for(dag: Any) -> None:
    from airflow.sdk.exceptions import AirflowSkipException
    from approval import OptionalApproval

    task = dag.get_task("approve")
    with pytest.raises(AirflowSkipException, match="no approval"):
        OptionalApproval.execute.__wrapped__(task, {"params": {"approval": False}})
    assert task.defaults == ["Reject"]
