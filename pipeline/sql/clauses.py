"""The clauses of a query as Spider's evaluator sees them: what exact-set match and hardness compare and count.

What that evaluator overlooks is overlooked here: values on the right of a comparison, parentheses, join conditions but
for their words. See pipeline.sql.exact_set for its rules and for what is read here and cannot be read there.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.sql.parsing import parse
from pipeline.sql.scopes import arguments, join_kind, selects, sources

# table, column, table referred to, column referred to
ForeignKey = tuple[str, str, str, str]

_VALUE = "value"
_CONSTANTS = (exp.Literal, exp.Null, exp.Boolean, exp.Parameter, exp.Placeholder)
_MIRRORED = {"gt": "lt", "lt": "gt", "gte": "lte", "lte": "gte", "eq": "eq", "neq": "neq"}


class Comparison(NamedTuple):
    """`left` is empty for EXISTS, `operator` for what is no comparison; `queries` are those on the right."""

    negated: bool
    operator: str
    left: Hashable
    queries: tuple[Query, ...]


class Condition(NamedTuple):
    """Comparisons and the words ("and", "or") between them, without parentheses."""

    comparisons: tuple[Comparison, ...] = ()
    connectors: tuple[str, ...] = ()


class Select(NamedTuple):
    """One SELECT, as Spider's evaluator sees it. `joined` is the set operation that joins it to the one before."""

    joined: str
    distinct: bool
    columns: tuple[Hashable, ...]
    tables: tuple[Hashable, ...]
    on: Condition
    where: Condition
    group_by: tuple[Hashable, ...]
    having: Condition
    order_by: tuple[Hashable, ...]
    direction: str
    limited: bool
    definitions: tuple[Query, ...]  # of WITH

    def comparisons(self) -> tuple[Comparison, ...]:
        return self.on.comparisons + self.where.comparisons + self.having.comparisons

    def connectors(self) -> tuple[str, ...]:
        return self.on.connectors + self.where.connectors + self.having.connectors


# What set operations join, in the order in which it is written.
Query = tuple[Select, ...]


def read_query(
    sql: str,
    dialect: str,
    foreign_keys: Iterable[ForeignKey] = (),
    tables: Mapping[str, Collection[str]] | None = None,
) -> Query | None:
    """The clauses of `sql`; None if it is no query, does not parse, or is nested too deeply."""
    tree = parse(sql, dialect)
    try:
        return _Reader(foreign_keys, tables or {}).query(tree, _Scope()) if isinstance(tree, exp.Query) else None
    except (SqlglotError, RecursionError):
        return None


