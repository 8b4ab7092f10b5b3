"""Self-distillation of thoughts (HES-SQL; methods: self-distillation): the model's own thoughts that led to a right
result become training data.

A question is first asked in thinking mode, several times. Where no answer is right, the model is shown the gold SQL and
asked for the thought alone; such a thought counts only if the model, which no longer sees the gold, finds a right query
by it. What is right is decided by execution, on altered copies of the database as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.data.example import Database, Example
from pipeline.data.prompts import read_completion, render_completion, render_prompt
from pipeline.engine.pool import Engine
from pipeline.inference.generate import generate
from pipeline.profile import GenerationSettings, SelfDistillSettings
from pipeline.rewards.copies import Copies
from pipeline.rewards.rollout import Rollout, roll_out

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Verified = dict[tuple[str, str], list[tuple[str, str]]]


@dataclass(frozen=True)
class Thinker:
    """The model that thinks, and what its answers are verified on."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    engine: Engine
    databases: Mapping[str, Database]
    copies: Copies
    settings: SelfDistillSettings
    generation: GenerationSettings

    def sample(self, examples: Sequence[Example]) -> list[Rollout]:
        """`settings.samples` thinking rollouts for each example."""
        prompts = [self._prompt(example) for example in examples]
        sampled = self._generate(prompts, self.settings.samples, "sampling thoughts")
        owners = [example for example, group in zip(examples, sampled, strict=True) for _ in group]
        return self._rolled(owners, [text for group in sampled for text in group])

    def complete(self, examples: Sequence[Example]) -> list[Rollout]:
        """Up to `settings.completions` rollouts for each example whose thoughts were written in sight of the gold SQL,
        and whose SQL without. A thought that repeats the gold is none."""
        prompts = [self._prompt(example, told=example.gold_sql[0]) for example in examples]
        told = self._generate(prompts, self.settings.completions, "completing thoughts")
        owners, openings = [], []
        for example, group in zip(examples, told, strict=True):
            for thought in dict.fromkeys(read_completion(text, "think").thought for text in group):
                if thought and not any(_folded(gold) in _folded(thought) for gold in example.gold_sql):
                    owners.append(example)
                    openings.append(render_completion(thought, ""))
        prompts = [self._prompt(example) + opening for example, opening in zip(owners, openings, strict=True)]
        answers = self._generate(prompts, 1, "verifying completed thoughts")
        return self._rolled(owners, [opening + answer for opening, (answer,) in zip(openings, answers, strict=True)])

    def _prompt(self, example: Example, told: str = "") -> str:
        return render_prompt(self.tokenizer, example, self.databases[example.db_id], "think", told)

    def _generate(self, prompts: Sequence[str], samples: int, label: str) -> list[list[str]]:
        temperature = self.settings.temperature if samples > 1 else 0.0
        written = generate(
            self.model,
            self.tokenizer,
            prompts,
            self.generation,
            samples=samples,
            temperature=temperature,
            label=label,
        )
        return [[completion.text for completion in group] for group in written]

    def _rolled(self, examples: Sequence[Example], texts: Sequence[str]) -> list[Rollout]:
        return roll_out(self.engine, self.databases, examples, ["think"] * len(examples), texts, self.copies)


def keep_verified(rollouts: Sequence[Rollout], per_question: int) -> Verified:
    """(thought, SQL) pairs of right, well-formed rollouts by (db_id, question): the shortest different thoughts first.

    The engine never calls an empty gold result a verification: such examples are set aside by the validate step.
    """
    kept: Verified = {}
    for rollout in sorted(rollouts, key=lambda r: (len(r.thought), r.thought)):
        if rollout.correct and rollout.well_formed:
            pairs = kept.setdefault((rollout.example.db_id, rollout.example.question), [])
            if len(pairs) < per_question and rollout.thought not in (thought for thought, _ in pairs):
                pairs.append((rollout.thought, rollout.sql))
    return kept


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def union(older: Verified, newer: Verified, per_question: int) -> Verified:
    """The thoughts of two rounds, at most `per_question` different ones for each question, the older ones first."""
    both = {key: list(pairs) for key, pairs in older.items()}
    for key, pairs in newer.items():
        known = both.setdefault(key, [])
        known += [pair for pair in pairs if pair[0] not in {thought for thought, _ in known}]
        del known[per_question:]
    return both
