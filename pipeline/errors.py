"""The failures a step can end with, each tied to the exit code of the step contract.

Exit codes: 0 done; 1 failed, may be retried; 2 wrong input or configuration, never retried; 99 nothing to do.
Anything that is not one of these classes is a defect: it is shown with its traceback and exits 1.
"""

from __future__ import annotations


class QuerysmithError(Exception):
    """Base of all expected failures. Its message is one line: what, where, remedy."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))  # other libraries' words, quoted in it, may hold line breaks


class InputError(QuerysmithError):
    """Wrong input or configuration: running again changes nothing until the user mends it."""

    exit_code = 2


class InfrastructureError(QuerysmithError):
    """Something the step needs is gone (MLflow, a database server, the disk): a retry may succeed.

    Never scored as a property of a query or a model.
    """

    exit_code = 1


class NothingToDo(QuerysmithError):
    """The step has no work; Airflow shows it as skipped."""

    exit_code = 99


class Terminated(BaseException):
    """SIGTERM arrived. A BaseException, so that no step's error handling mistakes it for its own."""

    exit_code = 128 + 15
