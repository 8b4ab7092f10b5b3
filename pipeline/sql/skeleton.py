"""The skeleton of a query: its parts without names and values, and how much of a gold's skeleton a prediction has.

The idea is the skeleton score of HES-SQL (arXiv 2510.08896), which gives no formula; this project's own, section 3 of
its methods, is in `skeleton_score`. A slot reads "main where: >=": the query that it stands in (main, union, in,
exists, scalar, from, cte ...), the clause, and what stands there.

Names mean nothing here, so nothing is looked up by its name: ORDER BY n is not ORDER BY count(*), even where the result
has count(*) AS n. Case, white space, needless parentheses, aliases of tables and the order within a clause do not
matter, nor on which side of a comparison a literal stands. What is of no use has slots of its own, so that padding does
not make up for what is missing: constants, and what AND joins or SELECT lists again with at most other literals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.sql.operators import INFIX, MIRRORED, is_constant
from pipeline.sql.parsing import parse
from pipeline.sql.scopes import arguments, bare, branch_place, join_kind, operands, set_operation, sources

# The slots that weigh more than 1.
_WEIGHTS = (
    (2.0, re.compile(r": subquery$| with: \w+$| set operation: [a-z ]+$")),
    (1.5, re.compile(r" join: [a-z ]+$| group by: key$| having$")),
)
# What a nested query is there for, by what it stands in.
_PLACES: dict[type[object], str] = {exp.In: "in", exp.Exists: "exists", exp.Any: "any", exp.All: "all"}
# Names, values and what belongs to them: no slots, and nothing within them is one.
_LEAVES = frozenset(
    {
        *(exp.Column, exp.Literal, exp.Null, exp.Boolean, exp.Star, exp.Identifier, exp.Var, exp.DataType),
        *(exp.JSONPath, exp.Parameter, exp.Placeholder),
    }
)
# What only holds others together, or is added by sqlglot to a function's argument.
_SILENT = frozenset(
    {
        *(exp.Paren, exp.Tuple, exp.And, exp.Alias, exp.Order, exp.Escape, exp.Interval),
        *(exp.TsOrDsToTimestamp, exp.TsOrDsToDate, exp.TsOrDsToTime),
    }
)


def skeleton(sql: str, dialect: str) -> Counter[str] | None:
    """The slots of `sql`; None if it does not parse as one query, is too long or nested too deeply."""
    found = _skeleton(sql, dialect)
    return None if found is None else found.copy()


def skeleton_score(pred: Counter[str] | None, golds: Sequence[Counter[str]]) -> float:
    """S_skel in [0, 1], the best over all golds; 0 for a prediction that does not parse.

        completeness = sum_k w_k * min(n_pred(k), n_gold(k)) / sum_k w_k * n_gold(k)
        S_skel       = completeness * (1 - 0.5 * extra / (extra + need))

    over the slots k, with extra = the prediction's weighted surplus and need = the weighted gold. A subquery, WITH
    and a set operation weigh 2, a join, GROUP BY and HAVING 1.5, all else 1. Slots that the gold lacks never raise it.
    """
    return max((_score(pred, gold) for gold in golds), default=0.0) if pred is not None else 0.0


def missing(pred: Counter[str] | None, gold: Counter[str]) -> list[str]:
    """The slots of `gold` that `pred` lacks, in reading order, each as often as it is lacking. `missing(gold, pred)`
    is what `pred` has beyond it."""
    return list((gold - (pred or Counter())).elements())


def _score(pred: Counter[str], gold: Counter[str]) -> float:
    need = sum(_weight(slot) * count for slot, count in gold.items())
    met = sum(_weight(slot) * min(count, pred[slot]) for slot, count in gold.items())
    extra = sum(_weight(slot) * (count - gold[slot]) for slot, count in pred.items() if count > gold[slot])
    completeness = met / need if need else 1.0
    return completeness * (1 - 0.5 * extra / (extra + need)) if extra else completeness


@lru_cache(maxsize=4096)
def _weight(slot: str) -> float:
    return next((weight for weight, slots in _WEIGHTS if slots.search(slot)), 1.0)


@lru_cache(maxsize=4096)
def _skeleton(sql: str, dialect: str) -> Counter[str] | None:
    tree = parse(sql, dialect)
    if not isinstance(tree, exp.Query | exp.Values):
        return None
    reader = _Reader()
    try:
        reader.query(tree, "main")
    except (SqlglotError, RecursionError):
        return None
    return reader.slots


class _Reader:
    def __init__(self) -> None:
        self.slots: Counter[str] = Counter()

    def query(self, node: exp.Expr, place: str) -> None:
        """Counts the slots of a query and of those within it."""
        if with_ := node.args.get("with_"):
            for cte in with_.expressions:
                self._add(f"{place} with: {'recursive' if with_.args.get('recursive') else 'query'}")
                self.query(cte.this, "cte")
        if isinstance(node, exp.Select):
            self._select(node, place)
        elif isinstance(node, exp.SetOperation):
            self.query(node.this, place)
            self._add(f"{place} set operation: {set_operation(node)}")
            self.query(node.expression, branch_place(place, node))
        elif isinstance(node, exp.Subquery):
            self.query(node.this, place)
        elif isinstance(node, exp.Values):
            for row in node.expressions:
                self._add(f"{place} values: row")
                self._expression(row, f"{place} values")
            return
        else:
            raise SqlglotError(f"a query of {node.key}")
        if order := node.args.get("order"):
            for item in order.expressions:
                self._expression(item, f"{place} order by")
        for clause in ("limit", "offset"):
            if node.args.get(clause):
                self._add(f"{place} {clause}")

    def _select(self, select: exp.Select, place: str) -> None:
        for column in self._useful(select.expressions, f"{place} select"):
            self._add(f"{place} select: {'*' if column.is_star else 'column'}")
            self._expression(column, f"{place} select")
        if select.args.get("distinct"):
            self._add(f"{place} distinct")
        self._from(select, place)
        if where := select.args.get("where"):
            self._condition(where.this, f"{place} where")
        for item in arguments(select.args["group"]) if select.args.get("group") else ():
            self._add(f"{place} group by: key")
            if isinstance(item, exp.Expr):
                self._expression(item, f"{place} group by")
        if having := select.args.get("having"):
            self._add(f"{place} having")
            self._condition(having.this, f"{place} having")
        for window in select.args.get("windows") or []:
            self._window(window, f"{place} window")

    def _from(self, select: exp.Select, place: str) -> None:
        for source, join in sources(select):
            inner = source.this if isinstance(source, exp.Lateral) else source
            if isinstance(inner, exp.Query | exp.Values):
                self._add(f"{place} from: subquery")
                self.query(inner, "from")
            else:
                self._add(f"{place} from: table")
            if join:
                self._add(f"{place} join: {join_kind(join) or 'inner'}")
                if join.args.get("on"):
                    self._condition(join.args["on"], f"{place} on")
                for _ in join.args.get("using") or []:
                    self._add(f"{place} on: =")

    def _condition(self, node: exp.Expr, clause: str) -> None:
        for part in self._useful(operands(node, exp.And), clause):
            self._expression(part, clause)

    def _useful(self, parts: Iterable[exp.Expr], clause: str) -> Iterator[exp.Expr]:
        """Those parts that are neither constant nor there already; the others are counted as what they are."""
        seen = set()
        for part in parts:
            shape = tuple(_shape(part))
            if shape in seen:
                self._add(f"{clause}: the same again")
            elif part.find(exp.Column, exp.Star, exp.Table) is None:
                self._add(f"{clause}: constant")
            else:
                yield part
            seen.add(shape)

    def _expression(self, node: exp.Expr, clause: str) -> None:
        waiting = [node]
        while waiting:
            node = waiting.pop()
            kind = type(node)
            if kind in _LEAVES:
                continue
            if isinstance(node, exp.Query | exp.Values):
                self._add(f"{clause}: subquery")
                self.query(node, _PLACES.get(type(node.parent), "scalar"))
                continue
            if kind is exp.Window:
                self._window(node, clause)
                continue
            if kind not in _SILENT and (word := _word(node)):
                self._add(f"{clause}: {word}")
            waiting += node.iter_expressions(reverse=True)

    def _window(self, node: exp.Expr, clause: str) -> None:
        self._add(f"{clause}: window")
        self._expression(node.this, clause)
        for part in node.args.get("partition_by") or []:
            self._add(f"{clause} window: partition by")
            self._expression(part, f"{clause} window")
        if order := node.args.get("order"):
            self._expression(order, f"{clause} window order by")
        if spec := node.args.get("spec"):
            self._add(f"{clause} window: {str(spec.args.get('kind')).lower()}")

    def _add(self, slot: str) -> None:
        self.slots[slot] += 1


def _shape(node: exp.Expr) -> Iterator[object]:
    """The kinds and names within an expression, its literals left out."""
    for part in node.walk():
        if isinstance(part, exp.Identifier):
            yield part.name.lower()
        elif not isinstance(part, exp.Literal | exp.Paren | exp.Neg):
            yield type(part)


def _word(node: exp.Expr) -> str:
    """What stands in a slot; "" for nothing."""
    kind = type(node)
    if kind in MIRRORED:
        return MIRRORED[kind] if is_constant(node.this) and not is_constant(node.args["expression"]) else INFIX[kind]
    if kind is exp.Ordered:
        return "desc" if node.args.get("desc") else "asc"
    if kind is exp.If:
        return "when" if type(node.parent) is exp.Case else "if"
    if kind is exp.Neg:
        return "" if isinstance(bare(node.this), exp.Literal) else "-"
    if kind is exp.Anonymous:
        return node.name.lower()
    return INFIX.get(kind) or node.key
