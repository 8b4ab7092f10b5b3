"""Whether a question is worth asking: its gold must answer with something definite.

A definite answer has 1 to `MAX_ROWS` rows that are not all NULL or zero, no ties in what it is ordered by (up to one
row beyond a LIMIT, where the cut is), every LIMIT and HAVING of the outer query leaves something out, and no comparison
hangs on the last bits of a sum or mean, which depend on the order of the rows. What cannot be seen from the answer is
asked by further queries, the probes.
Not covered: WHERE conditions that leave nothing out (altered copies show whether they matter), and inner queries whose
order or LIMIT depends on the outer one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlglot import exp

from pipeline.sql.parsing import parse

MAX_ROWS = 150
DIGITS = 6  # of sums and means: float arithmetic gives more
Rows = Sequence[tuple[Any, ...]]
_NUMBER = float | int | Decimal


@dataclass(frozen=True)
class Probe:
    """A query besides the gold. `kind` says what its rows must be:

    every  more than the gold's: it is the gold without HAVING
    order  all different, more than `limit`: they are what the gold, or a query in it, is ordered by
    same   those of the gold: it is the gold with ties numbered in another way
    near   those of the gold, but for rounding: it is the gold with its sums and means rounded
    """

    kind: str
    sql: str
    limit: int = 0


def is_definite(rows: Rows) -> bool:
    """Whether the answer is small, and holds something else than NULL and zero."""
    return 0 < len(rows) <= MAX_ROWS and not all(cell in (None, 0) for row in rows for cell in row)


def bounded(sql: str, dialect: str) -> str:
    """The gold as it is executed: with a LIMIT where it has none. An answer that is not too large is the same, and no
    more than that is read of one that is."""
    tree = parse(sql, dialect)
    return sql if tree is None or tree.args.get("limit") else f"{sql} LIMIT {MAX_ROWS + 1}"


def probes(sql: str, dialect: str) -> list[Probe] | None:
    """The further queries that tell whether the gold is definite, mostly none; None where that cannot be told."""
    if not re.search(r"\b(HAVING|ORDER BY|LIMIT|ROW_NUMBER|SUM|AVG)\b", sql):
        return []
    tree = parse(sql, dialect)
    if not isinstance(tree, exp.Query):
        return None
    found = []
    if tree.args.get("having"):
        every = tree.copy()
        for part in ("having", "order", "limit"):
            every.set(part, None)
        found.append(Probe("every", bounded(every.sql(dialect=dialect), dialect)))
    for query in tree.find_all(exp.Select, exp.SetOperation):
        order, limit = query.args.get("order"), query.args.get("limit")
        if limit and not order:
            return None  # any rows would do
        if order and (limit or query is tree):
            probe = _ordered_by(query, tree, dialect)
            if probe is None:
                return None
            found.append(probe)
    if "ROW_NUMBER" in sql:
        found.append(Probe("same", bounded(sql.replace("ROW_NUMBER", "RANK"), dialect)))
    if (rounded := _rounded(tree)) and (tree.find(exp.Having) or len(list(tree.find_all(exp.Select))) > 1):
        found.append(Probe("near", bounded(rounded.sql(dialect=dialect), dialect)))
    return found


def holds(probe: Probe, rows: Rows, gold: Rows) -> bool:
    """Whether the probe's rows are as they must be."""
    if probe.kind == "every":
        return len(rows) > len(gold)
    if probe.kind == "same":
        return Counter(rows) == Counter(gold)
    if probe.kind == "near":
        return len(rows) == len(gold) and all(map(_near, _cells(rows), _cells(gold)))
    return len(rows) > max(probe.limit, 1) and len(rows) == len(set(rows))


def _cells(rows: Rows) -> list[Any]:
    """In an order that rounding does not change: by value, and whole numbers among the others, for it makes floats of
    them."""
    return [cell for row in sorted(rows, key=lambda row: [_place(cell) for cell in row]) for cell in row]


def _place(cell: Any) -> tuple[float, str]:
    return (float(cell), "") if isinstance(cell, _NUMBER) else (math.inf, str(cell))


def _near(one: Any, other: Any) -> bool:
    numbers = isinstance(one, _NUMBER) and isinstance(other, _NUMBER)
    return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-4) if numbers else bool(one == other)


def _rounded(tree: exp.Query) -> exp.Query | None:
    """The query with every sum and mean rounded, None where it has none."""
    found = tree.copy()
    totals = list(found.find_all(exp.Sum, exp.Avg))
    for total in totals:
        whole: exp.Expr = total
        while isinstance(whole.parent, exp.Window | exp.Filter):
            whole = whole.parent
        whole.replace(exp.Round(this=whole.copy(), decimals=exp.Literal.number(DIGITS)))
    return found if totals else None


def _ordered_by(query: exp.Query, outermost: exp.Query, dialect: str) -> Probe | None:
    """The query that selects what `query` is ordered by, up to one row beyond its LIMIT."""
    order = query.args["order"]
    keys = [_meant(key.this, query) for key in order.expressions]
    if None in keys:
        return None
    count = sum(int(part.expression.name) for name in ("limit", "offset") if (part := query.args.get(name)))
    bare = query.copy()
    for name in ("limit", "offset"):
        bare.set(name, None)
    if isinstance(bare, exp.Select) and not query.args.get("distinct"):
        probe = bare.select(*filter(None, keys), append=False)
    else:  # the keys are selected from the answer, where duplicates are gone
        names = [f"key{number}" for number in range(len(keys))]
        bare.set("order", None)
        if isinstance(bare, exp.Select):
            bare = bare.select(*(exp.alias_(k, n) for k, n in zip(filter(None, keys), names, strict=True)))
        else:
            names = [key.name for key in keys if key]
        ways = [
            exp.Ordered(this=exp.column(n), desc=k.args.get("desc"))
            for n, k in zip(names, order.expressions, strict=True)
        ]
        probe = exp.select(*names).from_(bare.subquery("answer")).order_by(*ways)
    if query is not outermost and outermost.args.get("with_"):
        probe.set("with_", outermost.args["with_"].copy())
    return Probe("order", (probe.limit(count + 1) if count else probe).sql(dialect=dialect), count)


def _meant(key: exp.Expr, query: exp.Query) -> exp.Expr | None:
    """What a key of ORDER BY stands for: a name of the SELECT list, a position in it, or itself. Of a set operation
    only a column by its name."""
    if isinstance(key, exp.Literal) and key.is_int:
        key = query.selects[int(key.name) - 1]
    if isinstance(query, exp.SetOperation):
        return exp.column(key.alias_or_name) if key.alias_or_name else None
    aliases = {e.alias: e.this for e in query.selects if isinstance(e, exp.Alias)}
    if isinstance(key, exp.Column) and not key.table and key.name in aliases:
        key = aliases[key.name]
    return key.unalias().copy()
