"""The tokenizer built from nothing: any text comes back, think tags survive, the template is Qwen3's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.example import Database, Example
from pipeline.data.prompts import render_completion, render_prompt
from pipeline.errors import InputError
from pipeline.training.model import load_tokenizer
from pipeline.training.tokenizer import spellings, train_tokenizer, with_fewer_merges

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

THINKING = render_completion("Count the rows.", "SELECT count(*) FROM customers")


@pytest.fixture(scope="module")
def reloaded(tokenizer: PreTrainedTokenizerBase, fitted_folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer as every later step gets it: from a folder that also holds a Qwen3 model."""
    return load_tokenizer(str(fitted_folder))


@given(st.text())
def test_any_text_comes_back(tokenizer: PreTrainedTokenizerBase, reloaded: PreTrainedTokenizerBase, text: str) -> None:
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    if not any(special in text for special in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")):
        assert tokenizer.decode(ids, skip_special_tokens=True) == text
    assert reloaded(text)["input_ids"] == ids
    assert reloaded.decode(ids) == text


@pytest.mark.parametrize("text", ["SELECT a , b FROM t WHERE x = 'it s' .", " \n\n\t ", "naïve 客户 🙂", "1 . 5 ! ?"])
def test_spaces_are_not_cleaned_up(reloaded: PreTrainedTokenizerBase, text: str) -> None:
    assert reloaded.decode(reloaded(text)["input_ids"], skip_special_tokens=True) == text


def test_digits_stand_alone(tokenizer: PreTrainedTokenizerBase) -> None:
    trained = train_tokenizer(["2024 2024 2024 2024"] * 50, vocab_size=300)
    for one in (trained, tokenizer):
        assert [one.decode([token]) for token in one("2024")["input_ids"]] == ["2", "0", "2", "4"]


def test_think_tags_are_one_token_and_survive_decoding(reloaded: PreTrainedTokenizerBase) -> None:
    ids = reloaded(THINKING + str(reloaded.eos_token))["input_ids"]
    assert reloaded.decode(ids, skip_special_tokens=True) == THINKING
    for tag in ("<think>", "</think>"):
        assert len(reloaded(tag)["input_ids"]) == 1
    assert ids[-1] == reloaded.eos_token_id


def test_turn_tokens_are_special_and_differ(tokenizer: PreTrainedTokenizerBase) -> None:
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|endoftext|>")
    assert tokenizer.eos_token_id != tokenizer.pad_token_id
    ids = tokenizer("<|im_start|>user\nhi<|im_end|>")["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "user\nhi"


def test_the_vocabulary_is_no_larger_than_asked_for() -> None:
    corpus = [f"{a}{b}{c}" * 2 for a in "abcdefgh" for b in "ijklmnop" for c in "qrstuvwx"]
    assert (
        320 - 2 <= len(train_tokenizer(corpus, vocab_size=320)) <= 320
    )  # a merge comes in three spellings or not at all


@given(st.from_regex("[a-z]{1,12}", fullmatch=True))
def test_a_word_is_cut_at_the_same_places_however_it_is_written(tokenizer: PreTrainedTokenizerBase, word: str) -> None:
    def lengths(text: str) -> list[int]:
        return [len(token) for token in tokenizer.tokenize(text)]

    word += "zq"  # no word of glue ends so
    assert lengths(word) == lengths(word.capitalize()) == lengths(word.upper())


def test_frequent_glue_is_one_token_whatever_names_begin_with() -> None:
    corpus = [f"SELECT {name} FROM {name}s WHERE {name}" for name in ("rom", "fromage", "wherever", "selection")] * 20
    trained = train_tokenizer(corpus, vocab_size=800)
    tokens = [trained.decode([token]) for token in trained("SELECT fromage FROM Fromage WHERE FROMAGE")["input_ids"]]
    assert [token for token in tokens if " " in token] == ["SELECT ", " FROM ", " WHERE "]
    assert [token.lower() for token in tokens if " " not in token] == ["fromage"] * 3


def test_spellings_of_a_token_begin_with_embeddings_that_differ_alike(
    tokenizer: PreTrainedTokenizerBase, build: Callable[..., PreTrainedModel]
) -> None:
    weights = build().get_input_embeddings().weight
    found = [at for at in spellings(tokenizer) if at[1] != at[2]]
    assert len(found) > 5
    for which in (1, 2):
        shifts = torch.stack([weights[at[which]] - weights[at[0]] for at in found])
        assert torch.allclose(shifts, shifts[0].expand_as(shifts), atol=1e-6)
        assert shifts[0].abs().sum() > 0


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({}, "<|im_start|>assistant\n"),
        ({"enable_thinking": True}, "<|im_start|>assistant\n"),
        ({"enable_thinking": False}, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
    ],
)
def test_chat_template(reloaded: PreTrainedTokenizerBase, options: dict[str, bool], end: str) -> None:
    messages = [{"role": "user", "content": "Hi <b>"}]
    text = reloaded.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **options)
    assert text == f"<|im_start|>user\nHi <b><|im_end|>\n{end}"
    assert reloaded.apply_chat_template(messages, tokenize=False, **options) == text.removesuffix(end)


def test_a_prompt_and_its_completion_are_tokens_of_their_own(
    reloaded: PreTrainedTokenizerBase, shop: Database, known: list[Example]
) -> None:
    """Training tokenises the two apart, as generation does: it must be what the whole text would give."""
    prompt = render_prompt(reloaded, known[0], shop, "think")
    parts = reloaded(prompt)["input_ids"] + reloaded(THINKING)["input_ids"]
    assert reloaded(prompt + THINKING)["input_ids"] == parts


def test_batches_are_padded_on_the_left(reloaded: PreTrainedTokenizerBase) -> None:
    batch = reloaded(["a", "a longer text"], padding=True)
    assert batch["input_ids"][0][0] == reloaded.pad_token_id
    assert batch["attention_mask"][0][-1] == 1


def test_a_tokenizer_without_padding_pads_with_its_end(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    other = train_tokenizer(["a b c"], 300)
    other.pad_token = None
    other.save_pretrained(tmp_path)
    assert load_tokenizer(str(tmp_path)).pad_token == "<|im_end|>"


def test_a_tokenizer_without_chat_template_is_refused(tmp_path: Path) -> None:
    other = train_tokenizer(["a b c"], 300)
    other.chat_template = None
    other.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="has no chat template; use an instruction-tuned model"):
        load_tokenizer(str(tmp_path))


def test_a_missing_tokenizer_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be loaded") as caught:
        load_tokenizer(str(tmp_path / "nowhere"))
    assert str(tmp_path / "nowhere") in str(caught.value)


def test_fewer_merges_cut_words_finer_and_leave_glue_whole() -> None:
    texts = ["SELECT achievements FROM players JOIN achievements ON achievements.player = players.player"] * 9
    whole = train_tokenizer(texts, 420)
    assert _tokens(with_fewer_merges(whole, 1.0), texts[0]) == _tokens(whole, texts[0])
    few = with_fewer_merges(whole, 0.0)
    assert few.get_vocab() == whole.get_vocab()
    assert few.decode(few(texts[0])["input_ids"]) == texts[0]
    cut, before = _tokens(few, "achievements FROM players"), _tokens(whole, "achievements FROM players")
    assert len(before) < 6 < len(cut)
    assert " FROM " in cut
    assert " FROM " in before


def _tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    return [tokenizer.decode([at]) for at in tokenizer(text)["input_ids"]]
