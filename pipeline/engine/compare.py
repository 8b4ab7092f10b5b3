"""When two results are the same, for rewards, filters, voting and benchmarks alike.

Rows are compared as a bag, or as a list where order was asked for. Columns are compared by position and never permuted;
their names do not count. NULL is not the empty string, and text is never a number.

Numbers: 1 equals 1.0. Two whole numbers must be equal (identifiers and counts have no rounding errors), any other two
numbers may differ by 1e-6 relative to the larger. There is no absolute tolerance: 1e-17 is not 0.
Not covered: benchmarks whose own evaluators are laxer (sets of rows, permuted columns); see pipeline.evaluation.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pipeline.engine.result import ExecutionResult

_RELATIVE_TOLERANCE = 1e-6
# Buckets of 7 significant digits are never wider than the tolerance. Values as people write them (12.345675) would lie
# right on the border of two buckets, where the noise of a sum decides: the factor moves the borders elsewhere.
_BUCKET_DIGITS = 7
_BUCKET_SHIFT = 1.0000000123456789
# Noise around a whole number: 3.0000000000000004 belongs to 3.
_WHOLE_TOLERANCE = 1e-9

_Row = tuple[Any, ...]


def same_result(gold: ExecutionResult, pred: ExecutionResult, ordered: bool) -> bool:
    """True if both queries ran and gave the same rows, in the same order where `ordered`.

    A failed or truncated result equals nothing, not even itself: what was cut off is unknown.
    Bags with rounding errors are sorted and compared row by row: rows are called the same only if that pairs each with
    one within the tolerance, and results with equal keys (see result_key) always are. A pairing can be missed where a
    difference near the tolerance, not mere noise, changes the order of the rows.
    """
    if not (gold.ok and pred.ok) or gold.truncated or pred.truncated:
        return False
    if len(gold.columns) != len(pred.columns) or len(gold.rows) != len(pred.rows):
        return False
    if ordered:
        return _all_close(gold.rows, pred.rows)
    if Counter(gold.rows) == Counter(pred.rows):
        return True
    return _all_close(sorted(gold.rows, key=_sort_key), sorted(pred.rows, key=_sort_key))


def result_key(result: ExecutionResult) -> str:
    """SHA-256 (hexadecimal) of all rows as a bag, numbers normalised: equal for results that should vote together.

    Equal keys imply `same_result` of the two as bags. The reverse holds but for numbers that differ by more than
    floating-point noise and less than the tolerance, which may fall into neighbouring buckets.
    Raises ValueError for a failed or truncated result, which has no key.
    """
    if not result.ok or result.truncated:
        raise ValueError("a failed or truncated result has no key")
    digest = hashlib.sha256(f"{len(result.columns)} {len(result.rows)}".encode())
    for row in sorted(map(_row_digest, result.rows)):
        digest.update(row)
    return digest.hexdigest()


def _all_close(gold: Iterable[_Row], pred: Iterable[_Row]) -> bool:
    return all(all(map(_close, a, b)) for a, b in zip(gold, pred, strict=True))


def _close(a: Any, b: Any) -> bool:
    if a == b:
        return True
    if not (_is_number(a) and _is_number(b)) or (_is_whole(a) and _is_whole(b)):
        return False
    return math.isclose(a, b, rel_tol=_RELATIVE_TOLERANCE)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_whole(value: int | float) -> bool:
    return isinstance(value, int) or value.is_integer()


def _bucket(value: int | float) -> int | float:
    """One number for all that count as equal in a key: a whole number for the noise around it, else 7 digits."""
    if isinstance(value, int) or not math.isfinite(value):
        return value
    whole = round(value)
    if abs(value - whole) <= _WHOLE_TOLERANCE * abs(whole):
        return whole
    return float(f"{value * _BUCKET_SHIFT:.{_BUCKET_DIGITS - 1}e}")


def _row_digest(row: _Row) -> bytes:
    digest = hashlib.sha256()
    for value in row:
        kind, content = _encoded(value)
        # The length keeps neighbours apart: ("ab", "c") is not ("a", "bc").
        digest.update(f"{kind}{len(content)}:".encode())
        digest.update(content)
    return digest.digest()


def _encoded(value: Any) -> tuple[str, bytes]:
    if value is None:
        return "0", b""
    if isinstance(value, str):
        return "t", value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return "b", value
    bucket = _bucket(value)
    return ("i", str(bucket).encode()) if isinstance(bucket, int) else ("f", repr(bucket).encode())


def _sort_key(row: _Row) -> tuple[Any, ...]:
    """Sorts by what must be equal, then by the numbers.

    Noise in one number must not decide before the next is looked at, so several are sorted by their buckets first.
    """
    exact = tuple(("n", b"") if _is_number(value) else _encoded(value) for value in row)
    numbers = tuple(value for value in row if _is_number(value))
    buckets = tuple(map(_bucket, numbers)) if len(numbers) > 1 else ()
    return exact, buckets, numbers
