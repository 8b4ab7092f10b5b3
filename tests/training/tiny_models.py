"""Tiny random models of the two families that real profiles name, written to folders as a hub would hand them over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.training.model import save

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def write_model(family: str, hidden: int, tokenizer: PreTrainedTokenizerBase, folder: Path) -> Path:
    """Family "Qwen2" has biases and, here, an output of its own; "Qwen3" has neither."""
    import transformers

    transformers.set_seed(3)
    config = getattr(transformers, f"{family}Config")(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=2 * hidden,
        tie_word_embeddings=family == "Qwen3",
        initializer_range=0.2,  # far from uniform, so that samples differ and GRPO has something to compare
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    save(getattr(transformers, f"{family}ForCausalLM")(config), tokenizer, folder)
    return folder
