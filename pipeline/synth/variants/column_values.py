"""What the columns of altered copies may hold: the values of their database, as many of them as the copy wants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from pipeline.synth.variants.content import Content, Row, Value
from pipeline.synth.variants.manners import Manner
from pipeline.synth.variants.neighbours import beyond, neighbour, round_numbers


@dataclass(frozen=True)
class Domain:
    """The values of a column, as often as they occur; of its namesakes too, each once; the share of NULL.

    `pool` holds the distinct values and round numbers in an order that all copies share: their windows move over it.
    """

    values: list[Value]
    distinct: list[Value]
    rounds: list[Value]
    pool: list[Value]
    nulls: float

    def draw(self, manner: Manner, number: int, place: int, rng: Random) -> Callable[[Row], Row]:
        """A source of values for the column at `place` in copy `number`; it is given the row to be altered."""
        if manner.window:
            size = min(manner.window, len(self.pool))
            values = [self.pool[(number * manner.window + k) % len(self.pool)] for k in range(size)]
            once: Iterator[Value] = iter(())
        else:
            values = self.values
            once = iter(rng.sample(values, len(values)))  # a permutation at first: no value goes missing
        # A column of two values is a flag or a code: a third one would only break it.
        near = manner.near if len(self.distinct) != 2 else 0.0
        beside = [neighbour(value, rng) for value in (values if manner.window else self.distinct)]

        def draw(template: Row) -> Row:
            if rng.random() < manner.kept:
                return (template[place],)
            if not values or rng.random() < self.nulls:
                return (None,)
            if rng.random() < near:
                return (rng.choice(self.rounds if self.rounds and rng.random() < 0.5 else beside),)
            for value in once:
                return (value,)
            return (rng.choice(values),)

        return draw


def domains(content: Content, seed: str) -> dict[tuple[str, str], Domain]:
    """The domain of every column, by table and column.

    Columns of one name that share values share a domain: they may be joined although nothing says so.
    """
    distinct: dict[tuple[str, str], set[Value]] = {}
    namesakes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table in content.tables:
        for column in table.columns:
            namesakes[column.lower()].append((table.name, column))
            distinct[table.name, column] = {value for value in table.values(column) if value is not None}
    found = {}
    for table in content.tables:
        for column in table.columns:
            all_values, own = table.values(column), distinct[table.name, column]
            others = [distinct[key] for key in namesakes[column.lower()]]
            shared = own.union(*(other for other in others if 2 * len(other & own) >= min(len(other), len(own))))
            ordered: list[Value] = sorted(shared, key=_order)
            rounds = round_numbers(ordered)
            pool = ordered + rounds
            Random(f"{seed}/{column.lower()}").shuffle(pool)
            values: list[Value] = [value for value in all_values if value is not None]
            nulls = 1 - len(values) / max(len(all_values), 1)
            found[table.name, column] = Domain(values, ordered, rounds, pool, nulls)
    return found


def untie(rows: list[list[Value]], place: int, before: list[Value], repeats_may_tie: bool) -> None:
    """Give one row alone the largest value at `place`, and one the smallest, where it was so in the values `before`.

    Nothing is done to columns of mixed types or blobs, nor, if `repeats_may_tie`, where a value occurred twice.
    """
    if len(before) < 3 or len({isinstance(value, str) for value in before}) > 1 or isinstance(before[0], bytes):
        return
    if repeats_may_tie and len(set(before)) < len(before):
        return
    for up in (True, False):
        limit = _extreme(before, up)
        known = [row[place] for row in rows if row[place] is not None]
        if not known or before.count(limit) > 1:
            continue
        reached = _extreme(known, up)
        if known.count(reached) > 1:
            tied = next(row for row in rows if row[place] == reached)
            tied[place] = limit if _extreme([limit, reached], up) != reached else beyond(reached, up)


def _extreme(values: list[Value], up: bool) -> Value:
    return max(values, key=_order) if up else min(values, key=_order)


def _order(value: Value) -> tuple[str, Value]:
    """By SQLite's rule, for values of any type: numbers before text before blobs."""
    return ("" if isinstance(value, int | float) else "text" if isinstance(value, str) else "~blob"), value
