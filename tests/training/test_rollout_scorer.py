"""GRPO's scoring: one execution per batch whatever rewards look at it, and one mode for each prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pipeline.config_loading import load_config
from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, render_completion, render_prompt
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.rewards.recipe import build
from pipeline.training.grpo import RolloutScorer, TrlReward, prompt_rows, zero_spread

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class CountingEngine:
    """An engine that counts the batches it is asked for."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.calls = engine, 0

    def execute(self, queries: Sequence[Query], golds: Sequence[Query] = ()) -> list[ExecutionResult]:
        self.calls += 1
        return self.engine.execute(queries, golds)


@pytest.fixture
def scorer(engine: Engine, databases: dict[str, Database], known: list[Example]) -> RolloutScorer:
    return RolloutScorer(CountingEngine(engine), databases, known, {}, 0)  # type: ignore[arg-type]


def score(
    rewards: list[TrlReward], completions: list[str], example: list[int], ids: list[list[int]]
) -> list[list[float]]:
    """As TRL calls reward functions: one after the other, with the same batch and whatever else it knows."""
    return [
        reward(
            prompts=["prompt"] * len(completions),
            completions=completions,
            completion_ids=ids,
            example=example,
            mode=["no_think"] * len(completions),
            trainer_state=None,
            log_extra=print,
            log_metric=lambda name, value: None,
        )
        for reward in rewards
    ]


def test_every_reward_sees_the_rollouts_of_one_execution(scorer: RolloutScorer, known: list[Example]) -> None:
    rewards = [TrlReward(reward, scorer) for reward in build(load_config(None, ["recipe=sql_r1"]).recipe)]
    assert [reward.__name__ for reward in rewards] == ["format", "execution", "result", "length"]
    right = [render_completion(None, one.gold_sql[0]) for one in known]
    swapped, broken = right[::-1], ["no form", render_completion(None, "SELECT nobody")]

    assert score(rewards, right, [0, 1], [[1], [2]])[:3] == [[1, 1], [2, 2], [3, 3]]
    assert scorer.engine.calls == 2  # the second time those that are right  # type: ignore[attr-defined]
    assert [rollout.example for rollout in scorer.batches[-1].rollouts] == known
    assert score(rewards, swapped, [0, 1], [[2], [1]])[:3] == [[1, 1], [2, 2], [-3, -3]]
    assert score(rewards, swapped, [1, 0], [[2], [1]])[:3] == [[1, 1], [2, 2], [3, 3]]  # the column says whose they are
    assert score(rewards, broken, [0, 1], [[3], [4]]) == [[-1, 1], [0, -2], [0, 0], [0, 0]]
    assert scorer.engine.calls == 6  # type: ignore[attr-defined]


def test_an_equal_batch_that_is_not_the_same_is_executed_again(scorer: RolloutScorer) -> None:
    """Two batches may hold the same token ids for other examples."""
    (reward,) = (TrlReward(r, scorer) for r in build(load_config(None, ["recipe=sql_r1"]).recipe) if r.name == "result")
    text = render_completion(None, "SELECT count(*) FROM customers")
    assert score([reward], [text], [0], [[7]]) == [[3]]
    assert score([reward], [text], [1], [[7]]) == [[-3]]


def test_the_mode_is_drawn_for_each_prompt(
    tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database], known: list[Example]
) -> None:
    examples = known * 100
    rows = prompt_rows(tokenizer, examples, databases, 0.5, seed=1)
    assert [row["example"] for row in rows] == list(range(200))
    assert 70 < sum(row["mode"] == "think" for row in rows) < 130
    for row in rows:
        assert row["prompt"] == render_prompt(tokenizer, examples[row["example"]], databases["shop"], row["mode"])
        assert {mode for mode in MODES if f"/{mode}<" in row["prompt"]} == {row["mode"]}
    assert prompt_rows(tokenizer, examples, databases, 0.5, seed=1) == rows
    assert prompt_rows(tokenizer, examples, databases, 0.5, seed=2) != rows


def test_rollouts_are_counted_and_each_reward_tells_how_many_groups_teach_nothing(scorer: RolloutScorer) -> None:
    told: dict[str, float] = {}
    rewards = [TrlReward(reward, scorer) for reward in build(load_config(None, ["recipe=sql_r1"]).recipe)]
    right, other, broken = (
        render_completion(None, sql) for sql in ("SELECT count(*) FROM customers", "SELECT 7", "SELECT ((")
    )
    for reward in rewards:
        reward(
            prompts=["prompt"] * 4,
            completions=[right, other, other, broken],
            completion_ids=[[1], [2], [3], [4]],
            example=[0, 0, 1, 1],
            mode=["no_think"] * 4,
            log_metric=told.__setitem__,
        )
    assert {name: told[f"rollouts/{name}"] for name in ("right", "run", "exposed", "unparsed")} == {
        "right": 0.25,
        "run": 0.75,
        "exposed": 0,
        "unparsed": 0.25,
    }
    assert [told[f"rewards/{reward.__name__}/zero_spread"] for reward in rewards] == [1, 0.5, 0, 0.5]


@pytest.mark.parametrize(("values", "share"), [([1, 1, 2, 2], 1.0), ([1, 2, 2, 2], 0.5), ([1, 2, 1, 2], 0.0)])
def test_zero_spread(values: list[float], share: float) -> None:
    assert zero_spread([3, 3, 5, 5], values) == share


@pytest.mark.parametrize(("share", "mode"), [(0.0, "no_think"), (1.0, "think")])
def test_the_share_of_thinking_prompts_may_be_all_or_none(
    tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database], known: list[Example], share: float, mode: str
) -> None:
    rows = prompt_rows(tokenizer, known * 20, databases, share, seed=1)
    assert {row["mode"] for row in rows} == {mode}
