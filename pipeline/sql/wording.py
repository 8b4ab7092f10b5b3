"""An expression as one readable text, the same for all that always means the same.

Aliases, case, white space, needless parentheses, the order of what AND, OR and IN (...) list, and the sides of a
comparison do not matter. Literals stay as they are written. Not known: equivalent forms, such as BETWEEN for two
comparisons, or NOT a = b for a != b.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from sqlglot import exp

from pipeline.sql.columns import Scope
from pipeline.sql.operators import INFIX, MIRRORED, is_constant
from pipeline.sql.scopes import arguments, bare, operands

_QUERY = "(query)"
_GIVEN = (exp.Query, exp.Any, exp.All)

_LONGEST = 300  # a name for a longer text would make a long text of whatever names it
_QUOTES = ("'", '"')  # of a string, even if it was written as a name
_SYMMETRIC = (exp.Add, exp.Mul)
_IN_PARENTHESES = (exp.Binary, exp.Not, exp.In, exp.Between)
# Set by the dialect, or for the generator: they say nothing of the query.
_NO_WORDS = frozenset({"big_int=true", "safe=true", "typed=true"})
_GIVEN_IN = frozenset({exp.In, exp.Between, exp.Like, exp.Glob, *MIRRORED})


class Wording:
    """The texts of one SELECT's expressions. `nested` is told of each query within one, and what it is there for."""

    def __init__(self, scope: Scope, dialect: str, nested: Callable[[exp.Expr, str], None]) -> None:
        self.scope = scope
        self._dialect = dialect
        self._nested = nested
        self._results: dict[str, str] = {}  # the columns of the result by name
        self._labels: frozenset[str] = frozenset()  # those of them that AS names
        self._windows: dict[str, str] = {}

    def name_window(self, node: exp.Expr) -> None:
        """From here on the name of an item of WINDOW stands for what it defines."""
        self._windows[node.name.lower()] = self._over(node)

    def name_results(self, nodes: Iterable[exp.Expr], texts: Iterable[str]) -> list[tuple[str, str]] | None:
        """From here on the names of the result's columns stand for these. Gives what they are called outside, and what
        that means there; None if a star hides it."""
        named: list[tuple[str, str]] = []
        labels = set()
        for node, text in zip(nodes, texts, strict=True):
            inner = bare(node.this) if isinstance(node, exp.Alias) else node
            name = node.alias_or_name.lower() if isinstance(node, exp.Alias | exp.Column) else ""
            if name:
                self._results.setdefault(name, shortened(text))
            if isinstance(node, exp.Alias):
                labels.add(name)
            named.append((name, self.column(inner)[1] if isinstance(inner, exp.Column) else shortened(text)))
        self._labels = frozenset(labels)
        return None if any(node.is_star for node in nodes) else named

    def text(self, node: exp.Expr | str) -> str:
        if isinstance(node, str):
            return node.lower()
        node = bare(node)
        writer = _WRITERS.get(type(node))
        if writer is not None:
            return writer(self, node)
        if isinstance(node, exp.Query | exp.Values):
            return self._query(node, "scalar")
        return self._function(node)

    def conditions(self, node: exp.Expr) -> list[str]:
        """What AND joins."""
        return [self.text(part) for part in operands(node, exp.And)]

    def listed(self, node: exp.Expr | str, columns: list[str], labels_first: bool = False) -> str:
        """An item of GROUP BY or ORDER BY: a number stands for a column of the result, and so may a name."""
        node = node if isinstance(node, str) else bare(node)
        if isinstance(node, exp.Literal) and node.is_int and 0 < int(node.name) <= len(columns):
            return shortened(columns[int(node.name) - 1])
        if labels_first and isinstance(node, exp.Column) and not node.table and node.name.lower() in self._labels:
            return self._results[node.name.lower()]
        return self.text(node)

    def direction(self, item: exp.Expr) -> str:
        descending, nulls_first = bool(item.args.get("desc")), bool(item.args.get("nulls_first"))
        # Both dialects take NULL for the smallest value.
        placed = (" nulls first" if nulls_first else " nulls last") if nulls_first is descending else ""
        return ("desc" if descending else "asc") + placed

    def column(self, node: exp.Column) -> tuple[str, str]:
        """Its source and its name."""
        name, alias = node.name.lower(), node.table.lower()
        if alias:
            return self.scope.qualified(alias, name)
        return self.scope.unqualified(name)

    def _column(self, node: exp.Column) -> str:
        name = node.name.lower()
        if not node.table:
            if self._dialect == "sqlite" and node.this.args.get("quoted") and self._is_string(node, name):
                return repr(node.name)
            if name in self._results and name in self._labels and not self.scope.having(name):
                return self._results[name]
        source, called = self.column(node)
        if not source and name in self._results:
            return self._results[name]
        if isinstance(node.this, exp.Star):
            return "*" if len(self.scope.sources) == 1 else f"{source}.*"
        return f"{source}.{called}" if source else called

    def _is_string(self, node: exp.Column, name: str) -> bool:
        """SQLite takes a name in double quotes for a string where there is no such column, and Spider writes its
        strings so. Without the tables: what a column or an expression is compared with."""
        if self.scope.having(name):
            return False
        if self.scope.surely_lacks(name):
            return name not in self._labels
        compared = node.parent
        while type(compared) is exp.Paren:
            compared = compared.parent
        if compared is None or type(compared) not in _GIVEN_IN:
            return False
        left, right = bare(compared.this), compared.args.get("expression")
        if right is None:
            return left is not node
        right = bare(right)
        other = right if left is node else left
        if is_constant(other):
            return False
        return right is node or not (isinstance(other, exp.Column) and other.this.args.get("quoted"))

    def _query(self, node: exp.Expr, kind: str) -> str:
        self._nested(node, kind)
        return _QUERY

    def _operand(self, node: exp.Expr) -> str:
        node = bare(node)
        text = self.text(node)
        return f"({text})" if isinstance(node, _IN_PARENTHESES) and type(node) in _WRITERS else text

    def _infix(self, node: exp.Expr) -> str:
        sign = INFIX[type(node)]
        left, right = self._operand(node.this), self._operand(node.args["expression"])
        if type(node) in MIRRORED:
            mirrored = MIRRORED[type(node)]
            order = (_is_given(node.this, left), left, sign)
            if order > (_is_given(node.args["expression"], right), right, mirrored):
                return f"{right} {mirrored} {left}"
        elif isinstance(node, _SYMMETRIC) and right < left:
            left, right = right, left
        return f"{left} {sign} {right}"

    def _connected(self, node: exp.Expr) -> str:
        return f" {node.key} ".join(sorted(map(self._condition, operands(node, type(node)))))

    def _condition(self, node: exp.Expr) -> str:
        node = bare(node)
        return f"({self.text(node)})" if isinstance(node, exp.Connector) else self.text(node)

    def _in(self, node: exp.Expr) -> str:
        left, query = self._operand(node.this), node.args.get("query") or node.args.get("field")
        if query is not None:
            is_query = isinstance(query, exp.Query)
            return f"{left} in {self._query(query, 'in') if is_query else self.text(query)}"
        return f"{left} in ({', '.join(sorted(map(self.text, node.expressions)))})"

    def _between(self, node: exp.Expr) -> str:
        low, high = (self._operand(node.args[end]) for end in ("low", "high"))
        return f"{self._operand(node.this)} between {low} and {high}"

    def _compared_query(self, node: exp.Expr) -> str:
        inner = node.this
        is_query = isinstance(inner, exp.Query)
        return f"{node.key} {self._query(inner, node.key) if is_query else self.text(inner)}"

    def _case(self, node: exp.Expr) -> str:
        parts = ["case"]
        if node.this:
            parts.append(self.text(node.this))
        for branch in node.args.get("ifs") or []:
            parts.append(f"when {self.text(branch.this)} then {self.text(branch.args['true'])}")
        if node.args.get("default"):
            parts.append(f"else {self.text(node.args['default'])}")
        return " ".join([*parts, "end"])

    def _cast(self, node: exp.Expr) -> str:
        return f"{node.key}({self.text(node.this)} as {node.args['to'].sql().lower()})"

    def _window(self, node: exp.Expr) -> str:
        return f"{self.text(node.this)} over ({self._over(node)})"

    def _over(self, node: exp.Expr) -> str:
        named = node.args.get("alias")
        parts = [self._windows.get(named.name.lower(), "named")] if named else []
        if partition := node.args.get("partition_by"):
            parts.append(f"partition by {self._all(partition)}")
        parts += [self.text(node.args[name]) for name in ("order", "spec") if node.args.get(name)]
        return " ".join(parts)

    def _frame(self, node: exp.Expr) -> str:
        words = (node.args.get(name) for name in ("kind", "start", "start_side", "end", "end_side", "exclude"))
        return " ".join(self.text(word) for word in words if word)

    def _order(self, node: exp.Expr) -> str:
        inner = f"{self.text(node.this)} " if node.this else ""
        return f"{inner}order by {self._all(node.expressions)}"

    def _function(self, node: exp.Expr) -> str:
        name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
        given = node.expressions if isinstance(node, exp.Anonymous) else arguments(node)
        return f"{name}({', '.join(text for part in given if (text := self.text(part)) not in _NO_WORDS)})"

    def _all(self, nodes: Iterable[exp.Expr]) -> str:
        return ", ".join(map(self.text, nodes))


