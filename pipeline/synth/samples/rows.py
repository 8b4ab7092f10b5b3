"""Recipes that draw one column of a sample table with numpy: skewed keys, seasonal dates, long-tailed amounts.

A recipe is a frozen description, so a domain stays declarative data. What it leaves out: correlation between columns
other than `Later` (a date after another date) and `Copied` (a value of the referenced row), and NULLs, which the
column adds on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Tables = dict[str, dict[str, Array]]


@dataclass(frozen=True)
class Context:
    """What a recipe may look at: the generator, how many rows, the columns so far, and the tables before this one."""

    rng: np.random.Generator
    size: int
    own: dict[str, Array]
    tables: Tables

    def look(self, column: str, table: str, via: str) -> Array:
        """The values of `column`, of the own row or (with `via`, a foreign key) of the row of `table` it refers to."""
        return self.tables[table][column][self.own[via] - 1] if via else self.own[column]


@dataclass(frozen=True)
class Recipe:
    """Base of all recipes. `kind` tells the question patterns what may be asked of such a column."""

    kind: ClassVar[str]
    sql_type: ClassVar[str] = "TEXT"

    def draw(self, context: Context) -> Array:
        raise NotImplementedError


@dataclass(frozen=True)
class Key(Recipe):
    """1, 2, 3 ...: the primary key."""

    kind = "key"
    sql_type = "INTEGER"

    def draw(self, context: Context) -> Array:
        return np.arange(1, context.size + 1)


@dataclass(frozen=True)
class Ref(Recipe):
    """A foreign key with Zipf-like popularity; the share `idle` of the parents is never referred to."""

    kind = "ref"
    sql_type = "INTEGER"
    table: str
    skew: float = 0.7
    idle: float = 0.0

    def draw(self, context: Context) -> Array:
        parents = len(next(iter(context.tables[self.table].values())))
        active = context.rng.permutation(parents)[: parents - int(parents * self.idle)] + 1
        return context.rng.choice(active, context.size, p=zipf(len(active), self.skew, len(active) / 50))


@dataclass(frozen=True)
class Choice(Recipe):
    """A category; the first values are the commonest (weights 1, 2^-skew, 3^-skew ...)."""

    kind = "category"
    values: tuple[str, ...]
    skew: float = 0.8

    def draw(self, context: Context) -> Array:
        return context.rng.choice(np.array(self.values), context.size, p=zipf(len(self.values), self.skew))


@dataclass(frozen=True)
class Named(Recipe):
    """Unique names made of one word of each part, for example first and last name."""

    kind = "name"
    parts: tuple[tuple[str, ...], ...]

    def draw(self, context: Context) -> Array:
        every = np.array([" ".join(words) for words in product(*self.parts)])
        return context.rng.choice(every, context.size, replace=False)


@dataclass(frozen=True)
class Phone(Recipe):
    """Text that nobody asks for by value; questions only ask whether it is missing."""

    kind = "opaque"

    def draw(self, context: Context) -> Array:
        return np.array([f"555-{n:06d}" for n in context.rng.integers(0, 10**6, context.size)])


@dataclass(frozen=True)
class Amount(Recipe):
    """A long-tailed (log-normal) quantity in multiples of `step`.

    Quarters by default: they are exact in binary, so a SUM does not depend on the order in which a plan adds.
    """

    kind = "number"
    sql_type = "REAL"
    median: float
    spread: float = 0.6
    step: float = 0.25
    low: float = 0.25

    def draw(self, context: Context) -> Array:
        raw = self.median * np.exp(context.rng.normal(0.0, self.spread, context.size))
        return np.maximum(np.round(raw / self.step) * self.step, self.low)


@dataclass(frozen=True)
class Whole(Amount):
    """The same in whole numbers."""

    sql_type = "INTEGER"
    step: float = 1
    low: float = 1

    def draw(self, context: Context) -> Array:
        return super().draw(context).astype(np.int64)


@dataclass(frozen=True)
class Score(Recipe):
    """A small whole number with given shares, for example a rating from 1 to 5."""

    kind = "number"
    sql_type = "INTEGER"
    shares: tuple[float, ...]
    low: int = 1

    def draw(self, context: Context) -> Array:
        shares = np.array(self.shares) / sum(self.shares)
        return context.rng.choice(len(shares), context.size, p=shares) + self.low


@dataclass(frozen=True)
class Copied(Recipe):
    """The value of the row that the foreign key `via` refers to, for example the product's price."""

    kind = "number"
    sql_type = "REAL"
    table: str
    column: str
    via: str

    def draw(self, context: Context) -> Array:
        return context.look(self.column, self.table, self.via)


@dataclass(frozen=True)
class Day(Recipe):
    """A date between two days: growing over the years, with a season and quiet Sundays."""

    kind = "date"
    sql_type = "DATE"
    first: str
    last: str
    season: float = 0.4
    quiet_sundays: bool = True

    def draw(self, context: Context) -> Array:
        days = np.arange(np.datetime64(self.first), np.datetime64(self.last) + 1)
        n = np.arange(len(days))
        weights = (1 + n / len(n)) * (1 + self.season * np.sin(2 * np.pi * (n - 200) / 365.25))
        if self.quiet_sundays:
            weights[(days.astype(np.int64) + 4) % 7 == 0] *= 0.3  # day 0 of the Unix calendar was a Thursday
        return context.rng.choice(days, context.size, p=weights / weights.sum())


@dataclass(frozen=True)
class Later(Recipe):
    """A date some days after another one, of the same row or of the row that `via` refers to."""

    kind = "date"
    sql_type = "DATE"
    after: str
    days: float
    table: str = ""
    via: str = ""

    def draw(self, context: Context) -> Array:
        gap = np.ceil(context.rng.gamma(2.0, self.days / 2.0, context.size)).astype("timedelta64[D]")
        return context.look(self.after, self.table, self.via) + gap


def zipf(n: int, skew: float, shift: float = 0.0) -> Array:
    """Probabilities proportional to 1/(rank + shift)^skew; the shift keeps the first of many from having it all."""
    weights = (np.arange(1, n + 1) + shift) ** -skew
    return weights / weights.sum()
