"""Aliases of tables and names of WITH, replaced by ones that say nothing: t1, t2, ... and c1, c2, ....

What every name means stays as it is, whatever tables and columns the database has. In doubt names are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from pipeline.sql.scopes import sources

_NUMBERED = re.compile(r"c\d+")


def rename_aliases(tree: exp.Query) -> None:
    """Changes the tree, whose names are in lower case: renames all aliases, or none where it is in doubt what a name
    before a dot is; and leaves that name out where its SELECT reads from one source only."""
    _Renaming(tree).apply()


@dataclass(frozen=True, slots=True)
class _Scope:
    """The new names of the aliases at one place, the alias that needs not be said, and the result's own names."""

    names: Mapping[str, str]
    only: str = ""
    labels: frozenset[str] = frozenset()


class _Renaming:
    """Gives each source of a SELECT an alias, numbered on from those of the queries around it: t1, t2, ...

    An alias that hides one of an enclosing query gets that one's new name, so that whatever the database takes it for,
    it takes the new name for the same.
    """

    def __init__(self, tree: exp.Query) -> None:
        self._tree = tree
        self._sources: list[tuple[exp.Expr, str]] = []
        self._columns: list[tuple[exp.Column, str]] = []

    def apply(self) -> None:
        if not self._read():
            return
        tables = _mentions_of_ctes(self._tree)
        for source, name in self._sources:
            alias = source.args.get("alias")
            columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
            source.set("alias", exp.TableAlias(this=exp.to_identifier(name), columns=columns))
        for column, name in self._columns:
            if not name and isinstance(column.this, exp.Star):
                column.replace(exp.Star())
            else:
                column.set("table", exp.to_identifier(name) if name else None)
        for at, (cte, mentions) in enumerate(tables, start=1):
            cte.args["alias"].set("this", exp.to_identifier(f"c{at}"))
            for table in mentions:
                table.set("this", exp.to_identifier(f"c{at}"))

    def _read(self) -> bool:
        waiting: list[tuple[exp.Expr, _Scope]] = [(self._tree, _Scope({}))]
        while waiting:
            node, scope = waiting.pop()
            if isinstance(node, exp.Select):
                scope = self._enter(node, scope)
            elif isinstance(node, exp.Query):
                scope = _Scope(scope.names)
            elif isinstance(node, exp.Column):
                if node.table and (node.table not in scope.names or node.args.get("db")):
                    return False
                if node.table:
                    is_needless = node.table == scope.only and node.name not in scope.labels
                    self._columns.append((node, "" if is_needless else scope.names[node.table]))
                continue
            waiting += [(child, scope) for child in node.iter_expressions(reverse=True)]
        return True

    def _enter(self, select: exp.Select, outer: _Scope) -> _Scope:
        names = dict(outer.names)
        found = [source for source, _ in sources(select)]
        for source in found:
            alias = source.alias or (source.name if isinstance(source, exp.Table) else "")
            if alias:
                names.setdefault(alias, f"t{len(names) + 1}")
                self._sources.append((source, names[alias]))
        only = found[0].alias_or_name if len(found) == 1 else ""
        labels = frozenset(column.alias for column in select.expressions if isinstance(column, exp.Alias))
        return _Scope(names, "" if only in outer.names else only, labels)


def _mentions_of_ctes(tree: exp.Expr) -> list[tuple[exp.CTE, list[exp.Table]]]:
    """Each query of WITH and where FROM names it; none where a name may be that of a table as well."""
    defined: dict[str, tuple[exp.CTE, list[exp.Table]]] = {cte.alias: (cte, []) for cte in tree.find_all(exp.CTE)}
    if not defined or len(defined) < len(list(tree.find_all(exp.CTE))):
        return []
    for table in tree.find_all(exp.Table):
        if table.name not in defined:
            if _NUMBERED.fullmatch(table.name):
                return []
        elif table.db or not _sees(table, defined[table.name][0]):
            return []
        else:
            defined[table.name][1].append(table)
    return list(defined.values())


def _sees(table: exp.Table, cte: exp.CTE) -> bool:
    """True if `table` stands in the query that `cte` belongs to, behind it, or within it where it is recursive."""
    with_ = cte.parent
    assert isinstance(with_, exp.With)
    node: exp.Expr = table
    while node.parent is not None:
        if node.parent is with_:
            earlier, later = with_.expressions.index(cte), with_.expressions.index(node)
            return earlier < later or (node is cte and bool(with_.args.get("recursive")))
        if node.parent is with_.parent:
            return True
        node = node.parent
    return False
