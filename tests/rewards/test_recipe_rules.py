"""What holds for every recipe: no wrong answer beats a right one, and a recipe that cannot be built says why."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rollouts import rollout

from pipeline.config import Recipe
from pipeline.config_loading import available, load_config
from pipeline.data.example import Example
from pipeline.data.prompts import MODES
from pipeline.engine.result import ErrorKind, ExecutionResult
from pipeline.errors import InputError
from pipeline.rewards.memory import MemoryReward
from pipeline.rewards.recipe import REWARDS, build, total
from pipeline.rewards.rollout import Rollout

GOLDS = ["SELECT count(*) FROM orders", "SELECT a, b FROM t JOIN u ON t.x = u.x WHERE c > 1 ORDER BY a DESC LIMIT 3"]
FAILED = st.builds(ExecutionResult.failed, st.sampled_from(list(ErrorKind)), st.just("message"))
RAN = st.builds(
    lambda rows, cost: ExecutionResult(("a",), tuple((value,) for value in rows), None, 0.01, cost),
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(1, 10**9),
)


@st.composite
def rollouts(draw: st.DrawFn, right: bool | None = None) -> Rollout:
    """A rollout as roll_out can make it. Right means: correct and in the form that its mode asks for."""
    gold = draw(st.sampled_from(GOLDS))
    example = Example("shop", draw(st.text(max_size=5)), (gold,), reasoning="A thought.")
    execution = draw(RAN if right else st.none() | FAILED | RAN)
    can_be_correct = execution is not None and execution.ok
    well_formed = right or (execution is not None and draw(st.booleans()))
    correct = right or (can_be_correct and draw(st.booleans()) and not (right is False and well_formed))
    sql = "" if execution is None else draw(st.sampled_from([gold, "SELECT 1", "SELECT a FROM t", "(not SQL"]))
    mode = draw(st.sampled_from(MODES))
    thought = draw(st.text(max_size=300)) if mode == "think" else ""
    return rollout(
        example,
        sql,
        mode=mode,
        thought=thought,
        well_formed=bool(well_formed),
        execution=execution,
        correct=bool(correct),
        cost=draw(st.none() | st.integers(0, 10**9)),
        gold_cost=draw(st.none() | st.integers(0, 10**9)),
    )


@pytest.mark.parametrize("name", available("recipes"))
@given(
    st.lists(rollouts(right=False), min_size=1, max_size=12), st.lists(rollouts(right=True), min_size=1, max_size=12)
)
def test_no_wrong_answer_earns_as_much_as_a_right_one(name: str, wrong: list[Rollout], right: list[Rollout]) -> None:
    """Methods 4.1. The two are scored in one batch, as in training."""
    assert all(r.correct and r.well_formed for r in right)
    assert not any(r.correct and r.well_formed for r in wrong)
    scores = total(build(load_config(None, [f"recipe={name}"]).recipe), [*wrong, *right])
    assert max(scores[: len(wrong)]) < min(scores[len(wrong) :])


@given(
    st.lists(rollouts(right=False), min_size=1, max_size=12), st.lists(rollouts(right=True), min_size=1, max_size=12)
)
def test_not_even_with_a_memory_that_finds_every_thought_familiar(wrong: list[Rollout], right: list[Rollout]) -> None:
    rewards = build(load_config(None, ["recipe=finer_sql"]).recipe)
    (memory,) = (reward for reward in rewards if isinstance(reward, MemoryReward))
    memory._similarities = lambda thoughts: [1.0] * len(thoughts)  # type: ignore[method-assign]
    scores = total(rewards, [*wrong, *right])
    assert max(scores[: len(wrong)]) < min(scores[len(wrong) :])


@pytest.mark.parametrize("name", available("recipes"))
@given(st.lists(rollouts(), max_size=12), st.integers(0, 2**32))
def test_the_order_of_the_batch_does_not_matter(name: str, batch: list[Rollout], seed: int) -> None:
    rewards = build(load_config(None, [f"recipe={name}"]).recipe)
    order = list(range(len(batch)))
    random.Random(seed).shuffle(order)
    for reward in rewards:
        straight = reward(batch)
        assert len(straight) == len(batch)
        assert reward([batch[i] for i in order]) == [straight[i] for i in order]


@pytest.mark.parametrize("name", available("recipes"))
def test_every_recipe_can_be_built_in_its_own_order(name: str) -> None:
    recipe = load_config(None, [f"recipe={name}"]).recipe
    assert [reward.name for reward in build(recipe)] == list(recipe.rewards)


def test_rewards_are_found_under_their_own_name() -> None:
    assert all(reward.name == name for name, reward in REWARDS.items())
    assert {"format", "execution", "result"} <= set(REWARDS)


@pytest.mark.parametrize(
    ("rewards", "reason"),
    [
        ({}, "names no reward; there are: format, execution, result, length, atomic, memory, skeleton, latency"),
        ({"brevity": {}}, "unknown reward 'brevity'; there are: format, execution, result, length, atomic, memory"),
        ({"format": {}}, "reward 'format': missing 2 required positional arguments: 'right' and 'wrong'"),
        ({"format": {"right": 1.0}}, "reward 'format': missing 1 required positional argument: 'wrong'"),
        ({"result": {"right": 1.0, "wrong": 0.0, "bonus": 1.0}}, "reward 'result': got an unexpected keyword argument"),
    ],
)
def test_a_recipe_that_cannot_be_built_says_why(rewards: dict[str, dict[str, float]], reason: str) -> None:
    with pytest.raises(InputError) as caught:
        build(Recipe(name="mine", description="", rewards=rewards))
    assert str(caught.value).startswith("recipe 'mine'")
    assert reason in str(caught.value)
