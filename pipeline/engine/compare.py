"""When two results are the same for training: rewards, filters and voting. Stricter than the benchmarks' own rules.

Rows are compared as a bag, or as a list where order was asked for. Columns are compared by position and never permuted;
their names do not count. NULL is not the empty string, and text is never a number.

Numbers (int, float, Decimal): 1 equals 1.0 and Decimal("1.0"). Two whole numbers must be equal, however large, for
identifiers and counts have no rounding errors; any other two numbers may differ by 1e-6 relative to the larger. There
is no absolute tolerance: 1e-17 is not 0.
Not covered: what BIRD and Spider call the same (sets of rows, permuted columns); see pipeline.engine.benchmark_compare.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

from pipeline.engine.result import ExecutionResult

_RELATIVE_TOLERANCE = 1e-6
# Buckets of 7 significant digits are never wider than the tolerance. Values as people write them (12.345675) would lie
# right on the border of two buckets, where the noise of a sum decides: the factor moves the borders elsewhere.
_BUCKET_DIGITS = 7
_BUCKET_SHIFT = 1.0000000123456789
# Noise around a whole number: 3.0000000000000004 belongs to 3.
_WHOLE_TOLERANCE = 1e-9

_NUMBERS = frozenset({int, float, Decimal})
_FRACTIONS = frozenset({float, Decimal})  # the types that may hold one

Row = tuple[Any, ...]
Number = int | float | Decimal


def same_result(gold: ExecutionResult, pred: ExecutionResult, ordered: bool) -> bool:
    """True if both queries ran and gave the same rows, in the same order where `ordered`.

    A failed or truncated result equals nothing, not even itself: what was cut off is unknown.
    Bags with rounding errors are the same if one way of sorting pairs each row with one within the tolerance; results
    with equal keys (see result_key) always are. A pairing can be missed where a difference near the tolerance, not mere
    noise, changes the order of the rows.
    """
    if not comparable(gold, pred) or len(gold.columns) != len(pred.columns) or len(gold.rows) != len(pred.rows):
        return False
    if gold.rows == pred.rows:
        return True
    if ordered or len(gold.rows) == 1:
        return _all_close(gold.rows, pred.rows)
    if equal_bags(gold.rows, pred.rows):
        return True
    return _columns_near(gold.rows, pred.rows) and _pairs(gold.rows, pred.rows)


def result_key(result: ExecutionResult) -> str:
    """SHA-256 (hexadecimal) of all rows as a bag, numbers normalised: equal for results that should vote together.

    Equal keys imply `same_result` of the two as bags. The reverse holds but for numbers that differ by more than
    floating-point noise and less than the tolerance, which may fall into neighbouring buckets.
    Raises ValueError for a failed or truncated result, which has no key.
    """
    if not result.ok or result.truncated:
        raise ValueError("a failed or truncated result has no key")
    digest = hashlib.sha256(b"%d %d " % (len(result.columns), len(result.rows)))
    for row in sorted(map(_row_bytes, result.rows)):
        digest.update(row)
    return digest.hexdigest()


def comparable(gold: ExecutionResult, pred: ExecutionResult) -> bool:
    """True if neither result failed or was truncated: such a one equals nothing by any rule."""
    return gold.error is None and pred.error is None and not (gold.truncated or pred.truncated)


def equal_bags(gold: Sequence[Row], pred: Sequence[Row]) -> bool:
    """True if each row occurs as often in one as in the other, by Python's equality of values."""
    distinct = set(gold)
    if distinct != set(pred) or len(gold) != len(pred):
        return False
    return len(distinct) == len(gold) or Counter(gold) == Counter(pred)


def _all_close(gold: Sequence[Row], pred: Sequence[Row]) -> bool:
    return all(a == b or all(map(_close, a, b)) for a, b in zip(gold, pred, strict=True))


def _close(a: Any, b: Any) -> bool:
    if a == b:
        return True
    if type(a) not in _NUMBERS or type(b) not in _NUMBERS or (_is_whole(a) and _is_whole(b)):
        return False
    return math.isclose(a, b, rel_tol=_RELATIVE_TOLERANCE)


def _columns_near(gold: Sequence[Row], pred: Sequence[Row]) -> bool:
    """False if some column alone shows that the rows cannot be paired; most wrong results end here."""
    near = partial(math.isclose, rel_tol=_RELATIVE_TOLERANCE)
    for a, b in zip(zip(*gold, strict=True), zip(*pred, strict=True), strict=True):
        if set(a) == set(b):
            continue
        if _FRACTIONS.isdisjoint(map(type, chain(a, b))):
            return False
        numbers = sorted(value for value in a if type(value) in _NUMBERS)
        others = sorted(value for value in b if type(value) in _NUMBERS)
        # Sorted numbers are close one by one if they can be paired at all; that whole ones must be equal is left out.
        if len(numbers) != len(others) or not all(map(near, numbers, others)):
            return False
    return True


def _pairs(gold: Sequence[Row], pred: Sequence[Row]) -> bool:
    for key in (None, _sort_key):
        try:
            if _all_close(sorted(gold, key=key), sorted(pred, key=key)):
                return True
        except TypeError:  # rows as they are have no order where NULL or text stands beside a number
            continue
    # A whole number between two fractions of one bucket can spoil both pairings.
    return sorted(map(_row_bytes, gold)) == sorted(map(_row_bytes, pred))


def _sort_key(row: Row) -> tuple[Any, ...]:
    """Sorts by what must be equal, then by the numbers.

    Noise in one number must not decide before the next is looked at, so several are sorted by their buckets first.
    """
    exact = tuple(b"n" if type(value) in _NUMBERS else _value_bytes(value) for value in row)
    numbers = tuple(value for value in row if type(value) in _NUMBERS)
    buckets = tuple(map(_bucket, numbers)) if len(numbers) > 1 else ()
    return exact, buckets, numbers


def _is_whole(value: Number) -> bool:
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) or value.is_integer()


def _bucket(value: Number) -> int | float:
    """One number for all that count as equal in a key: a whole number for the noise around it, else 7 digits."""
    if isinstance(value, Decimal):
        # As a float, a large whole number would lose its last digits.
        value = int(value) if _is_whole(value) else float(value)
    if isinstance(value, int) or not math.isfinite(value):
        return value
    whole = round(value)
    if abs(value - whole) <= _WHOLE_TOLERANCE * abs(whole):
        return whole
    return float(f"{value * _BUCKET_SHIFT:.{_BUCKET_DIGITS - 1}e}")


def _row_bytes(row: Row) -> bytes:
    """The row with normalised numbers; equal for no other row of as many values."""
    return b"".join(map(_value_bytes, row))


def _value_bytes(value: Any) -> bytes:
    if value is None:
        return b"0"
    if type(value) is str:
        kind, content = b"t", value.encode("utf-8", "surrogatepass")
    elif type(value) is bytes:
        kind, content = b"b", value
    else:
        bucket = _bucket(value)
        kind = b"i" if type(bucket) is int else b"f"
        content = repr(bucket).encode()
    # The length keeps neighbours apart: ("ab", "c") is not ("a", "bc").
    return b"%b%d:%b" % (kind, len(content), content)
