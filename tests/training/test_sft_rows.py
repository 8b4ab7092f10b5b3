"""What SFT learns from: both modes of a question, the right thoughts, and tokens that are never cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, read_completion, render_completion, render_prompt
from pipeline.errors import InputError
from pipeline.training.sft import fused_rows, tokenise

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Completions = Callable[..., dict[str, list[str]]]

SQL = "SELECT name FROM customers"
VERIFIED = [("My own thought.", "SELECT name FROM customers WHERE 1"), ("Another one.", SQL)]


def example(reasoning: str | None = None, source: str = "") -> Example:
    return Example("shop", "Who?", (SQL, "SELECT second"), reasoning=reasoning, reasoning_source=source)


@pytest.fixture
def completions(tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database]) -> Completions:
    """The completions of an example by mode, each of which must stand behind that mode's prompt."""

    def of(one: Example, verified: Sequence[tuple[str, str]] = ()) -> dict[str, list[str]]:
        rows = fused_rows(tokenizer, [one], databases, {("shop", "Who?"): verified} if verified else None)
        prompts = {mode: render_prompt(tokenizer, one, databases["shop"], mode) for mode in MODES}
        assert {row["prompt"] for row in rows} <= set(prompts.values())
        return {mode: [r["completion"] for r in rows if r["prompt"] == prompts[mode]] for mode in MODES}

    return of


def test_a_question_without_thought_is_learned_in_one_mode(completions: Completions) -> None:
    assert completions(example()) == {"think": [], "no_think": [render_completion(None, SQL)]}


@pytest.mark.parametrize("source", ["given", "derived", "distilled"])
def test_a_question_with_a_thought_is_learned_in_both_modes(completions: Completions, source: str) -> None:
    assert completions(example("A thought.", source)) == {
        "think": [render_completion("A thought.", SQL)],
        "no_think": [render_completion(None, SQL)],
    }


@pytest.mark.parametrize(("source", "kept"), [("derived", False), ("given", True), ("distilled", True)])
def test_verified_thoughts_replace_only_a_derived_one(completions: Completions, source: str, kept: bool) -> None:
    """A verified thought comes with the SQL that it led to; without a thought the gold is learned."""
    own = [render_completion("A thought.", SQL)] if kept else []
    assert completions(example("A thought.", source), VERIFIED) == {
        "think": [*(render_completion(*pair) for pair in VERIFIED), *own],
        "no_think": [render_completion(None, SQL)],
    }


def test_verified_thoughts_serve_a_question_that_had_none(completions: Completions) -> None:
    assert len(completions(example(), VERIFIED)["think"]) == 2


def test_thoughts_belong_to_one_database_and_question(
    tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database]
) -> None:
    both = databases | {"copy": databases["shop"]}
    examples = [example(), replace(example(), db_id="copy"), replace(example(), question="Where?")]
    rows = fused_rows(tokenizer, examples, both, {("copy", "Who?"): VERIFIED})
    assert [read_completion(row["completion"], "think").thought for row in rows] == [
        "", "", "My own thought.", "Another one.", "",
    ]  # fmt: skip


def test_every_row_has_the_form_that_its_mode_asks_for(
    tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database], known: list[Example]
) -> None:
    rows = fused_rows(tokenizer, known, databases)
    assert len(rows) == 2 * len(known)
    for row in rows:
        mode = "no_think" if "/no_think" in row["prompt"] else "think"
        assert read_completion(row["completion"], mode).well_formed


def test_the_mask_covers_the_completion_and_its_end(
    tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database], known: list[Example]
) -> None:
    rows = fused_rows(tokenizer, known, databases)
    for row, sample in zip(rows, tokenise(tokenizer, rows, 512), strict=True):
        assert set(sample) == {"input_ids", "completion_mask"}
        ids, mask = sample["input_ids"], sample["completion_mask"]
        learned = [token for token, counts in zip(ids, mask, strict=True) if counts]
        given = [token for token, counts in zip(ids, mask, strict=True) if not counts]
        assert tokenizer.decode(learned) == row["completion"] + "<|im_end|>"
        assert tokenizer.decode(given) == row["prompt"]
        assert mask == sorted(mask)
        # At inference the prompt comes alone: the tokens must be the same.
        assert tokenizer(row["prompt"])["input_ids"] == given


def test_what_would_be_cut_is_refused_with_the_length_that_is_needed(
    tokenizer: PreTrainedTokenizerBase, databases: dict[str, Database], known: list[Example]
) -> None:
    rows = fused_rows(tokenizer, known, databases)
    lengths = [len(sample["input_ids"]) for sample in tokenise(tokenizer, rows, 10_000)]
    needed = max(lengths)
    assert [len(sample["input_ids"]) for sample in tokenise(tokenizer, rows, needed)] == lengths
    with pytest.raises(InputError) as caught:
        tokenise(tokenizer, rows, needed - 1)
    message = str(caught.value)
    assert f"profile.model.max_length is {needed - 1}" in message
    assert f"{lengths.count(needed)} of {len(rows)} training samples" in message
    assert f"set it to {needed} or more" in message
