"""Which tables of an imagined schema refer to which: chains, stars, bridges between two parents."""

from __future__ import annotations

import random
from dataclasses import dataclass

_COUNTS = {1: 0.09, 2: 0.22, 3: 0.27, 4: 0.19, 5: 0.12, 6: 0.06, 7: 0.03, 8: 0.02}


@dataclass(frozen=True)
class Shape:
    """Parents of each table by their places, which come before it; a bridge is a table that only joins two others; a
    doubled one refers twice to its one parent."""

    parents: tuple[tuple[int, ...], ...]
    bridges: frozenset[int]
    doubled: frozenset[int]


def draw_shape(rng: random.Random) -> Shape:
    """The links of one to eight tables, mostly two to five. Parents come before their children."""
    count = rng.choices(tuple(_COUNTS), tuple(_COUNTS.values()))[0]
    form = rng.choice(("chain", "star", "tree", "tree", "facts"))
    parents: list[tuple[int, ...]] = [()]
    bridges, doubled = set(), set()
    for at in range(1, count):
        if at >= 2 and rng.random() < 0.22:
            entities = [i for i in range(at) if i not in bridges]
            if len(entities) > 1:
                bridges.add(at)
                parents.append(tuple(rng.sample(entities, 2)))
                continue
        if rng.random() < 0.05:
            parents.append(())
        elif form == "facts":  # independent tables that the last refers to
            parents.append(tuple(i for i in range(at) if i not in bridges)[-4:] if at == count - 1 else ())
        else:
            first = at - 1 if form == "chain" else 0 if form == "star" else rng.randrange(at)
            second = rng.randrange(at)
            parents.append((first, second) if second != first and rng.random() < 0.2 else (first,))
            if len(parents[-1]) == 1 and rng.random() < 0.04:
                doubled.add(at)
    return Shape(tuple(parents), frozenset(bridges), frozenset(doubled))
