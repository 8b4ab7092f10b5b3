"""Spider's exact-set match: are the clauses of two queries the same sets, whatever values they compare with?

The definition is that of Spider's evaluator (github.com/taoyds/test-suite-sql-eval, evaluation.py with --etype match,
the one that the leaderboard uses), read from sqlglot's tree here. It is stranger than its name says:

- DISTINCT is not compared. Join conditions are not, except that they may bring OR, NOT, IN or LIKE into a query.
- SELECT, WHERE and the joined tables are bags; GROUP BY and ORDER BY are lists; ORDER BY has one direction, the last
  that is written. AND and OR are a set of words: where they stand and what is in parentheses does not matter.
- HAVING is compared only beside GROUP BY; of LIMIT, only whether there is one.
- The right side of a comparison counts only where it is a query. Queries in conditions and in FROM have to be the same
  in the order in which they are written, with their DISTINCT, and know of no foreign keys.
- Columns that foreign keys link are one column, if their table stands in the FROM of the first SELECT.

What the official parser cannot read counts as wrong there, and is compared by the same rules here: names for columns
(AS), INNER JOIN, table names without AS, IS NULL, lists behind IN, WITH, functions, parentheses. Other known
differences, all rare: LEFT JOIN is not JOIN here (there it cannot be read, or LEFT is overlooked behind another join's
ON); values in a query in FROM count there; an alias means there what the last AS of the whole text says; foreign keys
link transitively here in whatever order they are given. On 1,992 recorded predictions that the official parser reads,
the answers differ for one (LEFT JOIN): tests/sql/test_exact_set.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from pipeline.sql.clauses import ForeignKey, Select, read_query


def exact_set_match(
    gold: str,
    pred: str,
    dialect: str,
    foreign_keys: Iterable[ForeignKey] = (),
    tables: Mapping[str, Collection[str]] | None = None,
) -> bool | None:
    """True if the queries match; None where the gold cannot be parsed, False where only the prediction cannot.

    `tables` (table -> columns) says which of several tables a column without a table's name belongs to; without it,
    `name` matches `T1.name` only where there is one table.
    """
    keys = list(foreign_keys)
    wanted = read_query(gold, dialect, keys, tables)
    if wanted is None:
        return None
    found = read_query(pred, dialect, keys, tables)
    try:
        return found is not None and len(wanted) == len(found) and all(map(_same_select, wanted, found))
    except RecursionError:
        return False


def _same_select(gold: Select, pred: Select) -> bool:
    as_they_are = ("joined", "group_by", "order_by", "direction", "limited", "definitions")
    return (
        all(getattr(gold, name) == getattr(pred, name) for name in as_they_are)
        and all(Counter(getattr(gold, name)) == Counter(getattr(pred, name)) for name in ("columns", "tables"))
        and Counter(gold.where.comparisons) == Counter(pred.where.comparisons)
        and set(gold.where.connectors) == set(pred.where.connectors)
        and (not gold.group_by or gold.having == pred.having)
        and _keywords(gold) == _keywords(pred)
    )


def _keywords(select: Select) -> set[str]:
    """Those that no other comparison of clauses covers."""
    words = {comparison.operator for comparison in select.comparisons()} & {"in", "like"}
    words |= {"or"} & set(select.connectors())
    words |= {"not"} if any(comparison.negated for comparison in select.comparisons()) else set()
    return words | ({"having"} if select.having.comparisons else set())
