"""Other rows for a database, so that queries which differ also answer differently.

Every row starts from one of the database's own. Its links lead to other rows, and its values are replaced by others of
their column, by near ones or by none; keys stay unique, and nothing becomes NULL in a column that never is. So there
are rows without a partner, equal names of different rows, values on a threshold, filters that match nothing or not all,
groups of equal size: what one database seldom shows.
One thing is kept although nothing declares it: where one row alone has a column's largest (or smallest) value, it is so
in the copies, except, in manners with `ties`, for columns that repeat values. Else every ORDER BY ... LIMIT 1 would be
a matter of luck, the gold's too.
Not covered: what links have to do with the other values of their row, and rules that only a CHECK or a trigger knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from pipeline.synth.variants.column_values import Domain, domains, untie
from pipeline.synth.variants.content import Content, Link, Row, Table, Value
from pipeline.synth.variants.manners import MANNERS
from pipeline.synth.variants.neighbours import fresh

_MOST_ROWS = 1000  # of a table: copies are built and queried by the thousand
_TRIES = 6
_ORPHANED = 0.1  # of the rows whose link may lead nowhere, because some of the database's do

Made = tuple[Row, Row]  # a row, and the original that it was made from


@dataclass(frozen=True)
class _Source:
    """Where the values for some places of a row come from, given the original; None if there is none left."""

    places: tuple[int, ...]
    draw: Callable[[Row], Row | None]


class Alterations:
    """All copies of one database; `seed` decides what chance decides."""

    def __init__(self, content: Content, seed: str) -> None:
        self._content, self._seed = content, seed
        self._domains = domains(content, seed)

    def made(self, number: int) -> dict[str, list[Made]]:
        """The rows of each table in the copy `number` (from 1): always the same, and in the same order."""
        return _Copy(self._content, self._domains, number, self._seed).made


class _Copy:
    def __init__(self, content: Content, domains_: Mapping[tuple[str, str], Domain], number: int, seed: str) -> None:
        self._manner, self._number, self._domains = MANNERS[number - 1], number, domains_
        self._rng = Random(f"{seed}/{number}")
        self._tables = {table.name: table for table in content.tables}
        self._originals = {name: self._chosen(table) for name, table in self._tables.items()}
        # Before any row is made: links may lead back to their own table, or in a circle.
        self._identities = {name: self._identified(table) for name, table in self._tables.items()}
        self.made: dict[str, list[Made]] = {}
        for table in _parents_first(self._tables):
            self.made[table.name] = self._rows(table)

    def _chosen(self, table: Table) -> list[Row]:
        if not table.rows:
            return []
        # No two tables of the same size: or counting the rows of the wrong one would be right.
        place = list(self._tables).index(table.name)
        count = min(max(round(len(table.rows) * self._manner.rows), self._manner.least) + place, _MOST_ROWS + place)
        once = self._rng.sample(table.rows, min(count, len(table.rows)))
        return once + self._rng.choices(table.rows, k=count - len(once))

    def _identified(self, table: Table) -> dict[str, list[Value]]:
        """What the rows have in each column that identifies them: those made of the same original get new values."""
        linked = {column for link in table.links for column in link.columns}
        found = {}
        for column in (key[0] for key in table.keys if len(key) == 1 and key[0] not in linked):
            place, new = table.columns.index(column), fresh(table.values(column))
            seen: set[Value] = set()
            found[column] = [row[place] for row in self._originals[table.name]]
            for at, value in enumerate(found[column]):
                if value in seen:
                    found[column][at] = next(new)
                elif value is not None:
                    seen.add(value)
        return found

    def _rows(self, table: Table) -> list[Made]:
        identities = [(table.columns.index(name), values) for name, values in self._identities[table.name].items()]
        sources = list(self._sources(table))
        keys = [tuple(map(table.columns.index, key)) for key in table.keys]
        taken: list[set[Row]] = [set() for _ in keys]
        rows: list[list[Value]] = []
        originals: list[Row] = []
        for at, original in enumerate(self._originals[table.name]):
            row = list(original)
            for place, values in identities:
                row[place] = values[at]
            if self._filled(row, original, sources, keys, taken):
                rows.append(row)
                originals.append(original)
        bound = {column for key in table.keys for column in key} | {c for link in table.links for c in link.columns}
        for place, column in enumerate(table.columns):
            if column not in bound:
                untie(rows, place, self._domains[table.name, column].values, self._manner.ties)
        made = [(tuple(row), original) for row, original in zip(rows, originals, strict=True)]
        self._rng.shuffle(made)
        return made

    def _filled(
        self,
        row: list[Value],
        original: Row,
        sources: list[_Source],
        keys: list[tuple[int, ...]],
        taken: list[set[Row]],
    ) -> bool:
        """Draw the row's values, some of them again while they make a key that is taken; False if no key was free."""
        for _ in range(_TRIES):
            for source in sources:
                drawn = source.draw(original)
                if drawn is None:
                    return False
                for place, value in zip(source.places, drawn, strict=True):
                    row[place] = value
            own = [tuple(row[place] for place in key) for key in keys]
            clash = next((key for key, values, known in zip(keys, own, taken, strict=True) if values in known), None)
            if clash is None:
                for values, known in zip(own, taken, strict=True):
                    if None not in values:  # SQL takes no NULL for equal to another
                        known.add(values)
                return True
            sources = [source for source in sources if not set(clash).isdisjoint(source.places)]
        return False

    def _sources(self, table: Table) -> Iterator[_Source]:
        done = set(self._identities[table.name])
        for link in table.links:
            done.update(link.columns)
            yield _Source(tuple(map(table.columns.index, link.columns)), self._link_draw(table, link))
        for place, column in enumerate(table.columns):
            if column not in done:
                domain = self._domains[table.name, column]
                yield _Source((place,), domain.draw(self._manner, self._number, place, self._rng))

    def _link_draw(self, table: Table, link: Link) -> Callable[[Row], Row | None]:
        rng, manner = self._rng, self._manner
        places = [table.columns.index(column) for column in link.columns]
        own = [tuple(row[place] for place in places) for row in table.rows]
        loose = [] if link.strict else [values for values in own if None not in values]
        nulls = sum(None in values for values in own) / max(len(own), 1)
        targets = [values for values in self._targets(link) if None not in values]
        rng.shuffle(targets)
        targets = targets[: max(1, round(len(targets) * (1 - manner.childless)))]
        weights = list(accumulate(1 / rank**manner.skew for rank in range(1, len(targets) + 1)))
        once = iter(targets) if any(set(key) <= set(link.columns) for key in table.keys) else None

        def draw(_: Row) -> Row | None:
            if nulls and rng.random() < nulls:
                return (None,) * len(places)
            if loose and (not targets or rng.random() < _ORPHANED):
                return rng.choice(loose)
            if once is not None:
                return next(once, None)
            return rng.choices(targets, cum_weights=weights)[0] if targets else None

        return draw

    def _targets(self, link: Link) -> list[Row]:
        identities = self._identities[link.parent]
        if link.parent not in self.made and set(link.parent_columns) <= identities.keys():
            return list(zip(*(identities[column] for column in link.parent_columns), strict=True))
        parent = self._tables[link.parent]
        places = [parent.columns.index(column) for column in link.parent_columns]
        rows = [row for row, _ in self.made.get(link.parent, ())] or parent.rows
        return list(dict.fromkeys(tuple(row[place] for place in places) for row in rows))


def _parents_first(tables: dict[str, Table]) -> Iterable[Table]:
    """All tables, after those that they link to, as far as links do not run in a circle."""
    ordered: dict[str, Table] = {}

    def visit(table: Table, path: frozenset[str]) -> None:
        if table.name not in ordered and table.name not in path:
            for link in table.links:
                visit(tables[link.parent], path | {table.name})
            ordered[table.name] = table

    for table in tables.values():
        visit(table, frozenset())
    return ordered.values()
