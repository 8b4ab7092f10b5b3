"""The order of training rows: runs about one database, all rows once, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.example import Database, Example
from pipeline.data.prompts import render_prompt, shared_beginning
from pipeline.training.shared_prompts import RUN, in_runs


@given(st.lists(st.sampled_from("abc"), max_size=100), st.integers(0, 5))
def test_runs_begin_alike_and_no_row_is_lost(beginnings: list[str], seed: int) -> None:
    order = in_runs(beginnings, seed)
    assert sorted(order) == list(range(len(beginnings)))
    assert order == in_runs(beginnings, seed)
    whole = sum(count // RUN for count in Counter(beginnings).values())
    for run in range(whole):
        assert len({beginnings[number] for number in order[run * RUN : (run + 1) * RUN]}) == 1


def test_databases_take_turns() -> None:
    beginnings = ["a"] * 400 + ["b"] * 400
    firsts = [beginnings[number] for number in in_runs(beginnings, 1)[::RUN]]
    assert 20 < sum(one != other for one, other in pairwise(firsts)) < 80
    assert in_runs(beginnings, 1) != in_runs(beginnings, 2)


class _Plain:
    """A tokenizer whose chat template adds nothing."""

    def apply_chat_template(self, messages: list[dict[str, str]], **_: object) -> str:
        return messages[0]["content"]


def test_prompts_of_a_database_begin_with_its_schema(databases: dict[str, Database]) -> None:
    asked = (Example("shop", "Who?", ()), Example("shop", "How many?\nQuestion: none", (), "Evidence: x"))
    prompts = [render_prompt(_Plain(), one, databases["shop"], mode) for one in asked for mode in ("think", "no_think")]
    [beginning] = {shared_beginning(prompt) for prompt in prompts}
    assert "customers(" in beginning
    assert "Who" not in beginning
