"""Samples without padding: the tokens of all of them in one row, and which of them attend to which.

A question sees the shared tokens of its item and its own earlier ones, and its positions go on behind the shared ones:
for the model it is the same as a prompt of its own, but what prompts have in common is computed once for all of them.
Layers that look at each token alone see one row without a gap; only attention works on rectangles (see
packed_attention.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

ROWS = 4  # questions in a rectangle at most: of similar length, so that they fill it


class Asked(NamedTuple):
    """A question in tokens: what follows the item's shared tokens in its prompt, and its completion with the end."""

    prompt: list[int]
    completion: list[int]


@dataclass(frozen=True)
class Item:
    """`shared` are the tokens that the prompts of all questions begin with: the task and the schema."""

    shared: list[int]
    questions: list[Asked]


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
        if shared:
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


def once(prompts: Sequence[list[int]]) -> tuple[Batch, list[list[int]]]:
    """Prompts in one batch, what they begin alike with once; and the place in the batch of each prompt's tokens."""
    order = sorted(range(len(prompts)), key=lambda number: prompts[number])
    heads = [prompts[number][:-1] for number in order]  # the last token is each prompt's own, so that none is empty
    items: list[Item] = []
    places: list[list[int]] = [[] for _ in prompts]
    at = 0
    for start, end in groups(heads):
        width = common(heads[start], heads[end - 1])
        shared = range(at, at + width)
        at += width
        asked = []
        for number in order[start:end]:
            own = prompts[number][width:]
            asked.append(Asked(own, []))
            places[number] = [*shared, *range(at, at + len(own))]
            at += len(own)
        items.append(Item(heads[start][:width], asked))
    return pack(items), places


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens the two begin with alike. Of sorted heads the first and the last begin as all of them do."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def groups(heads: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Sorted heads in groups, each from a start to before an end, such that sharing what is common within the groups
    saves the most tokens."""
    alike = [0, *(common(one, other) for one, other in pairwise(heads))]  # each with the one before it
    best: list[tuple[int, list[tuple[int, int]]]] = [(0, [])]
    for end in range(1, len(heads) + 1):
        width, most = len(heads[end - 1]), (-1, 0)
        for start in reversed(range(end)):
            most = max(most, (best[start][0] + (end - start - 1) * width, start))
            width = min(width, alike[start])
        best.append((most[0], [*best[most[1]][1], (most[1], end)]))
    return best[-1][1]
