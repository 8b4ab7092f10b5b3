"""Random queries over three tables, each written in any number of ways: for the tests of what a way must not matter to.

A query is drawn as a tree of plain values (`queries`), and `write` writes it down. Each Style makes its own choices of
aliases, case, white space, needless parentheses and the order of conditions; one Style writes one text.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

TABLES = {
    "Items": ["id", "name", "price", "size"],
    "orders": ["oid", "item", "amount", "day"],
    "notes": ["nid", "body"],
}
_COLUMNS = {table.lower(): columns for table, columns in TABLES.items()}

_Node = tuple[Any, ...]


def _columns(tables: list[str], outer: list[str]) -> st.SearchStrategy[_Node]:
    """("column", how many queries out, which source there, name)"""
    own = [("column", 0, at, name) for at, table in enumerate(tables) for name in _COLUMNS[table]]
    others = [("column", 1, at, name) for at, table in enumerate(outer) for name in _COLUMNS[table]]
    return st.sampled_from(own + others)


_literals = st.one_of(
    st.integers(0, 20).map(lambda n: ("literal", str(n))),
    st.sampled_from(["'x'", "'Two Words'", "'it''s'", "2.5"]).map(lambda text: ("literal", text)),
)


@st.composite
def _expressions(draw: st.DrawFn, tables: list[str], outer: list[str]) -> _Node:
    column = _columns(tables, outer)
    kind = draw(st.sampled_from(["column"] * 4 + ["function", "arithmetic", "case", "cast"]))
    if kind == "function":
        return ("call", draw(st.sampled_from(["lower", "length", "abs"])), draw(column))
    if kind == "arithmetic":
        return ("infix", draw(st.sampled_from("+-*")), draw(column), draw(st.one_of(column, _literals)))
    if kind == "case":
        return ("case", ("infix", "=", draw(column), draw(_literals)), draw(_literals), draw(column))
    if kind == "cast":
        return ("cast", draw(column), draw(st.sampled_from(["INTEGER", "TEXT", "REAL"])))
    return draw(column)


@st.composite
def _conditions(draw: st.DrawFn, tables: list[str], outer: list[str], depth: int) -> _Node:
    inner = _expressions(tables, outer)
    kinds = ["compare"] * 4 + ["like", "null", "between", "list"]
    kind = draw(st.sampled_from(kinds + ["or", "not", "in", "exists", "scalar"] * (depth > 0)))
    if kind in ("or", "not"):
        parts = draw(st.lists(_conditions(tables, outer, depth - 1), min_size=2, max_size=2))
        return ("or", *parts) if kind == "or" else ("not", parts[0])
    if kind == "in":
        return ("in", draw(inner), draw(_selects(tables, depth - 1, columns=1)))
    if kind == "exists":
        return ("exists", draw(_selects(tables, depth - 1)))
    if kind == "scalar":
        return ("infix", "=", draw(inner), ("query", draw(_selects(tables, depth - 1, columns=1))))
    if kind == "like":
        return ("infix", "LIKE", draw(inner), ("literal", draw(st.sampled_from(["'a%'", "'%b'"]))))
    if kind == "null":
        return ("null", draw(inner))
    if kind == "between":
        return ("between", draw(inner), draw(_literals), draw(_literals))
    if kind == "list":
        return ("list", draw(inner), draw(st.lists(_literals, min_size=1, max_size=3)))
    right = draw(st.one_of(_literals, _columns(tables, outer)))
    return ("infix", draw(st.sampled_from(["=", "!=", "<", ">", "<=", ">="])), draw(inner), right)


@st.composite
def _selects(draw: st.DrawFn, outer: list[str], depth: int, columns: int = 0) -> dict[str, Any]:
    tables = draw(st.lists(st.sampled_from(sorted(_COLUMNS)), min_size=1, max_size=3))
    anywhere = st.lists(_conditions(tables, outer, depth), max_size=3)
    column = _columns(tables, [])
    aggregate = st.sampled_from(["count", "max", "min", "sum"])
    item = st.one_of(
        _expressions(tables, []), st.tuples(st.just("call"), aggregate, column), st.just(("call", "count"))
    )
    select: dict[str, Any] = {
        "tables": tables,
        "joins": [
            (
                draw(st.sampled_from(["JOIN", "LEFT JOIN"])),
                draw(_columns(tables[:at], [])),
                draw(_columns(tables[: at + 1], [])),
            )
            for at in range(1, len(tables))
        ],
        "distinct": draw(st.booleans()),
        "items": draw(st.lists(item, min_size=columns or 1, max_size=columns or 3)),
        "where": draw(anywhere),
        "group": draw(st.lists(column, max_size=2)),
        "having": [],
        "order": draw(st.lists(st.tuples(column, st.booleans()), max_size=2)),
        "limit": draw(st.none() | st.integers(1, 5)),
    }
    if select["group"] and draw(st.booleans()):
        select["having"] = [("infix", ">", ("call", "count"), draw(_literals))]
    return select


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """One SELECT, with or without another behind a set operation."""
    query = draw(_selects([], 2))
    if draw(st.integers(0, 4)) == 0:
        other = draw(_selects([], 1, columns=len(query["items"])))
        query = {**query, "order": [], "limit": None, "union": (draw(st.sampled_from(["UNION", "EXCEPT"])), other)}
        other |= {"order": [], "limit": None}
    return query


@dataclass
class Style:
    """How to write a query down, chosen by `seed`; 0 is the plainest way. `bare` leaves out the table's name before a
    column where there is one table only, in one query of two; `swap` gives each literal and each name another."""

    seed: int
    bare: bool = True
    mirror: bool = False
    swap: bool = False
    _random: random.Random = field(init=False)
    _aliases: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def chance(self) -> bool:
        return self.seed != 0 and self._random.random() < 0.3

    def word(self, word: str) -> str:
        return "".join(self._random.choice((c.lower(), c.upper())) for c in word) if self.seed else word

    def name(self, name: str) -> str:
        return self.word(f"other_{name}" if self.swap else name)

    def gap(self) -> str:
        return self._random.choice([" ", "  ", "\n", " /* it's */ "]) if self.seed else " "

    def alias(self) -> str:
        self._aliases += 1
        return f"{self._random.choice('pqxyz') if self.seed else 'a'}{self._aliases}"

    def shuffled(self, parts: list[Any]) -> list[Any]:
        return self._random.sample(parts, len(parts)) if self.seed else parts

    def literal(self, text: str) -> str:
        if not self.swap:
            return text
        return self._random.choice(["7", "99", "3.25"] if self._random.random() < 0.5 else ["'q'", "'Zz''z'"])


def write(query: dict[str, Any], style: Style) -> str:
    return _Writer(style).query(query, [])


class _Writer:
    def __init__(self, style: Style) -> None:
        self.style = style

    def query(self, query: dict[str, Any], outer: list[list[str]]) -> str:
        text = self.select(query, outer)
        if "union" in query:
            operator, other = query["union"]
            text += f"{self.gap()}{self.word(operator)}{self.gap()}{self.select(other, outer)}"
        return text

    def select(self, select: dict[str, Any], outer: list[list[str]]) -> str:
        style = self.style
        tables = select["tables"]
        aliases = [style.alias() for _ in tables]
        written = []
        for at, table in enumerate(tables):
            if len(tables) == 1 and style.bare and style.chance() and table not in _spoken(outer):
                aliases[at] = table  # its own name, which no query around it uses
                written.append(style.name(table))
            else:
                between = self.gap() if style.chance() else f"{self.gap()}{self.word('AS')}{self.gap()}"
                written.append(f"{style.name(table)}{between}{style.word(aliases[at])}")
        scopes = [aliases, *outer]
        unsaid = len(tables) == 1 and style.bare and style.chance()

        def text(node: _Node) -> str:
            return self.expression(node, scopes, unsaid)

        words = ["SELECT"] + ["DISTINCT"] * select["distinct"]
        parts = [*map(self.word, words), ", ".join(text(item) for item in select["items"])]
        parts += [self.word("FROM"), written[0]]
        for (how, left, right), joined in zip(select["joins"], written[1:], strict=True):
            on = text(("infix", "=", left, right))
            parts += [self.word(how), joined, self.word("ON"), on]
        for clause in ("where", "having"):
            if clause == "having" and select["group"]:
                parts += [self.word("GROUP BY"), ", ".join(map(text, select["group"]))]
            if select[clause]:
                between = f"{self.gap()}{self.word('AND')}{self.gap()}"
                parts += [
                    self.word(clause),
                    between.join(self.operand(c, text) for c in style.shuffled(select[clause])),
                ]
        if select["order"]:
            keys = (f"{text(key)} {self.word('DESC' if desc else 'ASC')}" for key, desc in select["order"])
            parts += [self.word("ORDER BY"), ", ".join(keys)]
        if select["limit"]:
            parts += [self.word("LIMIT"), str(select["limit"])]
        return self.gap().join(parts)

    def operand(self, node: _Node, text: Any) -> str:
        """Within an AND."""
        return f"({text(node)})" if node[0] == "or" else text(node)

    def expression(self, node: _Node, scopes: list[list[str]], unsaid: bool) -> str:
        written = self.plain(node, scopes, unsaid)
        return f"({written})" if self.style.chance() else written

    def plain(self, node: _Node, scopes: list[list[str]], unsaid: bool) -> str:
        kind, *args = node
        word = self.word

        def text(part: _Node) -> str:
            return self.expression(part, scopes, unsaid)

        if kind == "column":
            out, at, name = args
            if unsaid and out == 0:
                return self.style.name(name)
            alias = scopes[out][at]
            return f"{self.style.name(alias) if alias in _COLUMNS else word(alias)}.{self.style.name(name)}"
        if kind == "literal":
            return self.style.literal(args[0])
        if kind == "call":
            return f"{word(args[0])}({text(args[1]) if args[1:] else '*'})"
        if kind == "infix":
            left, right = text(args[1]), text(args[2])
            if self.style.mirror and args[0] in ("=", "!=", "<", ">", "<=", ">=") and self.style.chance():
                operator = args[0].translate(str.maketrans("<>", "><"))
                return f"{right} {operator} {left}"
            return f"{left} {word(args[0])} {right}"
        if kind == "case":
            parts = (word("CASE WHEN"), text(args[0]), word("THEN"), text(args[1]), word("ELSE"), text(args[2]))
            return " ".join((*parts, word("END")))
        if kind == "cast":
            return f"{word('CAST')}({text(args[0])} {word('AS')} {word(args[1])})"
        if kind == "query":
            return f"({self.select(args[0], scopes)})"
        if kind == "in":
            return f"{text(args[0])} {word('IN')} ({self.select(args[1], scopes)})"
        if kind == "exists":
            return f"{word('EXISTS')} ({self.select(args[0], scopes)})"
        if kind == "null":
            return f"{text(args[0])} {word('IS NULL')}"
        if kind == "between":
            return f"{text(args[0])} {word('BETWEEN')} {text(args[1])} {word('AND')} {text(args[2])}"
        if kind == "list":
            return f"{text(args[0])} {word('IN')} ({', '.join(text(part) for part in args[1])})"
        if kind == "not":
            return f"{word('NOT')} ({text(args[0])})"
        assert kind == "or"
        return f" {word('OR')} ".join(text(part) for part in self.style.shuffled(args))

    def word(self, word: str) -> str:
        return self.style.word(word)

    def gap(self) -> str:
        return self.style.gap()


def _spoken(scopes: list[list[str]]) -> set[str]:
    return {alias for aliases in scopes for alias in aliases}
