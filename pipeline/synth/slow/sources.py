"""Rewrites of what a query reads: needless subqueries, joins and common table expressions."""

from __future__ import annotations

from sqlglot import exp

from pipeline.synth.slow.spot import Spot, columns_of, counts_rows, derived, distinct_count, query
from pipeline.synth.slow.tables import Link

_COPY = "base"


def ordered_subquery(spot: Spot) -> exp.Query | None:
    """FROM (SELECT * FROM t WHERE ... ORDER BY x) AS t: an order that nothing needs. Equivalent for all data."""
    if spot.cuts or spot.has(
        "order", "limit", "distinct"
    ):  # with an order of its own, the outer query drops that of the inner
        return None
    links = {link.column.lower() for link in spot.schema.parents(spot.base.name)}
    names = [c.name for c in spot.schema.columns(spot.base.name) if not c.primary_key and c.name.lower() not in links]
    rows = _rows(spot)
    return _over(spot, rows.order_by(spot.column(spot.rng.choice(names)), copy=False)) if rows and names else None


def distinct_subquery(spot: Spot) -> exp.Query | None:
    """FROM (SELECT DISTINCT * FROM t WHERE ...) AS t, "to be safe". Leans on t having a key."""
    rows = _rows(spot) if spot.key() and spot.many_to_one() and not spot.cuts else None
    return _over(spot, rows.distinct(copy=False)) if rows else None


def distinct_source(spot: Spot) -> exp.Query | None:
    """FROM (SELECT DISTINCT * FROM t) AS t JOIN ...: the same for the first of several tables."""
    if spot.alone or not spot.key() or spot.has("limit"):
        return None
    whole = query("*", spot.base.copy()).distinct(copy=False)
    spot.select.args["from_"].set("this", derived(whole, spot.base.alias_or_name))
    return spot.select


def materialized_cte(spot: Spot) -> exp.Query | None:
    """WITH base AS MATERIALIZED (SELECT * FROM t) SELECT ... FROM base: a copy without its indexes. Equivalent for all
    data."""
    select = spot.select
    if select.parent or select.ctes or spot.dialect != "sqlite" or spot.cuts or _COPY in spot.schema:
        return None
    named = any(c.table for c in columns_of(select))
    whole = query("*", exp.table_(spot.base.name))
    copy = exp.table_(_COPY)
    spot.base.replace(exp.alias_(copy, spot.base.alias_or_name, table=True) if named else copy)
    return select.with_(_COPY, as_=whole, materialized=True, copy=False)


def redundant_join(spot: Spot) -> exp.Query | None:
    """JOIN a parent table that nothing uses. Leans on the foreign key being valid and not NULL."""
    if spot.terms or spot.has("group", "limit") or not (link := _new_parent(spot)) or not spot.qualify():
        return None
    spot.join(link.parent, link.key, link.column)
    return spot.select


def joined_distinct_count(spot: Spot) -> exp.Query | None:
    """JOIN a parent table that nothing uses, and COUNT(DISTINCT key) against doubles that it cannot bring. Leans on the
    foreign key being valid and not NULL, and on the key being unique."""
    counts = [a for a in spot.aggregates if counts_rows(a)]
    link = _new_parent(spot)
    if not (counts and link and spot.key()) or not spot.many_to_one() or spot.has("limit") or not spot.qualify():
        return None
    spot.join(link.parent, link.key, link.column)
    for count in counts:
        count.replace(distinct_count(exp.column(spot.key(), spot.base.alias_or_name)))
    return spot.select


def fan_out(spot: Spot) -> exp.Query | None:
    """LEFT JOIN a child table that nothing uses, and COUNT(DISTINCT key) or GROUP BY key against the doubles. Leans on
    the key being unique and not NULL."""
    links = [c for c in spot.schema.children(spot.base.name) if c.child.lower() not in _names(spot)]
    if not links or not spot.alone or spot.has("group", "having", "distinct", "limit"):
        return None
    extremes = all(isinstance(e, exp.Max | exp.Min) for e in spot.outputs)  # doubles do not change them
    if (spot.aggregates and not spot.only_counts and not extremes) or not spot.qualify():
        return None
    link = spot.rng.choice(links)
    key = exp.column(link.key, spot.base.alias_or_name)
    spot.join(link.child, link.column, link.key, side="LEFT")
    if spot.only_counts:
        spot.select.set("expressions", [distinct_count(key)])
    elif not extremes:
        spot.select.group_by(key, copy=False)
    return spot.select


def _rows(spot: Spot) -> exp.Select | None:
    """SELECT * of the first table's rows that the query uses; None where it shows or groups by another table's."""
    terms = [t.copy() for t in spot.terms]
    if spot.alone:
        return query("*", spot.base.copy(), terms)
    alias = spot.base.alias_or_name
    after = [*spot.outputs, *(spot.select.args.get(part) for part in ("group", "having", "order"))]
    used = [c for part in after if part is not None for c in columns_of(part)]
    if any(c.table.lower() != alias.lower() for c in used) or any(isinstance(e, exp.Star) for e in spot.outputs):
        return None
    rows = query(exp.Column(this=exp.Star(), table=exp.to_identifier(alias)), spot.base.copy(), terms)
    rows.set("joins", [join.copy() for join in spot.joins])
    return rows


def _over(spot: Spot, rows: exp.Select) -> exp.Query:
    return spot.read(derived(rows, spot.base.alias_or_name))


def _names(spot: Spot) -> set[str]:
    return {t.name.lower() for t in spot.tables.values()} | set(spot.tables)


def _new_parent(spot: Spot) -> Link | None:
    links = [link for link in spot.schema.parents(spot.base.name) if link.parent.lower() not in _names(spot)]
    return spot.rng.choice(links) if links else None
