"""The messages between the pool and its workers: JSON behind its length, never pickle.

A worker that a query managed to corrupt can then lie about that query's rows, and no more. Blobs travel as
{"b64": ...}; infinities as Python's JSON writes them (both ends are Python); SQLite has no NaN.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from pipeline.engine.result import ErrorKind, ExecutionError, ExecutionResult

_HEADER = struct.Struct(">I")


def pack(message: dict[str, Any]) -> bytes:
    body = json.dumps(message, default=_encode_blob, separators=(",", ":")).encode("ascii")
    return _HEADER.pack(len(body)) + body


def unpack(buffer: bytearray) -> dict[str, Any] | None:
    """Take one whole message off the front of `buffer`, or None while it is incomplete."""
    if len(buffer) < _HEADER.size:
        return None
    end = _HEADER.size + _HEADER.unpack_from(buffer)[0]
    if len(buffer) < end:
        return None
    message: dict[str, Any] = json.loads(buffer[_HEADER.size : end], object_hook=_decode_blob)
    del buffer[:end]
    return message


def result_to_message(result: ExecutionResult) -> dict[str, Any]:
    return {
        "columns": result.columns,
        "rows": result.rows,
        "error": result.error and [result.error.kind, result.error.message],
        "elapsed_s": result.elapsed_s,
        "cost": result.cost,
        "truncated": result.truncated,
    }


def result_from_message(message: dict[str, Any]) -> ExecutionResult:
    error = message["error"]
    return ExecutionResult(
        columns=tuple(message["columns"]),
        rows=tuple(map(tuple, message["rows"])),
        error=error and ExecutionError(ErrorKind(error[0]), error[1]),
        elapsed_s=message["elapsed_s"],
        cost=message["cost"],
        truncated=message["truncated"],
    )


def _encode_blob(value: Any) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode("ascii")}


def _decode_blob(value: dict[str, Any]) -> Any:
    # No other object of the protocol has this one key.
    return base64.b64decode(value["b64"]) if value.keys() == {"b64"} else value
