"""The gate: who may become champion, how often chance alone gets through, how often a real gain is seen."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.registry.gate import BETTER_LEVEL, FASTER_LEVEL, Decision, decide

VERDICTS = st.lists(st.booleans(), min_size=1, max_size=60)
PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60).map(
    lambda p: tuple(zip(*p, strict=True))
)
TRIALS = 1000
# The published systems of Spider's recorded verdicts disagree on 9.6 to 19.0 % of the questions, those next to each
# other in EX on 16.3 % (median). A model and its successor are closer to each other than two such systems.
DISAGREE = 0.15


def trial(
    random: np.random.Generator, questions: int, gain: float, modes: int = 1, speed: float = 1.0, margin: float = 0.02
) -> Decision:
    """Two models that differ in true EX by `gain` and in latency by `speed`; in half of the questions that they
    disagree about, they do so in each mode. Latencies differ from question to question, equally to either side."""
    chances = [(DISAGREE + gain) / 2, (DISAGREE - gain) / 2, 1 - DISAGREE]
    first = random.choice(3, questions, p=chances)
    right = random.random(questions) < 0.7
    faster = random.normal(math.log(speed), 0.3, questions)
    challenger: list[bool] = []
    champion: list[bool] = []
    ratios: list[float | None] = []
    for mode in range(modes):
        other = np.where(random.random(questions) < 0.5, first, random.choice(3, questions, p=chances))
        who = other if mode else first
        mine, theirs = np.where(who == 2, right, who == 0), np.where(who == 2, right, who == 1)
        measured = np.exp(faster + random.normal(0, 0.05, questions))
        challenger += mine.tolist()
        champion += theirs.tolist()
        ratios += [float(ratio) if a and b else None for ratio, a, b in zip(measured, mine, theirs, strict=True)]
    return decide(challenger, champion, margin, list(range(questions)) * modes, ratios)


def promoted(questions: int, gain: float, modes: int = 1, speed: float = 1.0, trials: int = TRIALS) -> float:
    random = np.random.default_rng(20250)
    return sum(trial(random, questions, gain, modes, speed).promote for _ in range(trials)) / trials


@pytest.mark.parametrize(("questions", "modes"), [(500, 1), (150, 2), (20, 2)])
def test_a_model_no_better_gets_through_in_at_most_5_percent(questions: int, modes: int) -> None:
    """Equal in EX and latency, by both ways together."""
    assert promoted(questions, 0.0, modes) <= 0.05


def test_a_worse_and_slower_model_gets_through_next_to_never() -> None:
    assert promoted(500, -0.03, speed=1.1, trials=300) <= 0.01


def test_5_points_more_on_500_questions_are_seen_in_at_least_80_percent() -> None:
    assert promoted(500, 0.05) >= 0.80


def test_the_same_EX_but_faster_gets_through_only_where_a_loss_can_be_ruled_out() -> None:
    """2 points on 500 questions are within the noise; on 5000 they are not."""
    assert promoted(500, 0.0, speed=0.8, trials=100) < 0.5
    assert promoted(5000, 0.0, speed=0.8, trials=50) > 0.8


def test_modes_counted_as_questions_would_let_too_many_through() -> None:
    """Why answers to one question are taken together: as many more verdicts are not as much more evidence."""
    random, level = np.random.default_rng(3), []
    for _ in range(TRIALS):
        who = random.choice(3, 100, p=[0.2, 0.2, 0.6])
        mine, theirs = (who == 0).tolist() * 4, (who == 1).tolist() * 4
        together = decide(mine, theirs, 0.0, list(range(100)) * 4).promote
        level.append((decide(mine, theirs, 0.0).promote, together))
    apart, together = (sum(column) / TRIALS for column in zip(*level, strict=True))
    assert apart > 0.10
    assert together <= 0.05


@given(VERDICTS, st.floats(0, 1))
def test_an_equal_model_does_not_replace_the_champion(verdicts: list[bool], margin: float) -> None:
    decision = decide(verdicts, verdicts, margin)
    assert not decision.promote
    assert decision.reason.endswith("the same verdicts, and an equal model does not replace the champion")


@given(VERDICTS, st.floats(0, 1))
def test_without_a_champion_every_model_passes(verdicts: list[bool], margin: float) -> None:
    decision = decide(verdicts, None, margin)
    assert decision.promote
    assert decision.evidence is None
    assert "no champion yet" in decision.reason


@given(PAIRS)
def test_of_two_models_at_most_one_is_better(pair: tuple[list[bool], list[bool]]) -> None:
    challenger, champion = pair
    decision = decide(challenger, champion, 0.0)
    assert not (decision.promote and decide(champion, challenger, 0.0).promote)
    assert not decision.promote or sum(challenger) > sum(champion)


@given(PAIRS, st.floats(0, 1), st.floats(0, 1), st.floats(0.5, 1.5))
def test_a_wider_margin_never_refuses_what_a_narrower_one_lets_pass(
    pair: tuple[list[bool], list[bool]], a: float, b: float, speed: float
) -> None:
    narrow, wide = sorted((a, b))
    ratios = [speed if x and y else None for x, y in zip(*pair, strict=True)]
    assert decide(*pair, wide, None, ratios).promote or not decide(*pair, narrow, None, ratios).promote


def test_without_a_margin_no_speed_makes_up_for_a_doubt() -> None:
    right = [True] * 200
    assert not decide(right, right, 0.0, None, [0.5] * 200).promote
    assert decide(right, right, 0.02, None, [0.5] * 200).promote


def test_faster_but_worse_is_refused() -> None:
    challenger, champion = [True] * 80 + [False] * 20, [True] * 100
    decision = decide(challenger, champion, 0.02, None, [0.5] * 80 + [None] * 20)
    assert not decision.promote
    assert "faster (latency ratio 0.50 [0.50, 0.50], p = 0.0005), but it may be worse" in decision.reason


def test_the_evidence_tells_who_won_where() -> None:
    challenger, champion = [True] * 12 + [False] * 2 + [True] * 86, [False] * 12 + [True] * 2 + [True] * 86
    decision = decide(challenger, champion, 0.01)
    found = decision.evidence
    assert found is not None
    assert decision.promote
    assert (found.won, found.lost, found.questions, found.answers) == (12, 2, 100, 100)
    assert found.difference.value == pytest.approx(0.10)
    assert 0.02 < found.difference.low < 0.05 < 0.15 < found.difference.high < 0.19
    assert found.p_better == pytest.approx(found.mcnemar_p / 2) == pytest.approx(106 / 2**14)
    assert decision.reason.startswith(
        "EX 98.0% against the champion's 88.0% on the same 100 questions (12 won, 2 lost): +10.0 points [+"
    )
    assert decision.reason.endswith("]; better (p = 0.0065)")


def test_modes_of_a_question_are_won_or_lost_together() -> None:
    found = decide([True, True, False, True], [False, False, True, False], 0.0, ["a", "b", "a", "b"]).evidence
    assert found is not None
    assert (found.won, found.lost, found.questions, found.answers) == (1, 0, 2, 4)
    assert found.difference.value == pytest.approx(0.5)
    assert found.p_better == 0.5


def test_the_evidence_is_json() -> None:
    found = decide([True, True], [True, False], 0.1, None, [0.9, None]).evidence
    assert found is not None
    row = json.loads(json.dumps(found.row()))
    assert row["difference"]["value"] == 0.5
    assert row["latency_ratio"]["value"] == pytest.approx(0.9)
    assert (row["latency_questions"], row["won"], row["margin"]) == (1, 1, 0.1)


def test_the_levels_of_both_ways_add_up_to_5_percent() -> None:
    assert pytest.approx(0.05) == BETTER_LEVEL + FASTER_LEVEL


@given(VERDICTS, VERDICTS)
def test_other_questions_cannot_be_compared(challenger: list[bool], champion: list[bool]) -> None:
    champion = champion if len(champion) != len(challenger) else [*champion, True]
    with pytest.raises(ValueError, match=f"{len(challenger)} verdicts of the challenger, {len(champion)} of the champ"):
        decide(challenger, champion, 1.0)


def test_labels_and_ratios_are_of_the_same_answers() -> None:
    with pytest.raises(ValueError):
        decide([True, False], [True, True], 0.0, ["a"])
    with pytest.raises(ValueError):
        decide([True, False], [True, True], 0.0, None, [1.0])


@pytest.mark.parametrize("champion", [None, [], [True]])
def test_no_question_decides_nothing(champion: list[bool] | None) -> None:
    with pytest.raises(ValueError, match="no question was evaluated"):
        decide([], champion, 1.0)
