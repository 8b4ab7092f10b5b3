"""The declared types of one schema, and how it writes flags and moments."""

from __future__ import annotations

import random
from dataclasses import dataclass

from pipeline.synth.view import Kind, Value

_FLAGS: dict[str, tuple[tuple[Value, ...], ...]] = {
    "text": (("yes", "no"), ("Y", "N"), ("True", "False"), ("T", "F"), ("Yes", "No")),
    "number": ((0, 1),),
}


@dataclass(frozen=True)
class Types:
    """One schema's type of each kind of column; `short` is that of keys that are text."""

    of: dict[Kind, str]
    short: str
    flag_values: tuple[Value, ...]
    moments: bool  # dates have a time of day

    @property
    def key(self) -> str:
        return self.of["integer"]


def draw_types(rng: random.Random) -> Types:
    """The types of one schema: usual SQL ones, or (15 %) the five of Spider's tables.json."""
    if rng.random() < 0.15:
        # A flag of "others" or "boolean" that holds digits would come back as a number from SQLite.
        flag = rng.choice(("boolean", "others", "text"))
        of: dict[Kind, str] = dict.fromkeys(("category", "name", "text"), "text")
        of |= dict.fromkeys(("key", "link", "integer", "number"), "number")
        of |= {"year": rng.choice(("number", "number", "time")), "date": rng.choice(("time", "text")), "flag": flag}
        return Types(of, "text", rng.choice(_FLAGS["text"]), moments=False)
    whole = rng.choice(("integer", "integer", "integer", "int", "int", "bigint"))
    text = rng.choice(("text", "text", "text", "varchar(40)", "varchar(255)", "varchar(100)", "char(20)"))
    real = rng.choice(("real", "real", "float", "decimal(10,2)", "numeric", "double", "number"))
    day = rng.choice(("date", "date", "date", "datetime", "timestamp", "text"))
    flag = rng.choice(("boolean", "tinyint(1)", "integer", "char(1)", "text"))
    values = rng.choice(_FLAGS["number" if flag in ("tinyint(1)", "integer") or rng.random() < 0.3 else "text"])
    if flag in ("text", "char(1)") and values == (0, 1):
        values = ("Y", "N")
    if flag == "char(1)" and len(str(values[0])) > 1:
        values = ("Y", "N")
    of = dict.fromkeys(("category", "name", "text"), text)
    of |= dict.fromkeys(("key", "link", "integer"), whole)
    of |= {"number": real, "year": whole, "date": day, "flag": flag}
    if rng.random() < 0.3:
        of["category"] = rng.choice(("varchar(20)", "char(10)", "text"))
    return Types(of, rng.choice((text, "varchar(10)", "char(8)")), values, day in ("datetime", "timestamp"))
