"""Exact values of each reward for every fate that a completion can have."""

from __future__ import annotations

import pytest

from pipeline.config_loading import load_config
from pipeline.data.example import Example
from pipeline.engine.result import ErrorKind, ExecutionResult
from pipeline.rewards.execution import ExecutionReward
from pipeline.rewards.format import FormatReward
from pipeline.rewards.recipe import Reward, build, total
from pipeline.rewards.result import ResultReward
from pipeline.rewards.rollout import Rollout

RAN = ExecutionResult(("a",), ((1,),), cost=1)


def rollout(well_formed: bool, execution: ExecutionResult | None, correct: bool) -> Rollout:
    sql = "" if execution is None else "SELECT 1"
    return Rollout(Example("shop", "Q", ("SELECT 1",)), "think", "text", "t", sql, well_formed, execution, correct)


FATES = {
    "right": rollout(True, RAN, True),
    "wrong result": rollout(True, RAN, False),
    "syntax error": rollout(True, ExecutionResult.failed(ErrorKind.SYNTAX, "near"), False),
    "timeout": rollout(True, ExecutionResult.failed(ErrorKind.TIMEOUT, "slow"), False),
    "prose": rollout(True, ExecutionResult.failed(ErrorKind.REFUSED, "not SQL"), False),
    "no SQL": rollout(False, None, False),
    "right but malformed": rollout(False, RAN, True),
    "wrong and malformed": rollout(False, RAN, False),
    "malformed and failing": rollout(False, ExecutionResult.failed(ErrorKind.RUNTIME, "x"), False),
}


@pytest.mark.parametrize(
    ("reward", "values"),
    [
        (FormatReward(right=1, wrong=-1), [1, 1, 1, 1, 1, -1, -1, -1, -1]),
        (ExecutionReward(runs=2, fails=-2), [2, 2, -2, -2, -2, 0, 0, 0, 0]),
        (ResultReward(right=3, wrong=-3), [3, -3, 0, 0, 0, 0, 0, 0, 0]),
        (FormatReward(right=0.25, wrong=0.125), [0.25, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.125]),
        (ExecutionReward(runs=0.5, fails=7), [0.5, 0.5, 7, 7, 7, 0, 0, 0, 0]),
        (ResultReward(right=9, wrong=0.5), [9, 0.5, 0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_values(reward: Reward, values: list[float]) -> None:
    assert dict(zip(FATES, reward(list(FATES.values())), strict=True)) == dict(zip(FATES, values, strict=True))


def test_the_baseline_totals_are_those_of_the_paper_without_its_length_term() -> None:
    """SQL-R1 (methods 1): format wrong -1, not executable -1, runs but wrong 0, correct 6."""
    rewards = build(load_config(None, ["recipe=baseline"]).recipe)
    assert [reward.name for reward in rewards] == ["format", "execution", "result"]
    assert total(rewards, list(FATES.values())) == [6, 0, -1, -1, -1, -1, -1, -1, -1]


def test_an_empty_batch_has_no_rewards() -> None:
    rewards = build(load_config(None, []).recipe)
    assert [reward([]) for reward in rewards] == [[], [], []]
    assert total(rewards, []) == []
