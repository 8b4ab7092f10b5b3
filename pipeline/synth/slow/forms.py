"""Chooses slow forms of a query among the rewrites, and writes them in the style of the golds."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import NamedTuple

import sqlglot
from sqlglot import exp

from pipeline.data.example import Schema
from pipeline.synth.reading.reserved import needs_quotes
from pipeline.synth.slow import conditions, functions, groups, inner_queries, sources
from pipeline.synth.slow.spot import Rewrite, Spot
from pipeline.synth.slow.tables import Tables

# How often a rewrite comes first where it fits: the more it costs and the fewer queries it fits, the more often.
REWRITES: dict[Rewrite, float] = {
    sources.ordered_subquery: 2,
    sources.distinct_subquery: 1.5,
    sources.distinct_source: 2,
    sources.materialized_cte: 1,
    sources.redundant_join: 2,
    sources.joined_distinct_count: 1,
    sources.fan_out: 3,
    conditions.self_in: 1,
    conditions.in_per_condition: 4,
    conditions.union_of_halves: 6,
    conditions.window_extreme: 4,
    conditions.scalar_parent: 4,
    functions.function_on_column: 1,
    groups.case_aggregate: 2,
    groups.window_per_group: 4,
    groups.row_number: 6,
    groups.group_for_distinct: 4,
    groups.counted_groups: 6,
    groups.grouped_in: 4,
    inner_queries.count_some: 4,
    inner_queries.join_for_in: 4,
    inner_queries.count_none: 4,
    inner_queries.not_in: 4,
    inner_queries.left_join_null: 4,
}
LONGEST, SPARE = 2.5, 8  # a slow form has at most so many times the tokens of the query, and a few more
SELECTS = 3  # and so many SELECTs, or as many as the query: nobody writes more for so little

_STRINGS = re.compile(r"('(?:[^']|'')*')")
_STYLE = (
    (re.compile(r"\bEXISTS\("), "EXISTS ("),
    (re.compile(r"\bNOT (\S+) IS NULL\b"), r"\1 IS NOT NULL"),
    (re.compile(r"\bNOT (\S+) IN \("), r"\1 NOT IN ("),
)


class SlowForm(NamedTuple):
    """A query that does more work, and the name of the rewrite that made it."""

    rewrite: str
    sql: str


def slow_form(sql: str, schema: Schema, rng: random.Random, dialect: str = "sqlite") -> str | None:
    """An equivalent query as people write it that mostly does more work, or None where no rewrite fits.

    How much more depends on rows and indexes: who can execute it takes another of `slow_forms` where it is no slower,
    see pipeline.synth.slow.proof.
    """
    return next((form.sql for form in slow_forms(sql, schema, rng, dialect)), None)


def slow_forms(sql: str, schema: Schema, rng: random.Random, dialect: str = "sqlite") -> Iterator[SlowForm]:
    """A form by each rewrite that fits, in an order of chance and their weights."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return
    if not isinstance(tree, exp.Query):
        return
    tables, most = Tables(schema), LONGEST * _length(sql, dialect) + SPARE
    selects = max(SELECTS, _selects(tree))
    for rewrite in sorted(REWRITES, key=lambda rewrite: rng.random() ** (1 / REWRITES[rewrite]), reverse=True):
        found = _applied(rewrite, tree, tables, rng, dialect)
        text = _text(found, dialect, "strftime(" in sql) if found and _selects(found) <= selects else ""
        if text and _length(text, dialect) <= most:
            yield SlowForm(rewrite.__name__, text)


def _applied(rewrite: Rewrite, tree: exp.Query, tables: Tables, rng: random.Random, dialect: str) -> exp.Query | None:
    """The query with the rewrite applied: to itself or to each side of a set operation, else to one inner query."""
    done = None
    for number in range(len(_outer(tree))):
        copy = (done or tree).copy()
        done = _replaced(rewrite, copy, Spot(_outer(copy)[number], tables, rng, dialect)) or done
    for number in range(0 if done else len(_inner(tree))):
        copy = tree.copy()
        done = done or _replaced(rewrite, copy, Spot(_inner(copy)[number], tables, rng, dialect))
    return done


def _replaced(rewrite: Rewrite, tree: exp.Query, spot: Spot) -> exp.Query | None:
    """The tree with what the rewrite makes of one SELECT in it."""
    if not spot.plain or _is_free(spot):
        return None
    alone, place = spot.select is tree, spot.select.parent
    new = rewrite(spot)
    if new is None or alone:
        return new
    if new.parent is not place:
        spot.select.replace(new)
    return tree


def _outer(tree: exp.Query) -> list[exp.Select]:
    """The SELECT that the query is, or the sides of the set operation."""
    if isinstance(tree, exp.SetOperation):
        return [*_outer(tree.this.unnest()), *_outer(tree.expression.unnest())]
    return [tree] if isinstance(tree, exp.Select) else []


def _inner(tree: exp.Query) -> list[exp.Select]:
    outer = {id(select) for select in _outer(tree)}
    return [select for select in tree.find_all(exp.Select) if id(select) not in outer]


def _is_free(spot: Spot) -> bool:
    """SELECT COUNT(*) FROM t takes next to no work: whatever else asks for it does a thousand times as much."""
    return spot.alone and spot.only_counts and not spot.terms and not spot.has("group")


def _selects(tree: exp.Query) -> int:
    return sum(1 for _ in tree.find_all(exp.Select))


def _length(sql: str, dialect: str) -> int:
    return len(sqlglot.tokenize(sql, read=dialect))


def _text(tree: exp.Query, dialect: str, lower: bool) -> str:
    """The query in the golds' style, which writes "x NOT IN" and, in some, strftime in small letters."""
    for name in tree.find_all(exp.Identifier):
        name.set("quoted", name.quoted or needs_quotes(name.name, dialect))
    parts = _STRINGS.split(tree.sql(dialect=dialect))
    for place in range(0, len(parts), 2):
        for pattern, style in _STYLE:
            parts[place] = pattern.sub(style, parts[place])
        parts[place] = parts[place].replace("STRFTIME(", "strftime(") if lower else parts[place]
    return "".join(parts)
