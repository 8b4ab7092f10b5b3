"""Spider's exact-set match: are the clauses of two queries the same sets, whatever values they compare with?

The definition is that of Spider's evaluator (github.com/taoyds/test-suite-sql-eval, evaluation.py with --etype match,
the one that the leaderboard uses), read from sqlglot's tree here. It is stranger than its name says:

- DISTINCT is not compared. Join conditions are not, except that they may bring OR, NOT, IN or LIKE into a query.
- SELECT, WHERE and the joined tables are bags; GROUP BY and ORDER BY are lists; ORDER BY has one direction, the last
  that is written. AND and OR are a set of words: where they stand and what is in parentheses does not matter.
- HAVING is compared only beside GROUP BY; of LIMIT, only whether there is one.
- The right side of a comparison counts only where it is a query. Queries in conditions and in FROM have to be the same
  in the order in which they are written, with their DISTINCT, and know of no foreign keys.
- Columns that foreign keys link are one column, if their table stands in the FROM of the first SELECT.

What the official parser cannot read counts as wrong there, and is compared by the same rules here: names for columns
(AS), INNER JOIN, table names without AS, IS NULL, lists behind IN, WITH, functions, parentheses. Other known
differences, all rare: LEFT JOIN is not JOIN here (there it cannot be read, or LEFT is overlooked behind another join's
ON); values in a query in FROM count there; an alias means there what the last AS of the whole text says; foreign keys
link transitively here in whatever order they are given. On 1,992 recorded predictions that the official parser reads,
the answers differ for one (LEFT JOIN): tests/sql/test_exact_set.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.sql.parsing import parse

# table, column, table referred to, column referred to
ForeignKey = tuple[str, str, str, str]

_VALUE = "value"
_CONSTANTS = (exp.Literal, exp.Null, exp.Boolean, exp.Parameter, exp.Placeholder)
_MIRRORED = {"gt": "lt", "lt": "gt", "gte": "lte", "lte": "gte", "eq": "eq", "neq": "neq"}
_PLAIN_JOINS = frozenset({"", "INNER", "CROSS", "OUTER", "STRAIGHT_JOIN"})


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


def exact_set_match(
    gold: str,
    pred: str,
    dialect: str,
    foreign_keys: Iterable[ForeignKey] = (),
    tables: Mapping[str, Collection[str]] | None = None,
) -> bool | None:
    """True if the queries match; None where the gold cannot be parsed, False where only the prediction cannot.

    `tables` (table -> columns) says which of several tables a column without a table's name belongs to; without it,
    `name` matches `T1.name` only where there is one table.
    """
    keys = list(foreign_keys)
    wanted = read_query(gold, dialect, keys, tables)
    if wanted is None:
        return None
    found = read_query(pred, dialect, keys, tables)
    try:
        return found is not None and len(wanted) == len(found) and all(map(_same_select, wanted, found))
    except RecursionError:
        return False


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


def selects(tree: exp.Expr) -> Iterator[tuple[str, exp.Select, dict[str, exp.Expr]]]:
    """The SELECTs that set operations join: how each is joined to the one before, and its ORDER BY, LIMIT and OFFSET.

    Those behind the last SELECT are its own, as in Spider; SQL says that they belong to the whole.
    """
    waiting: list[tuple[str, exp.Expr, dict[str, exp.Expr]]] = [("", tree, {})]
    while waiting:
        joined, node, outer = waiting.pop()
        ends = {name: node.args[name] for name in ("order", "limit", "offset") if node.args.get(name)} | outer
        if isinstance(node, exp.Select):
            yield joined, node, ends
        elif isinstance(node, exp.SetOperation):
            how = node.key if node.args.get("distinct") else f"{node.key} all"
            grouped = isinstance(node.expression.unnest(), exp.SetOperation)
            waiting.append((f"{how} (" if grouped else how, node.expression, ends))
            waiting.append((joined, node.this, {}))
        elif isinstance(node, exp.Subquery):
            waiting.append((joined, node.this, ends))
        else:
            raise SqlglotError(f"a query of {node.key}")


def sources(select: exp.Select) -> Iterator[tuple[exp.Expr, exp.Join | None]]:
    """What FROM reads, in the order in which it is written, and the join that brings it; of what is in parentheses,
    the tables."""
    start = select.args.get("from_")
    waiting = [(start.this, None)] if start else []
    waiting += [(join.this, join) for join in select.args.get("joins") or []]
    waiting.reverse()
    while waiting:
        source, join = waiting.pop()
        waiting += [(inner.this, inner) for inner in reversed(source.args.get("joins") or [])]
        if isinstance(source, exp.Subquery) and not isinstance(source.this, exp.Query):
            waiting.append((source.this, join))
        else:
            yield source, join


def join_kind(join: exp.Join | None) -> str:
    """ "" for what INNER JOIN does, else for example "left" or "natural"."""
    words = [join.method, join.side, join.kind] if join else []
    return " ".join(word.lower() for word in words if word.upper() not in _PLAIN_JOINS)


def arguments(node: exp.Expr) -> Iterator[exp.Expr | str]:
    """The expressions within one, and its options and words as text."""
    for name, value in node.args.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield part
            elif part is not None and part is not False:
                yield f"{name}={part}".lower()


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


def _same_select(gold: Select, pred: Select) -> bool:
    as_they_are = ("joined", "group_by", "order_by", "direction", "limited", "definitions")
    return (
        all(getattr(gold, name) == getattr(pred, name) for name in as_they_are)
        and all(Counter(getattr(gold, name)) == Counter(getattr(pred, name)) for name in ("columns", "tables"))
        and Counter(gold.where.comparisons) == Counter(pred.where.comparisons)
        and set(gold.where.connectors) == set(pred.where.connectors)
        and (not gold.group_by or gold.having == pred.having)
        and _keywords(gold) == _keywords(pred)
    )


def _keywords(select: Select) -> set[str]:
    """Those that no other comparison of clauses covers."""
    words = {comparison.operator for comparison in select.comparisons()} & {"in", "like"}
    words |= {"or"} & set(select.connectors())
    words |= {"not"} if any(comparison.negated for comparison in select.comparisons()) else set()
    return words | ({"having"} if select.having.comparisons else set())


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
