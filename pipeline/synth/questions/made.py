"""What `querysmith synth` is asked for, and what it has made of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pipeline.synth.questions.harvest import Harvest

Record = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """What is asked for: so many questions of each database, and the share of training questions with the slow form."""

    count: int
    seed: int = 42
    slow_share: float = 0.0
    workers: int = 2


@dataclass
class Made:
    """What was written: the harvests by database, and the records by split."""

    harvests: list[Harvest] = field(default_factory=list)
    splits: dict[str, list[Record]] = field(default_factory=dict)
    tags: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
