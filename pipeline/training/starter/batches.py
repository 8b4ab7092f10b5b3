"""The stream as batches: drawn, cut and packed ahead of time, from any batch on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch.utils.data import DataLoader, Dataset

from pipeline.inference.packing import Batch, Item, pack
from pipeline.training.starter.exchange import Exchange, says_its_names
from pipeline.training.starter.items import Cutter, Synthesise, Told, check, synthesise, tell
from pipeline.training.tokenizer import with_fewer_merges

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pipeline.synth.view import View

# The share of the words' merges that an item is cut with, and of the items. Words of the training are cut into few
# tokens, words that it does not have into many: what is learned from the one must hold for the other.
MERGES = {1.0: 0.7, 0.25: 0.2, 0.05: 0.1}
EXCHANGED = 0.4  # of the items whose names are said as they are written
USUAL = 400  # items by which common tokens are told from others


class Stream(Dataset[Batch]):
    """Batch `i` holds the items `i * items` up to the next batch's first; the first `easy` items are simple ones, on
    which copying names is learned in far fewer steps. Unless `varied`, each word is cut in one way and none exchanged:
    that is learned sooner, and holds for words that the stream has."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        seed: int,
        items: int,
        max_length: int,
        draw: Synthesise = synthesise,
        easy: int = 0,
        varied: bool = True,
    ) -> None:
        self._merges = MERGES if varied else {1.0: 1.0}
        self._cutters = [Cutter(with_fewer_merges(tokenizer, share), max_length) for share in self._merges]
        self._seed, self._items, self._draw, self._easy = seed, items, draw, easy
        check(tokenizer, *tell(seed, 0, draw))
        self._exchange = self._exchanging(tokenizer, max_length) if varied else None

    def _exchanging(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Exchange:
        cutter = Cutter(tokenizer, max_length)
        return Exchange(tokenizer, filter(None, (cutter.cut(*self._told(n)) for n in range(USUAL))))

    def __getitem__(self, index: int) -> Batch:
        numbers = range(index * self._items, (index + 1) * self._items)
        return pack(filter(None, map(self._item, numbers)))

    def _item(self, number: int) -> Item | None:
        view, told = self._told(number)
        rng = random.Random(f"{self._seed}/{number}/cut")
        item = rng.choices(self._cutters, list(self._merges.values()))[0].cut(view, told)
        if item and self._exchange and rng.random() < EXCHANGED and says_its_names(view):
            return self._exchange(item, rng)
        return item

    def _told(self, number: int) -> tuple[View, list[Told]]:
        return tell(self._seed, number, self._draw, "simple" if number < self._easy else None)


class _From:
    """The endless row of numbers from `start`."""

    def __init__(self, start: int) -> None:
        self._start = start

    def __iter__(self) -> Iterator[int]:
        number = self._start
        while True:
            yield number
            number += 1


def batches(stream: Stream, start: int, workers: int = 1) -> Iterator[Batch]:
    """The batches from `start` on, without an end; made ahead of time by processes of their own."""
    return iter(
        DataLoader(
            stream,
            batch_size=None,
            sampler=_From(start),
            num_workers=workers,
            prefetch_factor=16 if workers else None,
        )
    )
