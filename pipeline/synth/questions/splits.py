"""Training and dev questions that never share a question or a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

DEV_SHARE = 0.15


def split(items: Sequence[T], keys: Callable[[T], Sequence[str]], seed: int) -> tuple[list[T], list[T]]:
    """(train, dev), both in the order of the items: items that have a key in common stay on one side.

    `keys` gives what must not stand on both sides, such as the question and the query.
    """
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for item in items:
        own = keys(item)
        first = find(next((key for key in own if key in root), own[0]))  # a group keeps the name of its first key
        for key in own:
            root[find(key)] = first
    groups: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        groups.setdefault(find(keys(item)[0]), []).append(number)
    order = np.random.default_rng([seed, 2]).permutation(sorted(groups))
    dev: set[int] = set()
    for group in order.tolist():
        if len(dev) >= DEV_SHARE * len(items):
            break
        dev.update(groups[group])
    return [x for n, x in enumerate(items) if n not in dev], [x for n, x in enumerate(items) if n in dev]
