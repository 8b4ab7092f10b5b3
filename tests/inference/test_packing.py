"""Prompts in one batch: what they begin alike with stands there once, and nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.inference.packing import common, groups, once

PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=7)


@given(PROMPTS)
def test_every_prompt_is_found_in_the_batch_with_its_positions(prompts: list[list[int]]) -> None:
    batch, places = once(prompts)
    assert [batch.ids[at].tolist() for at in places] == prompts
    assert all(batch.positions[at].tolist() == list(range(len(at))) for at in places)
    assert {place for at in places for place in at} == set(range(len(batch.ids)))
    assert len({at[-1] for at in places}) == len(prompts)  # each has a last token of its own


def test_what_prompts_begin_alike_with_stands_there_once() -> None:
    batch, _ = once([[7, 8, 9, 1, 2], [5, 6], [7, 8, 9, 3], [7, 8, 9, 1, 2]])
    assert batch.ids.tolist() == [5, 6, *[7, 8, 9], *[1, 2], *[1, 2], 3]


@given(st.lists(st.lists(st.integers(0, 2), max_size=6), min_size=1, max_size=7))
def test_groups_save_as_much_as_can_be_saved(heads: list[list[int]]) -> None:
    heads.sort()

    def saved(bounds: list[tuple[int, int]]) -> int:
        return sum((end - start - 1) * common(heads[start], heads[end - 1]) for start, end in bounds)

    def every(start: int) -> list[list[tuple[int, int]]]:
        if start == len(heads):
            return [[]]
        return [[(start, end), *rest] for end in range(start + 1, len(heads) + 1) for rest in every(end)]

    found = groups(heads)
    assert [at for bounds in found for at in range(*bounds)] == list(range(len(heads)))
    # Of one row nothing is saved: its "common" part is read once.
    assert saved(found) == max(map(saved, every(0)))
