"""Decoding: token for token what transformers' `generate` writes, and sampling from the model's own distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.data.example import Schema
from pipeline.errors import InputError
from pipeline.inference import decoding as decode_loop
from pipeline.inference.known_names import Reader
from pipeline.inference.names import Names

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from pipeline.inference.decoding import Decoding, Written

VOCABULARY, PAD = 40, 0
FAMILIES = ("qwen2", "qwen3", "sliding")
# Of several lengths, one twice. A random model ends at one of several tokens, so completions end at different steps.
PROMPTS = [[5, 6, 7, 8, 9], [10] * 23, [11, 12], [3], [5, 6, 7, 8, 9], list(range(4, 36))]
ENDS = frozenset({1, 2, 3})


def random_model(family: str, seed: int = 0) -> PreTrainedModel:
    """Of two layers; "sliding" is a Qwen2 whose second layer sees four tokens back, which share no prompts."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)
    sizes: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 48,
        "initializer_range": 0.3,  # logits far enough apart that rounding decides nothing
        "eos_token_id": None,
        "bos_token_id": None,
    }
    if family == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**sizes, head_dim=8)).eval()
    if family == "sliding":
        sizes |= {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1}
    return Qwen2ForCausalLM(Qwen2Config(**sizes)).eval()


def decoding(max_new_tokens: int = 60, temperature: float = 0.0, **others: Any) -> Decoding:
    from pipeline.inference.decoding import Decoding

    return Decoding(max_new_tokens, temperature, **({"ends": ENDS, "pad": PAD} | others))


def decode(
    model: Any, prompts: list[list[int]], how: Decoding, samples: int = 1, batch_size: int = 64
) -> list[list[Written]]:
    from pipeline.inference.decoding import decode_by_length

    found = dict(decode_by_length(model, prompts, samples, batch_size, how))
    assert sorted(found) == list(range(len(prompts)))
    return [found[i] for i in range(len(prompts))]


def by_generate(model: Any, prompt: list[int], max_new_tokens: int, ends: frozenset[int] = ENDS) -> list[int]:
    """Greedy, alone in its batch, so without padding."""
    import torch

    ids = torch.tensor([prompt])
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=max_new_tokens,
        do_sample=False,
        eos_token_id=sorted(ends),
        pad_token_id=PAD,
    )
    return out[0, len(prompt) :].tolist()


def own_logprob(model: Any, prompt: list[int], completion: list[int]) -> float:
    """By one pass over prompt and completion together."""
    import torch

    with torch.no_grad():
        logs = model(torch.tensor([prompt + completion])).logits[0].log_softmax(-1)
    return sum(logs[len(prompt) + at - 1, token].item() for at, token in enumerate(completion))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("samples", "batch_size"), [(1, 64), (3, 64), (1, 2), (5, 4)])
@pytest.mark.parametrize("device", ["cpu", "as on a GPU"])
def test_greedy_completions_are_those_of_generate(
    family: str, samples: int, batch_size: int, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device != "cpu":
        monkeypatch.setattr(decode_loop, "_read_once", decode_loop._read_padded)
    model = random_model(family)
    expected = [by_generate(model, prompt, 60) for prompt in PROMPTS]
    assert len({len(ids) for ids in expected}) >= 3  # they end at different steps, so some leave the batch early
    for group, ids in zip(decode(model, PROMPTS, decoding(), samples, batch_size), expected, strict=True):
        assert [one.ids for one in group] == [ids] * samples
        assert all(one.ended == (ids[-1] in ENDS) for one in group)


@pytest.mark.parametrize("family", FAMILIES)
def test_completions_longer_than_the_room_that_a_cache_starts_with(family: str) -> None:
    model = random_model(family)
    written = decode(model, PROMPTS, decoding(100, ends=frozenset({PAD})), samples=2)
    expected = [by_generate(model, prompt, 100, frozenset({PAD})) for prompt in PROMPTS]
    assert max(map(len, expected)) == 100
    assert [[one.ids for one in group] for group in written] == [[ids, ids] for ids in expected]


@pytest.mark.parametrize("family", FAMILIES)
def test_logprobs_of_samples_that_end_at_different_steps(family: str) -> None:
    import torch

    torch.manual_seed(1)
    model = random_model(family)
    written = decode(model, PROMPTS, decoding(temperature=1.5, logprobs=True), samples=8)
    assert len({len(one.ids) for group in written for one in group}) > 10
    for prompt, group in zip(PROMPTS, written, strict=True):
        for one in group:
            assert one.logprob == pytest.approx(own_logprob(model, prompt, one.ids), abs=1e-3)
            assert not ENDS & set(one.ids[:-1])
            assert one.ended == (one.ids[-1] in ENDS)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.6])
