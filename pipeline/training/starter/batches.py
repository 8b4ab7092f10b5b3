"""Batches without padding: the tokens of several items in one row, and which of them attend to which.

A question sees the shared tokens of its item and its own earlier ones, and its positions go on behind the shared ones:
for the model it is the same as a prompt of its own, but the schema is computed once for all its questions. Layers that
look at each token alone see one row without a gap; only attention works on rectangles (see attention.py).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pipeline.training.starter.items import Cutter, Item, Synthesise, Told, check, synthesise, tell
from pipeline.training.tokenizer import with_fewer_merges

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pipeline.synth.view import View

# The share of the words' merges that an item is cut with, and of the items. Words of the training are cut into few
# tokens, words that it does not have into many: what is learned from the one must hold for the other.
MERGES = {1.0: 0.7, 0.25: 0.2, 0.05: 0.1}
ROWS = 4  # questions in a rectangle at most: of similar length, so that they fill it


class Block(NamedTuple):
    """A rectangle of attention: `rows` of `length` queries, each of which sees the `width` shared tokens of its item,
    and of the queries in its row those up to its own."""

    rows: int
    length: int
    width: int


class Batch(NamedTuple):
    """`ids` and `positions` of all tokens. `queries` and `keys` are the tokens in the blocks, one block after the
    other, by their place in the batch; `slots` says where among the queries each token is. The hidden states at
    `predicting` predict the completions' tokens `targets`."""

    ids: Tensor
    positions: Tensor
    blocks: list[Block]
    queries: Tensor
    keys: Tensor
    slots: Tensor
    predicting: Tensor
    targets: Tensor
    questions: int

    def to(self, device: Any) -> Batch:
        """The batch on a device."""
        moved: dict[str, Any] = {name: x.to(device) for name, x in self._asdict().items() if isinstance(x, Tensor)}
        return self._replace(**moved)


class _Packing:
    """A batch in the making."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.positions: list[int] = []
        self.predicting: list[int] = []
        self.blocks: list[Block] = []
        self.queries: list[int] = []
        self.keys: list[int] = []
        self.slots: list[int] = []
        self.questions = 0

    def add(self, item: Item) -> None:
        shared = self._tokens(item.shared, 0)
        self._block(range(0), [shared])
        own = []
        for prompt, completion in item.questions:
            own.append(self._tokens(prompt + completion, len(shared)))
            self.predicting += range(own[-1].start + len(prompt) - 1, own[-1].stop - 1)
        own.sort(key=len)
        for start in range(0, len(own), ROWS):
            self._block(shared, own[start : start + ROWS])
        self.questions += len(own)

    def _tokens(self, ids: list[int], position: int) -> range:
        start = len(self.ids)
        self.ids += ids
        self.positions += range(position, position + len(ids))
        self.slots += [0] * len(ids)
        return range(start, len(self.ids))

    def _block(self, shared: range, rows: list[range]) -> None:
        """Rows that are shorter than the longest see and compute their first token again; no slot leads there."""
        length = max(map(len, rows))
        for own in rows:
            self.slots[own.start : own.stop] = range(len(self.queries), len(self.queries) + len(own))
            filled = [*own, *[own.start] * (length - len(own))]
            self.queries += filled
            self.keys += [*shared, *filled]
        self.blocks.append(Block(len(rows), length, len(shared)))

    def batch(self) -> Batch:
        lists = (self.ids, self.positions, self.queries, self.keys, self.slots, self.predicting)
        ids, positions, queries, keys, slots, predicting = (torch.tensor(x, dtype=torch.long) for x in lists)
        targets = ids[predicting + 1]
        return Batch(ids, positions, self.blocks, queries, keys, slots, predicting, targets, self.questions)


def pack(items: Iterable[Item]) -> Batch:
    """All items in one batch."""
    packing = _Packing()
    for item in items:
        packing.add(item)
    return packing.batch()


class Stream(Dataset[Batch]):
    """Batch `i` holds the items `i * items` up to the next batch's first; the first `easy` items are simple ones, on
    which copying names is learned in far fewer steps."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        seed: int,
        items: int,
        max_length: int,
        draw: Synthesise = synthesise,
        easy: int = 0,
    ) -> None:
        self._cutters = [Cutter(with_fewer_merges(tokenizer, share), max_length) for share in MERGES]
        self._seed, self._items, self._draw, self._easy = seed, items, draw, easy
        check(tokenizer, *tell(seed, 0, draw))

    def __getitem__(self, index: int) -> Batch:
        numbers = range(index * self._items, (index + 1) * self._items)
        items = (self._cutter(number).cut(*self._told(number)) for number in numbers)
        return pack([item for item in items if item])

    def _cutter(self, number: int) -> Cutter:
        return random.Random(f"{self._seed}/{number}/cut").choices(self._cutters, list(MERGES.values()))[0]

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
