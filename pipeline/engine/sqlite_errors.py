"""Which of SQLite's errors a query is to blame for, and which are faults of the machine.

The list of the first is explicit: what is not on it raises InfrastructureError, so that a broken disk or a corrupt file
never becomes the score of a query.
"""

from __future__ import annotations

import apsw

from pipeline.engine.result import ErrorKind, ExecutionError
from pipeline.errors import InfrastructureError

# SQLite reports all errors of compilation with one code, so the text has to tell them apart.
_MESSAGES = (
    ("no such table:", ErrorKind.UNKNOWN_NAME),
    ("no such column:", ErrorKind.UNKNOWN_NAME),
    ("not authorized", ErrorKind.REFUSED),
    ("unrecognized token:", ErrorKind.SYNTAX),
    ("incomplete input", ErrorKind.SYNTAX),
)

_KINDS: tuple[tuple[tuple[type[BaseException], ...], ErrorKind], ...] = (
    ((apsw.InterruptError,), ErrorKind.TIMEOUT),  # only the deadline's progress handler interrupts
    ((apsw.NoMemError, apsw.TooBigError, MemoryError), ErrorKind.TOO_LARGE),
    ((apsw.AuthError, apsw.ReadOnlyError), ErrorKind.REFUSED),
    (
        (apsw.SQLError, apsw.MismatchError, apsw.ConstraintError, apsw.RangeError, apsw.BindingsError),
        ErrorKind.RUNTIME,
    ),
)


def query_error(error: BaseException, path: str) -> ExecutionError:
    """The error that the query caused, or raise InfrastructureError if it is not the query's doing.

    Unknown functions count as RUNTIME: only unknown tables and columns are UNKNOWN_NAME.
    """
    message = str(error) or type(error).__name__
    if isinstance(error, apsw.SQLError):
        if message.endswith("syntax error"):
            return ExecutionError(ErrorKind.SYNTAX, message)
        for start, kind in _MESSAGES:
            if message.startswith(start):
                return ExecutionError(kind, message)
    for classes, kind in _KINDS:
        if isinstance(error, classes):
            return ExecutionError(kind, message)
    raise file_fault(error, path) from error


def file_fault(error: BaseException, path: str) -> InfrastructureError:
    """What to raise for a file that is missing, unreadable, or no sound database."""
    return InfrastructureError(
        f"{path}: {type(error).__name__}: {error}: check that the file is a sound SQLite database, readable, and not "
        "being written; then run again"
    )
