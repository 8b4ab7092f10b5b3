"""The ten ways in which variants differ from their database, and from each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Manner:
    """How one copy differs.

    rows: share of a table's rows, but at least `least` of them. kept: share of values that stay in their row. window:
    how many different values a column has; 0 for all. near: share of values that are near those of the column, or round
    numbers. childless: share of rows that no link leads to. skew: how unevenly links are spread; 0 for evenly. ties: a
    column that repeats values may repeat its largest and its smallest.
    """

    rows: float = 1.0
    least: int = 30
    kept: float = 0.0
    window: int = 0
    near: float = 0.05
    childless: float = 0.3
    skew: float = 1.0
    ties: bool = False


# Wrong queries are of many kinds, and each manner is good for some. The order is that of use.
MANNERS = (
    Manner(window=12, least=100, near=0.1),  # conditions on several tables match: wrong columns, joins, constants
    Manner(near=0.3, least=60),  # values beside the known ones: thresholds, BETWEEN, LIKE against "=", text as number
    Manner(childless=0.7),  # most rows have no partner: LEFT against INNER JOIN, NOT IN against a join
    Manner(window=8, least=60),  # several conditions at once: INTERSECT against AND, OR against UNION
    Manner(window=4, least=100),  # equal names of different rows: grouped by name or by id, "=" against IN
    Manner(rows=2, least=60, kept=0.5),  # more rows, half of them mixed: conditions that all known rows meet
    Manner(window=2, rows=0.5, least=15),  # few rows and values: empty results, single rows, MIN against MAX
    Manner(kept=0.8),  # close to the database: what only its own combinations of values show
    Manner(window=5, skew=0, ties=True),  # groups of nearly equal size, ties: HAVING, ">" against ">="
    Manner(window=3, ties=True),  # ties: LIMIT 1 against MAX, DISTINCT
)