def shortened(text: str) -> str:
    """The text itself, or the beginning of a long one and a digest of all of it."""
    if len(text) <= _LONGEST:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{text[:_LONGEST]}... {digest}"


def _is_given(node: exp.Expr, text: str) -> bool:
    """True for what is rather compared with than compared: it stands on the right."""
    return text.startswith(_QUOTES) or is_constant(node) or isinstance(bare(node), _GIVEN)


# By type, which is much faster than to ask for each type in turn.
_WRITERS: dict[type[exp.Expr], Callable[[Wording, exp.Expr], str]] = {
    exp.Column: Wording._column,  # type: ignore[dict-item]
    exp.Literal: lambda _, node: repr(node.name) if node.args.get("is_string") else node.name,
    exp.Star: lambda *_: "*",
    exp.Null: lambda *_: "null",
    exp.Boolean: lambda _, node: str(node.this).lower(),
    exp.Identifier: lambda _, node: node.name.lower(),
    exp.Var: lambda _, node: node.name.lower(),
    exp.JSONPath: lambda _, node: node.sql(),
    exp.Alias: lambda words, node: words.text(node.this),
    exp.Neg: lambda words, node: f"-{words._operand(node.this)}",
    exp.Not: lambda words, node: f"not {words._condition(node.this)}",
    exp.Tuple: lambda words, node: f"({words._all(node.expressions)})",
    exp.Distinct: lambda words, node: f"distinct {words._all(node.expressions)}",
    exp.Ordered: lambda words, node: f"{words.text(node.this)} {words.direction(node)}",
    exp.And: Wording._connected,
    exp.Or: Wording._connected,
    exp.In: Wording._in,
    exp.Between: Wording._between,
    exp.Exists: Wording._compared_query,
    exp.Any: Wording._compared_query,
    exp.All: Wording._compared_query,
    exp.Case: Wording._case,
    exp.Cast: Wording._cast,
    exp.TryCast: Wording._cast,
    exp.Window: Wording._window,
    exp.WindowSpec: Wording._frame,
    exp.Order: Wording._order,
    **dict.fromkeys(INFIX, Wording._infix),
}
