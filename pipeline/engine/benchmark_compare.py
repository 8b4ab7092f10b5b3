"""When two results are the same for BIRD and for Spider: their official evaluators' rules, to reproduce their verdicts.

Values are compared as Python compares them: 1 equals 1.0, NULL equals NULL, 0.1 + 0.2 is not 0.3, text is no number.
Both are laxer than pipeline.engine.compare, which training uses; docs/comparison.md shows all three side by side.
A failed or truncated result equals nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, count
from operator import itemgetter
from typing import Any, NamedTuple

from pipeline.engine.compare import Row, comparable, equal_bags
from pipeline.engine.result import ExecutionResult

# Values looked at in a search for the permutation: about a second. What it costs to begin is not counted.
_SEARCH_VALUES = 4_000_000
_FRACTIONS = frozenset({float, Decimal})  # the types whose values may equal those of another


def bird_match(gold: ExecutionResult, pred: ExecutionResult) -> bool:
    """True if the set of rows is the same: order and repetitions do not count, columns are compared by position.

    Empty results are equal whatever their columns.
    """
    return comparable(gold, pred) and (gold.rows == pred.rows or set(gold.rows) == set(pred.rows))


def spider_match(gold: ExecutionResult, pred: ExecutionResult, ordered: bool) -> bool:
    """True if some permutation of the columns makes the bags of rows equal, or the lists where `ordered`.

    Empty results are equal whatever their columns. Both queries have to be rewritten first, and `ordered` is found in
    the text: see pipeline.sql.spider.
    The work is bounded: where dozens of columns are alike in every statistic, so that only trying a great many
    permutations could tell, the results are called different.
    """
    if not comparable(gold, pred) or len(gold.rows) != len(pred.rows):
        return False
    if not gold.rows:
        return True
    if len(gold.rows[0]) != len(pred.rows[0]):
        return False
    return (_same_list if ordered else _same_bag)(gold.rows, pred.rows) and not _sorted_apart(
        gold.rows, pred.rows, ordered
    )


def _same_list(gold: Sequence[Row], pred: Sequence[Row]) -> bool:
    if gold == pred:
        return True
    if set(gold[0]) != set(pred[0]):
        return False
    return Counter(zip(*gold, strict=True)) == Counter(zip(*pred, strict=True))


def _same_bag(gold: Sequence[Row], pred: Sequence[Row]) -> bool:
    if gold == pred or equal_bags(gold, pred):
        return True
    if len(gold[0]) == 1:
        return False
    wanted = [frozenset(column) for column in zip(*gold, strict=True)]
    found = {frozenset(column): at for at, column in enumerate(zip(*pred, strict=True))}
    if found.keys() != set(wanted):
        return False
    if len(found) == len(wanted):
        # No two columns have the same values: one permutation is left.
        return equal_bags(gold, list(map(itemgetter(*(found[values] for values in wanted)), pred)))
    return _Search(gold, pred).found()


def _sorted_apart(gold: Sequence[Row], pred: Sequence[Row], ordered: bool) -> bool:
    """True where the official evaluator gives up before it permutes anything.

    It sorts the values of each row by their text and compares; so (1, 10) and (1.0, 10), sorted to (10, 1) and
    (1.0, 10), differ for it. Published figures contain that.
    """
    values = list(chain.from_iterable(chain(gold, pred)))
    if len(gold[0]) == 1 or _FRACTIONS.isdisjoint(map(type, values)) or len(set(map(repr, values))) == len(set(values)):
        return False  # equal values have equal texts
    a, b = [_sorted_row(row) for row in gold], [_sorted_row(row) for row in pred]
    return a != b if ordered else set(a) != set(b)


def _sorted_row(row: Row) -> Row:
    return tuple(sorted(row, key=lambda value: f"{value}{type(value)}"))


class _Table(NamedTuple):
    """A bag of rows without its repetitions: identical columns and identical rows are there once, and counted."""

    rows: list[tuple[int, ...]]
    columns: list[tuple[int, ...]]
    row_counts: list[int]
    column_counts: list[int]


class _Search:
    """Looks for the permutation of columns that makes two bags of rows equal.

    Columns get a colour each, at first how often they occur. Rows are coloured by the values they have in columns of
    each colour, columns by the values they have in rows of each colour, and so on until no colour splits any more.
    Where several columns still share one, a column of the gold is paired with each of the other's in turn.
    """

    def __init__(self, gold: Sequence[Row], pred: Sequence[Row]) -> None:
        numbers: defaultdict[Any, int] = defaultdict(count().__next__)
        self._tables = [_table([tuple(numbers[value] for value in row) for row in rows]) for rows in (gold, pred)]
        self._left = _SEARCH_VALUES
        self._values = sum(len(table.rows) * len(table.columns) for table in self._tables)

    def found(self) -> bool:
        gold, pred = self._tables
        self._left += 4 * self._values  # a few rounds settle all but contrived results, however large
        return self._found([gold.column_counts, pred.column_counts])

    def _found(self, colours: list[list[int]]) -> bool:
        refined = self._refined(colours)
        if refined is None:
            return False
        gold, pred = refined
        sizes = Counter(gold)
        shared = [colour for colour in gold if sizes[colour] > 1]
        if not shared:
            return True
        colour = min(shared, key=sizes.__getitem__)
        chosen = gold.index(colour)
        return any(
            self._found([_marked(gold, chosen), _marked(pred, at)]) for at, other in enumerate(pred) if other == colour
        )

    def _refined(self, colours: list[list[int]]) -> list[list[int]] | None:
        """The colours of both tables' columns, split as far as they go; None if the tables differ or work ran out."""
        while self._left > 0:
            self._left -= self._values
            tables = self._tables
            rows = _recoloured([(t.rows, t.row_counts, c) for t, c in zip(tables, colours, strict=True)])
            columns = rows and _recoloured([(t.columns, c, r) for t, c, r in zip(tables, colours, rows, strict=True)])
            if not columns or len(set(columns[0])) == len(set(colours[0])):
                return columns
            colours = columns
        return None


def _table(rows: list[tuple[int, ...]]) -> _Table:
    columns = Counter(zip(*rows, strict=True))
    short = Counter(zip(*columns, strict=True))
    return _Table(list(short), list(zip(*short, strict=True)), list(short.values()), list(columns.values()))


def _marked(colours: list[int], at: int) -> list[int]:
    return [*colours[:at], -1, *colours[at + 1 :]]


def _recoloured(tables: list[tuple[list[tuple[int, ...]], list[int], list[int]]]) -> list[list[int]] | None:
    """New colours for the lines (rows or columns) of both tables, or None if the tables do not have the same ones.

    A table is its lines, their colours so far, and the colours of what crosses them.
    """
    names: defaultdict[Any, int] = defaultdict(count().__next__)
    gold, pred = (
        [
            names[colour, tuple(sorted(zip(crossing, line, strict=True)))]
            for line, colour in zip(lines, colours, strict=True)
        ]
        for lines, colours, crossing in tables
    )
    return [gold, pred] if sorted(gold) == sorted(pred) else None
