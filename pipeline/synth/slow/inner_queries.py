"""Rewrites of IN and NOT EXISTS, which ask whether a row has children, in other ways to ask it."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from pipeline.synth.slow.spot import (
    Spot,
    columns_of,
    distinct_count,
    is_column,
    one_of,
    query,
    sides,
    terms_of,
    with_table,
)


class Children(NamedTuple):
    """The condition `term` about rows of a child table: its column that refers to the key, and what is asked of it."""

    term: exp.Expr
    table: exp.Table
    fk: str
    terms: list[exp.Expr]


def count_some(spot: Spot) -> exp.Query | None:
    """(SELECT COUNT(*) FROM child WHERE child.fk = key ...) > 0 in place of key IN (SELECT fk FROM child ...).
    Equivalent for all data."""
    asked = _asked_in(spot)
    if not asked or len(spot.terms) > 1:  # beside other conditions few rows are left to count for
        return None
    return spot.replace_terms([asked.term], [exp.GT(this=_counted(spot, asked), expression=exp.Literal.number(0))])


def count_none(spot: Spot) -> exp.Query | None:
    """(SELECT COUNT(*) FROM child WHERE child.fk = key ...) = 0 in place of NOT EXISTS. Equivalent for all data."""
    if not (asked := _asked_not_exists(spot)):
        return None
    return spot.replace_terms([asked.term], [exp.EQ(this=_counted(spot, asked), expression=exp.Literal.number(0))])


def join_for_in(spot: Spot) -> exp.Query | None:
    """JOIN child ... GROUP BY key, or COUNT(DISTINCT key), in place of IN. Leans on the key being unique and not
    NULL."""
    asked = _asked_in(spot)
    if not asked or len(spot.terms) > 1 or spot.has("group", "having", "distinct", "limit"):
        return None
    counted = spot.only_counts
    if (spot.aggregates and not counted) or not spot.qualify():
        return None
    key = exp.column(spot.key(), spot.base.alias_or_name)
    spot.keep([with_table(t, asked.table.name) for t in asked.terms])
    spot.select.append("joins", exp.Join(this=asked.table.copy(), on=_match(spot, asked)))
    if not counted:
        return spot.select.group_by(key, copy=False)
    spot.select.set("expressions", [distinct_count(key)])
    return spot.select


def not_in(spot: Spot) -> exp.Query | None:
    """key NOT IN (SELECT fk FROM child WHERE fk IS NOT NULL ...) in place of NOT EXISTS. Leans on the key not being
    NULL."""
    if not (asked := _asked_not_exists(spot)):
        return None
    known = exp.Not(this=exp.Is(this=exp.column(asked.fk), expression=exp.Null()))
    choice = query(exp.column(asked.fk), asked.table.copy(), [known, *(with_table(t, None) for t in asked.terms)])
    return spot.replace_terms([asked.term], [exp.Not(this=one_of(spot.column(spot.key()), choice))])


def left_join_null(spot: Spot) -> exp.Query | None:
    """LEFT JOIN child ... WHERE child.fk IS NULL in place of NOT EXISTS. Equivalent for all data."""
    asked = _asked_not_exists(spot)
    if not asked or spot.has("limit") or not spot.qualify():
        return None
    on = exp.and_(_match(spot, asked), *(with_table(t, asked.table.name) for t in asked.terms), copy=False)
    missing = exp.Is(this=exp.column(asked.fk, asked.table.name), expression=exp.Null())
    spot.replace_terms([asked.term], [missing])
    spot.select.append("joins", exp.Join(this=asked.table.copy(), on=on, side="LEFT"))
    return spot.select


def _asked_in(spot: Spot) -> Children | None:
    """key IN (SELECT fk FROM child WHERE ...), with the key of the one outer table."""
    for term in spot.terms if spot.alone and spot.key() else []:
        inner = term.args["query"].unnest() if isinstance(term, exp.In) and term.args.get("query") else None
        if inner is None or not _is_key(spot, term.this) or not (table := _one_table(spot, inner)):
            continue
        [column, *more] = inner.expressions
        if isinstance(column, exp.Column) and not more and spot.schema.column(table.name, column.name):
            return Children(term, table, column.name, terms_of(inner))
    return None


def _asked_not_exists(spot: Spot) -> Children | None:
    """NOT EXISTS (SELECT 1 FROM child WHERE child.fk = key AND ...)."""
    for term in spot.terms if spot.alone and spot.key() else []:
        exists = term.this if isinstance(term, exp.Not) else None
        inner = exists.this.unnest() if isinstance(exists, exp.Exists) else None
        table = _one_table(spot, inner)
        if inner is None or not table:
            continue
        name, terms = table.name.lower(), terms_of(inner)
        for link in terms:
            own = [s.name for s in sides(link) if isinstance(s, exp.Column) and s.table.lower() == name]
            rest = [t for t in terms if t is not link]
            closed = all(c.table.lower() == name for t in rest for c in columns_of(t))
            if own and closed and any(s.args.get("table") and _is_key(spot, s) for s in sides(link)):
                return Children(term, table, own[0], rest)
    return None


def _one_table(spot: Spot, inner: exp.Expr | None) -> exp.Table | None:
    """The one table of an inner query that has no groups, aggregates or further queries."""
    if not isinstance(inner, exp.Select) or not inner.args.get("from_"):
        return None
    table = inner.args["from_"].this
    if not isinstance(table, exp.Table) or table.alias or table.name not in spot.schema:
        return None
    more = any(inner.args.get(part) for part in ("joins", "group", "having", "order", "limit", "distinct"))
    nested = len(list(inner.find_all(exp.Select))) > 1 or inner.find(exp.AggFunc)
    return None if more or nested or table.name.lower() == spot.base.alias_or_name.lower() else table


def _is_key(spot: Spot, node: exp.Expr) -> bool:
    return any(is_column(node, alias, spot.key()) for alias in (spot.base.alias_or_name, ""))


def _match(spot: Spot, asked: Children) -> exp.Expr:
    """child.fk = key"""
    return exp.EQ(
        this=exp.column(asked.fk, asked.table.name), expression=exp.column(spot.key(), spot.base.alias_or_name)
    )


def _counted(spot: Spot, asked: Children) -> exp.Subquery:
    """(SELECT COUNT(*) FROM child WHERE child.fk = key AND ...)"""
    terms = [_match(spot, asked), *(with_table(t, asked.table.name) for t in asked.terms)]
    return exp.Subquery(this=query(exp.Count(this=exp.Star()), asked.table.copy(), terms))
