"""Splits that never leak: one question, one query or (by choice) one database stands in exactly one split.

An example's split follows from a hash of its own text, not from a shuffled order: the same question lands in the same
split in every later run, however the data grew, so a champion's training questions never become test questions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.data.example import Example
from pipeline.sql.canonical import canonical

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


def normalise(question: str) -> str:
    """A question's words and comparison signs in lower case, without punctuation: what makes two questions the same."""
    return " ".join(re.findall(r"\w+|[<>=+*/%]+|!=", question.lower()))


def leak_keys(example: Example, dialect: str) -> tuple[str, ...]:
    """Texts that must not stand in two splits: the question, and the database with each canonical gold query.

    `dialect` is that of the example's database; functions of several examples take the dialects by db_id.
    """
    queries = (f"sql {example.db_id} {canonical(sql, dialect)}" for sql in example.gold_sql)
    return (f"question {normalise(example.question)}", *queries)


def assign(
    examples: Sequence[Example],
    dialects: Mapping[str, str],
    *,
    by: Literal["question", "database"],
    dev_share: float,
    test_share: float,
) -> list[Split]:
    """The split of each example. Examples that share a question or a query, or (by="database") a database, stay
    together; shares are of groups and therefore met only roughly."""
    groups = _groups(examples, dialects, by)
    chosen: list[Split] = []
    for key in groups:
        position = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64
        chosen.append("test" if position < test_share else "dev" if position < test_share + dev_share else "train")
    return chosen


def leaks(kept_apart: Sequence[Example], examples: Sequence[Example], dialects: Mapping[str, str]) -> list[bool]:
    """For each of `examples`, whether its question or one of its queries also stands in `kept_apart`."""
    taken = {key for example in kept_apart for key in leak_keys(example, dialects[example.db_id])}
    return [any(key in taken for key in leak_keys(example, dialects[example.db_id])) for example in examples]


def cap(examples: Sequence[Example], limit: int, seed: int) -> list[Example]:
    """At most `limit` examples (0: all) in their own order, drawn by hash so that every database keeps its share."""
    if not limit or len(examples) <= limit:
        return list(examples)
    ranked = sorted(examples, key=lambda e: hashlib.sha256(f"{seed} {e.db_id} {e.question}".encode()).digest())
    drawn = set(map(id, ranked[:limit]))
    return [example for example in examples if id(example) in drawn]


def _groups(examples: Sequence[Example], dialects: Mapping[str, str], by: Literal["question", "database"]) -> list[str]:
    """The smallest leak key of each example's connected group (union-find over shared keys)."""
    parent: dict[str, str] = {}

    def find(key: str) -> str:
        root = key
        while parent.setdefault(root, root) != root:
            root = parent[root]
        while parent[key] != root:
            parent[key], key = root, parent[key]
        return root

    all_keys = [leak_keys(e, dialects[e.db_id]) for e in examples]
    if by == "database":
        all_keys = [(*keys, f"database {e.db_id}") for e, keys in zip(examples, all_keys, strict=True)]
    for keys in all_keys:
        for key in keys[1:]:
            first, other = sorted((find(keys[0]), find(key)))
            parent[other] = first
    return [find(keys[0]) for keys in all_keys]
