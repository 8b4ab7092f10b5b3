"""A function around the column of a condition: it keeps the database from using an index, and costs work for each row.

It leans on values being of the declared type: on numbers in number columns, on text in text and date columns.
"""

from __future__ import annotations

from sqlglot import exp

from pipeline.synth.slow.spot import Spot, flat

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.Like, exp.In)
_NUMBERS = ("int", "real", "num", "float", "double", "dec")
_TEXTS = ("char", "text", "clob")


def function_on_column(spot: Spot) -> exp.Query | None:
    """x + 0 > 5, LOWER(x) LIKE LOWER('A%'), x || '' = 'a', CAST(d AS TEXT) > '2023-01-31',
    CAST(STRFTIME('%Y', d) AS INTEGER) = 2023."""
    if not spot.alone or spot.has("group", "limit"):
        return None  # joins and groups cost so much for each row that a function is little beside them
    parts = [part for term in spot.terms for part in flat(term, exp.Or)]
    changed = [part for part in parts if _around(spot, part)]
    # One addition or conversion for each row is hardly slower.
    return spot.select if len(changed) > 1 or any(part.find(exp.Lower, exp.Cast) for part in changed) else None


def _around(spot: Spot, part: exp.Expr) -> bool:
    """Put a function around the column of one comparison with fixed values."""
    if not isinstance(part, _COMPARISONS) or part.args.get("query"):
        return False
    node = part.this
    values = [v for v in part.iter_expressions() if v is not node]
    if not all(isinstance(v, exp.Literal) for v in values):
        return False
    if isinstance(node, exp.TimeToStr) and isinstance(part, exp.EQ):
        return _date_part(part, node)
    column = spot.schema.column(spot.base.name, node.name) if isinstance(node, exp.Column) else None
    if column is None or column.primary_key or not (around := _function(part, node, column.type.lower(), spot.dialect)):
        return False
    part.set("this", around)
    return True


def _function(part: exp.Expr, column: exp.Expr, kind: str, dialect: str) -> exp.Expr | None:
    if any(word in kind for word in _NUMBERS):
        return exp.Add(this=column.copy(), expression=exp.Literal.number(0))
    if dialect != "sqlite":
        return None
    if kind == "date":  # not DATE(d): of a date that does not exist it makes another one, or none
        return exp.cast(column.copy(), "TEXT", copy=False)
    if not any(word in kind for word in _TEXTS):
        return None
    if isinstance(part, exp.Like):
        part.set("expression", exp.Lower(this=part.expression.copy()))
        return exp.Lower(this=column.copy())
    return exp.DPipe(this=column.copy(), expression=exp.Literal.string(""))


def _date_part(part: exp.Expr, node: exp.TimeToStr) -> bool:
    form, value = node.args["format"].name, part.expression.name
    if form not in ("%Y", "%m") or not value.isdigit() or not part.expression.is_string:
        return False
    part.set("this", exp.cast(node.copy(), "INTEGER", copy=False))
    part.set("expression", exp.Literal.number(int(value)))
    return True
