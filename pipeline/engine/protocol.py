"""The messages between the pool and its workers: MessagePack behind a length, never pickle.

The parent sends one Hello, then Chunks; the worker answers with Answers, in the order of the queries. A worker that a
query managed to corrupt can then lie about results, and no more. Where a worker is in its chunk stands in a small piece
of shared memory (Progress): that costs no system call, and tells the parent whom to blame when it has to kill.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder, Ext

from pipeline.engine.result import ExecutionResult, Limits

_HEADER = struct.Struct(">I")
_PROGRESS_BYTES = 16  # a number and a time
T = TypeVar("T")
_DECIMAL = 1  # MessagePack has no decimal numbers of its own


class Hello(Struct, frozen=True, array_like=True):
    """The first message to a worker. The password travels here: arguments and environments can be read by others."""

    limits: Limits
    mysql_password: str | None


class Chunk(Struct, frozen=True, array_like=True):
    """Queries of one database, to be executed in this order; the `doubtful` ones (by place) only if their text, read
    closely, is one reading statement."""

    url: str
    sql: list[str]
    doubtful: list[int] = []


class Fault(Struct, frozen=True, array_like=True):
    """What kept a query from having an outcome; `retry` is False where only the user can mend it."""

    message: str
    retry: bool


class Answers(Struct, frozen=True, array_like=True):
    """Outcomes of the next queries of the chunk. After a `fault` the rest of the chunk is not executed."""

    results: list[ExecutionResult] = []
    fault: Fault | None = None


def _decode_extension(code: int, data: memoryview) -> Decimal:
    if code != _DECIMAL:
        raise msgspec.ValidationError(f"unknown extension {code}")
    return Decimal(str(data, "ascii"))


HELLO: Decoder[Hello] = Decoder(Hello)
CHUNK: Decoder[Chunk] = Decoder(Chunk)
ANSWERS: Decoder[Answers] = Decoder(Answers, ext_hook=_decode_extension)

_encoder = Encoder()


def portable(result: ExecutionResult) -> ExecutionResult:
    """The same result, its decimal numbers as they travel."""
    if not any(type(value) is Decimal for row in result.rows for value in row):
        return result
    rows = tuple(
        tuple(Ext(_DECIMAL, str(value).encode("ascii")) if type(value) is Decimal else value for value in row)
        for row in result.rows
    )
    return msgspec.structs.replace(result, rows=rows)


def encode_result(result: ExecutionResult) -> bytes:
    """A portable result by itself, for storing; the inverse is `decode_result`."""
    return _encoder.encode(result)


decode_result = Decoder(ExecutionResult, ext_hook=_decode_extension).decode


def pack(message: Struct) -> bytearray:
    """A message behind its length."""
    buffer = bytearray(_HEADER.size)
    _encoder.encode_into(message, buffer, _HEADER.size)
    _HEADER.pack_into(buffer, 0, len(buffer) - _HEADER.size)
    return buffer


def unpack(buffer: bytearray, decoder: Decoder[T]) -> T | None:
    """Take one whole message off the front of `buffer`, or None while it is incomplete."""
    if len(buffer) < _HEADER.size:
        return None
    end = _HEADER.size + _HEADER.unpack_from(buffer)[0]
    if len(buffer) < end:
        return None
    with memoryview(buffer) as view, view[_HEADER.size : end] as body:
        message = decoder.decode(body)
    del buffer[:end]
    return message


class Progress:
    """Which query of its chunk a worker executes, and since when: written by the worker, read by the parent."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _PROGRESS_BYTES)
        # Each store is one instruction: a worker that is interrupted in mid-write leaves no half number behind.
        self._numbers = memoryview(self._memory).cast("Q")
        self._times = memoryview(self._memory).cast("d")

    @staticmethod
    def create() -> int:
        """A file descriptor for both sides; the file has no name and goes with its last user."""
        with tempfile.TemporaryFile() as file:
            file.truncate(_PROGRESS_BYTES)
            return os.dup(file.fileno())

    def begin(self, number: int, now: float) -> None:
        """The worker starts its `number`th query (counted from 1, over all chunks) at `now` (time.monotonic)."""
        self._times[1] = now  # before the number: a new number with an old time would look like a late query
        self._numbers[0] = number

    def read(self) -> tuple[int, float]:
        """The number of the query that runs now or ran last, and its start; (0, 0.0) before the first."""
        number = self._numbers[0]
        return number, self._times[1]

    def close(self) -> None:
        self._numbers.release()
        self._times.release()
        self._memory.close()