@dataclass(frozen=True)
class _Scope:
    """What names mean at one place of a query. `nested` is what the official evaluator compares as it is written."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, Hashable] = field(default_factory=dict)
    nested: bool = False

    def inner(self) -> _Scope:
        return replace(self, nested=True, results={})


class _Reader:
    def __init__(self, foreign_keys: Iterable[ForeignKey], tables: Mapping[str, Collection[str]]) -> None:
        self._linked = _linked(foreign_keys)
        self._link_tables: frozenset[str] | None = None
        self._tables = {table.lower(): frozenset(map(str.lower, columns)) for table, columns in tables.items()}

    def query(self, tree: exp.Expr, scope: _Scope) -> Query:
        definitions: list[Query] = []
        with_ = tree.args.get("with_")
        for cte in with_.expressions if with_ else []:
            scope = replace(scope, definitions={**scope.definitions, cte.alias.lower(): f"with {len(definitions)}"})
            definitions.append(self.query(cte.this, scope.inner()))
        first, *others = (self._select(joined, select, ends, scope) for joined, select, ends in selects(tree))
        return (first._replace(definitions=tuple(definitions)), *others)

    def _select(self, joined: str, select: exp.Select, ends: Mapping[str, exp.Expr], scope: _Scope) -> Select:
        scope, tables = self._from(select, scope)
        columns = tuple(self._unit(column, scope) for column in select.expressions)
        condition = Condition()
        for _, join in sources(select):
            if join and join.args.get("on"):
                condition = _both(condition, self._condition(join.args["on"], scope))
        where, group, having = (select.args.get(name) for name in ("where", "group", "having"))
        read_where = self._condition(where.this, scope) if where else Condition()
        scope = replace(scope, results=_results(select, columns))
        ordered = ends["order"].expressions if "order" in ends else []
        directions = [item.args.get("desc") for item in ordered]
        last = next((desc for desc in reversed(directions) if desc is not None), False)
        return Select(
            joined=joined,
            distinct=scope.nested and bool(select.args.get("distinct")),
            columns=columns,
            tables=tables,
            on=condition,
            where=read_where,
            group_by=tuple(self._listed(item, scope) for item in (group.expressions if group else [])),
            having=self._condition(having.this, scope) if having else Condition(),
            order_by=tuple(self._listed(item.this, scope) for item in ordered),
            direction=("desc" if last else "asc") if ordered else "",
            limited="limit" in ends,
            definitions=(),
        )

    def _from(self, select: exp.Select, scope: _Scope) -> tuple[_Scope, tuple[Hashable, ...]]:
        tables: list[Hashable] = []
        names: list[str] = []
        aliases = dict(scope.aliases)
        for source, join in sources(select):
            name = source.name.lower()
            named = isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier)
            name = scope.definitions.get(name, name) if named else "query"
            names.append(name)
            aliases[source.alias_or_name.lower()] = name
            tables.append((join_kind(join), name if named else self._unit(source.unnest(), scope.inner())))
        if self._link_tables is None and not scope.nested:
            self._link_tables = frozenset(names)
        return replace(scope, aliases=aliases, sources=tuple(names), results={}), tuple(tables)

    def _condition(self, node: exp.Expr, scope: _Scope) -> Condition:
        comparisons: list[Comparison] = []
        connectors: list[str] = []
        waiting: list[exp.Expr | str] = [node]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                connectors.append(part)
            elif isinstance(part := part.unnest(), exp.And | exp.Or):
                waiting += [part.expression, part.key, part.this]
            else:
                comparisons.append(self._comparison(part, scope))
        return Condition(tuple(comparisons), tuple(connectors))

    def _comparison(self, node: exp.Expr, scope: _Scope) -> Comparison:
        negated = False
        while isinstance(node, exp.Not):
            node, negated = node.this.unnest(), not negated
        node = node.this if isinstance(node, exp.Escape) else node
        negated ^= bool(node.args.get("negate"))
        if not isinstance(node, exp.Predicate) or not isinstance(node.this, exp.Expr):
            return Comparison(negated, "", self._unit(node, scope), ())
        operator, left = node.key, node.this
        right = [child for child in node.iter_expressions() if child is not left]
        if operator in _MIRRORED and len(right) == 1 and _is_given(left) and not _is_given(right[0]):
            operator, left, right = _MIRRORED[operator], right[0], [left]
        if isinstance(left, exp.Query) and not right:  # EXISTS
            return Comparison(negated, operator, "", (self.query(left, scope.inner()),))
        queries = (query for child in right for query in _outermost_queries(child))
        return Comparison(
            negated, operator, self._unit(left, scope), tuple(self.query(query, scope.inner()) for query in queries)
        )

    def _listed(self, node: exp.Expr, scope: _Scope) -> Hashable:
        """An item of GROUP BY or ORDER BY; a number stands for a column of the result."""
        by_number = scope.results.get(node.name) if isinstance(node, exp.Literal) and node.is_int else None
        return by_number or self._unit(node, scope)

    def _unit(self, node: exp.Expr, scope: _Scope) -> Hashable:
        node = node.unnest()
        if isinstance(node, exp.Alias):
            node = node.this.unnest()
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        if isinstance(node, exp.Query):
            return self.query(node, scope.inner())
        if isinstance(node, exp.Star):
            return "*"
        if isinstance(node, _CONSTANTS):
            return _VALUE
        if isinstance(node, exp.Distinct) and not scope.nested and len(node.expressions) == 1:
            return self._unit(node.expressions[0], scope)
        parts = [self._unit(part, scope) if isinstance(part, exp.Expr) else part for part in arguments(node)]
        is_constant = isinstance(node, exp.Neg | exp.Binary) and set(parts) == {_VALUE}
        return _VALUE if is_constant else (node.key, *parts)

    def _column(self, column: exp.Column, scope: _Scope) -> Hashable:
        name, qualifier = column.name.lower() or "*", column.table.lower()
        if qualifier:
            table = scope.aliases.get(qualifier, qualifier)
        elif name in scope.results:
            return scope.results[name]
        else:
            table = self._table_of(name, scope)
        whole = f"{table}.{name}"
        is_linked = not scope.nested and table in (self._link_tables or ())
        return self._linked.get(whole, whole) if is_linked else whole

    def _table_of(self, name: str, scope: _Scope) -> str:
        candidates = (*scope.sources, *scope.aliases.values())
        known = next((table for table in candidates if name in self._tables.get(table, ())), "")
        return known or (scope.sources[0] if len(scope.sources) == 1 else "")


def _results(select: exp.Select, columns: Iterable[Hashable]) -> dict[str, Hashable]:
    """The columns of the result by name and by number. Not those with a query inside: to repeat it wherever it is
    named, and this in each query within, could take for ever."""
    plain = [
        (at, column, unit)
        for at, (column, unit) in enumerate(zip(select.expressions, columns, strict=True), start=1)
        if not column.find(exp.Query)
    ]
    named = {column.alias.lower(): unit for _, column, unit in plain if isinstance(column, exp.Alias)}
    return {str(at): unit for at, _, unit in plain} | named


def _both(one: Condition, other: Condition) -> Condition:
    between = ("and",) if one.comparisons else ()
    return Condition(one.comparisons + other.comparisons, one.connectors + between + other.connectors)


def _is_given(node: exp.Expr) -> bool:
    node = node.unnest()
    return isinstance(node.this if isinstance(node, exp.Neg) else node, (*_CONSTANTS, exp.Query))


def _outermost_queries(node: exp.Expr) -> Iterator[exp.Query]:
    for found in node.walk(prune=lambda inner: isinstance(inner, exp.Query)):
        if isinstance(found, exp.Query):
            yield found


def _linked(foreign_keys: Iterable[ForeignKey]) -> dict[str, str]:
    """For each column that foreign keys link to others, the one that stands for all of them."""
    groups: dict[str, frozenset[str]] = {}
    for table, column, ref_table, ref_column in foreign_keys:
        ends = (f"{table}.{column}".lower(), f"{ref_table}.{ref_column}".lower())
        group = frozenset().union(*(groups.get(end, frozenset({end})) for end in ends))
        groups |= dict.fromkeys(group, group)
    return {column: min(group) for column, group in groups.items()}
