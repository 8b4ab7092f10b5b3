"""The gate: who may become champion, to the answer, and what it cannot compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.registry.gate import decide

VERDICTS = st.lists(st.booleans(), min_size=1, max_size=60)
PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60).map(
    lambda p: tuple(zip(*p, strict=True))
)


def first(count: int, of: int) -> list[bool]:
    """Verdicts of which the first `count` are right."""
    return [i < count for i in range(of)]


@given(VERDICTS)
def test_identical_verdicts_pass_without_a_margin(verdicts: list[bool]) -> None:
    assert decide(verdicts, verdicts, 0.0).promote


@given(VERDICTS, st.floats(0, 1))
def test_without_a_champion_every_model_passes(verdicts: list[bool], margin: float) -> None:
    decision = decide(verdicts, None, margin)
    assert decision.promote
    assert "no champion yet" in decision.reason


@given(PAIRS)
def test_without_a_margin_no_fewer_answers_may_be_right(pair: tuple[list[bool], list[bool]]) -> None:
    challenger, champion = pair
    assert decide(challenger, champion, 0.0).promote == (sum(challenger) >= sum(champion))


@given(PAIRS, st.floats(0, 1), st.floats(0, 1))
def test_a_wider_margin_never_refuses_what_a_narrower_one_lets_pass(
    pair: tuple[list[bool], list[bool]], a: float, b: float
) -> None:
    narrow, wide = sorted((a, b))
    assert decide(*pair, wide).promote or not decide(*pair, narrow).promote


@given(st.integers(2, 300), st.data())
def test_a_loss_of_exactly_the_margin_passes_and_one_answer_more_does_not(count: int, data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, count - 1))
    champion = data.draw(st.integers(lost + 1, count))
    margin = lost / count
    assert decide(first(champion - lost, count), first(champion, count), margin).promote
    assert not decide(first(champion - lost - 1, count), first(champion, count), margin).promote


def test_the_reason_tells_both_scores_and_who_won_where() -> None:
    challenger, champion = [True, True, False, True], [True, False, True, True]
    decision = decide(challenger, champion, 0.01)
    assert decision.promote
    assert decision.reason == (
        "EX 75.0% against the champion's 75.0% on the same 4 answers (1 won, 1 lost); "
        "not below by more than the margin of 1.0%"
    )
    refused = decide([True, False, False, True], champion, 0.01)
    assert not refused.promote
    assert "EX 50.0% against the champion's 75.0%" in refused.reason
    assert refused.reason.endswith("; below by more than the margin of 1.0%")


@given(VERDICTS, VERDICTS)
def test_other_questions_cannot_be_compared(challenger: list[bool], champion: list[bool]) -> None:
    champion = champion if len(champion) != len(challenger) else [*champion, True]
    with pytest.raises(ValueError, match=f"{len(challenger)} verdicts of the challenger, {len(champion)} of the champ"):
        decide(challenger, champion, 1.0)


@pytest.mark.parametrize("champion", [None, [], [True]])
def test_no_question_decides_nothing(champion: list[bool] | None) -> None:
    with pytest.raises(ValueError, match="no question was evaluated"):
        decide([], champion, 1.0)
