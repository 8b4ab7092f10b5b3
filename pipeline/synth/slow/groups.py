"""Rewrites of aggregates, groups and orders."""

from __future__ import annotations

from sqlglot import exp

from pipeline.synth.slow.spot import Spot, derived, is_plain


def case_aggregate(spot: Spot) -> exp.Query | None:
    """COUNT(CASE WHEN ... THEN 1 END) over all rows in place of WHERE; of groups, only those that have such a row.
    Equivalent for all data."""
    if not spot.terms or not 1 <= len(spot.aggregates) <= 3 or spot.has("distinct"):
        return None
    if not spot.has("group") and any(not e.find(exp.AggFunc) for e in spot.outputs):
        return None
    where = spot.select.args["where"].this
    one = exp.Literal.number(1)
    for aggregate in spot.aggregates:
        unique = isinstance(aggregate.this, exp.Distinct)
        value = aggregate.this.expressions[0] if unique else aggregate.this
        if aggregate.expressions or (unique and len(aggregate.this.expressions) > 1):
            return None
        value.replace(_case(where, one if isinstance(value, exp.Star) else value))
    spot.drop("where")
    if spot.has("group"):
        some = exp.GT(this=exp.Count(this=_case(where, one)), expression=exp.Literal.number(0))
        spot.select.having(some, copy=False)
    return spot.select


def _case(condition: exp.Expr, value: exp.Expr) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])


def window_per_group(spot: Spot) -> exp.Query | None:
    """SELECT DISTINCT g, COUNT(*) OVER (PARTITION BY g) in place of GROUP BY. Equivalent for all data."""
    found = spot.aggregates
    if not spot.has("group") or not found or spot.has("having", "order", "limit", "distinct"):
        return None
    groups = spot.select.args["group"].expressions
    if any(g not in spot.outputs for g in groups) or any(a.find(exp.Distinct) for a in found):
        return None  # two groups that are not shown could show the same row
    if any(e not in groups and not isinstance(e, exp.AggFunc) for e in spot.outputs):
        return None
    for aggregate in found:
        aggregate.replace(exp.Window(this=aggregate.copy(), partition_by=[g.copy() for g in groups], over="OVER"))
    spot.drop("group")
    return spot.select.distinct(copy=False)


def row_number(spot: Spot) -> exp.Query | None:
    """ROW_NUMBER() for every row in place of ORDER BY ... LIMIT. Equivalent where there are no ties."""
    order, limit, outputs = spot.select.args.get("order"), spot.select.args.get("limit"), spot.outputs
    if not order or not limit or spot.has("group", "offset", "distinct") or spot.aggregates:
        return None
    if any(c.name.lower() == spot.key().lower() for c in order.find_all(exp.Column)):
        return None  # the first of all keys is found at once
    if not all(map(is_plain, outputs)) or len({c.name for c in outputs}) < len(outputs):
        return None
    count, place = limit.expression.copy(), exp.column("place")
    spot.drop("order", "limit")
    window = exp.Window(this=exp.RowNumber(), order=order.copy(), over="OVER")
    inner = spot.select.copy().select(exp.alias_(window, "place"), copy=False)
    outer = exp.select(*(exp.column(c.this.copy()) for c in outputs)).from_(derived(inner, "ranked"), copy=False)
    if count.name == "1":
        return outer.where(exp.EQ(this=place, expression=count), copy=False)
    return outer.where(exp.LTE(this=place, expression=count), copy=False).order_by(place.copy(), copy=False)


def group_for_distinct(spot: Spot) -> exp.Query | None:
    """GROUP BY in place of DISTINCT. Equivalent for all data."""
    if not spot.has("distinct") or len(spot.terms) > 1:  # behind more conditions there are few rows left to sort
        return None
    return _grouped(spot)


def _grouped(spot: Spot) -> exp.Query | None:
    """The query without doubles by GROUP BY."""
    if spot.has("group", "having", "order", "limit") or not all(map(is_plain, spot.outputs)):
        return None
    spot.drop("distinct")
    return spot.select.group_by(*(c.copy() for c in spot.outputs), copy=False)


def counted_groups(spot: Spot) -> exp.Query | None:
    """SELECT COUNT(x) FROM (SELECT x ... GROUP BY x) in place of COUNT(DISTINCT x). Equivalent for all data."""
    if len(spot.outputs) != 1 or spot.has("group", "having", "order", "limit", "distinct"):
        return None
    [count] = spot.outputs
    if not isinstance(count, exp.Count) or not isinstance(count.this, exp.Distinct):
        return None
    values = count.this.expressions
    if len(values) != 1 or not is_plain(values[0]):
        return None
    inner = spot.select.copy()
    inner.set("expressions", [values[0].copy()])
    spot.read(derived(inner.group_by(values[0].copy(), copy=False), "different"))
    spot.select.set("expressions", [exp.Count(this=exp.column(values[0].this.copy()))])
    return spot.select


def grouped_in(spot: Spot) -> exp.Query | None:
    """x IN (SELECT y ... GROUP BY y), though IN knows no doubles. Equivalent for all data."""
    around = spot.select.parent
    inside = isinstance(around, exp.Subquery) and isinstance(around.parent, exp.In)
    return _grouped(spot) if inside and not spot.has("distinct") else None
