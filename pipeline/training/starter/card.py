"""The model card of a starter: what it is, what made it, how well it does."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import torch

from pipeline.training.starter.state import Progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def model_card(model: PreTrainedModel, progress: Progress, seed: int, figures: dict[str, float]) -> str:
    """README.md with the front matter of the Hugging Face hub."""
    c = model.config
    count = sum(weights.numel() for weights in model.parameters())
    measured = "\n".join(f"| {name.replace('_', ' ', 1)} | {value:.1%} |" for name, value in figures.items())
    return f"""---
library_name: transformers
pipeline_tag: text-generation
tags: [text-to-sql, querysmith]
---

# Querysmith starter

A Qwen3-architecture model of {count / 1e6:.2f} million parameters that turns questions into SQLite queries, trained
from nothing on synthesised databases and questions only (`querysmith pretrain`). It is meant to be trained further on
one's own databases and knows nothing but this task.

| Size | |
|---|---|
| layers, hidden, intermediate | {c.num_hidden_layers}, {c.hidden_size}, {c.intermediate_size} |
| heads, key-value heads | {c.num_attention_heads}, {c.num_key_value_heads} |
| vocabulary, positions | {c.vocab_size}, {c.max_position_embeddings} |

| Training | |
|---|---|
| seed | {seed} |
| steps | {progress.step:,} |
| tokens | {progress.tokens:,} |
| questions | {progress.questions:,} |
| time | {progress.seconds / 3600:.2f} h |
| hardware | {_hardware(model)} |
| versions | torch {torch.__version__}, Python {platform.python_version()} |

Greedy answers on made-up databases whose words are not in the training data, by execution, strict comparison:

| Measure | Share right |
|---|---|
{measured}
"""


def _hardware(model: PreTrainedModel) -> str:
    if model.device.type == "cuda":
        return torch.cuda.get_device_name(model.device)
    return f"CPU ({platform.machine()}), {torch.get_num_threads()} threads"
