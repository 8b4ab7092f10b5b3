"""Values near those of a column: what a threshold, a LIKE or a wrong cast tells apart.

All have the type of what they are near to, and a number that is not negative stays so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from random import Random
from typing import Any

from pipeline.synth.variants.content import Value

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)
_LAST_DIGITS = re.compile(r"\d{1,15}(?=\D*\Z)", re.ASCII)
_ROUND_NUMBERS = 10  # at least so many in the range
_LARGEST = 2**62  # beyond it, a step may lead out of SQLite's integers


def neighbour(value: Value, rng: Random) -> Value:
    """A value close to `value`: a number one more or less, text with one more word, another digit or other letters.

    Text that is a number may also become the next one with a digit more or less, 100 or 9 for 25, which sorts otherwise
    as text than as a number.
    """
    if isinstance(value, bytes):
        return value + b"\0"
    if isinstance(value, str) and not _is_number(value):
        return _near_text(value, rng)
    if not _is_number(value):
        return value
    number = _number(value)
    steps = [number - 1, number + 1]
    if isinstance(value, str):
        digits = len(str(int(abs(number))))
        steps += [10**digits, 10 ** (digits - 1) - 1]
    near = rng.choice(steps)
    return _written(max(near, 0) if number >= 0 else near, value)


def beyond(value: Value, up: bool) -> Value:
    """A value a little larger (or smaller); for text that is a number, by either order. Some have none: 0, ""."""
    if isinstance(value, str):
        return value + ("9" if _is_number(value) else "s") if up else value[:-1]
    if not _is_number(value) or (value == 0 and not up):
        return value
    return _written(_number(value) + (1 if up else -1), value)


def round_numbers(values: Iterable[Value]) -> list[Value]:
    """The roundest numbers within the values' range, such as people write into conditions.

    Empty where a value is no number, or where there are too few to have a range.
    """
    known = list(values)
    if len(known) < 3 or not all(map(_is_number, known)):
        return []
    numbers = [_number(value) for value in known]
    low, high = min(numbers), max(numbers)
    step = 10.0 ** math.floor(math.log10(high - low)) if high > low else 1.0
    while (high - low) / step < _ROUND_NUMBERS:
        step /= 2
    if all(number % 1 == 0 for number in numbers):
        step = max(step, 1.0)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [_written(k * step, known[0]) for k in range(first, last + 1)]


def fresh(values: Sequence[Value]) -> Iterator[Value]:
    """Values that are not among `values`, made after them, without end and without repetition."""
    taken, known = set(values), [value for value in values if value is not None] or [0]
    if all(map(_is_number, known)):
        largest = max(known, key=_number)
        start = math.floor(_number(largest)) + 1
        made = (_written(number, largest) for number in count(start if start < _LARGEST else 1))
    else:
        made = (v + b"%d" % n if isinstance(v, bytes) else f"{v}{n}" for n in count(2) for v in dict.fromkeys(known))
    for value in made:
        if value not in taken:
            taken.add(value)
            yield value


def _is_number(value: Value) -> bool:
    """True for numbers that can be counted on from, and for text that is one."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float) and abs(value) < _LARGEST


def _number(value: Any) -> float:
    return float(value) if isinstance(value, str) else value


def _written(number: float, like: Value) -> Value:
    """The number in the form of `like`."""
    if isinstance(like, str):
        return f"{number:.{len(like.partition('.')[2])}f}"
    return int(number) if isinstance(like, int) else round(float(number), 6)


def _near_text(value: str, rng: Random) -> str:
    if digits := _LAST_DIGITS.search(value):
        number = max(int(digits.group()) + rng.choice((-1, 1)), 0)
        return f"{value[: digits.start()]}{number:0{len(digits.group())}d}{value[digits.end() :]}"
    return rng.choice((value.upper(), value.lower(), f"{value} 2", f"a {value}", f"{value}s"))
