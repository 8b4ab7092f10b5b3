"""What the shapes of questions draw from a view: tables, columns, foreign keys and chance.

A shape takes what it needs and gives up (`Unfillable`) where the view does not offer it; no column is used twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from pipeline.synth.grammar.words import literal, plural
from pipeline.synth.view import Kind, View, ViewColumn, ViewLink, ViewTable

T = TypeVar("T")

SHOWN: tuple[Kind, ...] = ("name", "category", "text", "integer", "number", "year", "date", "flag", "key", "link")
NUMBERS: tuple[Kind, ...] = ("integer", "number")
RANKED: tuple[Kind, ...] = ("integer", "number", "number", "year", "date")
GROUPS: tuple[Kind, ...] = ("category", "category", "category", "category", "year", "flag", "link")


class Unfillable(Exception):
    """The view has nothing that suits a slot; the caller draws again."""


def quoted(name: str) -> str:
    """A name as an identifier, as prompts show it."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Field:
    """A column of a table: `bare` in SQL over one table, `full` where tables are joined."""

    table: ViewTable
    column: ViewColumn

    @property
    def bare(self) -> str:
        return quoted(self.column.name)

    @property
    def full(self) -> str:
        return f"{quoted(self.table.name)}.{self.bare}"

    def sql(self, joined: bool) -> str:
        return self.full if joined else self.bare

    @property
    def says(self) -> str:
        return self.column.says

    @property
    def many(self) -> str:
        return plural(self.column.says)

    @property
    def whose(self) -> str:
        """With the table's noun before it: "customer name"."""
        return self.says if self.says.startswith(self.table.one) else f"{self.table.one} {self.says}"


@dataclass(frozen=True)
class Edge:
    """A foreign key between two tables."""

    child: ViewTable
    parent: ViewTable
    link: ViewLink

    @property
    def fk(self) -> str:
        return f"{quoted(self.child.name)}.{quoted(self.link.column)}"

    @property
    def fk_bare(self) -> str:
        return quoted(self.link.column)

    @property
    def key(self) -> str:
        return f"{quoted(self.parent.name)}.{self.key_bare}"

    @property
    def key_bare(self) -> str:
        return quoted(self.link.parent_column)

    @property
    def onto(self) -> str:
        return f"JOIN {quoted(self.parent.name)} ON {self.fk} = {self.key}"

    @property
    def joined(self) -> str:
        return f"{quoted(self.child.name)} {self.onto}"

    @property
    def back(self) -> str:
        """The same join, begun at the parent."""
        return f"{quoted(self.parent.name)} JOIN {quoted(self.child.name)} ON {self.fk} = {self.key}"


class Draw:
    """One question's draw: chance, the view, and what has been used."""

    def __init__(self, view: View, rng: Random) -> None:
        self.view, self.rng = view, rng
        self.used: set[tuple[str, str]] = set()
        self.said: list[str] = []  # values that stand in the question: no slip may hit them

    def pick(self, options: Iterable[T]) -> T:
        """One of the options, or Unfillable."""
        found = options if isinstance(options, Sequence) else tuple(options)
        if not found:
            raise Unfillable
        return self.rng.choice(found)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def need(self, holds: object) -> None:
        """Unfillable unless it holds."""
        if not holds:
            raise Unfillable

    def table(self, *kinds: Sequence[Kind]) -> ViewTable:
        """A table that has a column of each of these groups of kinds."""
        return self.pick(
            [t for t in self.view.tables.values() if all(any(c.kind in group for c in t.columns) for group in kinds)]
        )

    def field(self, table: ViewTable, kinds: Sequence[Kind], suits: Callable[[ViewColumn], object] = bool) -> Field:
        """A column of one of these kinds that nothing uses yet; kinds that are named twice come twice as often."""
        free = [c for c in table.columns if suits(c) and not self._is_used(table, c) and not self._says_a_table(c)]
        for _ in range(4):
            kind = self.rng.choice(list(kinds))
            if own := [c for c in free if c.kind == kind]:
                return self.use(Field(table, self.rng.choice(own)))
        return self.use(Field(table, self.pick([c for c in free if c.kind in kinds])))

    def _is_used(self, table: ViewTable, column: ViewColumn) -> bool:
        return (table.name, column.name) in self.used

    def _says_a_table(self, column: ViewColumn) -> bool:
        """Who asks for airlines may mean their names as well as the column airline, which holds the airlines' keys."""
        return column.kind == "link" and any(column.says == table.one for table in self.view.tables.values())

    def use(self, field: Field) -> Field:
        self.used.add((field.table.name, field.column.name))
        return field

    def fields(self, table: ViewTable, most: int, kinds: Sequence[Kind] = SHOWN) -> list[Field]:
        """One to `most` columns to show; the label more often than others."""
        count = self.pick([n for n in range(1, most + 1) for _ in range(most + 1 - n)])
        found: list[Field] = []
        label = table.label
        if label and not self._is_used(table, label) and self.chance(0.5):
            found.append(self.use(Field(table, label)))
        while len(found) < count:
            try:
                found.append(self.field(table, kinds))
            except Unfillable:
                break
        self.need(found)
        return found

    def label(self, table: ViewTable) -> Field:
        """The column that people know a row by."""
        self.need(table.label)
        assert table.label is not None
        return self.use(Field(table, table.label))

    def edge(self, child: ViewTable | None = None, parent: ViewTable | None = None) -> Edge:
        """A foreign key between two different tables, from or to the one that is named."""
        tables = self.view.tables
        return self.pick(
            [
                Edge(tables[k.child], tables[k.parent], k)
                for k in self.view.links
                if k.child != k.parent
                and (child is None or k.child == child.name)
                and (parent is None or k.parent == parent.name)
            ]
        )

    def bridge(self) -> tuple[Edge, Edge]:
        """Two foreign keys of one table that lead to different tables."""
        first = self.edge()
        second = self.edge(child=first.child)
        self.need(second.parent.name != first.parent.name)
        return first, second

    def chain(self) -> tuple[Edge, Edge]:
        """A foreign key, and one of the table that it leads to."""
        first = self.edge()
        second = self.edge(child=first.parent)
        self.need(second.parent.name != first.child.name)
        return first, second

    def say(self, value: float | str) -> str:
        """Remember that the question names this value."""
        text = value if isinstance(value, str) else literal(value)
        self.said.append(text)
        return text
