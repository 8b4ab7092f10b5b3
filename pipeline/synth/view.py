"""A database as the question grammar sees it: tables and columns with their English, sample values and foreign keys.

A view says all that a question needs and nothing of where it comes from: a database that was read, or a schema that
was made up. What it leaves out: composite keys and links, and views of the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.data.example import Column, ForeignKey, Schema

Kind = Literal["key", "link", "category", "name", "text", "integer", "number", "year", "date", "flag"]
Value = int | float | str


@dataclass(frozen=True)
class ViewColumn:
    """One column: `says` is its English noun in the singular ("unit price"), `type` the declared SQL type, lower-cased.

    kind    key: identifies a row; link: refers to another table's key; category: text with few values; name: text
            that people know a row by (a title, a person's name); text: other text; integer and number: quantities that
            may be compared, summed and averaged; year: a year as a number; date: text that begins YYYY-MM-DD; flag:
            two values
    values  non-null values that occur: of a category, flag, name or text the most frequent first, else ascending
    nulls   NULL occurs
    """

    name: str
    says: str
    kind: Kind
    type: str
    values: tuple[Value, ...] = ()
    nulls: bool = False
    indexed: bool = False


@dataclass(frozen=True)
class ViewTable:
    """One table: `one` and `many` are its English noun ("customer", "customers")."""

    name: str
    one: str
    many: str
    columns: tuple[ViewColumn, ...]
    rows: int = 0

    @property
    def key(self) -> ViewColumn | None:
        return next((c for c in self.columns if c.kind == "key"), None)

    @property
    def label(self) -> ViewColumn | None:
        """The column by which people know a row: its name, else its key."""
        return next((c for c in self.columns if c.kind == "name"), self.key)


@dataclass(frozen=True)
class ViewLink:
    """A foreign key: `child.column` refers to `parent.parent_column`. Its English goes between the two nouns:
    `of` from child to parent ("orders PLACED BY customers"), `has` back ("customers WHO PLACED orders").
    """

    child: str
    column: str
    parent: str
    parent_column: str
    of: str = "of"
    has: str = "with"


@dataclass(frozen=True)
class View:
    """A database's tables by name, in the order of its schema, and its links."""

    db_id: str
    tables: dict[str, ViewTable]
    links: tuple[ViewLink, ...] = ()
    dialect: str = "sqlite"

    @property
    def schema(self) -> Schema:
        """What a prompt shows of it."""
        return Schema(
            {
                t.name: tuple(Column(c.name, c.type, primary_key=c.kind == "key") for c in t.columns)
                for t in self.tables.values()
            },
            tuple(ForeignKey(k.child, k.column, k.parent, k.parent_column) for k in self.links),
        )


Level = Literal["simple", "moderate", "complex", "highly complex"]  # SynSQL's four (Li et al. 2025, OmniSQL)
LEVELS: tuple[Level, ...] = ("simple", "moderate", "complex", "highly complex")


@dataclass(frozen=True)
class Drawn:
    """A question with its gold SQL, and where there is one, an equivalent query as people write it that does more work.

    `tags` name what the query is made of ("join", "having", "window" ...), for the quality report.
    """

    question: str
    sql: str
    level: Level
    slow_sql: str = ""
    tags: tuple[str, ...] = ()
