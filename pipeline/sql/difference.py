"""Where two queries differ, clause by clause: what a wrong prediction got wrong.

Unlike Spider's exact-set match this takes everything that may change a result: values, DISTINCT, the order of the
columns, join conditions, and which of two mentions of the same table is meant. What never changes a result does not
count: aliases, case, white space, parentheses, the order of conditions, of joined tables and of GROUP BY, the sides of
a comparison.

Each clause is compared as a canonical text of its tree. (sqlglot.diff finds edits between two trees, but not clauses,
and takes quadratic time.) Not known: equivalent forms, such as a join condition in WHERE, IN for a join, or a subquery
for a WITH.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.sql.parsing import parse
from pipeline.sql.scopes import arguments, join_kind, mentions, operands, selects, sources

CLAUSES = (
    *("select", "distinct", "from", "where", "group by", "having", "order by", "limit"),
    *("set operation", "subquery", "cte", "function"),
)
UNPARSABLE = "unparsable"

_SYMMETRIC = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.Add, exp.Mul)
_MIRRORED = {exp.GT: "lt", exp.GTE: "lte"}
_NO_FUNCTIONS = (exp.Connector, exp.SubqueryPredicate)


def differing_clauses(gold: str, pred: str, dialect: str) -> tuple[str, ...]:
    """Those of CLAUSES that differ, in that order; () if none does, ("unparsable",) if either query does not parse.

    A nested query's clauses count as "subquery" (within WITH as "cte") and not as the clause that it stands in.
    "function" says that other functions are used, aggregates or not, wherever they stand. A column without a table's
    name is taken for that of the same name in any table, where FROM has several.
    """
    if gold == pred:
        return ()
    trees = [parse(sql, dialect) for sql in (gold, pred)]
    try:
        readers = [_Reader(tree, dialect) for tree in trees if isinstance(tree, exp.Query)]
        if len(readers) < 2:
            return (UNPARSABLE,)
        bare = {name for reader in readers for name in reader.bare_columns()}
        wanted, found = (reader.clauses(bare) for reader in readers)
    except (SqlglotError, RecursionError):
        return (UNPARSABLE,)
    # A SELECT more or less is a difference of the set operations; those that both have are compared one by one.
    pairs = list(zip(wanted[0], found[0], strict=False))
    differing = {name for one, other in pairs for name in one if one[name] != other[name]}
    differing |= {name for name in wanted[1] if wanted[1][name] != found[1][name]}
    return tuple(name for name in CLAUSES if name in differing)


class _Reader:
    def __init__(self, tree: exp.Query, dialect: str) -> None:
        self._tree = tree
        self._dialect = dialect
        self._bare: set[str] = set()
        self._definitions = {cte.alias.lower(): f"with {at}" for at, cte in enumerate(tree.find_all(exp.CTE))}
        self._names: dict[int, dict[str, str]] = {}
        self._own: dict[int, list[exp.Expr]] = {}  # a SELECT's nodes, but for those of the queries within it
        self._select_of: dict[int, exp.Select | None] = {}  # where a column or a SELECT stands
        for select in tree.find_all(exp.Select):
            self._names[id(select)] = mentions(select, self._definitions)
            self._own[id(select)] = list(_own_nodes(select))
            self._select_of[id(select)] = select.find_ancestor(exp.Select)
            self._select_of |= {id(node): select for node in self._own[id(select)] if isinstance(node, exp.Column)}

    def bare_columns(self) -> Iterator[str]:
        """The columns of which it cannot be told here which table they belong to."""
        return (column.name.lower() for column in self._tree.find_all(exp.Column) if not self._table_of(column))

    def clauses(self, bare: set[str]) -> tuple[list[dict[str, str]], dict[str, object]]:
        """The clauses of each SELECT that is not nested, and what there is one of in the whole query."""
        self._bare = bare
        parts = list(selects(self._tree))
        outermost = {id(select) for _, select, _ in parts}
        nested: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for query in self._tree.find_all(exp.Select, exp.SetOperation):
            is_defined = query.find_ancestor(exp.CTE) is not None
            if isinstance(query, exp.Select) and id(query) not in outermost:
                nested[is_defined][repr(self._select(query, query.args))] += 1
            elif isinstance(query, exp.SetOperation) and (is_defined or query.find_ancestor(exp.Select)):
                ends = [self._text(query.args[end]) for end in ("order", "limit", "offset") if query.args.get(end)]
                nested[is_defined][f"{query.key} {query.args.get('distinct')} {ends}"] += 1
        functions = [node for node in self._tree.find_all(exp.Func) if not isinstance(node, _NO_FUNCTIONS)]
        whole: dict[str, object] = {
            "set operation": [joined for joined, _, _ in parts],
            "subquery": nested[False],
            "cte": nested[True],
            "function": {node.name.lower() if isinstance(node, exp.Anonymous) else node.key for node in functions},
        }
        return [self._select(select, ends) for _, select, ends in parts], whole

    def _select(self, select: exp.Select, ends: Mapping[str, object]) -> dict[str, str]:
        aggregated = (node for node in self._own[id(select)] if isinstance(node, exp.Distinct))
        distinct = [self._text(node) for node in aggregated if node.parent is not select]
        columns = [self._text(column) for column in select.expressions]
        # A query inside a result's column is not repeated where the column's name is.
        results = {c.alias.lower(): text for c, text in zip(select.expressions, columns, strict=True) if c.alias}
        order, limit, offset = (ends.get(name) for name in ("order", "limit", "offset"))
        where, group, having = (select.args.get(name) for name in ("where", "group", "having"))
        groups = [
            self._listed(item, columns, results) if isinstance(item, exp.Expr) else item
            for item in (arguments(group) if group else [])
        ]
        ordered = [
            (self._listed(item.this, columns, results), bool(item.args.get("desc")), item.args.get("nulls_first"))
            for item in (order.expressions if isinstance(order, exp.Expr) else [])
        ]
        return {
            "select": repr(columns + [self._text(window) for window in select.args.get("windows") or []]),
            "distinct": f"{bool(select.args.get('distinct'))} {sorted(distinct)}",
            "from": self._from(select),
            "where": self._text(where.this) if where else "",
            "group by": repr(sorted(groups)),
            "having": self._text(having.this, results) if having else "",
            "order by": repr(ordered),
            "limit": repr([self._text(end) for end in (limit, offset) if isinstance(end, exp.Expr)]),
        }

    def _from(self, select: exp.Select) -> str:
        tables, conditions = [], []
        for (source, join), name in zip(sources(select), self._names[id(select)].values(), strict=False):
            tables.append(f"{join_kind(join)} {name}")
            if join and join.args.get("on"):
                conditions += [self._text(part) for part in operands(join.args["on"], exp.And)]
            conditions += [f"using {column.name.lower()}" for column in (join and join.args.get("using")) or []]
            if isinstance(source, exp.Table) and not isinstance(source.this, exp.Identifier):
                tables.append(self._text(source.this))
        return f"{sorted(tables)} {sorted(conditions)}"

    def _table_of(self, column: exp.Column) -> str:
        """The table and which mention of it; "" where it cannot be told."""
        qualifier = column.table.lower()
        select = self._select_of.get(id(column))
        while select is not None:
            names = self._names[id(select)]
            if not qualifier:
                return next(iter(names.values())) if len(names) == 1 else ""
            if qualifier in names:
                return names[qualifier]
            select = self._select_of[id(select)]
        return qualifier

    def _listed(self, node: exp.Expr, columns: list[str], results: Mapping[str, str]) -> str:
        """An item of GROUP BY or ORDER BY; a number stands for a column of the result."""
        if isinstance(node, exp.Literal) and node.is_int and 0 < int(node.name) <= len(columns):
            return columns[int(node.name) - 1]
        return self._text(node, results)

    def _text(self, node: exp.Expr, results: Mapping[str, str] = MappingProxyType({})) -> str:
        """A canonical text: that of what always means the same is the same. `results` are the named result columns."""
        node = node.unnest()
        if isinstance(node, exp.Alias):
            node = node.this.unnest()
        if isinstance(node, exp.Query):
            return "(query)"
        if isinstance(node, exp.Column):
            return self._column(node, results)
        if isinstance(node, exp.Literal):
            return repr(node.name) if node.is_string else node.name
        if isinstance(node, exp.Distinct):
            return ", ".join(self._text(part, results) for part in node.expressions)
        if isinstance(node, exp.And | exp.Or):
            return _joined(node.key, sorted(self._text(part, results) for part in operands(node, type(node))))
        parts = [self._text(part, results) if isinstance(part, exp.Expr) else part for part in arguments(node)]
        if isinstance(node, exp.GT | exp.GTE):
            return _joined(_MIRRORED[type(node)], parts[::-1])
        return _joined(node.key, sorted(parts) if isinstance(node, _SYMMETRIC) else parts)

    def _column(self, column: exp.Column, results: Mapping[str, str]) -> str:
        name = column.name.lower() or "*"
        if not column.table:
            compared = column.parent
            is_given = isinstance(compared, exp.Predicate) and compared.this is not column
            if self._dialect == "sqlite" and is_given and column.this.args.get("quoted"):
                return repr(column.name)  # a string in double quotes, as Spider writes them
            if name in results:
                return results[name]
        return name if name in self._bare else f"{self._table_of(column)}.{name}"


def _own_nodes(select: exp.Select) -> Iterator[exp.Expr]:
    return select.walk(prune=lambda node: isinstance(node, exp.Query) and node is not select)


def _joined(name: str, parts: Iterable[str]) -> str:
    # Not repr(): it would escape the quotes of each level again, which doubles the text with every level.
    return f"{name}({', '.join(parts)})"
