"""SQL expressions in plain words, for `thoughts`: true in every case, coarse where an expression is unusual.

What it leaves out: operator precedence in arithmetic is kept by brackets only, and functions that have no everyday
word are named as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

MAX_LISTED = 6
AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Sum: "the total",
    exp.Avg: "the average",
    exp.Min: "the lowest",
    exp.Max: "the highest",
}
ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "plus",
    exp.Sub: "minus",
    exp.Mul: "times",
    exp.Div: "divided by",
    exp.Mod: "modulo",
}
COMPARISONS: dict[type[exp.Expr], tuple[str, str]] = {  # for numbers and text, for dates
    exp.EQ: ("is", "is"),
    exp.NEQ: ("is not", "is not"),
    exp.GT: ("is more than", "is after"),
    exp.LT: ("is less than", "is before"),
    exp.GTE: ("is at least", "is on or after"),
    exp.LTE: ("is at most", "is on or before"),
    exp.Is: ("is", "is"),
    exp.NullSafeEQ: ("is", "is"),
    exp.NullSafeNEQ: ("is not", "is not"),
}
DATE_PARTS = {
    "%Y": "the year of",
    "%m": "the month of",
    "%d": "the day of",
    "%Y-%m": "the year and month of",
    "%w": "the weekday of",
    "%H": "the hour of",
    "%Y-%m-%d": "the day of",
}
DATE = re.compile(r"'\d{4}-\d\d-\d\d")


class Phrases:
    """Words for expressions. `tables` maps aliases to names; `inner` tells an inner query and returns its name."""

    def __init__(self, tables: dict[str, str], inner: Callable[[exp.Expr], str]) -> None:
        self._tables = tables
        self._inner = inner
        self._plain: dict[type[exp.Expr], Callable[..., str]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Count: self._count,
            exp.Case: self._case,
            exp.If: self._if,
            exp.Window: self._window,
            exp.TimeToStr: self._date_part,
            exp.Star: lambda _: "every column",
            exp.Distinct: lambda e: f"different {self.listed(e.expressions)}",
            exp.Null: lambda _: "missing",
            exp.Boolean: lambda e: "true" if e.this else "false",
            exp.Neg: lambda e: f"minus {self.value(e.this)}",
            exp.Paren: lambda e: f"({self.value(e.this)})",
            exp.Alias: lambda e: self.value(e.this),
            exp.Cast: lambda e: f"{self.value(e.this)} as {e.args['to'].sql().lower()}",
            exp.TsOrDsToTimestamp: lambda e: self.value(e.this),
            exp.Identifier: lambda e: e.name,
        }

    def value(self, e: exp.Expr) -> str:
        """A noun phrase for a value."""
        if type(e) in self._plain:
            return self._plain[type(e)](e)
        if type(e) in AGGREGATES and not e.expressions:
            bracketed = not isinstance(e.this, exp.Column | exp.Distinct)
            return f"{AGGREGATES[type(e)]} {f'of ({self.value(e.this)})' if bracketed else self.value(e.this)}"
        if isinstance(e, exp.All | exp.Any):
            return f"{'every' if isinstance(e, exp.All) else 'any'} result of {self._inner(e.this.unnest())}"
        if type(e) in ARITHMETIC:
            return f"{self._operand(e.this)} {ARITHMETIC[type(e)]} {self._operand(e.expression)}"
        if isinstance(e, exp.Subquery | exp.Select | exp.SetOperation):
            return f"the result of {self._inner(e.unnest())}"
        if isinstance(e, exp.Predicate | exp.Connector | exp.Not):
            return f"whether {self.condition(e)}"
        if isinstance(e, exp.Func) and not isinstance(e, exp.Filter | exp.WithinGroup):
            name = e.name if isinstance(e, exp.Anonymous) else e.sql_name()
            parts = [self.value(a) for a in e.iter_expressions() if not isinstance(a, exp.DataType | exp.Var)]
            return f"the function {name} of {join_words(parts)}" if parts else f"the function {name}"
        return f"a value computed from {self._columns_of(e)}"

    def listed(self, expressions: list[exp.Expr]) -> str:
        """Several values; a long list is cut with the number of the rest."""
        shown = [self.value(e) for e in expressions[: 2 * MAX_LISTED]]
        more = len(expressions) - len(shown)
        return join_words([*shown, f"{more} more"] if more else shown)

    def condition(self, e: exp.Expr, nested: bool = False) -> str:
        """A clause that is true of the rows that the condition keeps."""
        if isinstance(e, exp.Paren):
            return self.condition(e.this, nested)
        if isinstance(e, exp.And | exp.Or):
            word = " and " if isinstance(e, exp.And) else " or "
            text = word.join(self.condition(part, nested=True) for part in e.flatten())
            return f"({text})" if nested else text
        if isinstance(e, exp.Not):
            return self._negated(e.this.unnest())
        if type(e) in COMPARISONS and not isinstance(e.expression, exp.Null) and not e.args.get("negate"):
            right = self.value(e.expression)
            return f"{self.value(e.this)} {COMPARISONS[type(e)][bool(DATE.match(right))]} {right}"
        if member := self._member(e, ""):
            return member
        if isinstance(e, exp.Predicate):
            return f"a condition on {self._columns_of(e)} holds"
        return f"{self.value(e)} is true"

    def _negated(self, e: exp.Expr) -> str:
        return self._member(e, "not ") or f"it is not true that {self.condition(e, nested=True)}"

    def _member(self, e: exp.Expr, no: str) -> str:
        """IN, BETWEEN, LIKE, IS NULL and EXISTS, with or without NOT; empty for anything else."""
        negated = bool(no) != bool(e.args.get("negate"))  # sqlglot: NOT LIKE is Like(negate=True), not Not(Like)
        if isinstance(e, exp.Is) and isinstance(e.expression, exp.Null):
            return f"{self.value(e.this)} is {'present' if negated else 'missing'}"
        if isinstance(e, exp.Between):
            return f"{self.value(e.this)} is {no}between {self.value(e.args['low'])} and {self.value(e.args['high'])}"
        if isinstance(e, exp.In):
            if query := e.args.get("query"):
                return f"{self.value(e.this)} is {no}among the results of {self._inner(query.unnest())}"
            many = not 0 < len(e.expressions) <= MAX_LISTED
            values = f"{len(e.expressions) or 'the'} given values" if many else self.listed(e.expressions)
            return f"{self.value(e.this)} is {no}one of {values}"
        if isinstance(e, exp.Like | exp.ILike):
            return f"{self.value(e.this)} {self._like(e.expression, negated)}"
        if isinstance(e, exp.Exists):
            return f"{self._inner(e.this.unnest())} finds {'no' if no else 'at least one'} row"
        return ""

    def _like(self, pattern: exp.Expr, negated: bool) -> str:
        verbs = (
            ("does not contain", "does not start with", "does not end with", "does not match")
            if negated
            else ("contains", "starts with", "ends with", "matches")
        )
        text = pattern.name
        core = text.strip("%")
        plain = bool(core) and not re.search(r"[%_]", core) and isinstance(pattern, exp.Literal | exp.Column)
        if plain and text == f"%{core}%":
            return f"{verbs[0]} '{core}'"
        if plain and text in (f"{core}%", f"%{core}"):
            return f"{verbs[1 if text.endswith('%') else 2]} '{core}'"
        return f"{verbs[3]} the pattern {self.value(pattern)}"

    def _columns_of(self, e: exp.Expr) -> str:
        return self.listed(list(e.find_all(exp.Column))) or "constants"

    def _operand(self, e: exp.Expr) -> str:
        return f"({self.value(e)})" if type(e) in ARITHMETIC else self.value(e)

    def _column(self, e: exp.Column) -> str:
        if isinstance(e.this, exp.Star):
            return f"every column of {self._tables.get(e.table, e.table)}"
        name = f'"{e.name}"' if e.this.args.get("quoted") else e.name  # in SQLite such a name may be a text value
        return f"{self._tables.get(e.table, e.table)}.{name}" if e.table else name

    def _literal(self, e: exp.Literal) -> str:
        if not e.is_string:
            return e.name
        return f"'{e.name}'" if len(e.name) <= 60 else f"a text that starts with '{e.name[:40]}'"

    def _count(self, e: exp.Count) -> str:
        if isinstance(e.this, exp.Star) or e.this is None or (isinstance(e.this, exp.Literal) and e.this.name == "1"):
            return "the number of rows"
        if isinstance(e.this, exp.Distinct):
            return f"the number of different {self.listed(e.this.expressions)} values"
        if isinstance(e.this, exp.Case) and not (e.this.this or e.this.args.get("default")):
            branch, *more = e.this.args["ifs"]
            if not more and isinstance(branch.args["true"], exp.Literal):  # COUNT(CASE WHEN x THEN 1 END)
                return f"the number of rows where {self.condition(branch.this)}"
        return f"the number of rows where {self.value(e.this)} is not missing"

    def _case(self, e: exp.Case) -> str:
        subject = f"{self.value(e.this)} equals " if e.this else ""
        when = [
            f"{self.value(i.args['true'])} if {subject}{self.value(i.this) if e.this else self.condition(i.this)}"
            for i in e.args["ifs"]
        ]
        default = e.args.get("default")
        return ", ".join(when) + (f", otherwise {self.value(default)}" if default else "")

    def _if(self, e: exp.If) -> str:
        default = e.args.get("false")
        text = f"{self.value(e.args['true'])} if {self.condition(e.this)}"
        return text + (f", otherwise {self.value(default)}" if default else "")

    def _window(self, e: exp.Window) -> str:
        per = e.args.get("partition_by") or []
        order = e.args.get("order")
        text = f"{self.value(e.this)}, calculated over a window of rows"
        text += f" per {self.listed(per)}" if per else ""
        return text + (f" in order of {self.listed([o.this for o in order.expressions])}" if order else "")

    def _date_part(self, e: exp.TimeToStr) -> str:
        form = e.args["format"].name
        return f"{DATE_PARTS.get(form, f'the date format {form!r} of')} {self.value(e.this)}"


def join_words(parts: list[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""
