"""The memory that is worked out: against values worked out by hand, and against a real training's live tensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from live_memory import LiveMemory

from pipeline.profile import AdapterSettings, LaunchSettings, ModelSettings, SftSettings
from pipeline.training import sft, shared_prompts
from pipeline.training.footprint import FOUR_BIT, NCCL, RUNTIME, Held, kept_per_token, logits, rollouts, training
from pipeline.training.sizes import PUBLISHED, Sizes

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LORA = AdapterSettings(rank=8, alpha=16)
BIG = PUBLISHED["Qwen3-8B"]
SMALL = Sizes(192, 6, 6, 2, 32, 512, 2048, tied=True, biases=False, qk_norm=True)
OTHER = Sizes(256, 5, 4, 2, 64, 1024, 4096, tied=False, biases=True, qk_norm=False)

KINDS: dict[str, dict[str, Any]] = {
    "float32": {},
    "float32 twice": {"gradient_checkpointing": "always"},
    "mixed": {"mixed_precision": True},
    "mixed twice": {"mixed_precision": True, "gradient_checkpointing": "always"},
    "bfloat16": {"dtype": "bfloat16"},
    "lora float32": {"adapter": LORA},
    "lora bfloat16": {"adapter": LORA, "dtype": "bfloat16"},
    "lora bfloat16 twice": {"adapter": LORA, "dtype": "bfloat16", "gradient_checkpointing": "always"},
}


def held(sizes: Sizes, on_gpu: bool = True, launch: LaunchSettings | None = None, **how: Any) -> Held:
    return Held(sizes, ModelSettings(path="x", max_length=4096, **how), launch or LaunchSettings(), on_gpu)


def build(sizes: Sizes, dtype: str) -> PreTrainedModel:
    import torch
    import transformers

    transformers.set_seed(1)
    family = "Qwen3" if sizes.qk_norm else "Qwen2"
    config = getattr(transformers, f"{family}Config")(
        vocab_size=sizes.vocab,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.kv_heads,
        head_dim=sizes.head_dim,
        intermediate_size=sizes.intermediate,
        tie_word_embeddings=sizes.tied,
    )
    model: PreTrainedModel = getattr(transformers, f"{family}ForCausalLM")(config).to(getattr(torch, dtype))
    return model


def measured(
    sizes: Sizes,
    settings: ModelSettings,
    lengths: list[int],
    batch: int,
    passes: int,
    tokenizer: PreTrainedTokenizerBase,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> int:
    """The most bytes that were live in an SFT on sequences of these lengths, half of each in the loss; on padded rows,
    as on a GPU."""
    monkeypatch.setattr(shared_prompts, "share_prompts", lambda _: None)
    model = build(sizes, settings.dtype)
    samples = [{"input_ids": [5] * n, "completion_mask": [0] * (n // 2) + [1] * (n - n // 2)} for n in lengths]
    monkeypatch.setattr(sft, "tokenise", lambda *_: samples)
    how = SftSettings(epochs=1, batch_size=batch * passes, micro_batch=batch, learning_rate=1e-4, checkpoint_steps=1000)
    with LiveMemory(model) as memory:
        sft.train_sft(model, tokenizer, [], how, settings, work, 1, [])
    return memory.peak


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("sizes", "batch", "passes"), [(SMALL, 2, 1), (OTHER, 1, 2)], ids=["Qwen3", "Qwen2"])
def test_a_real_training_needs_what_was_worked_out(
    kind: str,
    sizes: Sizes,
    batch: int,
    passes: int,
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a GPU, but with the same tensors; 2 steps, so that the optimizer's state is there."""
    planned = held(sizes, on_gpu=False, **KINDS[kind])
    lengths = [256] * (2 * batch * passes)
    found = measured(sizes, planned.model, lengths, batch, passes, tokenizer, tmp_path, monkeypatch)
    assert training(planned, batch, 256, 128, passes > 1, masked=False).total == pytest.approx(found, rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_blocks_are_counted_right_where_the_logits_hide_nothing(
    kind: str, tokenizer: PreTrainedTokenizerBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With tiny tiles of logits, what the blocks keep is nearly all; sequences are of different lengths."""
    import trl.kernels.chunked_logprob as kernel

    from pipeline.training import footprint

    monkeypatch.setattr(kernel, "TOKEN_CHUNK_SIZE", 8)
    monkeypatch.setattr(footprint, "TILE_TOKENS", 8)
    planned = held(SMALL, on_gpu=False, **KINDS[kind])
    lengths = [512 - n for n in range(4)]
    found = measured(SMALL, planned.model, lengths, 2, 1, tokenizer, tmp_path, monkeypatch)
    assert training(planned, 2, 512, 256, accumulates=False, masked=True).total == pytest.approx(found, rel=0.15)


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "mixed"])
@pytest.mark.parametrize(("prompt", "new"), [(200, 40), (40, 200)], ids=["reading", "writing"])
def test_writing_rollouts_needs_what_was_worked_out(kind: str, prompt: int, new: int) -> None:
    import torch
    from transformers import GenerationConfig

    planned = held(SMALL, on_gpu=False, **KINDS[kind])
    model = build(SMALL, planned.model.dtype).eval()
    ids = torch.randint(10, 2000, (8, prompt))
    mask = torch.ones_like(ids)
    mask[0, :5] = 0
    decoding = GenerationConfig(max_new_tokens=new, min_new_tokens=new, do_sample=True, top_k=0, pad_token_id=0)
    mixed = torch.autocast("cpu", dtype=torch.bfloat16, enabled=planned.model.mixed_precision)
    with LiveMemory(model) as memory, torch.no_grad(), mixed:
        model.generate(input_ids=ids, attention_mask=mask, generation_config=decoding)  # type: ignore[operator]
    without_optimizer = rollouts(planned, 8, prompt, new).total - planned.optimizer()
    assert without_optimizer == pytest.approx(memory.peak, rel=0.15)


def test_each_parameter_costs_what_its_kind_says() -> None:
    n = BIG.parameters
    full = held(BIG, mixed_precision=True)
    assert (full.weights(), full.gradients(), full.optimizer()) == (4 * n, 4 * n, 8 * n)
    eight = held(BIG, mixed_precision=True, optimizer="adamw_8bit")
    assert eight.optimizer() == pytest.approx(2 * n, rel=0.02)
    assert (full.runtime(), held(BIG, on_gpu=False).runtime()) == (RUNTIME, 0)


def test_an_adapter_is_all_that_is_trained() -> None:
    # Per block: q 4096+4096, k and v 4096+1024, o 4096+4096, gate, up and down 4096+12288; 36 blocks.
    adapter = 8 * 36 * (8192 + 2 * 5120 + 8192 + 3 * 16384)
    lora = held(BIG, dtype="bfloat16", adapter=LORA)
    assert lora.trained == adapter
    assert lora.weights() == 2 * BIG.parameters + 4 * adapter
    assert (lora.gradients(), lora.optimizer()) == (4 * adapter, 8 * adapter)
    some = held(BIG, dtype="bfloat16", adapter=AdapterSettings(rank=8, alpha=16, targets="q_proj,v_proj"))
    assert some.trained == 8 * 36 * (8192 + 5120)


def test_four_bits_shrink_the_linear_layers_alone() -> None:
    qlora = held(BIG, dtype="bfloat16", adapter=AdapterSettings(rank=8, alpha=16, quantize="4bit"))
    assert BIG.linear_parameters == 36 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 12288)
    rest = BIG.parameters - BIG.linear_parameters
    assert qlora.weights() == pytest.approx(BIG.linear_parameters * FOUR_BIT + 2 * rest + 2 * qlora.trained)
    assert pytest.approx(0.516, abs=0.001) == FOUR_BIT


def test_zero_spreads_what_it_says() -> None:
    n = BIG.parameters
    two = held(BIG, launch=LaunchSettings(processes=8, strategy="zero2"), dtype="bfloat16")
    assert (two.weights(), two.gradients(), two.optimizer()) == (2 * n, 2 * n / 8, 12 * n / 8)
    three = held(BIG, launch=LaunchSettings(processes=8, strategy="zero3"), dtype="bfloat16")
    gathered = 2 * (1_000_000_000 + BIG.embedding_parameters)
    assert three.weights() == 2 * n / 8 + gathered
    away = held(BIG, launch=LaunchSettings(processes=8, strategy="zero3", offload=True), dtype="bfloat16")
    assert (away.weights(), away.gradients(), away.optimizer()) == (gathered, 0, 0)
    each = held(BIG, launch=LaunchSettings(processes=8, strategy="ddp"), mixed_precision=True)
    assert (each.weights(), each.gradients(), each.optimizer()) == (4 * n, 8 * n, 8 * n)
    assert each.runtime() == RUNTIME + NCCL


def test_what_a_block_keeps_is_the_sum_of_its_tensors() -> None:
    """Qwen3, all in float32: two norms keep three tensors, the norms of queries and keys two, attention four."""
    h, q, k, i = SMALL.hidden, SMALL.query, SMALL.key, SMALL.intermediate
    factors = 4 * (2 + SMALL.heads + SMALL.kv_heads) + 4 * SMALL.heads  # of the norms, and of the softmax
    by_hand = 4 * (2 * 3 * h + 2 * (q + k) + 2 * q + 2 * k + 4 * i) + factors
    assert kept_per_token(held(SMALL)) == by_hand
    assert kept_per_token(held(SMALL), masked_to=512) == by_hand + 4 * (2 * (q - k) + 512)


def test_the_logits_are_never_there_at_once() -> None:
    full = held(BIG, mixed_precision=True)
    weight, tile = 4 * BIG.vocab * BIG.hidden, 2 * 4096 * 32768
    assert logits(full, 2 * 4096) == tile + 4 * 8192 * BIG.hidden + weight
    assert logits(held(BIG, dtype="bfloat16", adapter=LORA), 100) == 2 * 100 * 32768 + 4 * 100 * BIG.hidden


def test_the_cache_grows_with_rollouts_and_tokens() -> None:
    """Qwen3-8B in bfloat16: 36 layers of 1024 keys and 1024 values, 147,456 bytes a token."""
    written = rollouts(held(BIG, dtype="bfloat16"), 8, 64, 2048)
    assert written["KV cache"] == pytest.approx(8 * 2112 * 147_456 * (1 + 1 / 36))
    gathered = rollouts(held(BIG, launch=LaunchSettings(processes=8, strategy="zero3"), dtype="bfloat16"), 8, 64, 2048)
    assert gathered["weights"] > 2 * BIG.parameters
