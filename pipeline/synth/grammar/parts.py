"""Pieces of queries that many shapes share: what is shown, aggregates, orders, thresholds, in SQL and in English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.synth.grammar.draw import NUMBERS, RANKED, Draw, Field
from pipeline.synth.grammar.words import ADJECTIVES, listed, literal, plural, spoken_number
from pipeline.synth.view import ViewTable

STATISTICS = (
    ("AVG", ("average", "average", "mean")),
    ("SUM", ("total", "total", "sum of the")),
    ("MAX", ("maximum", "highest", "largest")),
    ("MIN", ("minimum", "lowest", "smallest")),
)
MORE = ("more than", "over", "more than")
LESS = ("fewer than", "less than")
COUNTS = (2, 2, 3, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 50, 100)


@dataclass(frozen=True)
class Statistic:
    """An aggregate: `says` is its English ("average price")."""

    name: str
    field: Field
    says: str

    def sql(self, joined: bool) -> str:
        return f"{self.name}({self.field.sql(joined)})"


def statistic(d: Draw, table: ViewTable, names: str = "AVG SUM MAX MIN") -> Statistic:
    """An aggregate of a number; the extremes of a year or date too."""
    name, words = d.pick([s for s in STATISTICS if s[0] in names])
    if name in ("MAX", "MIN") and d.chance(0.2) and any(c.kind in ("year", "date") for c in table.columns):
        field = d.field(table, ("year", "date"))
        says = d.pick(("latest", "most recent") if name == "MAX" else ("earliest", "first"))
        return Statistic(name, field, f"{says} {field.says}")
    field = d.field(table, NUMBERS)
    word = d.pick(words)
    says = f"{word} {field.many}" if word == "sum of the" else f"{word} {field.says}"
    return Statistic(name, field, says)


def more_statistics(d: Draw, table: ViewTable, first: Statistic) -> list[Statistic]:
    """The first, mostly alone, or with others of the same column."""
    if d.chance(0.6) or first.field.column.kind not in NUMBERS:
        return [first]
    others = [s for s in STATISTICS if s[0] != first.name]
    more = d.rng.sample(others, d.pick((1, 1, 2)))
    return [first, *(Statistic(name, first.field, f"{words[0]} {first.field.says}") for name, words in more)]


def shown(fields: Sequence[Field], joined: bool) -> str:
    return ", ".join(f.sql(joined) for f in fields)


def named(d: Draw, fields: Sequence[Field], many: bool = True, whose: bool = False) -> str:
    """The columns in English: "the name and age"."""
    says = [f.whose if whose else f.says for f in fields]
    if many and d.chance(0.6):
        says = [plural(s) for s in says]
    if len(says) > 1 and d.chance(0.1):
        return listed([f"the {s}" for s in says])
    return f"{d.pick(('the ', 'the ', ''))}{listed(says)}"


@dataclass(frozen=True)
class Rank:
    """What rows are ordered by: `most` and `least` go with it ("the highest price")."""

    field: Field
    down: bool

    @property
    def direction(self) -> str:
        return " DESC" if self.down else ""

    def first(self, d: Draw, noun: str) -> str:
        """The first row, of things with this noun: "order with the highest price", "oldest order"."""
        if self.field.says in ADJECTIVES and d.chance(0.5):
            return f"{ADJECTIVES[self.field.says][2 if self.down else 3]} {noun}"
        return f"{noun} with {self.best(d)}"

    def best(self, d: Draw) -> str:
        """Of the first row: "the highest price"."""
        if self.field.column.kind in ("year", "date"):
            words = ["latest", "most recent"] if self.down else ["earliest", "oldest", "first"]
        else:
            words = ["highest", "largest", "greatest", "maximum"] if self.down else ["lowest", "smallest", "minimum"]
        return f"the {d.pick(words)} {self.field.says}"

    def order(self, d: Draw) -> str:
        """After a list of things: "ordered by price in descending order"."""
        says = self.field.says
        verb = d.pick(("ordered by", "sorted by", "in order of", "ranked by", "arranged by"))
        if self.field.column.kind in ("year", "date"):
            down, up = ["from the latest to the earliest", "newest first"], ["oldest first", "earliest first"]
        elif self.field.column.kind in NUMBERS:
            down, up = ["from high to low", "highest first"], ["from low to high", "lowest first"]
        else:
            down, up = ["from Z to A"], ["from A to Z", "alphabetically"]
        ways = ["in descending order", "descending", *down] if self.down else ["in ascending order", "", *up]
        way = d.pick(ways)
        if way.startswith("in ") and d.chance(0.4):
            return f"{way} of {says}"
        return f"{verb} {says} {way}".rstrip()


def rank(d: Draw, table: ViewTable, text: bool = False) -> Rank:
    """A column to order by, without NULLs: those would come first."""
    kinds = (*RANKED, "name", "category") if text else RANKED
    return Rank(d.field(table, kinds, lambda c: not c.nulls), d.chance(0.6))


@dataclass(frozen=True)
class Bound:
    """A comparison of an aggregate with a number: `words` go before its noun ("more than 5")."""

    sign: str
    value: str
    words: str


def count_bound(d: Draw) -> Bound:
    """Of a number of rows."""
    value = d.pick(COUNTS)
    sign, ways = d.pick(((">", MORE), (">", MORE), (">=", ("at least",)), ("<", LESS), ("=", ("exactly",))))
    return Bound(sign, str(value), f"{d.pick(ways)} {value}")


def bound(d: Draw, field: Field) -> Bound:
    """Of a statistic of this column: near its values."""
    values = [v for v in field.column.values if not isinstance(v, str)]
    d.need(values)
    value = d.pick(values[1:-1] or values)
    sign, ways = d.pick(
        (
            (">", ("more than", "above", "over", "greater than", "higher than")),
            ("<", ("less than", "below", "under", "lower than")),
            (">=", ("at least",)),
        )
    )
    return Bound(sign, literal(value), f"{d.pick(ways)} {spoken_number(value, d.rng)}")


def limit(d: Draw) -> int:
    return d.pick((2, 3, 3, 5, 5, 10, 4, 7, 20))
