"""Rows for the tables of a view, drawn with numpy after its sample values: skewed categories, favourite parents.

A column is filled from what the view says of it alone, so that any view will do. What it leaves out: correlation
between columns, and dates that follow one another.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.synth.imagined.similar_texts import similar_texts
from pipeline.synth.samples.rows import zipf
from pipeline.synth.view import Value, View, ViewColumn, ViewTable

Array = np.ndarray[Any, np.dtype[Any]]
Cells = list[Value | None]

_NAMES_AT_MOST = 2500  # different texts of one column; larger tables repeat some
_NULL_SHARES = (0.03, 0.25)
_IDLE_SHARES = (0.08, 0.3)  # of the parents that no row refers to


def row_counts(view: View, rows: int) -> dict[str, int]:
    """Rows of each table: the biggest has about `rows`, the others in proportion to those of the view. A table always
    has room for the sample values of its columns."""
    most = max(table.rows for table in view.tables.values()) or 1
    room = {t.name: max(3, *(len(c.values) for c in t.columns)) for t in view.tables.values()}
    return {t.name: max(room[t.name], round((t.rows or most) * rows / most)) for t in view.tables.values()}


def draw_tables(view: View, counts: dict[str, int], seed: int) -> dict[str, list[Cells]]:
    """The columns of each table, parents before children. ValueError where links go round in a circle."""
    rng, texts = np.random.default_rng(seed), random.Random(seed)
    parents = {(link.child, link.column): link for link in view.links}
    keys: dict[tuple[str, str], Array] = {}  # of the tables so far
    drawn: dict[str, list[Cells]] = {}
    for table in parents_first(view):
        size = counts[table.name]
        drawn[table.name] = []
        for column in table.columns:
            link = parents.get((table.name, column.name))
            if link:
                cells = _references(column, keys[link.parent, link.parent_column], size, rng)
            elif column.kind == "key":
                cells = _keys(column, size, texts)
                keys[table.name, column.name] = np.array(cells, dtype=object)
            else:
                cells = _with_samples(column, _cells(column, size, rng, texts), rng)
            drawn[table.name].append(cells)
    return drawn


def parents_first(view: View) -> list[ViewTable]:
    """The tables so that each comes after those that it refers to. ValueError where links go round in a circle."""
    waiting = {name: {k.parent for k in view.links if k.child == name} for name in view.tables}
    ordered: list[ViewTable] = []
    while waiting:
        free = [name for name, parents in waiting.items() if not parents & waiting.keys()]
        if not free:
            raise ValueError(f"tables that refer to one another in a circle: {sorted(waiting)}")
        ordered += (view.tables[name] for name in free)
        for name in free:
            del waiting[name]
    return ordered


def _keys(column: ViewColumn, size: int, texts: random.Random) -> Cells:
    """Different values, among them the samples: whole numbers from 1 on, or texts of the samples' pattern."""
    if column.values and isinstance(column.values[0], str):
        return sorted(similar_texts(column.values, size, texts), key=str)
    numbers = {int(value) for value in column.values}
    spare = (n for n in range(1, size + len(numbers) + 1) if n not in numbers)
    while len(numbers) < size:
        numbers.add(next(spare))
    return [*sorted(numbers)]


def _references(column: ViewColumn, keys: Array, size: int, rng: np.random.Generator) -> Cells:
    """Keys of parents, some far more often than others and some never; the samples always."""
    shuffled = rng.permutation(keys)
    idle = min(int(len(keys) * rng.uniform(*_IDLE_SHARES)) + 1, len(keys) - 1)
    active = shuffled[: len(keys) - idle]
    popularity = zipf(len(active), rng.uniform(0.3, 1.0), len(active) / 30)
    return _with_samples(column, [*rng.choice(active, size, p=popularity)], rng)


def _with_samples(column: ViewColumn, cells: Cells, rng: np.random.Generator) -> Cells:
    """The cells with some NULLs where the column has them, and each sample value in one cell at least."""
    if column.nulls:
        share = rng.uniform(*_NULL_SHARES)
        for at in np.flatnonzero(rng.random(len(cells)) < share).tolist():
            cells[at] = None
    for at, value in zip(rng.permutation(len(cells)).tolist(), column.values, strict=False):
        cells[at] = value
    return cells


def _cells(column: ViewColumn, size: int, rng: np.random.Generator, texts: random.Random) -> Cells:
    """Values like the samples; NULL alone without any."""
    values = column.values
    if not values:
        return [None] * size
    match column.kind:
        case "category" | "flag":
            return _choice(values, size, zipf(len(values), rng.uniform(0.3, 1.3)), rng)
        case "name" | "text":
            pool = similar_texts(values, min(size, _NAMES_AT_MOST), texts)
            if len(pool) >= size:  # hardly a name twice
                return _choice(pool, size, None, rng) if rng.random() < 0.3 else [*texts.sample(pool, size)]
            return _choice(pool, size, zipf(len(pool), 0.5, 10), rng)
        case "date":
            return _dates([str(value) for value in values], size, rng)
        case _:
            return _numbers([float(value) for value in values], size, rng)


def _choice(values: Sequence[Value], size: int, shares: Array | None, rng: np.random.Generator) -> Cells:
    return [values[at] for at in rng.choice(len(values), size, p=shares).tolist()]


def _between(samples: Sequence[float], size: int, rng: np.random.Generator) -> Array:
    """Numbers distributed as the samples, which take the places of evenly spaced quantiles."""
    return np.interp(rng.uniform(0, len(samples) - 1, size), np.arange(len(samples)), sorted(samples))


def _numbers(samples: list[float], size: int, rng: np.random.Generator) -> Cells:
    digits = max(len(repr(value).partition(".")[2]) if value % 1 else 0 for value in samples)
    drawn = np.round(_between(samples, size, rng), digits)
    return [*(drawn if digits else drawn.astype(np.int64)).tolist()]


def _dates(samples: list[str], size: int, rng: np.random.Generator) -> Cells:
    """Days between the first and the last; with a time of day where the samples have one."""
    days = [float(datetime.date.fromisoformat(value[:10]).toordinal()) for value in samples]
    drawn = _between(days, size, rng).astype(int).tolist()
    texts = [datetime.date.fromordinal(day).isoformat() for day in drawn]
    if len(samples[0]) > 10:
        seconds = rng.integers(0, 86_400, size).tolist()
        texts = [
            f"{t}{samples[0][10]}{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}"
            for t, s in zip(texts, seconds, strict=True)
        ]
    return [*texts]
