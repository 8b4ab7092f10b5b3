"""Attention over a packed batch, as an implementation that transformers' models can be told to use.

Queries, keys and values come as one row of all tokens and are laid out in the batch's rectangles, each small enough for
a processor's cache. Plain matrix products: PyTorch's fused kernel is slower in bfloat16 on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AttentionInterface, PreTrainedModel

from pipeline.inference.packing import Batch

ATTENTION = "querysmith_packed"

# Bytes of all layers' weights that are kept for the backward pass; where they take more, it computes them again, for a
# sixth more time.
KEPT = 2 << 30


class _Rectangle(torch.autograd.Function):
    """Attention of queries [rows, kv_heads, n * length, size] to keys and values [rows, kv_heads, width + length,
    size]: each query sees the first `width` keys, and of the others those up to its own."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, width: int, keep: bool) -> Tensor:
        weights = _weights(query, key, width)
        ctx.save_for_backward(query, key, value, weights if keep else None)
        ctx.width = width
        return torch.matmul(weights, value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        [grad] = grads
        query, key, value, weights = ctx.saved_tensors
        if weights is None:
            weights = _weights(query, key, ctx.width)
        to_value = torch.matmul(weights.transpose(2, 3), grad)
        of_weights = torch.matmul(grad, value.transpose(2, 3))
        scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
        return torch.matmul(scores, key), torch.matmul(scores.transpose(2, 3), query), to_value, None, None


def _weights(query: Tensor, key: Tensor, width: int) -> Tensor:
    """In the dtype of the queries; PyTorch's softmax of bfloat16 computes in float32."""
    length = key.shape[2] - width
    scores = torch.matmul(query, key.transpose(2, 3))
    later = torch.full((length, length), float("-inf"), dtype=scores.dtype, device=key.device).triu(1)
    scores.unflatten(2, (-1, length))[..., width:] += later
    return scores.softmax(-1)


def packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    scaling: float | None = None,
    *,
    batch: Batch,
    **_: Any,
) -> tuple[Tensor, None]:
    """`query`, `key`, `value`: [1, heads, tokens, size]; returns [1, tokens, heads, size]."""
    heads, kv_heads, size = query.shape[1], key.shape[1], query.shape[3]
    # Under autocast only the values come in bfloat16: the norms' weights make queries and keys float32 again.
    rows = [x[0].transpose(0, 1).flatten(1).to(value.dtype) for x in (query * (scaling or size**-0.5), key, value)]
    # F.embedding gathers rows as indexing does, and its backward pass is many times faster on a CPU.
    places = (batch.queries, batch.keys, batch.keys)
    sizes = ([b.rows * b.length for b in batch.blocks], [b.rows * (b.width + b.length) for b in batch.blocks])
    q, k, v = (F.embedding(at, x).split(sizes[at is batch.keys]) for at, x in zip(places, rows, strict=True))
    weights = heads * sum(b.rows * b.length * (b.width + b.length) for b in batch.blocks)
    keep = weights * value.element_size() * module.config.num_hidden_layers <= KEPT
    found = []
    for block, q_, k_, v_ in zip(batch.blocks, q, k, v, strict=True):
        asking = q_.view(block.rows, block.length, kv_heads, -1, size).permute(0, 2, 3, 1, 4).flatten(2, 3)
        k_, v_ = (x.view(block.rows, -1, kv_heads, size).transpose(1, 2) for x in (k_, v_))
        out: Tensor = _Rectangle.apply(asking, k_, v_, block.width, keep)
        out = out.unflatten(2, (-1, block.length)).permute(0, 3, 1, 2, 4)
        found.append(out.reshape(-1, heads * size))
    return F.embedding(batch.slots, torch.cat(found)).view(1, -1, heads, size), None


AttentionInterface.register(ATTENTION, packed_attention)


def packed_inputs(batch: Batch) -> dict[str, Any]:
    """What a model is called with to compute a batch within `attending_packed`."""
    return {
        "input_ids": batch.ids[None],
        "position_ids": batch.positions[None],
        "attention_mask": None,  # the batch's blocks say it all
        "batch": batch,
    }


def attending_packed(model: PreTrainedModel) -> AbstractContextManager[None]:
    """Within, the model computes packed batches; outside, it is what it was before."""
    return attending_by(model, ATTENTION)


@contextmanager
def attending_by(model: PreTrainedModel, implementation: str) -> Iterator[None]:
    """Within, the model attends by this one of the implementations that transformers knows."""
    before = model.config._attn_implementation
    model.set_attn_implementation(implementation)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
