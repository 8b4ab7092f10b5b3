"""The language in which a business domain is written down: tables, columns with a row recipe, and their English.

A column carries the few words that question patterns need: a noun (`says`), how a condition on it reads
(`where`, `lead`, `missing`), and for a foreign key how the two tables speak of each other (`of`, `has`). What it leaves
out: composite keys and self references.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.synth.samples.rows import Key, Recipe, Ref


@dataclass(frozen=True)
class Column:
    """One column. The English defaults suit most columns; a domain overrides what would read badly.

    where    category: phrases after the noun, `{}` for the value ("in {}", "with status {}")
    lead     number or date: the words before "above 20" or "in 2023" ("with a price", "placed")
    missing  nullable: phrases for IS NULL and IS NOT NULL
    of, has  foreign key: "orders PLACED BY customers", "customers WHO PLACED orders"
    adds     number: whether a total makes sense
    """

    name: str
    recipe: Recipe
    says: str = ""
    where: tuple[str, ...] = ()
    lead: str = ""
    missing: tuple[str, str] | None = None
    of: str = ""
    has: str = "with"
    adds: bool = True
    high: str = "highest"
    low: str = "lowest"
    null: float = 0.0
    indexed: bool = False

    @property
    def kind(self) -> str:
        return self.recipe.kind

    @property
    def noun(self) -> str:
        return self.says or ("id" if self.kind == "key" else self.name.removesuffix("_on").replace("_", " "))


@dataclass(frozen=True)
class Table:
    """One table; the first column is the primary key, and the label is the name column where there is one."""

    name: str
    one: str
    many: str
    rows: int
    columns: tuple[Column, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> Field:
        return Field(self, self.columns[0])

    @property
    def label(self) -> Field:
        return next((Field(self, c) for c in self.columns if c.kind == "name"), self.key)


@dataclass(frozen=True)
class Field:
    """A column of a table, as patterns write it: bare in SQL over one table, `full` where tables are joined."""

    table: Table
    column: Column

    def __str__(self) -> str:
        return self.column.name

    @property
    def full(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def says(self) -> str:
        return self.column.noun

    @property
    def many(self) -> str:
        head, of, rest = self.says.partition(" of ")
        if head.endswith("y"):
            return f"{head[:-1]}ies{of}{rest}"
        return f"{head}{'es' if head.endswith('s') else 's'}{of}{rest}"

    @property
    def high(self) -> str:
        return "latest" if self.column.kind == "date" else self.column.high

    @property
    def low(self) -> str:
        return "earliest" if self.column.kind == "date" else self.column.low

    @property
    def lead(self) -> str:
        article = "an" if self.says[0] in "aeio" else "a"
        return self.column.lead or f"with {article} {self.says}"


@dataclass(frozen=True)
class Join:
    """A foreign key as patterns use it: its English both ways and its JOIN."""

    child: Table
    column: Column
    parent: Table

    @property
    def fk(self) -> str:
        return self.column.name

    @property
    def on(self) -> str:
        return f"{self.child}.{self.fk} = {self.parent.key.full}"

    @property
    def onto(self) -> str:
        return f"JOIN {self.parent} ON {self.on}"

    @property
    def join(self) -> str:
        return f"{self.child} {self.onto}"

    @property
    def of(self) -> str:
        return self.column.of

    @property
    def has(self) -> str:
        return self.column.has


@dataclass(frozen=True)
class Domain:
    """A sample database; tables stand in the order in which foreign keys allow to fill them."""

    db_id: str
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table:
        return next(t for t in self.tables if t.name == name)

    def joins(self, child: Table) -> Iterator[Join]:
        for column in child.columns:
            if isinstance(column.recipe, Ref):
                yield Join(child, column, self.table(column.recipe.table))


def key(name: str) -> Column:
    """The primary key column."""
    return Column(name, Key())
