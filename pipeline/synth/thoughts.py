"""Derives a short, true thought from SQL: which tables, which rows, which groups, what comes out.

It describes the query and never the question, so it serves golds that come without a thought. Complicated parts get
coarser words rather than wrong ones; a query that would need more than `MAX_WORDS` gets a summary.
"""

from __future__ import annotations

import string
from collections import Counter

import sqlglot
from sqlglot import exp

from pipeline.synth.phrases import Phrases, join_words

MAX_WORDS = 200
Steps = list[tuple[str, str]]
Names = dict[str, str]


def describe(sql: str, dialect: str = "sqlite") -> str | None:
    """The thought behind a query in plain English, or None where `sql` is not one query that parses."""
    try:
        statements = sqlglot.parse(sql, dialect=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return None
    tree = statements[0].unnest()
    thought = _Thought().text(tree)
    return thought if len(thought.split()) <= MAX_WORDS else _summary(tree)


def _summary(tree: exp.Expr) -> str:
    """What is left to say of a very long query."""
    tables = sorted({t.name for t in tree.find_all(exp.Table)})
    parts = sum(1 for _ in tree.find_all(exp.Select))
    more = f" and {len(tables) - 12} more" if len(tables) > 12 else ""
    return (
        f"This needs several steps. Use the tables {', '.join(tables[:12])}{more}. The query is made of {parts} "
        f"parts; answer each of them and put their results together."
    )


class _Thought:
    """Collects sentences for one query; inner queries are told first, as "inner query A", "inner query B" ..."""

    def __init__(self) -> None:
        self._inner: list[str] = []

    def text(self, tree: exp.Expr) -> str:
        steps = self._steps(tree, {})
        told = [f"{verb} {rest}" for verb, rest in steps]
        told[-1] = f"then {told[-1]}" if len(told) > 1 else told[-1]
        return " ".join(f"{s[0].upper()}{s[1:]}." for s in [*self._inner, *told])

    def _name(self, query: exp.Expr, outer: Names, called: str = "") -> str:
        """Tell an inner query in one sentence; returns the name by which later sentences refer to it."""
        told = join_words([f"{verb}s {rest}" for verb, rest in self._steps(query, outer)])
        number = len(self._inner)
        letter = string.ascii_uppercase[number] if number < 26 else str(number + 1)
        self._inner.append(f"inner query {letter}{f', called {called},' if called else ''} {told}")
        return f"inner query {letter}"

    def _words(self, names: Names) -> Phrases:
        return Phrases(names, lambda query: self._name(query, names))

    def _steps(self, query: exp.Expr, outer: Names) -> Steps:
        """The query as (verb, rest) pairs, in the order in which one would do them by hand."""
        for cte in getattr(query, "ctes", []):
            self._name(cte.this.unnest(), outer, cte.alias)
        if isinstance(query, exp.Select):
            return self._select(query, outer)
        if isinstance(query, exp.SetOperation):
            left, right = (self._name(side.unnest(), outer) for side in (query.this, query.expression))
            kept = "without duplicates" if query.args.get("distinct") else "with duplicates"
            if isinstance(query, exp.Intersect):
                step = ("keep", f"only the rows that both {left} and {right} return, {kept}")
            elif isinstance(query, exp.Except):
                step = ("keep", f"only the rows of {left} that {right} does not return, {kept}")
            else:
                step = ("combine", f"the rows of {left} and {right}, {kept}")
            return [step, *self._ordered(query, self._words(outer))]
        return [("use", "the given values")]

    def _select(self, query: exp.Select, outer: Names) -> Steps:
        source = query.args.get("from_")
        joins = query.args.get("joins") or []
        tables = [*([source.this] if source else []), *(j.this for j in joins)]
        twice = {name for name, n in Counter(t.name for t in tables if isinstance(t, exp.Table)).items() if n > 1}
        names = dict(outer)
        for table in tables:
            plain = isinstance(table, exp.Table) and table.name not in twice
            names[table.alias_or_name] = table.name if plain else table.alias_or_name
        words = self._words(names)
        steps = self._read(query, tables, joins, names, words)
        where, group, having = (query.args.get(part) for part in ("where", "group", "having"))
        if where:
            steps.append(("keep", f"only the rows where {words.condition(where.this)}"))
        elif len(steps) == 1 and query.parent is None:
            steps.append(("keep", "all of its rows, as there is no condition on them"))
        if group:
            steps.append(("group", f"the rows by {words.listed([_meant(g, query) for g in group.expressions])}"))
        if having:
            steps.append(("keep", f"only the groups where {words.condition(_meant(having.this, query))}"))
        cut = query.args.get("limit") or query.args.get("offset")
        what, unique = self._output(query, words), bool(query.args.get("distinct"))
        if unique and cut:  # duplicates go before the cut, not after it
            steps.append(("keep", f"each different {what} once"))
        if group or not any(_own(query, kind) for kind in (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count)):
            steps += self._ordered(query, words)  # elsewhere there is one row, which no order or limit changes
        each = "" if not group else "for each remaining group " if having or cut else "for each group "
        steps.append(("return", f"{each}{what}{', without duplicates' if unique and not cut else ''}"))
        return steps

    def _output(self, query: exp.Select, words: Phrases) -> str:
        """What comes out; of an inner query with the names by which the outer query knows it."""
        if query.parent is None or len(query.expressions) > 6:
            return words.listed(query.expressions)
        return join_words(
            [
                f"{words.value(e)} (called {e.alias})" if isinstance(e, exp.Alias) else words.value(e)
                for e in query.expressions
            ]
        )

    def _read(
        self, query: exp.Select, tables: list[exp.Expr], joins: list[exp.Join], names: Names, words: Phrases
    ) -> Steps:
        """Which tables, and how and why they are joined."""
        if not tables:
            return []
        if len(tables) == 1 and query.parent is None and len(list(query.find_all(exp.Select, exp.Table))) == 2:
            return [("use", f"only the table {tables[0].name}, which has every column that is needed")]
        steps = [("use", self._called(tables[0], names))]
        linking = {id(c) for j in joins if j.args.get("on") for c in j.args["on"].find_all(exp.Column)}
        used = [c for c in _own(query, exp.Column) if id(c) not in linking]
        for join in joins:
            table = join.this
            columns = list(dict.fromkeys(c.name for c in used if c.text("table") == table.alias_or_name != ""))
            reason = f" for {join_words(columns)}" if 0 < len(columns) <= 3 else ""
            side = f"{join.side.lower()} " if join.side else ""
            how = self._matched(join, words)
            steps.append(
                (
                    "join",
                    f"{self._called(table, names)}{reason}, {how}"
                    f"{f' ({side}join, so rows without a match stay)' if side else ''}",
                )
            )
        return steps

    def _matched(self, join: exp.Join, words: Phrases) -> str:
        if on := join.args.get("on"):
            pairs = [e.unnest() for e in on.flatten()] if isinstance(on, exp.And) else [on.unnest()]
            if all(isinstance(e, exp.EQ) for e in pairs):
                matches = [f"{words.value(e.this)} with {words.value(e.expression)}" for e in pairs]
                return f"matching {join_words(matches)}"
            return f"where {words.condition(on)}"
        if using := join.args.get("using"):
            return f"matching equal {join_words([u.name for u in using])}"
        return "matching columns of the same name" if join.method == "NATURAL" else "pairing every row with every row"

    def _called(self, source: exp.Expr, names: Names) -> str:
        """A table, or the inner query that stands in its place."""
        if isinstance(source, exp.Table):
            alias = names.get(source.alias_or_name, source.name)
            return source.name if alias == source.name else f"{source.name} (as {alias})"
        alias = f" (as {source.alias})" if source.alias else ""
        return f"the result of {self._name(source.unnest(), names)}{alias}"

    def _ordered(self, query: exp.Expr, words: Phrases) -> Steps:
        steps: Steps = []
        one = "group" if query.args.get("group") else "row"
        if order := query.args.get("order"):
            keys = [
                f"{words.value(_meant(o.this, query))} in {'descending' if o.args.get('desc') else 'ascending'} order"
                for o in order.expressions
            ]
            steps.append(("sort", f"the {one}s by {join_words(keys)}"))
        if offset := query.args.get("offset"):
            steps.append(("skip", f"the first {words.value(offset.expression)} {one}s"))
        if limit := query.args.get("limit"):
            count = words.value(limit.expression)
            steps.append(("take", f"only the first {one}" if count == "1" else f"only the first {count} {one}s"))
        return steps


def _own(query: exp.Select, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The nodes of a kind that belong to this query and not to an inner one; windows do not aggregate."""
    return [n for n in query.find_all(kind) if n.parent_select is query and not isinstance(n.parent, exp.Window)]


def _meant(expression: exp.Expr, query: exp.Expr) -> exp.Expr:
    """The expression with output aliases and positions (GROUP BY 2) replaced by what they stand for."""
    outputs = query.expressions if isinstance(query, exp.Select) else []
    aliases = {o.alias: o.this for o in outputs if isinstance(o, exp.Alias)}
    if (position := _position(expression)) and position <= len(outputs):
        return outputs[position - 1].unalias()
    if position:
        return exp.Column(this=exp.Identifier(this=f"output column {position}"))

    def replaced(node: exp.Expr) -> exp.Expr:
        plain = isinstance(node, exp.Column) and not node.table and node.name in aliases
        return aliases[node.name].copy() if plain else node

    return expression.transform(replaced) if aliases else expression


def _position(expression: exp.Expr) -> int:
    """2 for the literal 2, 0 for anything else."""
    plain = isinstance(expression, exp.Literal) and not expression.is_string and expression.name.isdigit()
    return int(expression.name) if plain else 0
