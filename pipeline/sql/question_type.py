"""What kind of question a query answers, in few words: which thoughts can serve as examples for which others.

Coarse on purpose, so that a memory of some thousand thoughts has many of each type: all 8,563 training queries of
Spider fall into 14 of the 18. Not covered: how hard the query is (see pipeline.sql.hardness).
"""

from __future__ import annotations

from sqlglot import exp

from pipeline.sql.parsing import parse

UNKNOWN = "unknown"


def question_type(sql: str, dialect: str) -> str:
    """ "set operation", "nested" (a SELECT within another), or one of "list", "top" (LIMIT), "aggregate", "group",
    "group top" and "group having", led by "join" where there is one; "unknown" where the query does not parse.

    For a question, give its gold query: the type is then the same for right and wrong answers.
    """
    tree = parse(sql, dialect)
    if not isinstance(tree, exp.Query):
        return UNKNOWN
    if tree.find(exp.SetOperation):
        return "set operation"
    if sum(1 for _ in tree.find_all(exp.Select)) > 1:
        return "nested"
    if tree.find(exp.Group):
        shape = "group having" if tree.find(exp.Having) else "group top" if tree.find(exp.Limit) else "group"
    else:
        shape = "aggregate" if tree.find(exp.AggFunc) else "top" if tree.find(exp.Limit) else "list"
    return f"join {shape}" if tree.find(exp.Join) else shape
