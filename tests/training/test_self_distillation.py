"""Self-distillation: which of the model's own thoughts are kept."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from rollouts import rollout as written

from pipeline.config import GenerationSettings, SelfDistillSettings
from pipeline.data.example import Database, Example
from pipeline.engine.pool import Engine
from pipeline.rewards.rollout import Rollout
from pipeline.training.self_distill import keep_verified, sample_thoughts

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def rollout(
    thought: str,
    sql: str = "SELECT 1",
    question: str = "Q",
    correct: bool = True,
    well_formed: bool = True,
    db: str = "a",
) -> Rollout:
    example = Example(db, question, ("SELECT 1",))
    return written(example, sql, thought=thought, well_formed=well_formed, correct=correct)


def test_only_right_and_well_formed_rollouts_are_kept() -> None:
    rollouts = [
        rollout("right"),
        rollout("wrong", correct=False),
        rollout("malformed", well_formed=False),
        rollout("neither", correct=False, well_formed=False),
        rollout("unsolved", question="R", correct=False),
    ]
    assert keep_verified(rollouts, 5) == {("a", "Q"): [("right", "SELECT 1")]}
    assert keep_verified([], 5) == {}


def test_the_shortest_different_thoughts_come_first_with_the_sql_they_led_to() -> None:
    rollouts = [
        rollout("a long thought", "SELECT 3"),
        rollout("bb", "SELECT 2"),
        rollout("bb", "SELECT 22"),
        rollout("a", "SELECT 1"),
    ]
    kept = [("a", "SELECT 1"), ("bb", "SELECT 2"), ("a long thought", "SELECT 3")]
    assert keep_verified(rollouts, 5) == {("a", "Q"): kept}
    assert keep_verified(rollouts, 2) == {("a", "Q"): kept[:2]}


def test_questions_and_databases_are_kept_apart() -> None:
    rollouts = [rollout("x"), rollout("y", question="R"), rollout("z", db="b")]
    assert keep_verified(rollouts, 1) == {
        ("a", "Q"): [("x", "SELECT 1")],
        ("a", "R"): [("y", "SELECT 1")],
        ("b", "Q"): [("z", "SELECT 1")],
    }


def test_the_order_of_the_samples_does_not_matter() -> None:
    rollouts = [rollout(thought) for thought in ("bb", "aa", "c", "dddd")]
    shuffled = random.Random(1).sample(rollouts, len(rollouts))
    assert shuffled != rollouts
    assert keep_verified(shuffled, 3) == keep_verified(rollouts, 3)
    assert [thought for thought, _ in keep_verified(rollouts, 3)["a", "Q"]] == ["c", "aa", "bb"]


def test_a_model_that_knows_the_answers_gets_its_own_thoughts_verified(
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
) -> None:
    settings = SelfDistillSettings(questions=2, samples=3, temperature=0.05, keep_per_question=2)
    limits = GenerationSettings(max_new_tokens=64, batch_size=4)
    rollouts = sample_thoughts(fitted, tokenizer, engine, known, databases, {}, settings, limits)
    assert [r.example for r in rollouts] == [one for one in known for _ in range(3)]
    assert {r.mode for r in rollouts} == {"think"}
    assert keep_verified(rollouts, 2) == {("shop", one.question): [(one.reasoning, one.gold_sql[0])] for one in known}