def test_samples_follow_the_models_distribution(family: str, temperature: float) -> None:
    """The first token, and the second after the likeliest first one, by a chi-square test against the softmax."""
    import torch
    from scipy.stats import chisquare

    torch.manual_seed(3)
    model, prompt, draws = random_model(family), PROMPTS[0], 20_000
    (group,) = decode(model, [prompt], decoding(2, temperature, ends=frozenset()), samples=draws)
    first = torch.tensor([one.ids[0] for one in group])
    likeliest = int(first.mode().values)
    second = torch.tensor([one.ids[1] for one in group if one.ids[0] == likeliest])
    for context, tokens in ((prompt, first), ([*prompt, likeliest], second)):
        with torch.no_grad():
            expected = (model(torch.tensor([context])).logits[0, -1].double() / temperature).softmax(-1) * len(tokens)
        common = expected >= 5  # the usual condition of the test
        assert common.sum() > 5
        found, expected = tokens.bincount(minlength=VOCABULARY)[common], expected[common]
        assert chisquare(found.numpy(), (expected * found.sum() / expected.sum()).numpy()).pvalue > 0.001


def test_improbable_tokens_are_drawn_as_often_as_they_should_and_impossible_ones_never() -> None:
    import torch

    from pipeline.inference.decoding import _chosen

    torch.manual_seed(0)
    logits = torch.tensor([float("-inf"), 0.0, float("-inf"), -6.0, float("-inf")]).expand(200_000, -1)
    counts = _chosen(logits, 1.0).bincount(minlength=5)
    assert counts[[0, 2, 4]].sum() == 0
    assert int(counts[3]) == pytest.approx(200_000 * 0.0024726, rel=0.15)


def test_prompts_are_read_once_and_completions_that_ended_leave() -> None:
    """Shapes of what the model sees: first the prompts, of the two equal ones all but the last token once, then one
    token for each completion that still goes on."""
    import torch

    torch.manual_seed(1)
    model = random_model("qwen3")
    seen: list[torch.Size] = []
    model.register_forward_pre_hook(lambda _, __, given: seen.append(given["input_ids"].shape), with_kwargs=True)
    written = decode(model, PROMPTS, decoding(temperature=1.5), samples=8)
    assert seen[0] == (1, sum(map(len, PROMPTS)) - (len(PROMPTS[0]) - 1))
    assert seen[1] == (len(PROMPTS), 8)
    sizes = [shape.numel() for shape in seen[1:]]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] <= 8
    assert len(seen) == max(len(one.ids) for group in written for one in group)  # no step after the last one has ended


def test_a_model_with_adapters_writes_what_generate_writes() -> None:
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(2)
    settings = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    plain = [by_generate(random_model("qwen3"), prompt, 60) for prompt in PROMPTS]
    model = get_peft_model(random_model("qwen3"), settings).eval()
    expected = [by_generate(model, prompt, 60) for prompt in PROMPTS]
    assert expected != plain
    assert [[one.ids for one in group] for group in decode(model, PROMPTS, decoding(), 2)] == [[x, x] for x in expected]


def test_the_models_attention_is_put_back_whatever_happens() -> None:
    model = random_model("qwen3")
    decode(model, PROMPTS, decoding(2, ends=frozenset()))
    assert model.config._attn_implementation == "sdpa"
    calls = 0

    def fail(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("out of memory")

    model.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        decode(model, PROMPTS, decoding(4, ends=frozenset()))
    assert model.config._attn_implementation == "sdpa"


def test_a_model_can_be_trained_after_it_has_decoded() -> None:
    import torch

    model = random_model("qwen2").train()
    decode(model, PROMPTS, decoding(4))
    model(input_ids=torch.tensor([[4, 5, 6]]), labels=torch.tensor([[4, 5, 6]])).loss.backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_a_guide_wants_a_model_that_shares_prompts() -> None:
    from pipeline.inference.decoding import decode_by_length
    from pipeline.inference.guide import Guide

    guide = Guide([Reader(Names(Schema({}), "sqlite"))] * len(PROMPTS), str)
    with pytest.raises(InputError, match="known_names"):
        list(decode_by_length(random_model("sliding"), PROMPTS, 1, 64, decoding(), guide))


def test_mixed_precision_of_a_training_is_left_out_on_a_cpu() -> None:
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    model = random_model("qwen3")
    expected = decode(model, PROMPTS, decoding())
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        trained = Accelerator(cpu=True, mixed_precision="bf16").prepare_model(model)
        assert trained(torch.tensor([[5, 6]])).logits.dtype == torch.float32
        mixed = trained.forward
        seen: list[torch.dtype] = []
        trained.lm_head.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
        assert decode(trained, PROMPTS, decoding()) == expected
        assert set(seen) == {torch.float32}
        assert trained.forward == mixed
        trained(torch.tensor([[5, 6]]))
        assert seen[-1] == torch.bfloat16
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
