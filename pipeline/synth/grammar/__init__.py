"""Draws questions with their SQL from a grammar over any view of a database."""

from __future__ import annotations

from itertools import accumulate
from random import Random

import sqlglot

from pipeline.synth.grammar import (  # noqa: F401 (they fill the list of shapes)
    analysis,
    groups,
    joined,
    joined_analysis,
    joined_groups,
    one_table,
)
from pipeline.synth.grammar.draw import Draw, Unfillable
from pipeline.synth.grammar.shapes import SHAPES, Shape
from pipeline.synth.grammar.words import finished
from pipeline.synth.view import LEVELS, Drawn, Level, View

_OF_LEVEL: dict[Level, list[Shape]] = {level: [s for s in SHAPES if s.level == level] for level in LEVELS}
_WEIGHTS: dict[Level, list[float]] = {
    level: list(accumulate(s.weight for s in shapes)) for level, shapes in _OF_LEVEL.items()
}


def draw(view: View, rng: Random, level: Level | None = None) -> Drawn | None:
    """A question over the view with its SQL in the view's dialect, of this level or of any; None where the drawn shape
    does not fit the view, which another draw may."""
    chosen = level if level is not None else rng.choice(LEVELS)
    [shape] = rng.choices(_OF_LEVEL[chosen], cum_weights=_WEIGHTS[chosen])
    d = Draw(view, rng)
    try:
        question, sql = shape.make(d)
    except Unfillable:
        return None
    if view.dialect != "sqlite":
        [sql] = sqlglot.transpile(sql, read="sqlite", write=view.dialect)
    return Drawn(finished(question, d.said, rng), sql, chosen, tags=shape.tags)
