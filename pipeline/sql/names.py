"""Which tables and columns a query names that its database does not have.

Built to raise no false alarm: in doubt (a table-valued function, a column of an unknown table, a name in double quotes,
which SQLite reads as a string) a name counts as known. The database itself, asked to prepare the query, knows better;
this module is for checks without one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from pipeline.sql.parsing import parse

_ROW_IDS = frozenset({"rowid", "oid", "_rowid_"})
_BUILT_IN_PREFIXES = ("sqlite_", "pragma_", "json_", "information_schema", "dbstat")

# The columns of a source, or None where they cannot be told.
_Columns = frozenset[str] | None


@dataclass(frozen=True)
class UnknownNames:
    """Names in lower case, sorted: `tables`, and `columns` as written in the query (`name` or `alias.name`)."""

    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tables or self.columns)


def unknown_names(sql: str, tables: Mapping[str, Collection[str]], dialect: str) -> UnknownNames | None:
    """The tables and columns of `sql` that are not in `tables` (table -> columns); None where it cannot be told.

    Case does not matter. Common table expressions, aliases and correlated subqueries are followed.
    """
    tree = parse(sql, dialect)
    if tree is None:
        return None
    schema = {table.lower(): frozenset(map(str.lower, columns)) for table, columns in tables.items()}
    try:
        tree = tree.copy()
        for name in tree.find_all(exp.Identifier):
            name.set("this", name.name.lower())
        checker = _Checker(schema, {cte.alias for cte in tree.find_all(exp.CTE)})
        unknown_columns = {name for scope in traverse_scope(tree) for name in checker.unknown_columns(scope)}
        unknown_tables = {table.name for table in tree.find_all(exp.Table) if checker.is_unknown(table)}
    except (SqlglotError, RecursionError):
        return None
    return UnknownNames(tuple(sorted(unknown_tables)), tuple(sorted(unknown_columns)))


class _Checker:
    def __init__(self, schema: Mapping[str, frozenset[str]], ctes: set[str]) -> None:
        self._schema = schema
        self._ctes = ctes

    def is_unknown(self, table: exp.Table) -> bool:
        return (
            isinstance(table.this, exp.Identifier)  # otherwise a table-valued function
            and table.name not in self._schema
            and table.name not in self._ctes
            and not f"{table.db or table.name}".startswith(_BUILT_IN_PREFIXES)
            and not table.name.startswith(_BUILT_IN_PREFIXES)
        )

    def unknown_columns(self, scope: Scope) -> Iterator[str]:
        # Not scope.columns: it repeats the columns of subqueries.
        for column in scope.find_all(exp.Column):
            assert isinstance(column, exp.Column)
            name, qualifier = column.name, column.table
            if qualifier:
                known = self._knows_qualified(scope, qualifier, "*" if isinstance(column.this, exp.Star) else name)
            else:
                known = bool(column.this.args.get("quoted")) or self._knows(scope, name)
            if not known:
                yield f"{qualifier}.{name}" if qualifier else name
        for join in scope.find_all(exp.Join):
            for shared in join.args.get("using") or []:
                if not self._knows(scope, shared.name):
                    yield shared.name

    def _knows_qualified(self, scope: Scope, qualifier: str, name: str) -> bool:
        for outer in _outwards(scope):
            for alias, columns in self._sources(outer):
                if alias == qualifier:
                    return columns is None or name == "*" or name in columns or name in _ROW_IDS
        return False

    def _knows(self, scope: Scope, name: str) -> bool:
        if name in _ROW_IDS:
            return True
        for outer in _outwards(scope):
            if name in _aliases(outer.expression):
                return True
            if any(columns is None or name in columns for _, columns in self._sources(outer)):
                return True
        return False

    def _sources(self, scope: Scope) -> Iterator[tuple[str, _Columns]]:
        """Alias and columns of everything that the scope selects from; a set operation shows those of its parts."""
        for part in scope.set_operation_scopes:
            yield from self._sources(part)
        for alias, (_, source) in scope.selected_sources.items():
            yield alias, self._columns(source)

    def _columns(self, source: exp.Expr | Scope) -> _Columns:
        if isinstance(source, exp.Table):
            return self._schema.get(source.name) if isinstance(source.this, exp.Identifier) else None
        if not isinstance(source, Scope):
            return None
        if source.outer_columns:
            return frozenset(source.outer_columns)
        columns: set[str] = set()
        while source.set_operation_scopes:
            source = source.set_operation_scopes[0]
        for projection in source.expression.selects if isinstance(source.expression, exp.Query) else []:
            if not isinstance(projection, exp.Alias | exp.Column) or projection.is_star:
                # A star, or an expression whose name is the text that it was written with.
                return None
            columns.add(projection.alias_or_name)
        return frozenset(columns) or None


def _outwards(scope: Scope) -> Iterator[Scope]:
    """The scope and those whose names it may use; a branch of a set operation does not see the other branches."""
    current: Scope | None = scope
    while current is not None:
        yield current
        while current.is_set_operation and current.parent is not None:
            current = current.parent
        current = current.parent


def _aliases(expression: exp.Expr) -> set[str]:
    """SQLite lets WHERE, GROUP BY, HAVING and ORDER BY use the aliases of the result."""
    selects = expression.selects if isinstance(expression, exp.Query) else []
    return {projection.alias for projection in selects if isinstance(projection, exp.Alias)}
