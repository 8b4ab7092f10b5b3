"""Exact values of each reward for every fate that a completion can have."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from rollouts import RAN, rollout

from pipeline.config_loading import available, load_config
from pipeline.data.example import Example
from pipeline.engine.result import ErrorKind, ExecutionResult
from pipeline.rewards.atomic import AtomicReward
from pipeline.rewards.execution import ExecutionReward
from pipeline.rewards.format import FormatReward
from pipeline.rewards.latency import LatencyReward
from pipeline.rewards.length import LengthReward, count_words
from pipeline.rewards.recipe import build, total
from pipeline.rewards.result import ResultReward
from pipeline.rewards.reward import Reward
from pipeline.rewards.rollout import Rollout
from pipeline.rewards.skeleton import SkeletonReward

GOLD = "SELECT name FROM customers WHERE city = 'Bern'"
QUESTION = Example("shop", "Who lives in Bern?", (GOLD,))


def fated(well_formed: bool, execution: ExecutionResult | None, correct: bool, sql: str = GOLD, **more: Any) -> Rollout:
    sql = "" if execution is None else sql
    return rollout(QUESTION, sql, well_formed=well_formed, execution=execution, correct=correct, **more)


FATES = {
    "right": fated(True, RAN, True, cost=1, gold_cost=1),
    "wrong result": fated(True, RAN, False),
    "syntax error": fated(True, ExecutionResult.failed(ErrorKind.SYNTAX, "near"), False),
    "timeout": fated(True, ExecutionResult.failed(ErrorKind.TIMEOUT, "slow"), False),
    "prose": fated(True, ExecutionResult.failed(ErrorKind.REFUSED, "not SQL"), False),
    "no SQL": fated(False, None, False),
    "right but malformed": fated(False, RAN, True),
    "wrong and malformed": fated(False, RAN, False),
    "malformed and failing": fated(False, ExecutionResult.failed(ErrorKind.RUNTIME, "x"), False),
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


def rewards_of(name: str, *settings: str) -> list[Reward]:
    return build(load_config(None, [f"recipe={name}", *settings]).recipe)


def totals(name: str, *rollouts: Rollout) -> list[float]:
    return total(rewards_of(name), rollouts or list(FATES.values()))


def test_sql_r1() -> None:
    """Methods 1: format wrong -1, not executable -1, runs but wrong 0, correct in (6, 7.5]."""
    right, *others = totals("sql_r1")
    assert others == [0, -1, -1, -1, -1, -1, -1, -1]
    # One word of thought and ten words and signs of SQL: 0.5 * (1 + 10) / 2048, and an answer that is all SQL.
    assert right == pytest.approx(6 + 0.5 * 11 / 2048 + 1)


@pytest.mark.parametrize(
    ("thought", "around", "expected"),
    [
        (100, 0, 0.5 * 110 / 2048 + 1),
        (2038, 0, 0.5 + 1),
        (5000, 0, 0.5 + 1),  # longer than MAX: 0.5 + S_al
        (100, 10, 0.5 * 120 / 2048 + 0.5),
    ],
)
def test_length(thought: int, around: int, expected: float) -> None:
    """Methods 1: S_tl = (think + answer) / MAX, S_al = sql / answer; here the SQL has 10 tokens."""
    length = LengthReward(total=0.5, share=1, max_tokens=2048)
    gold = "SELECT a, b, c FROM t ;"
    assert count_words([gold]) == [9]
    question = Example("shop", "Q", (gold + " ;",))
    answer = "word " * around + gold + " ;"
    own = replace(
        rollout(question, gold + " ;", thought="word " * thought, correct=True), answer=answer, text="not looked at"
    )
    assert length([own]) == [pytest.approx(expected)]


def test_the_length_of_a_wrong_answer_pays_nothing() -> None:
    assert LengthReward(0.5, 1, 2048)(list(FATES.values()))[1:] == [0] * 8


def test_lengths_are_counted_in_the_tokens_of_the_model() -> None:
    characters = LengthReward(0.5, 1, 2048, count_tokens=lambda texts: [len(text) for text in texts])
    assert characters([FATES["right"]]) == [pytest.approx(0.5 * (1 + len(GOLD)) / 2048 + 1)]


def test_finer_sql() -> None:
    """Methods 2: 0 malformed; 1 + 0 + memory; 1 + (1 + S3) + memory; 1 + 2 + 1. The memory is empty here."""
    other = fated(True, RAN, False, "SELECT name FROM customers")
    right, wrong, *failing = totals("finer_sql")
    assert (right, failing) == (4, [1, 1, 1, 0, 0, 0, 0])
    assert wrong == pytest.approx(2 + 0.8005)  # all operations of the gold, and yet another result
    (partial,) = totals("finer_sql", other)
    shared = 2 / 3  # FROM and the column, but not the condition
    assert partial == pytest.approx(2 + 0.05 * shared + 0.95 * 0.79 * shared**0.2)


@pytest.mark.parametrize(("shared", "value"), [(0.0, 0.0), (0.5, 0.05 * 0.5 + 0.7505 * 0.5**0.2), (1.0, 0.8005)])
def test_atomic_shaping(monkeypatch: pytest.MonkeyPatch, shared: float, value: float) -> None:
    monkeypatch.setattr("pipeline.rewards.atomic.overlap", lambda pred, gold: shared)
    assert AtomicReward(weight=1)([FATES["wrong result"]]) == [pytest.approx(value)]
    assert AtomicReward(weight=2)([FATES["wrong result"]]) == [pytest.approx(2 * value)]


def test_hes_sql() -> None:
    """Methods 3: 0; 0.1 + 0.2 S_skel; 0.3 + 0.5 S_skel; 2.3 + 0.1 S_skel + 0.3 R_lat."""
    right, wrong, syntax, timeout, prose, *malformed = totals("hes_sql")
    assert right == pytest.approx(2.4)
    assert wrong == pytest.approx(0.8)
    assert [syntax, timeout, prose] == [pytest.approx(0.3)] * 3
    assert malformed == [0] * 4
    prose_text = fated(True, ExecutionResult.failed(ErrorKind.REFUSED, "not SQL"), False, "I do not know")
    assert totals("hes_sql", prose_text) == [pytest.approx(0.1)]


@pytest.mark.parametrize(
    ("gold", "pred", "value"),
    [
        (999, 999, 0),
        (999, 499, 0.3),  # half the work
        (999, 1999, -0.3),
        (999, 1, 0.3),  # clipped
        (1, 10**9, -0.3),
        (999, 919, 0),  # inside the dead zone
        (999, 799, 0.3 * math.log2(1000 / 800)),
        (None, 5, 0),
        (5, None, 0),
        (0, 0, 0),
    ],
)
def test_latency(gold: int | None, pred: int | None, value: float) -> None:
    """Methods 3: clip(log2((cost_gold + eps) / (cost_pred + eps)), -1, 1), 0 inside the dead zone."""
    latency = LatencyReward(weight=0.3, low=-1, high=1, dead_zone=0.15)
    assert latency([fated(True, RAN, True, cost=pred, gold_cost=gold)]) == [pytest.approx(value)]
    assert latency([fated(True, RAN, False, cost=pred, gold_cost=gold)]) == [0]
    assert latency([fated(False, RAN, True, cost=pred, gold_cost=gold)]) == [0]


def test_of_several_golds_the_nearest_skeleton_and_operations_count() -> None:
    golds = ("SELECT count(*) FROM t GROUP BY a", "SELECT name FROM customers")
    own = rollout(Example("shop", "Q", golds), "SELECT city FROM notes")
    assert SkeletonReward(fails=0, wrong=1, right=1)([own]) == [1]
    same = rollout(Example("shop", "Q", golds), "SELECT name FROM customers")
    assert AtomicReward(weight=1)([same]) == [pytest.approx(0.8005)]


def test_what_does_not_parse_is_judged_by_its_execution_alone() -> None:
    unparsed = fated(True, RAN, False, "SELECT ((((")
    assert SkeletonReward(fails=1, wrong=1, right=1)([unparsed]) == [0]
    assert AtomicReward(weight=1)([unparsed]) == [0]
    assert totals("hes_sql", unparsed) == [pytest.approx(0.3)]


@pytest.mark.parametrize("name", available("recipes"))
def test_every_reward_says_why(name: str) -> None:
    for reward in rewards_of(name):
        reasons = [reward.reason(own) for own in FATES.values()]
        assert all(reason and "\n" not in reason for reason in reasons)
        assert len(set(reasons)) > 1


@pytest.mark.parametrize("name", available("recipes"))
def test_an_empty_batch_has_no_rewards(name: str) -> None:
    rewards = rewards_of(name)
    assert [reward([]) for reward in rewards] == [[] for _ in rewards]
    assert total(rewards, []) == []
