"""One SELECT that a rewrite works on, and the small pieces of SQL that rewrites are made of.

What it leaves out: names that differ in nothing but quotation, and tables of other schemas ("main.orders").
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from sqlglot import exp

from pipeline.synth.slow.tables import Tables

Kind = TypeVar("Kind", bound=exp.Expr)


class Spot:
    """A SELECT in a copy of its query, which a rewrite may change as it likes, even where it refuses in the end.

    `tables` are its sources by lower-cased name, `base` the first of them. Without `plain` nothing may be rewritten:
    a source is no table of the schema, or a column comes from an outer query.
    """

    def __init__(self, select: exp.Select, schema: Tables, rng: random.Random, dialect: str) -> None:
        self.select, self.schema, self.rng, self.dialect = select, schema, rng, dialect
        source = select.args.get("from_")
        self.joins: list[exp.Join] = list(select.args.get("joins") or [])
        sources = [*([source.this] if source else []), *(j.this for j in self.joins)]
        self.tables = {s.alias_or_name.lower(): s for s in sources if isinstance(s, exp.Table) and s.name in schema}
        self.base: exp.Table = next(iter(self.tables.values()), exp.Table())
        known = bool(sources) and len(self.tables) == len(sources)
        self.plain = known and all(not c.table or c.table.lower() in self.tables for c in self.own(exp.Column))

    @property
    def alone(self) -> bool:
        """Whether it reads one table."""
        return len(self.tables) == 1 and not self.joins

    @property
    def cuts(self) -> bool:
        """Whether it is chance which of several equal rows a LIMIT leaves out or a window puts first; groups come in an
        order of their own."""
        return (self.has("limit") and not self.has("group")) or bool(self.own(exp.Window))

    @property
    def outputs(self) -> list[exp.Expr]:
        return list(self.select.expressions)

    @property
    def aggregates(self) -> list[exp.AggFunc]:
        return [a for a in self.own(exp.AggFunc) if not isinstance(a.parent, exp.Window)]

    @property
    def terms(self) -> list[exp.Expr]:
        """The conditions of WHERE, all of which must hold."""
        return terms_of(self.select)

    @property
    def only_counts(self) -> bool:
        """Whether COUNT(*) is all that it returns."""
        return all(counts_rows(e) for e in self.outputs)

    def has(self, *parts: str) -> bool:
        return any(self.select.args.get(part) for part in parts)

    def own(self, kind: type[Kind]) -> list[Kind]:
        """The nodes of a kind that belong to this SELECT and not to an inner one."""
        return [node for node in self.select.find_all(kind) if node.parent_select is self.select]

    def key(self, alias: str = "") -> str:
        """The name of the key of a source (of the first, if none is named), or nothing."""
        table = self.tables.get(alias.lower()) if alias else self.base
        return self.schema.key(table.name) if table else ""

    def column(self, name: str, table: exp.Table | None = None) -> exp.Column:
        """A column as this SELECT writes it: with its table where there are several."""
        return exp.column(name, None if self.alone else (table or self.base).alias_or_name)

    def many_to_one(self) -> bool:
        """Whether each row of the first table comes out at most once: each JOIN looks one row up by its key."""
        for join in self.joins:
            alias = join.this.alias_or_name
            looked_up = any(
                self.key(alias) and is_column(s, alias, self.key(alias)) for s in sides(join.args.get("on"))
            )
            if not looked_up or join.side or join.kind not in ("", "INNER"):
                return False
        return True

    def keep(self, terms: Sequence[exp.Expr]) -> exp.Select:
        """Make these the conditions of WHERE."""
        self.select.set("where", exp.Where(this=exp.and_(*terms, copy=False)) if terms else None)
        return self.select

    def replace_terms(self, old: Iterable[exp.Expr], new: Iterable[exp.Expr]) -> exp.Select:
        gone = {id(term) for term in old}
        return self.keep([*(t for t in self.terms if id(t) not in gone), *new])

    def read(self, source: exp.Expr) -> exp.Select:
        """Read from this source alone, all of its rows."""
        self.select.set("from_", exp.From(this=source))
        self.drop("joins", "where")
        return self.select

    def drop(self, *parts: str) -> None:
        for part in parts:
            self.select.set(part, None)

    def qualify(self) -> bool:
        """Write each column with its table, as queries over several tables do; False where that is not possible."""
        if not self.alone:
            return True
        names = {e.alias.lower() for e in self.outputs if isinstance(e, exp.Alias)}
        own = [c for c in self.own(exp.Column) if not c.table]
        if any(c.name.lower() in names or not self.schema.column(self.base.name, c.name) for c in own):
            return False
        name = self.base.alias_or_name
        for column in own:
            column.set("table", exp.to_identifier(name))
        for star in [e for e in self.outputs if isinstance(e, exp.Star)]:
            star.replace(exp.Column(this=exp.Star(), table=exp.to_identifier(name)))
        return True

    def join(self, table: str, column: str, own: str, side: str = "") -> None:
        """JOIN a table where its column equals a column of the first table."""
        equal = exp.EQ(this=exp.column(column, table), expression=exp.column(own, self.base.alias_or_name))
        on = equal if side else exp.EQ(this=equal.expression, expression=equal.this)
        self.select.append("joins", exp.Join(this=exp.table_(table), on=on, side=side))


Rewrite = Callable[[Spot], exp.Query | None]


def terms_of(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    return list(flat(where.this)) if where else []


def flat(condition: exp.Expr, kind: type[exp.Connector] = exp.And) -> Iterator[exp.Expr]:
    """The parts that AND (or OR) connects."""
    inner = condition.unnest()
    if isinstance(inner, kind):
        yield from flat(inner.this, kind)
        yield from flat(inner.expression, kind)
    else:
        yield condition


def sides(equation: exp.Expr | None) -> tuple[exp.Expr, ...]:
    return (equation.this, equation.expression) if isinstance(equation, exp.EQ) else ()


def counts_rows(node: exp.Expr) -> bool:
    """COUNT(*)."""
    return isinstance(node, exp.Count) and isinstance(node.this, exp.Star)


def is_plain(node: exp.Expr) -> bool:
    """A column, and not all of them."""
    return isinstance(node, exp.Column) and not node.is_star


def is_column(node: exp.Expr, alias: str, name: str) -> bool:
    return isinstance(node, exp.Column) and (node.table.lower(), node.name.lower()) == (alias.lower(), name.lower())


def columns_of(node: exp.Expr) -> list[exp.Column]:
    return list(node.find_all(exp.Column))


def with_table(node: exp.Expr, name: str | None) -> exp.Expr:
    """A copy whose columns all name this table, or none."""
    copy = node.copy()
    for column in columns_of(copy):
        column.set("table", exp.to_identifier(name) if name else None)
    return copy


def query(what: str | exp.Expr, source: exp.Expr, terms: Sequence[exp.Expr] = ()) -> exp.Select:
    """SELECT what FROM source WHERE terms."""
    found = exp.select(what, copy=False).from_(source, copy=False)
    return found.where(*terms, copy=False) if terms else found


def one_of(column: exp.Expr, choice: exp.Query) -> exp.In:
    """column IN (choice)."""
    return exp.In(this=column, query=exp.Subquery(this=choice))


def derived(inner: exp.Query, alias: str) -> exp.Subquery:
    """(inner) AS alias."""
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias)))


def distinct_count(column: exp.Expr) -> exp.Count:
    """COUNT(DISTINCT column)."""
    return exp.Count(this=exp.Distinct(expressions=[column]))
