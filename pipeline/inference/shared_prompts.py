"""A key-value cache that holds each prompt once for all its completions, and the attention that reads it.

A row of the batch is a prompt; its completions stand side by side along the sequence axis, one new token each. So the
keys and values of a prompt, hundreds of tokens long, are computed, stored and read once and not once for each of the
rollouts of a group, and its part of the attention is one large matrix product. Made for models that attend to
everything before a token through transformers' attention interface; what does otherwise (sliding windows, recurrent
layers, positions added to the scores) is not covered: see `can_share_prompts`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from transformers import AttentionInterface, Cache, DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from pipeline.inference.packed_attention import attending_by

ATTENTION = "querysmith_shared_prompts"
ROOM = 32  # tokens of each completion that a layer makes room for at once: growing copies what is there


class SharedPromptLayer(DynamicLayer):
    """The cache of one layer: of prompts, shapes [prompts, heads, tokens, size], and of their completions, shapes
    [prompts, heads, completions, tokens, size]; of the latter the first `length` tokens are filled."""

    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, prompt_keys: torch.Tensor, prompt_values: torch.Tensor, completions: int) -> None:
        super().__init__()
        self.prompt_keys, self.prompt_values = prompt_keys, prompt_values
        self.keys, self.values = (
            x.new_empty(*x.shape[:2], completions, ROOM, x.shape[3]) for x in (self.prompt_keys, self.prompt_values)
        )
        self.length = 0
        self.is_initialized = True

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Add one token of each completion, shapes [prompts, heads, completions, size]; returns all of theirs."""
        if self.length == self.keys.shape[3]:
            self.keys, self.values = (
                torch.cat([x, x.new_empty(*x.shape[:3], ROOM, x.shape[4])], dim=3) for x in (self.keys, self.values)
            )
        self.keys[..., self.length, :] = key_states
        self.values[..., self.length, :] = value_states
        self.length += 1
        return self.keys[..., : self.length, :], self.values[..., : self.length, :]

    def keep(self, prompts: torch.Tensor, completions: torch.Tensor) -> None:
        """Keep these prompts (their indices), and of each the completions in its row of `completions` (indices)."""
        self.prompt_keys, self.prompt_values = self.prompt_keys[prompts], self.prompt_values[prompts]
        index = completions[:, None, :, None, None]
        self.keys, self.values = (
            x[prompts, :, :, : self.length].gather(2, index.expand(-1, x.shape[1], -1, self.length, x.shape[4]))
            for x in (self.keys, self.values)
        )

    def get_seq_length(self) -> int:
        return int(self.prompt_keys.shape[2]) + self.length


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    *,
    shared_prompts: Cache,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Each completion's newest token attends to its prompt and to its own tokens.

    `query`: [prompts, heads, completions, size]; `key`, `value`: as SharedPromptLayer.update returns them;
    `attention_mask`: [prompts, 1, 1, tokens of the prompt], added to the scores.
    """
    layer: Any = shared_prompts.layers[module.layer_idx]  # type: ignore[index]  # int, by the attention interface
    prompts, heads, completions, size = query.shape
    shared_by = heads // key.shape[1]  # query heads that share one head of keys
    width = layer.prompt_keys.shape[2]
    query = (query * (size**-0.5 if scaling is None else scaling)).reshape(prompts, -1, shared_by, completions, size)

    of_prompt = torch.matmul(query.flatten(2, 3), layer.prompt_keys.transpose(2, 3))
    of_prompt = of_prompt.unflatten(2, (shared_by, completions)) + attention_mask[:, :, None]
    of_own = torch.matmul(query.transpose(2, 3), key.transpose(3, 4)).transpose(2, 3)
    weights = torch.cat([of_prompt, of_own], dim=-1).softmax(-1, dtype=torch.float32).to(query.dtype)
    mixed = torch.matmul(weights[..., :width].flatten(2, 3), layer.prompt_values)
    mixed = mixed.unflatten(2, (shared_by, completions))
    mixed = mixed + torch.matmul(weights[..., width:].transpose(2, 3), value).transpose(2, 3)
    return mixed.flatten(1, 2).transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attend)


def can_share_prompts(model: PreTrainedModel) -> bool:
    """Whether every layer of the model is plain attention to all earlier tokens that can be exchanged for `attend`."""
    layers = DynamicCache(config=model.config).layers
    return bool(model._supports_attention_backend and layers and all(type(layer) is DynamicLayer for layer in layers))


def attending_to_shared_prompts(model: PreTrainedModel) -> AbstractContextManager[None]:
    """Within, the model attends by `attend`, and must be given a cache of SharedPromptLayer as `shared_prompts`."""
    return attending_by(model, ATTENTION)
