"""The two nouns of the data layer: an example (question, gold SQL) and the database that it is asked of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """One column: `type` is the declared SQL type, lower-cased but for the values of an enumeration (empty where the
    database declares none); `description` says in words what the column holds, where that is known."""

    name: str
    type: str
    primary_key: bool = False
    description: str = ""


@dataclass(frozen=True)
class ForeignKey:
    """`table.column` refers to `ref_table.ref_column`."""

    table: str
    column: str
    ref_table: str
    ref_column: str


@dataclass(frozen=True)
class Schema:
    """Tables in the order in which the database lists them, each with its columns, and the foreign keys."""

    tables: dict[str, tuple[Column, ...]]
    foreign_keys: tuple[ForeignKey, ...] = ()

    @property
    def column_names(self) -> dict[str, tuple[str, ...]]:
        """The columns of each table."""
        return {table: tuple(column.name for column in columns) for table, columns in self.tables.items()}

    def to_json(self) -> dict[str, Any]:
        return {
            "tables": {name: [asdict(c) for c in columns] for name, columns in self.tables.items()},
            "foreign_keys": [asdict(k) for k in self.foreign_keys],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Schema:
        return cls(
            tables={name: tuple(Column(**c) for c in columns) for name, columns in value["tables"].items()},
            foreign_keys=tuple(ForeignKey(**k) for k in value["foreign_keys"]),
        )


@dataclass(frozen=True)
class Database:
    """A database that examples are asked of. `dialect` is "sqlite" or "mysql"; for the forms of `url` see
    pipeline.engine.urls; `digest` is of its content and, where prompts show them, of its columns' descriptions."""

    db_id: str
    dialect: str
    url: str
    schema: Schema
    digest: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "schema": self.schema.to_json()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Database:
        return cls(**{**value, "schema": Schema.from_json(value["schema"])})


@dataclass(frozen=True)
class Example:
    """One question with its gold SQL (one or more equivalent queries).

    `reasoning` is a thought that leads to the SQL, or None; `reasoning_source` is "given" (came with the data),
    "derived" (read off the gold SQL) or "distilled" (sampled from the model and verified by execution). `source` says
    which row of which file the example came from.
    """

    db_id: str
    question: str
    gold_sql: tuple[str, ...]
    evidence: str = ""
    difficulty: str = ""
    source: str = ""
    reasoning: str | None = None
    reasoning_source: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "gold_sql": list(self.gold_sql)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Example:
        return cls(**{**value, "gold_sql": tuple(value["gold_sql"])})
