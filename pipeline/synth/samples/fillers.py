"""What patterns are filled with: conditions, statistics and limits, in SQL and in English, with values from the rows.

A condition never names a value that no row holds or a threshold outside the middle of its column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.synth.samples.database import Rows
from pipeline.synth.samples.domain import Field

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
COMPARISONS = (
    (">", ("above {}", "of more than {}", "over {}")),
    ("<", ("below {}", "of less than {}", "under {}")),
    (">=", ("of at least {}", "of {} or more")),
    ("<=", ("of at most {}", "of {} or less")),
)


@dataclass(frozen=True)
class Condition:
    """A WHERE condition on one table: `str` is for SQL over that table alone, `full` for joins."""

    sql: str
    full: str
    says: str
    np: str

    def __str__(self) -> str:
        return self.sql


@dataclass(frozen=True)
class Statistic:
    """An aggregate of a number column; averages and totals come with a threshold that only some groups pass."""

    sql: str
    full: str
    says: str
    limit: str

    def __str__(self) -> str:
        return self.sql


class Filler:
    """Draws fillers for one database."""

    def __init__(self, rows: Rows, rng: np.random.Generator) -> None:
        self._rows = rows
        self._rng = rng

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options, which may not be empty."""
        return options[int(self._rng.integers(len(options)))]

    def condition(self, field: Field) -> Condition:
        """A condition of a random kind on `field`."""
        kinds = {"category": self._category, "number": self._number, "date": self._date, "name": self._name}
        if field.column.missing and (field.column.kind == "opaque" or self._rng.random() < 0.35):
            is_null = bool(self._rng.integers(2))
            form = "{} IS NULL" if is_null else "{} IS NOT NULL"
            return _condition(field, form, field.column.missing[0 if is_null else 1])
        return kinds[field.column.kind](field)

    def entity(self, label: Field) -> Condition:
        """One row by its name: "the product Red Lamp"."""
        name = str(self.pick(self._rows.known(label).tolist()))
        found = _condition(label, f"{{}} = '{name}'", "")
        return Condition(found.sql, found.full, name, f"the {label.table.one} {name}")

    def statistic(self, field: Field) -> Statistic:
        """AVG, SUM, MAX or MIN of a number column."""
        if self._rng.random() < 0.6:
            return self.mean_or_total(field)
        function, word = self.pick((("MAX", field.high), ("MIN", field.low)))
        return _statistic(field, function, word, math.nan)

    def mean_or_total(self, field: Field) -> Statistic:
        """AVG or (where a total makes sense) SUM, with a threshold near what a group may reach."""
        values = self._rows.known(field)
        if field.column.adds and self._rng.random() < 0.5:
            return _statistic(field, "SUM", "total", values.sum() * self._rng.uniform(0.03, 0.3))
        return _statistic(field, "AVG", "average", values.mean() * self._rng.uniform(0.9, 1.1))

    def _category(self, field: Field) -> Condition:
        values = np.unique(self._rows.known(field))
        one, other = (str(v) for v in self._rng.choice(values, 2, replace=False))
        where = self.pick(field.column.where)
        kind = self._rng.random()
        if kind < 0.7:
            return _condition(field, f"{{}} = '{one}'", where.format(one))
        # No reader expects that "is not" leaves out NULLs; and of two values, "one or the other" is no condition.
        if len(values) > 2 and (kind < 0.85 or field.column.null):
            return _condition(field, f"{{}} IN ('{one}', '{other}')", where.format(f"{one} or {other}"))
        return _condition(field, f"{{}} <> '{one}'", f"whose {field.says} is not {one}")

    def _name(self, field: Field) -> Condition:
        word = self.pick(str(self.pick(self._rows.known(field).tolist())).split())
        form, words = self.pick(
            (
                (f"'{word[0]}%'", ("starts with {}", "begins with {}")),
                (f"'%{word}%'", ("contains {}", "includes {}")),
            )
        )
        value = word[0] if form.startswith(f"'{word[0]}%") else word
        return _condition(field, f"{{}} LIKE {form}", f"whose {field.says} {self.pick(words).format(value)}")

    def _number(self, field: Field) -> Condition:
        low, high = sorted(float(v) for v in np.quantile(self._rows.known(field), self._rng.uniform(0.1, 0.9, 2)))
        whole = field.column.recipe.sql_type == "INTEGER"
        first, last = (round_number(round(v) if whole else v) for v in (low, high))
        if first != last and self._rng.random() < 0.25:
            words = self.pick(("between {} and {}", "from {} to {}")).format(first, last)
            return _condition(field, f"{{}} BETWEEN {first} AND {last}", f"{field.lead} {words}")
        if first == round_number(float(self._rows.known(field).min())):  # "at least" would leave nothing out
            return _condition(field, f"{{}} = {first}", f"{field.lead} of exactly {first}")
        sign, phrases = self.pick(COMPARISONS)
        return _condition(field, f"{{}} {sign} {first}", f"{field.lead} {self.pick(phrases).format(first)}")

    def _date(self, field: Field) -> Condition:
        day, later = sorted(str(d) for d in self._rng.choice(self._rows.known(field), 2))
        month = f"{MONTHS[int(day[5:7]) - 1]}"
        form, words = self.pick(
            (
                (f"strftime('%Y', {{}}) = '{day[:4]}'", f"in {day[:4]}"),
                (f"strftime('%Y', {{}}) = '{day[:4]}'", f"in the year {day[:4]}"),
                (f"strftime('%Y-%m', {{}}) = '{day[:7]}'", f"in {month} {day[:4]}"),
                (f"strftime('%m', {{}}) = '{day[5:7]}'", f"in the month of {month}"),
                (f"{{}} > '{day}'", f"after {day}"),
                (f"{{}} < '{day}'", f"before {day}"),
                (f"{{}} BETWEEN '{day}' AND '{later}'", f"between {day} and {later}"),
            )
        )
        return _condition(field, form, f"{field.column.lead} {words}")


def both(first: Condition, second: Condition) -> Condition:
    """Both conditions; "and" only where the phrases would run into each other."""
    alike = first.says.split()[0] == second.says.split()[0] or " or " in first.says
    says = f"{first.says}{' and ' if alike else ' '}{second.says}"
    noun = first.np.removesuffix(first.says)
    return Condition(f"{first.sql} AND {second.sql}", f"{first.full} AND {second.full}", says, noun + says)


def either(first: Condition, second: Condition) -> Condition:
    """At least one of the two conditions."""
    noun = first.np.removesuffix(first.says)
    says = f"{first.says} or {second.says}"
    return Condition(f"{first.sql} OR {second.sql}", f"{first.full} OR {second.full}", says, noun + says)


def _statistic(field: Field, function: str, word: str, limit: float) -> Statistic:
    rounded = "" if math.isnan(limit) else round_number(limit)
    return Statistic(f"{function}({field})", f"{function}({field.full})", f"{word} {field.says}", rounded)


def round_number(value: float) -> str:
    """Two significant digits and at most one decimal, as a business user would say it."""
    if value <= 0:
        return "0"
    rounded = round(value, min(1 - math.floor(math.log10(value)), 1))
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def _condition(field: Field, form: str, says: str) -> Condition:
    return Condition(form.format(field), form.format(field.full), says, f"{field.table.many} {says}")
