"""Which source a column belongs to, as far as it can be told from the query and, where given, from the tables.

A source is called by its table and never by its alias, so two queries that differ in their aliases read the same. What
cannot be told is no fault here: pipeline.sql.names finds the columns that do not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

# The columns of a source, each with what it is called; None where they are not known.
Columns = Mapping[str, str] | None


class Tables(Mapping[str, Mapping[str, str]]):
    """Table -> its columns, all in lower case, and hashable: make it once for many queries of one database."""

    def __init__(self, tables: Mapping[str, Collection[str]]) -> None:
        self._columns = {
            table.lower(): {column.lower(): column.lower() for column in columns} for table, columns in tables.items()
        }
        self._content = frozenset((table, frozenset(columns)) for table, columns in self._columns.items())
        self._hash = hash(self._content)

    def __getitem__(self, table: str) -> Mapping[str, str]:
        return self._columns[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Tables) and self._content == other._content)


NO_TABLES = Tables({})


@dataclass(frozen=True, slots=True)
class Source:
    """One mention of a table, or a query in FROM."""

    name: str
    columns: Columns

    def meaning(self, column: str) -> str:
        return (self.columns or {}).get(column, column)


@dataclass(frozen=True, slots=True)
class Scope:
    """What one SELECT reads from, by alias, and the scope of the query that it stands in. `shared` are the columns of
    USING, or None where NATURAL shares all there are."""

    sources: Mapping[str, Source]
    shared: Collection[str] | None
    outer: Scope | None

    def qualified(self, alias: str, column: str) -> tuple[str, str]:
        """What `alias.column` is: the source and the column; "outer" says that the source is an enclosing query's."""
        for prefix, scope in self._outwards():
            if source := scope.sources.get(alias):
                return prefix + source.name, source.meaning(column)
        return alias, column

    def unqualified(self, column: str) -> tuple[str, str]:
        """Likewise without an alias; the source is "" where several might have the column."""
        for prefix, scope in self._outwards():
            having = scope.having(column)
            if len(having) == 1 or (having and (scope.shared is None or column in scope.shared)):
                return prefix + having[0].name, having[0].meaning(column)
            unknown = [source for source in scope.sources.values() if source.columns is None]
            if having or (unknown and len(scope.sources) > 1):
                return "", column
            if unknown:
                return prefix + unknown[0].name, column
        # No such column, as far as is known: a mistake, or a table's own id.
        own = list(self.sources.values())
        return (own[0].name if len(own) == 1 else ""), column

    def having(self, column: str) -> list[Source]:
        """The sources of this SELECT that are known to have the column."""
        return [source for source in self.sources.values() if source.columns and column in source.columns]

    def surely_lacks(self, column: str) -> bool:
        """True if all sources, those of the enclosing queries too, are known, and none of them has the column."""
        scopes = [scope for _, scope in self._outwards()]
        known = all(source.columns is not None for scope in scopes for source in scope.sources.values())
        return known and not any(scope.having(column) for scope in scopes)

    def _outwards(self) -> Iterator[tuple[str, Scope]]:
        prefix = ""
        scope: Scope | None = self
        while scope is not None:
            yield prefix, scope
            prefix, scope = "outer ", scope.outer
