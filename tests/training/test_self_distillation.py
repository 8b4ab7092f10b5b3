"""Self-distillation: which of the model's own thoughts are kept."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from rollouts import rollout as written

from pipeline.data.example import Database, Example
from pipeline.engine.pool import Engine
from pipeline.inference.generate import Generated
from pipeline.profile import GenerationSettings, SelfDistillSettings
from pipeline.rewards.rollout import Rollout
from pipeline.training.self_distill import Thinker, keep_verified, union

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
    rollouts = Thinker(fitted, tokenizer, engine, databases, {}, settings, limits).sample(known)
    assert [r.example for r in rollouts] == [one for one in known for _ in range(3)]
    assert {r.mode for r in rollouts} == {"think"}
    assert keep_verified(rollouts, 2) == {("shop", one.question): [(one.reasoning, one.gold_sql[0])] for one in known}


class Scripted:
    """Stands for the model: answers each prompt by what it contains, and notes what it was asked."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers, self.asked = answers, list[str]()

    def __call__(self, model: object, tokenizer: object, prompts: list[str], *_: object, **options: object) -> object:
        self.asked += prompts
        found = [next(texts for part, texts in self.answers.items() if part in prompt) for prompt in prompts]
        return [[Generated(text, 1, True) for text in texts] for texts in found]


def test_a_completed_thought_counts_only_if_it_leads_to_the_answer_without_the_gold(
    monkeypatch: pytest.MonkeyPatch,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    databases: dict[str, Database],
) -> None:
    example = Example("shop", "How many orders are there?", ("SELECT count(*) FROM orders",))
    script = Scripted(
        {
            "<think>\nCount the rows.\n</think>": ["SELECT count(order_id) FROM orders"],
            "<think>\nMisleading.\n</think>": ["SELECT count(*) FROM customers"],
            "Think as if": [
                "<think>\nCount the rows.\n</think>\n\nSELECT 1",
                "<think>\nMisleading.\n</think>\n\nSELECT count(*) FROM orders",
                "<think>\nIt is select COUNT(*)  from orders, as told.\n</think>\n\nSELECT count(*) FROM orders",
                "<think>\nCount the rows.\n</think>\n\nSELECT 2",
                "no thought",
            ],
        }
    )
    monkeypatch.setattr("pipeline.training.self_distill.generate", script)
    settings = SelfDistillSettings(questions=1, samples=2, temperature=1.0, completions=5)
    thinker = Thinker(
        None, tokenizer, engine, databases, {}, settings, GenerationSettings(max_new_tokens=9, batch_size=2)
    )  # type: ignore[arg-type]
    rollouts = thinker.complete([example])
    assert [(r.thought, r.correct) for r in rollouts] == [("Count the rows.", True), ("Misleading.", False)]
    assert keep_verified(rollouts, 2) == {
        ("shop", example.question): [("Count the rows.", "SELECT count(order_id) FROM orders")]
    }
    told, *alone = script.asked
    assert example.gold_sql[0] in told
    assert not any(example.gold_sql[0] in prompt for prompt in alone)


def test_rounds_add_up_but_never_beyond_the_limit() -> None:
    older = {("a", "Q"): [("x", "1")], ("a", "R"): [("y", "2"), ("z", "3")]}
    newer = {("a", "Q"): [("x", "9"), ("w", "4"), ("v", "5")], ("b", "Q"): [("u", "6")], ("a", "R"): [("t", "7")]}
    assert union(older, newer, 2) == {
        ("a", "Q"): [("x", "1"), ("w", "4")],
        ("a", "R"): [("y", "2"), ("z", "3")],
        ("b", "Q"): [("u", "6")],
    }
    assert older == {("a", "Q"): [("x", "1")], ("a", "R"): [("y", "2"), ("z", "3")]}
