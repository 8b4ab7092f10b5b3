"""Items whose words are exchanged for others, token by token, so that every token of the vocabulary is learned alike.

Tokens that the training's words rarely need are copied badly, and unknown words are made of just these. In an exchanged
item each token of letters stands for another one, drawn evenly from the vocabulary and the same wherever it occurs, in
the same spelling (unit, Unit, UNIT): what is left to go by is where it stands in schema and question. Tokens that many
items have, such as those of the questions' own wording, stay what they are.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import regex

from pipeline.inference.packing import Asked, Item
from pipeline.synth.imagined.lexicon import FUNCTION_WORDS
from pipeline.training.tokenizer import spellings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pipeline.synth.view import View

COMMON = 0.08  # share of items: what more of them have belongs to the wording

_WORD = regex.compile(r"\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})")


def says_its_names(view: View) -> bool:
    """Whether every column's words stand in its name as they are said: neither shortened nor written together."""
    return all(
        set(column.says.lower().split()) - FUNCTION_WORDS <= {word.lower() for word in _WORD.findall(column.name)}
        for table in view.tables.values()
        for column in table.columns
    )


class Exchange:
    """Exchanges tokens of items for others of the same vocabulary; `usual` are items by which the common ones show."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, usual: Iterable[Item]) -> None:
        items = [set(_tokens(item)) for item in usual]
        common = Counter(token for tokens in items for token in tokens)
        # A single letter is the same capitalised and in upper case, so it cannot be told which of the two it is.
        self._words = [
            word
            for word in spellings(tokenizer)
            if len(set(word)) == 3 and all(common[token] <= COMMON * len(items) for token in word)
        ]

    def __call__(self, item: Item, rng: random.Random) -> Item:
        """The item with its tokens exchanged; different ones stay different."""
        there = set(_tokens(item))
        used = [word for word in self._words if not there.isdisjoint(word)]
        new: dict[int, int] = {}
        for word, other in zip(used, rng.sample(self._words, len(used)), strict=True):
            new.update(zip(word, other, strict=True))

        def exchanged(tokens: list[int]) -> list[int]:
            return [new.get(token, token) for token in tokens]

        return Item(exchanged(item.shared), [Asked(exchanged(a), exchanged(b)) for a, b in item.questions])


def _tokens(item: Item) -> Iterator[int]:
    yield from item.shared
    for prompt, completion in item.questions:
        yield from prompt
        yield from completion
