"""What prompts have in common is computed once in training, and no result changes by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from tiny_models import write_model
from trl.trainer.utils import add_fused_lm_head

from pipeline.training.model import load_model
from pipeline.training.shared_prompts import share_prompts, shares_prompts

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SCHEMA, OTHER = list(range(10, 40)), list(range(50, 72))
# Prompts and completions: of one prompt, of one schema, of another one, and of nothing alike.
ROWS = [
    ([*SCHEMA, 5, 6], [41, 42, 43]),
    ([*OTHER, 7], [44]),
    ([*SCHEMA, 5, 6], [41, 45, 46, 47, 42]),
    ([*SCHEMA, 8, 9, 5, 4], [48, 42]),
    ([9, 3], [43, 42, 42, 40]),
    ([*OTHER, 7, 8, 8], []),  # cut at its limit, so that nothing is learned of it
    ([*OTHER, 7, 7], [49, 41]),
]


def padded(side: str) -> dict[str, torch.Tensor]:
    """The rows as TRL's trainers pad them: SFT behind each row, GRPO before its prompt and behind its completion."""
    front = max(len(prompt) for prompt, _ in ROWS) if side == "both" else 0
    length = front + max(len(c) for _, c in ROWS) if front else max(len(p) + len(c) for p, c in ROWS)
    ids, mask, labels = (torch.full((len(ROWS), length), fill) for fill in (0, 0, -100))
    for row, (prompt, completion) in enumerate(ROWS):
        start = max(front - len(prompt), 0)
        end = start + len(prompt) + len(completion)
        ids[row, start:end] = torch.tensor(prompt + completion)
        mask[row, start:end] = 1
        labels[row, start + len(prompt) : end] = torch.tensor(completion, dtype=torch.long)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def result(model: PreTrainedModel, inputs: dict[str, torch.Tensor]) -> tuple[Any, list[torch.Tensor]]:
    """What the fused head returns, and the gradients of a loss that weighs every token differently."""
    model.zero_grad()
    output: Any = model(**inputs, fused_lm_head=True)
    weights = torch.linspace(0.5, 2.0, output.log_probs.numel()).view_as(output.log_probs)
    (weights * (output.log_probs + 0.3 * output.entropy)).sum().backward()
    return output, [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]


@pytest.mark.parametrize("family", ["Qwen2", "Qwen3"])
@pytest.mark.parametrize("side", ["right", "both"])
def test_results_and_gradients_are_those_of_padded_rows(
    family: str, side: str, tokenizer: PreTrainedTokenizerBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, inputs = load_model(write_model(family, 32, tokenizer, tmp_path)), padded(side)
    add_fused_lm_head(model, temperature=0.7, outputs=("log_probs", "entropy", "is_top1"))
    before, gradients = result(model, inputs)
    read: list[int] = []
    embedding = model.get_input_embeddings()
    embedding.register_forward_hook(lambda module, given, found: read.append(given[0].numel()))

    share_prompts(model)
    after, shared_gradients = result(model, inputs)

    # Twice SCHEMA and once OTHER and one more prompt are not read again.
    assert read == [sum(len(p) + len(c) for p, c in ROWS if c) - 2 * len(SCHEMA) - len(OTHER)]
    assert torch.equal(before.label_mask, after.label_mask)
    assert torch.equal(before.is_top1, after.is_top1)
    assert torch.allclose(before.log_probs, after.log_probs, atol=1e-4)
    assert torch.allclose(before.entropy, after.entropy, atol=1e-4)
    assert before.loss.item() == pytest.approx(after.loss.item(), abs=1e-4)
    for one, other in zip(gradients, shared_gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-3, rtol=1e-3)


def test_other_calls_are_left_alone(build: Callable[..., PreTrainedModel]) -> None:
    model, inputs = build(), padded("right")
    add_fused_lm_head(model)
    before = model(input_ids=inputs["input_ids"]).logits
    share_prompts(model)
    assert torch.equal(model(input_ids=inputs["input_ids"]).logits, before)
    # Nothing is learned of rows without labels, and their loss must have a gradient all the same.
    inputs["labels"].fill_(-100)
    loss = model(**inputs, fused_lm_head=True).loss
    loss.backward()
    assert loss == 0
    # Rows that are packed already have positions of their own and no mask.
    ids = inputs["input_ids"][:1]
    assert model(input_ids=ids, position_ids=torch.zeros_like(ids), labels=ids, fused_lm_head=True).loss > 0


def test_models_with_sliding_windows_share_nothing(build: Callable[..., PreTrainedModel]) -> None:
    model = build()
    assert shares_prompts(model)
    model.config.layer_types = ["full_attention", "sliding_attention"]
    assert not shares_prompts(model)
