"""What kind of values a column holds (see ViewColumn), inferred from its type, its name and a sample of its values.

`column_kind` and `values_of` are the whole interface. A column whose kind is in doubt has none, and is left out: blobs,
text that is not UTF-8, mixed types, secrets, numbers that are identifiers, columns with one value only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from pipeline.synth.view import Kind, Value

Shape = Literal["integer", "number", "text", "unusable"]

_DATE = re.compile(r"[12]\d{3}-[01]\d-[0-3]\d(?:[ T]\d\d:.*)?")
_FLAGS = ({"y", "n"}, {"t", "f"}, {"yes", "no"}, {"true", "false"})
_SECRETS = {"password", "passwd", "hash", "token", "salt", "secret", "checksum", "uuid", "guid"}
_IDENTIFIERS = {
    "id",
    "ids",
    "code",
    "phone",
    "telephone",
    "fax",
    "mobile",
    "isbn",
    "ssn",
    "key",
    "uid",
    "pid",
    "identifier",
}
_NUMBERED = {"number", "account", "telephone", "card"}  # identifiers, unless something is counted
_NAMES = {"name", "title", "names"}
_CATEGORIES = {
    *("category", "type", "status", "state", "gender", "sex", "class", "level", "grade", "color", "colour", "country"),
    *("kind", "group", "role", "position", "genre", "language", "currency", "region", "department", "priority", "size"),
}
_MOST_CATEGORIES, _MOST_TEXTS, _MOST_NUMBERS = 60, 150, 40
_LONGEST = 40  # characters of a value that a question may quote


@dataclass
class Profile:
    """A column's sample: `counts` of its values without NULL in the order of their rows, and what they have in common.

    Without a sample the shape follows from the declared type alone.
    """

    type: str
    shape: Shape
    filled: int = 0
    nulls: bool = False
    counts: Counter[Value] = field(default_factory=Counter)

    @property
    def distinct_share(self) -> float:
        return len(self.counts) / self.filled if self.filled else 0.0


def profile(declared: str, sample: Sequence[Any] | None) -> Profile:
    """The profile of a column of this type; `sample` is None where there are no rows to look at."""
    if sample is None:
        known = re.findall(r"'((?:[^']|'')*)'", declared) if declared.startswith("enum") else []
        return Profile(declared, _declared_shape(declared), counts=Counter(known))
    values = [_plain(value) for value in sample if value is not None]
    found = Profile(declared, _shape(values), len(values), len(values) < len(sample))
    if found.shape != "unusable":
        found.counts.update(values)
    return found


def column_kind(found: Profile, parts: Sequence[str]) -> Kind | None:
    """The kind of a column that is neither a key nor a link; `parts` are the words of its name."""
    last = parts[-1]
    if found.shape == "unusable" or (found.filled and len(found.counts) < 2) or _SECRETS.intersection(parts):
        return None
    if found.shape == "text":
        return _text_kind(found, parts)
    if set(found.counts) <= {0, 1} and (found.filled or found.type in ("bool", "boolean", "tinyint(1)")):
        return "flag"
    if last in _IDENTIFIERS or (parts[-2:] == ["zip", "code"]):
        return None
    if last in _NUMBERED and found.distinct_share > 0.9 and found.filled > 10:
        return None
    if _is_year(found, parts):
        return "year"
    if "date" in parts or "timestamp" in parts or re.match(r"date|time", found.type):
        return None  # seconds since 1970 and the like
    return "integer" if found.shape == "integer" else "number"


def values_of(kind: Kind, found: Profile) -> tuple[Value, ...]:
    """The values that questions may name, in the order that ViewColumn wants."""
    if kind in ("integer", "number", "year", "date"):
        ordered: list[Any] = sorted(found.counts.elements())
        if kind == "date":
            ordered = [value for value in ordered if _DATE.fullmatch(value)]
        last = len(ordered) - 1
        steps = range(_MOST_NUMBERS + 1) if ordered else ()
        distinct = sorted(found.counts) if len(found.counts) <= _MOST_NUMBERS else None
        return tuple(dict.fromkeys(distinct or (ordered[last * step // _MOST_NUMBERS] for step in steps)))
    if kind in ("key", "link"):
        return ()
    most = _MOST_CATEGORIES if kind == "category" else _MOST_TEXTS
    usable = [value for value, _ in found.counts.most_common() if not isinstance(value, str) or _can_be_said(value)]
    return tuple(usable[:most])


def _text_kind(found: Profile, parts: Sequence[str]) -> Kind | None:
    values = found.counts
    if not found.filled:
        if re.match(r"date|timestamp", found.type):
            return "date"
        if "name" in parts or parts[-1] in _NAMES:
            return "name"
        return "category" if parts[-1] in _CATEGORIES or found.type.startswith("enum") else "text"
    if sum(n for value, n in values.items() if _DATE.fullmatch(str(value))) >= 0.98 * found.filled:
        return "date"
    if len(values) == 2 and {str(value).lower() for value in values} in _FLAGS:
        return "flag"
    if parts[-1] in ("id", "ids") and all(str(value).isdigit() for value in values):
        return None
    length = sum(len(str(value)) for value in values) / len(values)
    if (parts[-1] in _NAMES or found.type == "name") and found.distinct_share >= 0.4 and length <= _LONGEST:
        return "name"
    most_share = 0.75 if found.filled <= 30 else 0.4
    if len(values) <= _MOST_CATEGORIES and found.distinct_share <= most_share and length <= _LONGEST:
        return "category"
    return "text"


def _is_year(found: Profile, parts: Sequence[str]) -> bool:
    if not found.filled:
        return found.type.startswith("year") or parts[-1] == "year"
    return ("year" in parts or found.type.startswith("year")) and all(
        isinstance(value, int) and 1000 <= value <= 2200 for value in found.counts
    )


def _can_be_said(value: str) -> bool:
    plain = value.isprintable() and not set(value) & set('\\"`%_') and "''" not in value
    return plain and 0 < len(value) <= _LONGEST and " ".join(value.split()) == value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    return value


def _shape(values: Sequence[Any]) -> Shape:
    types = {type(value) for value in values}
    if types == {int}:
        return "integer" if all(abs(value) < 2**53 for value in values) else "unusable"
    if types and types <= {int, float}:
        return "number"
    if types == {str} and not any("\udc80" <= character <= "\udcff" for value in values for character in value):
        return "text"
    return "unusable"


def _declared_shape(declared: str) -> Shape:
    kind = declared.split("(")[0].strip()
    if re.match(r"enum|set|.*(?:char|text|clob)|date|time|string|$", kind):
        return "text"
    if re.search(r"int|serial|year|bool", kind):
        return "integer"
    if re.search(r"dec|num|real|float|double|money", kind):
        return "number"
    return "unusable"
