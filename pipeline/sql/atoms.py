"""The atomic operations of a query, and how many of them two queries share (FINER-SQL, arXiv 2605.03465).

The definition is that of section 2 of the project's methods, made whole: each table of FROM, each join with its kind,
each predicate of ON, WHERE and HAVING, each column of the result, of GROUP BY and of ORDER BY, DISTINCT, LIMIT, each
set operation, and all of this for each nested query, under the name of what it stands for. An atom reads
"main where: singer.age > 20"; "in select: concert.singer_id" is one of a query behind IN.

Where a column belongs is told by the query's aliases and, where given, by the tables. Aliases, of columns too, case,
white space, needless parentheses, the order within a clause and the sides of a comparison do not matter; the order of
a result's columns does not either. Not known: equivalent forms (a join's condition in WHERE, IN for a join, NOT a = b
for a != b); and to swap two mentions of one table in FROM, or the branches of a set operation, is a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.sql.columns import NO_TABLES, Columns, Scope, Source, Tables
from pipeline.sql.parsing import parse
from pipeline.sql.scopes import arguments, branch_place, join_kind, mentions, set_operation, sources
from pipeline.sql.wording import Wording, shortened


def atoms(sql: str, dialect: str, tables: Mapping[str, Collection[str]] = NO_TABLES) -> Counter[str] | None:
    """The atomic operations of `sql`; None if it does not parse as one query, is too long or nested too deeply.

    `tables` (table -> columns, in any case) says which of several tables a column without a table's name belongs to;
    without it such a column counts under its bare name. Many calls are faster with `Tables(tables)`.
    """
    known = tables if isinstance(tables, Tables) else Tables(tables)
    found = _atoms(sql, dialect, known)
    return None if found is None else found.copy()


def overlap(pred: Counter[str], gold: Counter[str]) -> float:
    """Jaccard overlap of two multisets, in [0, 1]; 1 for two empty ones."""
    shared = sum(min(count, gold[atom]) for atom, count in pred.items())
    total = pred.total() + gold.total() - shared
    return shared / total if total else 1.0


@lru_cache(maxsize=4096)
def _atoms(sql: str, dialect: str, tables: Tables) -> Counter[str] | None:
    tree = parse(sql, dialect)
    if not isinstance(tree, exp.Query | exp.Values):
        return None
    reader = _Reader(dialect, tables)
    try:
        reader.query(tree, "main", None, {})
    except (SqlglotError, RecursionError):
        return None
    return reader.atoms


@dataclass(frozen=True, slots=True)
class _Result:
    """What a query gives: its columns' texts, in the words of its first SELECT, and what they may be called outside:
    name and meaning of each, None if that cannot be told."""

    words: Wording
    columns: list[str]
    named: list[tuple[str, str]] | None

    def seen_as(self, names: list[str]) -> Columns:
        """The columns as the query around it sees them, under `names` if there are any."""
        if self.named is None:
            return {name: name for name in names} or None
        if names:
            return {name: meaning for name, (_, meaning) in zip(names, self.named, strict=False)}
        return {name: meaning for name, meaning in self.named if name}


class _Reader:
    def __init__(self, dialect: str, tables: Tables) -> None:
        self.atoms: Counter[str] = Counter()
        self._dialect = dialect
        self._tables = tables
        self._definitions = 0

    def query(self, node: exp.Expr, place: str, outer: Scope | None, ctes: Mapping[str, Source]) -> _Result:
        """Counts the atoms of a query and of those within it; `ctes` are what WITH defines, by name."""
        if with_ := node.args.get("with_"):
            ctes = self._with(with_, outer, ctes)
        if isinstance(node, exp.Select):
            result = self._select(node, place, outer, ctes)
        elif isinstance(node, exp.SetOperation):
            result = self.query(node.this, place, outer, ctes)
            self._add(place, "set operation", set_operation(node))
            self.query(node.expression, branch_place(place, node), outer, ctes)
        elif isinstance(node, exp.Subquery):
            result = self.query(node.this, place, outer, ctes)
        elif isinstance(node, exp.Values):
            words = Wording(Scope({}, (), outer), self._dialect, partial(self._nested, outer, ctes))
            self._all(place, "values", map(words.text, node.expressions))
            return _Result(words, [], None)
        else:
            raise SqlglotError(f"a query of {node.key}")
        self._ends(node, place, result)
        return result

    def _with(self, with_: exp.Expr, outer: Scope | None, ctes: Mapping[str, Source]) -> Mapping[str, Source]:
        for cte in with_.expressions:
            self._definitions += 1
            name = f"(cte)#{self._definitions}" if self._definitions > 1 else "(cte)"
            given = [column.name.lower() for column in cte.args["alias"].columns]
            # A recursive query reads itself, which SQLite allows without the word.
            itself = Source(name, {name: name for name in given} or None)
            result = self.query(cte.this, "cte", outer, {**ctes, cte.alias.lower(): itself})
            self._add("cte", "with", "recursive" if with_.args.get("recursive") else "query")
            ctes = {**ctes, cte.alias.lower(): Source(name, result.seen_as(given))}
        return ctes

    def _select(self, select: exp.Select, place: str, outer: Scope | None, ctes: Mapping[str, Source]) -> _Result:
        scope = self._scope(select, outer, ctes)
        words = Wording(scope, self._dialect, partial(self._nested, scope, ctes))
        self._from(select, place, words)
        for window in select.args.get("windows") or []:
            words.name_window(window)
        columns = [words.text(column) for column in select.expressions]
        named = words.name_results(select.expressions, columns)
        self._all(place, "select", columns)
        if distinct := select.args.get("distinct"):
            self._add(place, "distinct", words.text(distinct.args["on"]) if distinct.args.get("on") else "rows")
        if where := select.args.get("where"):
            self._all(place, "where", words.conditions(where.this))
        if group := select.args.get("group"):
            self._all(place, "group by", (words.listed(item, columns) for item in arguments(group)))
        if having := select.args.get("having"):
            self._all(place, "having", words.conditions(having.this))
        return _Result(words, columns, named)

    def _scope(self, select: exp.Select, outer: Scope | None, ctes: Mapping[str, Source]) -> Scope:
        found: dict[str, Source] = {}
        shared: set[str] | None = set()
        names = mentions(select, {alias: source.name for alias, source in ctes.items()})
        for (source, join), (alias, name) in zip(sources(select), names.items(), strict=True):
            found[alias] = Source(name, self._columns(source, outer, ctes))
            if join and join.method == "NATURAL":
                shared = None
            elif join and shared is not None:
                shared |= {column.name.lower() for column in join.args.get("using") or []}
        return Scope(found, shared, outer)

    def _columns(self, source: exp.Expr, outer: Scope | None, ctes: Mapping[str, Source]) -> Columns:
        """Those of something in FROM; the atoms of a query there are counted by the way."""
        if isinstance(source, exp.Table):
            name = source.name.lower() if isinstance(source.this, exp.Identifier) else ""
            return ctes[name].columns if name in ctes else self._tables.get(name)
        inner = source.this if isinstance(source, exp.Lateral) else source
        if not isinstance(inner, exp.Query | exp.Values):
            return None
        alias = source.args.get("alias")
        given = [column.name.lower() for column in alias.columns] if isinstance(alias, exp.TableAlias) else []
        return self.query(inner, "from", outer, ctes).seen_as(given)

    def _from(self, select: exp.Select, place: str, words: Wording) -> None:
        before: list[Source] = []
        for (source, join), mention in zip(sources(select), words.scope.sources.values(), strict=True):
            is_function = isinstance(source, exp.Table) and not isinstance(source.this, exp.Identifier)
            self._add(place, "from", words.text(source.this) if is_function else mention.name)
            if join:
                # Which of the tables of an inner join stands behind JOIN makes no difference.
                kind = join_kind(join)
                self._add(place, "join", f"{kind} {mention.name}" if kind else "inner")
                if join.args.get("on"):
                    self._all(place, "on", words.conditions(join.args["on"]))
                for column in join.args.get("using") or []:
                    self._add(place, "on", _using(column.name.lower(), before, mention))
            before.append(mention)

    def _ends(self, node: exp.Expr, place: str, result: _Result) -> None:
        words = result.words
        if order := node.args.get("order"):
            for at, item in enumerate(order.expressions):
                text = words.listed(item.this, result.columns, labels_first=True)
                self._add(place, "then by" if at else "order by", f"{text} {words.direction(item)}")
        for clause in ("limit", "offset"):
            if end := node.args.get(clause):
                self._add(place, clause, words.text(end.expression) if end.expression else words.text(end))

    def _nested(self, scope: Scope | None, ctes: Mapping[str, Source], node: exp.Expr, kind: str) -> None:
        self.query(node, kind, scope, ctes)

    def _all(self, place: str, clause: str, texts: Iterable[str]) -> None:
        for text in texts:
            self._add(place, clause, text)

    def _add(self, place: str, clause: str, text: str) -> None:
        self.atoms[f"{place} {clause}: {shortened(text)}"] += 1


def _using(column: str, before: list[Source], joined: Source) -> str:
    """The condition for which USING (column) stands."""
    having = [source for source in before if source.columns and column in source.columns]
    left = having[0] if having else before[0] if len(before) == 1 else None
    sides = (f"{left.name}.{left.meaning(column)}" if left else column, f"{joined.name}.{joined.meaning(column)}")
    return " = ".join(sorted(sides))
