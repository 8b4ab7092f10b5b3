"""What all runners share of the step contract: what a step is told, and what its end means to Airflow.

A step is a command: `python -m pipeline STEP --dag-run ID --set key=value ... --result RESULT.json`. What it hands on
is the small JSON at `--result` (MLflow URIs and headline numbers), which becomes the task's XCom. Exit codes: 0 done; 1
and death by a signal are tried again; 2 (wrong input) fails at once; 99 is shown as skipped.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk.log import redact

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import TaskInstanceKey

EXIT_INPUT = 2
EXIT_NOTHING_TO_DO = 99
RESULT_LIMIT_BYTES = 64 * 1024
KILL_GRACE_S = 20
ERROR_LIMIT_CHARACTERS = 500


class MlflowRunLink(BaseOperatorLink):
    """The button "MLflow run" on a task: the run that the step's result names, for failed tries too."""

    name = "MLflow run"
    xcom_key = "mlflow_url"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Called by the worker when the try has ended, with the operator that ran."""
        return getattr(operator, "mlflow_url", "")


@dataclass(frozen=True)
class Ending:
    """How a step ended. `exit_code`: negative for a signal. `defect`: what is wrong with the result, "" if nothing.
    `remark`: what the runner knows of a death by a signal."""

    exit_code: int
    result: dict[str, Any] = field(default_factory=dict)
    defect: str = ""
    last_line: str = ""
    remark: str = ""

    def line(self) -> str:
        """One line for the Airflow page: the step's own words where it left some, else how its process ended."""
        if self.exit_code == 0:
            said = self.defect
        elif self.exit_code < 0:
            said = f"the step was killed by signal {-self.exit_code} ({signal.strsignal(-self.exit_code)})"
            if self.exit_code == -signal.SIGKILL:
                said += f"; {self.remark or 'out of memory?'}"
        else:
            own = str(self.result.get("error") or self.last_line)
            said = own or f"the step ended with exit code {self.exit_code} and said nothing"
        return " ".join(said.split())[:ERROR_LIMIT_CHARACTERS]


class Step(BaseOperator):
    """What every step's operator is, whatever runs it.

    Its XCom is the step's result; a failed try leaves its error line in the XCom `error`, for whoever watches by REST.
    `settings` are the `--set` values of one mapped task; they come from a form and are taken literally, never rendered.
    """

    template_fields: Sequence[str] = ("arguments",)
    template_ext: Sequence[str] = ()  # an argument that ends in .sh or .env is no file to be read
    operator_extra_links = (MlflowRunLink(),)
    ui_color = "#e8f0fe"

    arguments: list[str]
    settings: Mapping[str, str]
    mlflow_url: str = ""

    def python_arguments(self, result: str) -> list[str]:
        """What Python is told, with the step's result at the path `result`."""
        return ["-m", "pipeline", *self.arguments, *set_options(self.settings), "--result", result]

    def conclude(self, context: Context, ending: Ending) -> dict[str, Any]:
        """The step's result, or what tells Airflow to retry, to fail or to skip."""
        self.mlflow_url = web_address(ending.result.get("run_url"))
        if ending.exit_code == 0 and not ending.defect:
            return ending.result
        message = str(redact(ending.line()))  # a log masks secrets by itself, an XCom does not
        context["ti"].xcom_push(key="error", value=message)
        if ending.exit_code == EXIT_NOTHING_TO_DO:
            raise AirflowSkipException(message)
        if ending.exit_code in (0, EXIT_INPUT):
            raise AirflowFailException(message)
        raise AirflowException(message)


def set_options(values: Mapping[str, str]) -> list[str]:
    """The values as arguments of a step: --set key=value ..."""
    return [argument for key, value in values.items() for argument in ("--set", f"{key}={value}")]


def parse_result(content: bytes | None) -> tuple[dict[str, Any], str]:
    """The result in a file's content and what is wrong with it ("" if nothing): missing, too big for XCom, or no JSON
    object."""
    if content is None:
        return {}, "the step left no result file"
    if len(content) > RESULT_LIMIT_BYTES:
        return {}, f"the step's result is larger than {RESULT_LIMIT_BYTES} bytes; results carry URIs, not data"
    try:
        result = json.loads(content)
    except ValueError as error:
        return {}, f"the step's result is not JSON: {error}"
    except RecursionError:
        return {}, "the step's result is not JSON: it is nested too deep"
    if not isinstance(result, dict):
        return {}, f"the step's result is a JSON {type(result).__name__}, not an object"
    return result, ""


def web_address(value: object) -> str:
    """`value` if it is a web address, else "": the link must not carry anything that a browser would execute."""
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else ""
