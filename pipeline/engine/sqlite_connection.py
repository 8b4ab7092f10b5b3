"""Opens SQLite files so that nothing but reading is possible.

Three layers, each enough by itself against a write: the file is opened read-only, an authorizer denies everything but
reading while a statement is compiled, and SQLite's own limits bound what a statement may be.
"""

from __future__ import annotations

import os
from urllib.parse import quote

import apsw

_FORBIDDEN_FUNCTIONS = frozenset(
    {"load_extension", "fts3_tokenizer", "sqlite_log", "optimize", "rtreecheck", "edit", "readfile", "writefile"}
)
_LIMITS = {
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 500,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
    apsw.SQLITE_LIMIT_VDBE_OP: 1_000_000,
}


def open_read_only(path: str, max_value_bytes: int) -> apsw.Connection:
    """A connection on which no statement can write; raises apsw.Error for a file that is missing or no database."""
    # A log beside the file holds changes that an immutable connection would miss.
    live = any(os.path.exists(path + suffix) for suffix in ("-wal", "-journal"))
    uri = f"file://{quote(path)}?mode=ro" + ("" if live else "&immutable=1")
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, statementcachesize=0)
    connection.pragma("temp_store", "memory")  # large sorts count against the memory limit, not the disk
    connection.pragma("schema_version")  # reads the header: a file that is no database is found here
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 1)  # Spider's gold queries write strings in double quotes
    for limit, value in _LIMITS.items():
        connection.limit(limit, value)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, max_value_bytes)
    connection.authorizer = _authorize
    return connection


def _authorize(operation: int, first: str | None, second: str | None, *_: str | None) -> int:
    if operation in (apsw.SQLITE_READ, apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE):
        return apsw.SQLITE_OK
    if operation == apsw.SQLITE_FUNCTION:
        return apsw.SQLITE_DENY if (second or "").lower() in _FORBIDDEN_FUNCTIONS else apsw.SQLITE_OK
    if operation == apsw.SQLITE_PRAGMA and first == "data_version" and second is None:
        return apsw.SQLITE_OK  # full-text tables ask for it when they are read
    return apsw.SQLITE_DENY
