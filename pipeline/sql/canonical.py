"""One text for all queries that differ in nothing but how they are written: what finds duplicates.

Two queries with one canonical text mean the same, on every database on which both run. The reverse does not hold: names
of the result's columns, the order of joined tables, the sides of a comparison and equivalent forms are kept as written.

Where something is in doubt, it is kept too: names in double quotes without a table's name, which SQLite takes for
strings where no such column exists; aliases where a name before a dot is none of them; parentheses around operators of
which the databases and sqlglot know different precedences (||, bits, JSON, COLLATE).
"""

from __future__ import annotations

import re
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.sql.parsing import parse
from pipeline.sql.renaming import rename_aliases
from pipeline.sql.scopes import operands

# Either a string or a quoted name (group 1), or the comments and white space between two words.
_FOLD = re.compile(r"""('[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\])|(?>--[^\n]*|/\*.*?\*/|\s+)++""", re.DOTALL)

_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ)
_PREDICATES = (*_COMPARISONS, exp.Is, exp.Like, exp.Glob, exp.Escape, exp.In, exp.Between, exp.Exists)
_LOGIC = (exp.And, exp.Or, exp.Not)
_VALUES = (exp.Column, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Case)
# What takes an expression whole, so that it needs no parentheses.
_HOLDERS = (exp.Select, exp.Where, exp.Having, exp.Join, exp.Alias, exp.Ordered, exp.If, exp.Case, exp.Tuple, exp.Paren)
# Here a number in parentheses may be something else than without: no position of a column, the smallest integer.
_NUMBER_HOLDERS = (exp.Ordered, exp.Group, exp.Neg)


@lru_cache(maxsize=8192)
def canonical(sql: str, dialect: str) -> str:
    """The canonical text of `sql`: for detecting duplicates, not for executing.

    Aliases of tables, names of WITH, case of keywords and names, white space, comments, needless quotes and
    parentheses, and the order of what AND or OR joins do not matter; nor does the table's name before a column where
    there is only one table. Literals keep their case. What does not parse is only folded as text.
    """
    tree = parse(sql, dialect)
    if tree is None:
        return _folded(sql)
    try:
        tree = tree.copy()
        _lower_names(tree)
        if isinstance(tree, exp.Query):
            rename_aliases(tree)
        if not tree.find(exp.Xor, exp.PropertyEQ):  # which bind less tight than AND or OR
            _settle_parentheses(tree)
            _sort_conditions(tree, dialect)
        return tree.sql(dialect=dialect, comments=False)
    except (SqlglotError, RecursionError, ValueError):
        return _folded(sql)


def _lower_names(tree: exp.Expr) -> None:
    for name in tree.find_all(exp.Identifier):
        column = name.parent
        if not (name.quoted and isinstance(column, exp.Column) and not column.table):
            name.set("this", name.name.lower())
            name.set("quoted", not name.name.isidentifier())


def _settle_parentheses(tree: exp.Expr) -> None:
    """Takes out the needless ones, and puts arithmetic within arithmetic into some."""
    binary = [node for node in tree.find_all(exp.Binary) if not isinstance(node, (*_PREDICATES, *_LOGIC))]
    # Behind another operator, how far NOT reaches is a matter of opinion too.
    nots = [node for node in tree.find_all(exp.Not) if isinstance(node.parent, (*_ARITHMETIC, *_PREDICATES))]
    is_known = not nots and all(isinstance(node, _ARITHMETIC) for node in binary)
    for paren in reversed(list(tree.find_all(exp.Paren))):
        if _is_needless(paren, is_known):
            paren.replace(paren.this)
    for query in tree.find_all(exp.Subquery):
        # x IN ((SELECT ...)) compares with its first row.
        while not isinstance(query.parent, exp.In | exp.From | exp.Join) and _is_bare_subquery(query.this):
            query.set("this", query.this.this)
    for node in binary if is_known else []:
        if isinstance(node.parent, _ARITHMETIC):
            around = exp.Paren()
            node.replace(around)
            around.set("this", node)


def _is_bare_subquery(node: exp.Expr) -> bool:
    return type(node) is exp.Subquery and not any(value for name, value in node.args.items() if name != "this")


def _is_needless(paren: exp.Paren, is_known: bool) -> bool:
    inner, outer = paren.this, paren.parent
    is_call = isinstance(inner, exp.Func) and not isinstance(inner, exp.Binary)
    if isinstance(inner, _VALUES) or is_call:
        return not (
            isinstance(outer, exp.Dot) or (isinstance(inner, exp.Literal) and isinstance(outer, _NUMBER_HOLDERS))
        )
    if isinstance(outer, _HOLDERS):
        return isinstance(inner, exp.Binary | exp.Unary | exp.Predicate)
    if isinstance(outer, _LOGIC):
        return True
    return is_known and isinstance(outer, (*_ARITHMETIC, *_PREDICATES)) and isinstance(inner, _ARITHMETIC)


def _sort_conditions(tree: exp.Expr, dialect: str) -> None:
    """From within outwards, each AND and OR becomes one piece of text."""
    for node in reversed(list(tree.find_all(exp.And, exp.Or))):
        if type(node.parent) is not type(node):
            parts = sorted(part.sql(dialect=dialect, comments=False) for part in operands(node, type(node)))
            text = f" {node.key.upper()} ".join(parts)
            node.replace(exp.Var(this=f"({text})" if isinstance(node.parent, _LOGIC) else text))


def _folded(sql: str) -> str:
    pieces = []
    end = 0
    for match in _FOLD.finditer(sql):
        pieces += [sql[end : match.start()].lower(), match.group(1) or " "]
        end = match.end()
    pieces.append(sql[end:].lower())
    return "".join(pieces).strip(" ;")
