"""Rewrites of conditions: which rows a query keeps."""

from __future__ import annotations

from sqlglot import exp

from pipeline.synth.slow.spot import (
    Spot,
    columns_of,
    counts_rows,
    derived,
    flat,
    is_column,
    one_of,
    query,
    sides,
    with_table,
)


def self_in(spot: Spot) -> exp.Query | None:
    """WHERE key IN (SELECT key FROM t WHERE ...) over the same table. Leans on the key being unique and not NULL."""
    terms = _movable(spot)
    if not spot.alone or not terms or spot.cuts:
        return None
    return spot.replace_terms(terms, [one_of(spot.column(spot.key()), _keys(spot, terms))])


def in_per_condition(spot: Spot) -> exp.Query | None:
    """The same with a subquery for each of two or three conditions on the first table."""
    terms = _movable(spot)
    if not 2 <= len(terms) <= 3 or spot.cuts:
        return None
    return spot.replace_terms(terms, [one_of(spot.column(spot.key()), _keys(spot, [t])) for t in terms])


def union_of_halves(spot: Spot) -> exp.Query | None:
    """key IN (SELECT key ... UNION SELECT key ...) for a OR b, and for x IN (v, w). Leans on the key being unique and
    not NULL."""
    for term in _movable(spot) if spot.alone and not spot.cuts else []:
        parts = _halves(term.unnest())
        if not 2 <= len(parts) <= 3:
            continue
        union: exp.Query = _keys(spot, parts[:1])
        for part in parts[1:]:
            union = exp.union(union, _keys(spot, [part]), copy=False)
        if len(spot.terms) == len(spot.outputs) == 1 and spot.only_counts and not spot.has("group", "limit"):
            return spot.read(derived(union, "either"))
        return spot.replace_terms([term], [one_of(spot.column(spot.key()), union)])
    return None


def _halves(term: exp.Expr) -> list[exp.Expr]:
    if isinstance(term, exp.In):
        return [exp.EQ(this=term.this.copy(), expression=value.copy()) for value in term.expressions]
    return [part.copy() for part in flat(term, exp.Or)]


def _movable(spot: Spot) -> list[exp.Expr]:
    """The conditions on columns of the first table that is not its key; none where it has no key."""
    key, alias = spot.key().lower(), spot.base.alias_or_name.lower()
    found = []
    for term in spot.terms if key else []:
        columns = columns_of(term)
        own = all(c.table.lower() == alias or (spot.alone and not c.table) for c in columns)
        if columns and own and not term.find(exp.Select) and all(c.name.lower() != key for c in columns):
            found.append(term)
    return found


def _keys(spot: Spot, terms: list[exp.Expr]) -> exp.Select:
    """SELECT key FROM t WHERE ..."""
    return query(exp.column(spot.key()), exp.table_(spot.base.name), [with_table(t, None) for t in terms])


def window_extreme(spot: Spot) -> exp.Query | None:
    """AVG(x) OVER () beside every row in place of x > (SELECT AVG(x) FROM t). Equivalent for all data."""
    if not spot.alone or any(isinstance(e, exp.Star) for e in spot.outputs):
        return None
    if not spot.only_counts and (spot.aggregates or spot.has("group", "distinct")):
        return None
    for term in spot.terms:
        overall = _overall(spot, term.args.get("expression"))
        if overall is not None and isinstance(term, exp.Predicate):
            term.set("expression", exp.column("overall"))
            window = exp.alias_(exp.Window(this=overall, over="OVER"), "overall")
            whole = query("*", spot.base.copy()).select(window, copy=False)
            kept = spot.terms
            return spot.read(derived(whole, spot.base.alias_or_name)) and spot.keep(kept)
    return None


def _overall(spot: Spot, node: exp.Expr | None) -> exp.Expr | None:
    """The average, highest or lowest value of the whole table that an inner query returns."""
    inner = node.unnest() if isinstance(node, exp.Subquery) else None
    if not isinstance(inner, exp.Select) or len(inner.expressions) != 1:
        return None
    same = inner.args.get("from_") and inner.args["from_"].this == spot.base
    if not same or any(inner.args.get(part) for part in ("where", "joins", "group", "having", "limit")):
        return None
    [found] = inner.expressions
    plain = isinstance(found, exp.Avg | exp.Max | exp.Min) and isinstance(found.this, exp.Column)
    return found.copy() if plain and not found.this.table and not counts_rows(found) else None


def scalar_parent(spot: Spot) -> exp.Query | None:
    """(SELECT city FROM parent WHERE parent.key = child.fk) = 'x' in place of a JOIN that one condition needs. Leans on
    the parent's key being unique."""
    for join in [] if spot.has("limit") else spot.joins:
        table, on = join.this, join.args.get("on")
        alias, key = table.alias_or_name, spot.key(table.alias_or_name)
        links = [s for s in sides(on) if isinstance(s, exp.Column) and s.table.lower() != alias.lower()]
        used = [c for c in columns_of(spot.select) if c.table.lower() == alias.lower()]
        looked_up = [c for c in used if c.find_ancestor(exp.Join) is join]
        if join.side or table.alias or not key or len(links) != 1 or len(used) != 2 or len(looked_up) != 1:
            continue
        [column] = [c for c in used if c is not looked_up[0]]
        terms = [t for t in spot.terms if any(c is column for c in columns_of(t))]
        # A missing parent gives NULL, which IS NULL and the like take for true.
        if (
            not is_column(looked_up[0], alias, key)
            or not terms
            or terms[0].find(exp.Is, exp.Or, exp.Case, exp.Coalesce)
        ):
            continue
        match = exp.EQ(this=looked_up[0].copy(), expression=links[0].copy())
        column.replace(exp.Subquery(this=query(exp.column(column.this.copy()), table.copy(), [match])))
        spot.select.set("joins", [j for j in spot.joins if j is not join] or None)
        return spot.select
    return None
