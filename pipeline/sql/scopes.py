"""The SELECTs of a query and what each reads from: the ground on which every reading of a query's clauses stands.

Nothing here knows what a reader wants of the clauses, nor the columns of a table: for those see pipeline.sql.columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError

_PLAIN_JOINS = frozenset({"", "INNER", "CROSS", "OUTER", "STRAIGHT_JOIN"})


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
            how = set_operation(node)
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


def bare(node: exp.Expr) -> exp.Expr:
    """Without its parentheses. (`unnest` would take those of a query too, and with them its LIMIT.)"""
    while type(node) is exp.Paren:
        node = node.this
    return node


def operands(node: exp.Expr, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """What AND (or OR) joins, whatever the parentheses."""
    waiting = [node]
    while waiting:
        part = bare(waiting.pop())
        if isinstance(part, kind):
            waiting += [part.args["expression"], part.this]
        else:
            yield part


def mentions(select: exp.Select, definitions: Mapping[str, str]) -> dict[str, str]:
    """By its alias, what a SELECT reads from, in the order of `sources`: the table, numbered from the second mention
    on, and "(query)" for a query. `definitions` says what to call those of WITH.

    An alias that is given twice, or not at all, gets a number that no column can be qualified with.
    """
    names: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for at, (source, _) in enumerate(sources(select)):
        name = source.name.lower() if isinstance(source, exp.Table) else "(query)"
        name = definitions.get(name, name)
        seen[name] += 1
        alias = source.alias_or_name.lower() or f"({at})"
        names[f"{alias} ({at})" if alias in names else alias] = f"{name}#{seen[name]}" if seen[name] > 1 else name
    return names


def branch_place(place: str, operation: exp.SetOperation) -> str:
    """What to call the second branch of a set operation: "union", "in except"."""
    if place.endswith(operation.key):
        return place
    return operation.key if place == "main" else f"{place} {operation.key}"


def set_operation(node: exp.SetOperation) -> str:
    return node.key if node.args.get("distinct") else f"{node.key} all"
