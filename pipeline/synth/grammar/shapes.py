"""The list of shapes: each draws one kind of query with its question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.synth.grammar.draw import Draw
from pipeline.synth.view import Level

Pair = tuple[str, str]  # question and SQL


@dataclass(frozen=True)
class Shape:
    """How often it is drawn (`weight`, within its level) and what it is made of."""

    make: Callable[[Draw], Pair]
    level: Level
    weight: float
    tags: tuple[str, ...]


SHAPES: list[Shape] = []


def shape(level: Level, *tags: str, weight: float = 1.0) -> Callable[[Callable[[Draw], Pair]], Callable[[Draw], Pair]]:
    """Adds a function to the list."""

    def add(make: Callable[[Draw], Pair]) -> Callable[[Draw], Pair]:
        SHAPES.append(Shape(make, level, weight, tags))
        return make

    return add
