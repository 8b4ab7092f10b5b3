"""What rewrites ask of a schema: columns, the key of a table, and which tables foreign keys connect; names in any case.

A key of several columns is none: none of them identifies a row alone.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline.data.example import Column, Schema


class Link(NamedTuple):
    """A foreign key to the one key of `parent`."""

    child: str
    column: str
    parent: str
    key: str


class Tables:
    """The tables of a schema."""

    def __init__(self, schema: Schema) -> None:
        self._columns = {name.lower(): columns for name, columns in schema.tables.items()}
        self._links = [
            Link(k.table, k.column, k.ref_table, k.ref_column)
            for k in schema.foreign_keys
            if k.ref_column.lower() == self.key(k.ref_table).lower() != ""
        ]

    def __contains__(self, table: str) -> bool:
        return table.lower() in self._columns

    def columns(self, table: str) -> tuple[Column, ...]:
        return self._columns.get(table.lower(), ())

    def column(self, table: str, name: str) -> Column | None:
        return next((c for c in self.columns(table) if c.name.lower() == name.lower()), None)

    def key(self, table: str) -> str:
        """The column that identifies a row, or nothing."""
        keys = [c.name for c in self.columns(table) if c.primary_key]
        return keys[0] if len(keys) == 1 else ""

    def parents(self, table: str) -> list[Link]:
        return [link for link in self._links if link.child.lower() == table.lower()]

    def children(self, table: str) -> list[Link]:
        return [link for link in self._links if link.parent.lower() == table.lower()]
