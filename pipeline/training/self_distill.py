"""Self-distillation of thoughts (HES-SQL): the model's own thoughts that led to a right result become training data.

One round: sample in thinking mode, keep what is well formed and equals a non-empty gold result, at most a few different
thoughts a question. Not covered yet: completing questions for which the model found no right answer; more rounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.config import GenerationSettings, SelfDistillSettings
from pipeline.data.example import Database, Example
from pipeline.data.prompts import render_prompt
from pipeline.engine.pool import Engine
from pipeline.inference.generate import generate
from pipeline.rewards.copies import Copies
from pipeline.rewards.rollout import Rollout, roll_out

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Verified = dict[tuple[str, str], list[tuple[str, str]]]


def sample_thoughts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    examples: Sequence[Example],
    databases: Mapping[str, Database],
    copies: Copies,
    settings: SelfDistillSettings,
    generation: GenerationSettings,
) -> list[Rollout]:
    """`settings.samples` thinking rollouts for each example, executed and compared, on `copies` as well."""
    prompts = [render_prompt(tokenizer, example, databases[example.db_id], "think") for example in examples]
    sampled = generate(
        model,
        tokenizer,
        prompts,
        generation,
        samples=settings.samples,
        temperature=settings.temperature,
        label="sampling thoughts",
    )
    owners = [example for example, group in zip(examples, sampled, strict=True) for _ in group]
    texts = [completion.text for group in sampled for completion in group]
    return roll_out(engine, databases, owners, ["think"] * len(owners), texts, copies)


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
