"""Memory reward: does a wrong answer's thought resemble the thoughts behind right ones?

Not covered: ranking wrong below right. A wrong answer may get almost as much here as a right one; the other rewards of
a recipe must make the difference (methods 4, rule 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError
from pipeline.rewards.embedding import build_embedder
from pipeline.rewards.rollout import Rollout
from pipeline.rewards.thought_gate import MAX_WORDS, MIN_WORDS, refusal, schema_names, stuffing
from pipeline.rewards.thoughts import Thought, Thoughts
from pipeline.sql.question_type import question_type


class MemoryReward:
    """R_memory of FINER-SQL (arXiv 2605.03465; methods 2): `right` for a right answer; for a wrong one `right` times
    the similarity, in [0, 1], of its thought to verified thoughts of other databases; 0 where the format is wrong.

    The similarity is OURS, the mean cosine to the `nearest` thoughts behind the same type of question, or, where
    `centroid` is not 0, FINER's, the cosine to the centroid of so many. OURS, too: a thought that is keywords rather
    than prose is neither remembered nor paid for. A wrong answer gets all of `right` only for the very words of
    remembered thoughts.

    Scoring changes nothing; `learn` adds the right answers' thoughts, at most `size` in all, of `min_words` to
    `max_words` words. `embedder` is the folder of a sentence-transformers model, or "" for none. `outcomes` counts
    what has become of the thoughts offered so far: "remembered", "near duplicate", or why they were refused.

    Raises:
        InputError: a setting that makes no sense, or no embedder in that folder.
    """

    name = "memory"

    def __init__(
        self,
        right: float,
        size: float = 5000,
        nearest: float = 5,
        centroid: float = 0,
        min_words: float = MIN_WORDS,
        max_words: float = MAX_WORDS,
        embedder: str = "",
    ) -> None:
        if not right >= 0:
            raise InputError(f"reward {self.name!r}: right must not be negative, it is {right:g}")
        self.right = right
        self.nearest, self.centroid = _whole("nearest", nearest), _whole("centroid", centroid, least=0)
        self.min_words = _whole("min_words", min_words)
        self.max_words = _whole("max_words", max_words, least=self.min_words)
        self.thoughts = Thoughts(build_embedder(embedder), _whole("size", size))
        self.outcomes: Counter[str] = Counter()

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, self.right

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        names = {r.database.db_id: schema_names(r.database) for r in rollouts}
        asked = [_is_wrong(r) and not stuffing(r.thought, names[r.database.db_id]) for r in rollouts]
        similarities = iter(self._similarities([_thought(r) for r, ask in zip(rollouts, asked, strict=True) if ask]))
        return [
            self.right * (next(similarities) if ask else float(r.well_formed and r.correct))
            for r, ask in zip(rollouts, asked, strict=True)
        ]

    def reason(self, rollout: Rollout) -> str:
        if not _is_wrong(rollout):
            return "malformed" if not rollout.well_formed else "right" if rollout.correct else "no thought"
        if why := stuffing(rollout.thought, schema_names(rollout.database)):
            return f"the thought is no prose: {why}"
        thought = _thought(rollout)
        (similarity,) = self._similarities([thought])
        others = [row for row in self.thoughts.rows if row.db_id != thought.db_id]
        same = sum(row.question_type == thought.question_type for row in others)
        return (
            f"similarity {similarity:.2f}; remembered of other databases: {len(others)} thoughts, "
            f"{same} of them behind questions of type {thought.question_type!r}"
        )

    def learn(self, rollouts: Sequence[Rollout]) -> None:
        """Remember the fit thoughts behind right answers: after the step, when all its rollouts have been scored.

        What is remembered does not depend on the order of the rollouts.
        """
        fit: set[Thought] = set()
        offered = 0
        for rollout in rollouts:
            if not (rollout.well_formed and rollout.correct and rollout.thought):
                continue
            reason = refusal(rollout.thought, rollout.sql, rollout.database, self.min_words, self.max_words)
            if reason:
                self.outcomes[reason] += 1
            else:
                offered += 1
                fit.add(_thought(rollout))
        added = self.thoughts.add(fit)
        self.outcomes["remembered"] += added
        self.outcomes["near duplicate"] += offered - added

    def _similarities(self, thoughts: Sequence[Thought]) -> list[float]:
        if self.centroid:
            return self.thoughts.centroid(thoughts, self.centroid)
        return self.thoughts.nearest(thoughts, self.nearest)

    def save(self, path: Path) -> None:
        """Write the memory, as a Parquet file. Raises InfrastructureError where that fails."""
        self.thoughts.save(path)

    def load(self, path: Path) -> None:
        """Go on with the memory of a file. Raises InputError where it is missing or damaged."""
        self.thoughts.load(path)


def _is_wrong(rollout: Rollout) -> bool:
    return rollout.well_formed and not rollout.correct and bool(rollout.thought)


def _whole(setting: str, value: float, least: int = 1) -> int:
    if not float(value).is_integer() or value < least:
        raise InputError(
            f"reward {MemoryReward.name!r}: {setting} must be a whole number from {least} up, not {value:g}"
        )
    return int(value)


def _thought(rollout: Rollout) -> Thought:
    example = rollout.example
    return Thought(example.db_id, question_type(example.gold_sql[0], rollout.database.dialect), rollout.thought)
