"""The curriculum: what teaches is drawn more often, what does not rests, and a resumed training draws the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.training.curriculum import Curriculum, CurriculumSampler, gathered

HALF, NEVER, ALWAYS = [True, False], [False, False], [True, True]


def learned(*, right: dict[int, list[bool]], prompts: int = 8, per_step: int = 2, flat: bool = False) -> Curriculum:
    """A curriculum that has seen one group of each of these prompts."""
    curriculum = Curriculum(prompts, per_step, seed=1)
    for prompt, answers in right.items():
        totals = [0.0] * len(answers) if flat else [float(i) for i in range(len(answers))]
        curriculum.learn(1, [prompt] * len(answers), answers, totals)
    return curriculum


def draw(curriculum: Curriculum, step: int, count: int = 2) -> list[int]:
    """One draw a step."""
    return curriculum.draw(step, count, step)


def counts(curriculum: Curriculum, draws: int = 3000, count: int = 2) -> Counter[int]:
    return Counter(prompt for step in range(3, 3 + draws) for prompt in draw(curriculum, step, count))


def test_at_first_all_prompts_are_alike() -> None:
    drawn = counts(learned(right={}))
    assert all(0.9 < drawn[prompt] / (6000 / 8) < 1.1 for prompt in range(8))


def test_groups_without_a_spread_rest_but_come_back() -> None:
    drawn = counts(learned(right={0: ALWAYS, 1: NEVER}, flat=True))
    assert 0 < drawn[0] < 0.1 * drawn[7]
    assert 0 < drawn[1] < 0.1 * drawn[7]


def test_prompts_that_are_right_half_the_time_are_drawn_most() -> None:
    drawn = counts(learned(right={0: HALF, 1: NEVER, 2: [True, True, True, False]}, prompts=3, per_step=1), count=1)
    assert drawn[0] > drawn[2] > drawn[1] > 0


@given(st.integers(1, 20), st.integers(0, 10**6), st.integers(1, 1000))
def test_a_step_has_different_prompts_and_always_the_same(per_step: int, seed: int, step: int) -> None:
    drawn = Curriculum(20, per_step, seed).draw(step, per_step, step)
    assert len(set(drawn)) == per_step
    assert all(0 <= prompt < 20 for prompt in drawn)
    assert drawn == Curriculum(20, per_step, seed).draw(step, per_step, step)


def test_a_draw_does_not_depend_on_the_step_before_it() -> None:
    """The trainer draws a batch before the one before it has been learned from."""
    curriculum = learned(right={0: HALF})
    before = draw(curriculum, 5)
    curriculum.learn(4, [1, 1, 2, 2], [True, True, False, False], [1.0, 1.0, 0.0, 0.0])
    assert draw(curriculum, 5) == before
    assert [draw(curriculum, step) for step in range(6, 30)] != [
        draw(learned(right={0: HALF}), step) for step in range(6, 30)
    ]


def test_what_is_known_survives(tmp_path: Path) -> None:
    curriculum = learned(right={0: HALF, 5: NEVER})
    curriculum.learn(7, [3] * 2, HALF, [0.0, 1.0])
    curriculum.save(tmp_path / "curriculum.json")
    other = Curriculum(8, 2, seed=1)
    other.load(tmp_path / "curriculum.json")
    assert [draw(other, step) for step in range(50)] == [draw(curriculum, step) for step in range(50)]


@pytest.mark.parametrize("content", [None, "", "[]", '{"a": 1}', '{"1": [[1]]}'])
def test_a_file_that_is_no_curriculum_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "curriculum.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"curriculum\.json: not the curriculum"):
        Curriculum(8, 2, seed=1).load(path)


def test_too_few_prompts_are_refused() -> None:
    with pytest.raises(InputError, match="prompts_per_step is 9, but the training split has 8"):
        Curriculum(8, 9, seed=1)


def test_the_sampler_repeats_as_the_trainer_wants_it() -> None:
    curriculum = Curriculum(8, 2, seed=1)
    shape = {"prompts": 2, "group": 3, "repeats": 2, "draws": 4, "step_of": lambda draw: draw}
    sampler = CurriculumSampler(curriculum, **shape)
    first, second = draw(curriculum, 1)
    drawn = list(sampler)
    assert drawn[:12] == ([first] * 3 + [second] * 3) * 2
    assert len(drawn) == len(sampler) == 4 * 12


def test_one_process_has_nothing_to_gather() -> None:
    assert gathered([(1, True), (2, False)]) == [(1, True), (2, False)]
