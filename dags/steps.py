"""`step()`: the one way a DAG runs a step of the pipeline, as a process, a container or a pod (QUERYSMITH_RUNNER).

The DAG files say what runs after what; which operator that takes is chosen here, and only that one is imported.

Left out: what the steps do (`pipeline/steps`), and secrets: they reach a step by its environment, never by its
arguments or by XCom, because Airflow shows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from resources import TRAINING_STEPS
from settings import SETTINGS
from step_contract import set_options

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, XComArg
    from airflow.sdk.definitions.mappedoperator import MappedOperator

# The form of training. Every step gets all of it: one digest of the configuration then describes the run, whichever
# step is asked.
FORM = {
    "profile": "{{ params.profile }}",
    "recipe": "{{ params.recipe }}",
    "data": "{{ params.data }}",
    "base_model": "{{ params.base_model or '' }}",
    "seed": "{{ params.seed }}",
    "experiment": "{{ params.experiment }}",
}


def step(
    name: str,
    *,
    inputs: Mapping[str, str],
    settings: Mapping[str, str] | None = None,
    form: Mapping[str, str] = FORM,
    for_each: XComArg | None = None,
    **task: Any,
) -> BaseOperator | MappedOperator:
    """The task that runs the step `name`; with `for_each`, one mapped task for every item of an earlier task's list.

    `inputs` maps an input of the step to "TASK.URI", a URI in the result of an earlier task; `settings` are further
    `--set` values (templates); `form` is the DAG's trigger form, as such values. An item of `for_each` is a mapping of
    `--set` values, its task's own. What remains goes to the operator: pool, retries, trigger_rule, doc_md, ...
    """
    values = dict(form) | dict(settings or {})
    for key, source in inputs.items():
        task_id, _, uri = source.partition(".")
        values[f"inputs.{key}"] = f"{{{{ ti.xcom_pull(task_ids='{task_id}')['uris']['{uri}'] }}}}"
    arguments = [name, "--dag-run", "{{ run_id }}", *set_options(values)]
    operator = operator_for(name)
    if for_each is None:
        return operator(task_id=name, arguments=arguments, **task)
    return operator.partial(task_id=name, arguments=arguments, **task).expand(settings=for_each)


def operator_for(step: str) -> type[Any]:
    """The operator that runs this step where the settings say; all take the same arguments."""
    if SETTINGS.runner == "docker":
        from docker_step import DockerStep

        return DockerStep
    if SETTINGS.runner == "kubernetes":
        if SETTINGS.nodes > 1 and step in TRAINING_STEPS:
            from kubernetes_training import KubernetesTraining

            return KubernetesTraining
        from kubernetes_step import KubernetesStep

        return KubernetesStep
    from process_step import ProcessStep

    return ProcessStep
