"""Greedy decoding that keeps to known names: chooses the tokens that the readers of a batch let stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from pipeline.inference.known_names import Reader


@dataclass(frozen=True)
class Guide:
    """Keeps greedy completions to what their readers let stand, one reader a prompt; `text` is a token's text, "" for
    one that ends."""

    readers: Sequence[Reader]
    text: Callable[[int], str]


class Followed:
    """A batch's completions with a reader for each, as they are written.

    A word that goes on as none may is held to the names that can be meant. Where none of these begins like that (the
    model writes "canton", the column is "SawmillCanton"), the completion is ended, and `abandoned` holds the reader
    that it should have had, by its number.
    """

    def __init__(self, readers: list[Reader], text: Callable[[int], str], end: int) -> None:
        self._first, self._readers, self._text, self._end = readers, list(readers), text, end
        self.abandoned: dict[int, Reader] = {}

    def choose(self, logits: torch.Tensor, row: torch.Tensor, living: torch.Tensor) -> torch.Tensor:
        """The likeliest token that may stand there; where none may, the likeliest. `logits`: [prompts, completions,
        vocabulary]; `row`, `living`: [prompts, completions]."""
        chosen = logits.argmax(-1)
        for place in living.nonzero().tolist():
            at = tuple(place)
            number = int(row[at])
            if self._take(number, int(chosen[at])):
                continue
            reader = self._readers[number]
            names = reader.meant(self._text(int(chosen[at])))
            if names and not reader.held_to(names):
                self.abandoned[number], chosen[at] = self._first[number].with_name(reader.words, names), self._end
                continue
            chosen[at] = self._instead(number, logits[at])
        return chosen

    def _instead(self, number: int, logits: torch.Tensor) -> int:
        """The likeliest token that may stand where the likeliest of all may not: a word for a word, if there is one."""
        reader, (likeliest, *others) = self._readers[number], logits.argsort(descending=True).tolist()
        if reader.begins_word(self._text(likeliest)):
            words = (token for token in others if reader.begins_word(self._text(token)) and self._take(number, token))
            if (word := next(words, None)) is not None:
                return word
        return next((token for token in others if self._take(number, token)), likeliest)

    def _take(self, number: int, token: int) -> bool:
        reader = self._readers[number].copy()
        fine = reader.take(self._text(token))
        if fine:
            self._readers[number] = reader
        return fine
