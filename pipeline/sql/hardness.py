"""How hard a query is by Spider's rules: easy, medium, hard or extra.

The rules are those of Spider's evaluator (github.com/taoyds/spider, evaluation.py, `eval_hardness`), counted on
sqlglot's tree. They look at the first SELECT alone: what set operations add counts as one nested query, whatever it
holds, and so does each query in a condition; one in FROM does not. Some counts are odd, and are kept because published
figures are split by them: NOT counts as an aggregate, and so does each AND and OR in HAVING, while the aggregates there
do not.

The official parser does not read WITH, nor queries within SELECT, GROUP BY or ORDER BY; each counts as a nested query
here. It overlooks an OR behind a comparison of two columns (`a < b OR c`), which counts here: 2 of Spider's 8,563
training queries are harder for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator

from pipeline.sql.clauses import Select, read_query

_AGGREGATES = frozenset({"max", "min", "count", "sum", "avg"})


def hardness(sql: str, dialect: str) -> str:
    """ "easy", "medium", "hard" or "extra"; "" where the query cannot be parsed."""
    query = read_query(sql, dialect)
    if query is None:
        return ""
    select = query[0]
    words, counts, nested = _words(select), _counts(select), _nested(select) + (len(query) > 1)
    if nested == 0:
        if words <= 1 and counts == 0:
            return "easy"
        if (words <= 1 and counts <= 2) or (words <= 2 and counts < 2):
            return "medium"
        return "hard" if (words <= 2 and counts > 2) or (words == 3 and counts <= 2) else "extra"
    return "hard" if nested == 1 and words <= 1 and counts == 0 else "extra"


def _words(select: Select) -> int:
    """Component 1: WHERE, GROUP BY, ORDER BY, LIMIT, and each JOIN, OR and LIKE."""
    clauses = (select.where.comparisons, select.group_by, select.order_by, select.limited)
    likes = sum(comparison.operator == "like" for comparison in select.comparisons())
    joins = max(len(select.tables) - 1, 0)
    return sum(map(bool, clauses)) + joins + select.connectors().count("or") + likes


def _nested(select: Select) -> int:
    """Component 2: nested queries, but for those of FROM."""
    queries = sum(len(comparison.queries) for comparison in select.comparisons())
    units = Counter((*select.columns, *select.group_by, *select.order_by)).items()
    elsewhere = sum(times * sum(isinstance(part, Select) for part in _parts(unit)) for unit, times in units)
    return queries + len(select.definitions) + elsewhere


def _counts(select: Select) -> int:
    """Others: how many of these there are more than one of: aggregates, columns, conditions, groups."""
    aggregates = sum(any(map(_is_aggregate, _parts(unit))) for unit in select.columns)
    for unit, times in Counter(select.order_by).items():
        aggregates += times * sum(map(_is_aggregate, _parts(unit)))
    aggregates += sum(comparison.negated for comparison in (*select.where.comparisons, *select.having.comparisons))
    aggregates += len(select.having.connectors)
    amounts = (aggregates, len(select.columns), len(select.where.comparisons), len(select.group_by))
    return sum(amount > 1 for amount in amounts)


def _parts(unit: Hashable) -> Iterator[Hashable]:
    """An expression and all within it; of a nested query, its first SELECT only."""
    waiting = [unit]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, tuple) and not isinstance(part, Select):
            waiting += part[:1] if isinstance(part[0], Select) else part[1:]


def _is_aggregate(part: Hashable) -> bool:
    return isinstance(part, tuple) and not isinstance(part, Select) and part[0] in _AGGREGATES
