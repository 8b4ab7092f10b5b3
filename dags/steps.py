"""`step()`: the one way a DAG runs a step of the pipeline, and the operators behind it.

A step is a command: `python -m pipeline STEP --dag-run ID --set key=value ... --result RESULT.json`. What it hands on
is the small JSON at `--result` (MLflow URIs and headline numbers), which becomes the task's XCom. Exit codes: 0 done; 1
and death by a signal are tried again; 2 (wrong input) fails at once; 99 is shown as skipped.

Left out: what the steps do (`pipeline/steps`), and secrets: they reach a step by its environment, never by its
arguments or by XCom, because Airflow shows both.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from settings import SETTINGS

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.types import TaskInstanceKey

EXIT_INPUT = 2
EXIT_NOTHING_TO_DO = 99
RESULT_LIMIT_BYTES = 64 * 1024
KILL_GRACE_S = 20.0
ERROR_LIMIT_CHARACTERS = 500

# Airflow's own settings (database, signing keys, connections) are no business of a step.
PRIVATE_PREFIXES = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_")

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


class MlflowRunLink(BaseOperatorLink):
    """The button "MLflow run" on a task: the run that the step's result names, for failed tries too."""

    name = "MLflow run"
    xcom_key = "mlflow_url"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Called by the worker when the try has ended, with the operator that ran."""
        return getattr(operator, "mlflow_url", "")


class ProcessStep(BaseOperator):
    """Runs a step as a child process, in a session of its own so that the whole of it can be stopped.

    Its XCom is the step's result; a failed try leaves its error line in the XCom `error`, for whoever watches by REST.
    `settings` are the `--set` values of one mapped task; they come from a form and are taken literally, never rendered.
    """

    template_fields: Sequence[str] = ("arguments",)
    operator_extra_links = (MlflowRunLink(),)
    ui_color = "#e8f0fe"

    def __init__(self, *, arguments: list[str], settings: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arguments = arguments
        self.settings = settings or {}
        self.mlflow_url = ""
        self.hook = SubprocessHook()

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the step and return its result; raises what tells Airflow to retry, to fail or to skip."""
        with TemporaryDirectory(prefix="querysmith-") as folder:
            path = Path(folder) / "result.json"
            arguments = [*self.arguments, *set_options(self.settings), "--result", str(path)]
            command = [SETTINGS.python, "-m", "pipeline", *arguments]
            ended = self.hook.run_command(command, env=step_environment(os.environ), cwd=SETTINGS.project_root)
            result, defect = read_result(path)
        self.mlflow_url = web_address(result.get("run_url"))
        if ended.exit_code == 0 and not defect:
            return result
        message = failure_line(ended.exit_code, result, defect, ended.output)
        context["ti"].xcom_push(key="error", value=message)
        if ended.exit_code == EXIT_NOTHING_TO_DO:
            raise AirflowSkipException(message)
        if ended.exit_code in (0, EXIT_INPUT):
            raise AirflowFailException(message)
        raise AirflowException(message)

    def on_kill(self) -> None:
        """Stop the step's process group: first politely, so that it can close its MLflow run, then for good."""
        process = self.hook.sub_process
        if process is None or process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            self.hook.send_sigterm()
            try:
                process.wait(timeout=KILL_GRACE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def step(
    name: str,
    *,
    inputs: Mapping[str, str],
    settings: Mapping[str, str] | None = None,
    form: Mapping[str, str] = FORM,
    for_each: XComArg | None = None,
    **task: Any,
) -> ProcessStep | MappedOperator:
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
    if for_each is None:
        return ProcessStep(task_id=name, arguments=arguments, **task)
    return ProcessStep.partial(task_id=name, arguments=arguments, **task).expand(settings=for_each)


def set_options(values: Mapping[str, str]) -> list[str]:
    """The values as arguments of a step: --set key=value ..."""
    return [argument for key, value in values.items() for argument in ("--set", f"{key}={value}")]


def step_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment without Airflow's secrets, with the address of MLflow."""
    public = {key: value for key, value in environment.items() if not key.startswith(PRIVATE_PREFIXES)}
    return public | {"MLFLOW_TRACKING_URI": SETTINGS.tracking_uri, "PYTHONUNBUFFERED": "1"}


def read_result(path: Path) -> tuple[dict[str, Any], str]:
    """The result at `path` and what is wrong with it ("" if nothing): missing, too big for XCom, or no JSON object."""
    try:
        with path.open("rb") as file:
            content = file.read(RESULT_LIMIT_BYTES + 1)
    except OSError:
        return {}, "the step left no result file"
    if len(content) > RESULT_LIMIT_BYTES:
        return {}, f"the step's result is larger than {RESULT_LIMIT_BYTES} bytes; results carry URIs, not data"
    try:
        result = json.loads(content)
    except ValueError as error:
        return {}, f"the step's result is not JSON: {error}"
    if not isinstance(result, dict):
        return {}, f"the step's result is a JSON {type(result).__name__}, not an object"
    return result, ""


def failure_line(exit_code: int, result: Mapping[str, Any], defect: str, last_line: str) -> str:
    """One line for the Airflow page: the step's own words where it left some, else how its process ended."""
    if exit_code == 0:
        said = defect
    elif exit_code < 0:
        said = f"the step was killed by signal {-exit_code} ({signal.strsignal(-exit_code)})"
        said += "; out of memory?" if exit_code == -signal.SIGKILL else ""
    else:
        said = str(result.get("error") or last_line) or f"the step ended with exit code {exit_code} and said nothing"
    return " ".join(said.split())[:ERROR_LIMIT_CHARACTERS]


def web_address(value: object) -> str:
    """`value` if it is a web address, else "": the link must not carry anything that a browser would execute."""
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else ""
