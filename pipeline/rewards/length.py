"""Length reward: how long is a right completion, and how much of its answer is SQL?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pipeline.rewards.reward import fate
from pipeline.rewards.rollout import Rollout

TokenCounter = Callable[[Sequence[str]], Sequence[int]]

_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")


def count_words(texts: Sequence[str]) -> list[int]:
    """Words and signs of each text: what stands for tokens where there is no tokenizer."""
    return [len(_WORD_OR_SIGN.findall(text)) for text in texts]


class LengthReward:
    """S_length of SQL-R1 (arXiv 2504.08600, section 3.2), in tokens: only for a right answer,

        total * min(1, (thought + answer) / max_tokens) + share * sql / answer

    With total 0.5, share 1 and max_tokens 2048 these are the paper's two cases, completions of more than max_tokens
    included. A negative `total` prefers short completions.

    Where it departs from the paper: the SQL counts with its gold's length, whatever its own. Otherwise a padded query
    would earn more than a plain one, and so would one with longer aliases.
    """

    name = "length"

    def __init__(self, total: float, share: float, max_tokens: float, count_tokens: TokenCounter = count_words) -> None:
        self.total, self.share, self.max_tokens, self.count_tokens = total, share, max_tokens, count_tokens

    @property
    def bounds(self) -> tuple[float, float]:
        parts = (self.total, self.share)
        return sum(min(part, 0.0) for part in parts), sum(max(part, 0.0) for part in parts)

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        lengths = self._lengths(rollouts)
        return [
            self.total * min(1.0, (thought + around + sql) / self.max_tokens) + self.share * sql / (around + sql)
            if fate(rollout) == "right"
            else 0.0
            for rollout, (thought, around, sql) in zip(rollouts, lengths, strict=True)
        ]

    def reason(self, rollout: Rollout) -> str:
        if fate(rollout) != "right":
            return "not right"
        ((thought, around, sql),) = self._lengths([rollout])
        return f"{thought} tokens of thought, {sql} of SQL (counted as the gold's), {around} around it"

    def _lengths(self, rollouts: Sequence[Rollout]) -> list[tuple[int, int, int]]:
        """Tokens of the thought, of what stands around the SQL in the answer, and of the SQL (that is, its gold)."""
        texts = [(r.thought, r.answer, r.sql, min(r.example.gold_sql, key=len)) for r in rollouts]
        counts = iter(self.count_tokens([text for several in texts for text in several]))
        fours = zip(counts, counts, counts, counts, strict=True)
        return [(thought, max(0, answer - own), max(1, gold)) for thought, answer, own, gold in fours]
