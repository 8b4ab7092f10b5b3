"""Generation: the order of the prompts, the same greedy text whatever shares its batch, an end where the model ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.data.example import Database, Example, Schema
from pipeline.data.prompts import MODES, render_completion, render_prompt
from pipeline.inference.generate import generate
from pipeline.profile import GenerationSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ModelBuilder = Callable[..., "PreTrainedModel"]


def limits(max_new_tokens: int = 64, batch_size: int = 8) -> GenerationSettings:
    return GenerationSettings(max_new_tokens=max_new_tokens, batch_size=batch_size)


@pytest.fixture
def prompts(tokenizer: PreTrainedTokenizerBase, known: list[Example], shop: Database) -> list[str]:
    return [render_prompt(tokenizer, example, shop, mode) for example in known for mode in MODES]


@pytest.fixture
def expected(known: list[Example]) -> list[str]:
    return [
        render_completion(example.reasoning if mode == "think" else None, example.gold_sql[0])
        for example in known
        for mode in MODES
    ]


def test_the_known_questions_are_answered_in_order(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], expected: list[str]
) -> None:
    order = [3, 0, 2, 1, 0]  # of other lengths, and one twice
    written = generate(fitted, tokenizer, [prompts[i] for i in order], limits(batch_size=2))
    assert [[one.text for one in group] for group in written] == [[expected[i]] for i in order]


def test_the_model_ends_by_itself(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], expected: list[str]
) -> None:
    """Completions of other lengths in one batch: the shorter ones end where they end."""
    written = generate(fitted, tokenizer, prompts, limits(batch_size=4))
    assert len({group[0].tokens for group in written}) > 1
    for (one,), text in zip(written, expected, strict=True):
        assert one.ended
        assert one.tokens == len(tokenizer(text)["input_ids"]) + 1
        assert str(tokenizer.eos_token) not in one.text
        assert str(tokenizer.pad_token) not in one.text


def test_what_does_not_end_is_cut_at_the_limit(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], expected: list[str]
) -> None:
    ((one,),) = generate(fitted, tokenizer, prompts[:1], limits(max_new_tokens=5))
    assert (one.tokens, one.ended) == (5, False)
    assert expected[0].startswith(one.text)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 8])
def test_greedy_text_does_not_depend_on_the_batch(
    build: ModelBuilder, tokenizer: PreTrainedTokenizerBase, batch_size: int
) -> None:
    """Of a random model, whose logits lie close together: a wrong position or a pad that is seen changes its text."""
    model = build(seed=3, hidden=32, layers=2)
    prompts = ["a", "SELECT name FROM customers", "customers " * 9, "How many?", "x" * 50]
    alone = [generate(model, tokenizer, [prompt], limits(max_new_tokens=12))[0][0].text for prompt in prompts]
    assert len(set(alone)) == len(prompts)
    written = generate(model, tokenizer, prompts, limits(max_new_tokens=12, batch_size=batch_size))
    assert [group[0].text for group in written] == alone


def test_the_padding_side_that_a_trainer_left_does_not_matter(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], expected: list[str]
) -> None:
    tokenizer.padding_side = "right"
    written = generate(fitted, tokenizer, prompts, limits(batch_size=4))
    assert [group[0].text for group in written] == expected


@pytest.mark.parametrize(("samples", "batch_size"), [(1, 8), (3, 8), (5, 2)])
def test_as_many_samples_as_asked_for(
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[str],
    expected: list[str],
    samples: int,
    batch_size: int,
) -> None:
    """Cold sampling of a sure model gives its one answer, so each sample stands with its own prompt."""
    written = generate(fitted, tokenizer, prompts, limits(batch_size=batch_size), samples=samples, temperature=0.05)
    assert [[one.text for one in group] for group in written] == [[text] * samples for text in expected]


def test_hot_samples_differ_and_repeat_by_seed(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str]
) -> None:
    from transformers import set_seed

    def sample() -> list[str]:
        set_seed(7)
        (group,) = generate(fitted, tokenizer, prompts[:1], limits(max_new_tokens=8), samples=6, temperature=5.0)
        return [one.text for one in group]

    first = sample()
    assert len(set(first)) > 1
    assert sample() == first


def test_sampling_looks_at_the_whole_vocabulary(build: ModelBuilder, tokenizer: PreTrainedTokenizerBase) -> None:
    """transformers keeps only the 50 likeliest tokens unless told otherwise; the policy that GRPO trains has all."""
    model = build(seed=3)
    (group,) = generate(model, tokenizer, ["SELECT"], limits(1, 512), samples=512, temperature=100.0)
    assert len({one.text for one in group}) > 100


def test_no_prompt_gives_nothing(fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    assert generate(fitted, tokenizer, [], limits()) == []


def test_a_model_in_training_mode_is_put_to_evaluation(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str]
) -> None:
    fitted.train()
    generate(fitted, tokenizer, prompts[:1], limits(max_new_tokens=1))
    assert not fitted.training


@pytest.mark.parametrize(("samples", "temperature", "batch_size"), [(1, 0.0, 4), (12, 2.0, 3)])
def test_logprob_is_the_models_own_of_what_it_wrote(
    build: ModelBuilder, tokenizer: PreTrainedTokenizerBase, samples: int, temperature: float, batch_size: int
) -> None:
    """Against a pass over prompt and completion together, at temperature 1 however hot the sampling was."""
    import torch

    model = build(seed=3, hidden=32, layers=2)
    prompts = ["SELECT name FROM customers", "a", "How many?"]
    written = generate(
        model, tokenizer, prompts, limits(3, batch_size), samples=samples, temperature=temperature, logprobs=True
    )
    compared = 0
    for prompt, group in zip(prompts, written, strict=True):
        assert len(group) == samples
        for one in group:
            ids, start = tokenizer(prompt + one.text)["input_ids"], len(tokenizer(prompt)["input_ids"])
            if len(ids) - start != one.tokens:  # the text of random tokens is not always split into the same again
                continue
            with torch.inference_mode():
                logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
            expected = sum(logs[at - 1, ids[at]].item() for at in range(start, len(ids)))
            assert one.logprob == pytest.approx(expected, abs=1e-3)
            compared += 1
    assert compared


def test_logprob_ends_where_the_completion_ends(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str]
) -> None:
    """A sure model: each token's probability is near 1, the end's included, and padding after it counts for nothing."""
    import torch

    written = generate(fitted, tokenizer, prompts, limits(batch_size=4), logprobs=True)
    assert len({group[0].tokens for group in written}) > 1
    for prompt, (one,) in zip(prompts, written, strict=True):
        start = len(tokenizer(prompt)["input_ids"])
        ids = tokenizer(prompt)["input_ids"] + tokenizer(one.text + str(tokenizer.eos_token))["input_ids"]
        with torch.inference_mode():
            logs = fitted(torch.tensor([ids])).logits[0].log_softmax(-1)
        expected = sum(logs[at - 1, ids[at]].item() for at in range(start, len(ids)))
        assert one.logprob == pytest.approx(expected, abs=1e-3)
        assert -1 < expected < 0


def test_logprob_is_only_worked_out_when_asked_for(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str]
) -> None:
    assert generate(fitted, tokenizer, prompts[:1], limits())[0][0].logprob is None


def test_with_known_names_the_same_where_all_names_are_known(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], expected: list[str], shop: Database
) -> None:
    settings = limits().model_copy(update={"known_names": True})
    written = generate(fitted, tokenizer, prompts, settings, databases=[shop] * len(prompts))
    assert [one.text for (one,) in written] == expected


def test_with_known_names_no_other_name_is_written(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], shop: Database
) -> None:
    """The model knows one schema by heart; it is asked about it, but held to one whose tables are called otherwise."""
    schema = Schema({f"{name}_of_old": columns for name, columns in shop.schema.tables.items()})
    renamed = replace(shop, schema=schema)
    settings = limits().model_copy(update={"known_names": True})
    free = generate(fitted, tokenizer, prompts, settings)
    held = generate(fitted, tokenizer, prompts, settings, databases=[renamed] * len(prompts))
    assert not any(tables_of(one.text) & {name.lower() for name in schema.tables} for (one,) in free)
    for (one,) in held:
        assert tables_of(one.text)
        assert tables_of(one.text) <= {name.lower() for name in schema.tables}


def test_a_name_that_was_begun_wrongly_is_written_anew(
    fitted: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], shop: Database
) -> None:
    """The tables are called otherwise than the model knows them, and others begin as it knows them."""
    tables = shop.schema.tables.items()
    schema = Schema(
        {f"{before}{name[:end]}": columns for name, columns in tables for before, end in (("x_", 99), ("", 2))}
    )
    settings = limits().model_copy(update={"known_names": True})
    free = generate(fitted, tokenizer, prompts, settings)
    held = generate(fitted, tokenizer, prompts, settings, databases=[replace(shop, schema=schema)] * len(prompts))
    for (one,), (other,) in zip(free, held, strict=True):
        (known,), (written, *_) = (re.findall(r"FROM\s+[`\"]?(\w+)", text) for text in (one.text, other.text))
        assert written.lower() == f"x_{known}"


def tables_of(text: str) -> set[str]:
    """What stands behind FROM, the last word left out: it may not have been written to its end."""
    sql = text.rpartition("</think>")[2]
    return {match[1].lower() for match in re.finditer(r"FROM\s+(\w+)\b(?!\Z)", sql, re.IGNORECASE)}
