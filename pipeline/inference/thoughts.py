"""Thoughts come to an end: one that goes round in circles is ended."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.data.prompts import THINK_CLOSE

_CIRCLES, _SHORTEST_CIRCLE, _LONGEST_CIRCLE = 4, 6, 60  # this often the same letters, so many


def circles(text: str) -> bool:
    """Whether the text ends by saying the same again and again."""
    return any(text.endswith(text[-n:] * _CIRCLES) for n in range(_SHORTEST_CIRCLE, len(text) // _CIRCLES + 1))


@dataclass(frozen=True)
class Thought:
    """A thought as far as it has been written."""

    tail: str = ""
    ended: bool = False

    def go_on(self, text: str) -> tuple[Thought, bool]:
        """The thought behind this piece ("" is the completion's end), and whether it may stand there: a thought that
        goes round in circles may only end, and none may end the completion."""
        piece, written = text.strip(), self.tail + text.rstrip()
        closes = any(written.endswith(THINK_CLOSE[:end]) for end in range(len(piece) or 1, len(THINK_CLOSE) + 1))
        fine = bool(text) and (closes or not circles(self.tail))
        tail = (self.tail + text)[-_CIRCLES * _LONGEST_CIRCLE :]
        return Thought(tail, ended=written.endswith(THINK_CLOSE)), fine
