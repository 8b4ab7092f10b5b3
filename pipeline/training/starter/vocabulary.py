"""The starter's tokenizer, trained on the stream itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.data.prompts import render_schema
from pipeline.training.starter.items import Synthesise, synthesise, tell
from pipeline.training.tokenizer import train_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ITEMS = 2000


def starter_tokenizer(
    seed: int, vocab_size: int, draw: Synthesise = synthesise, items: int = ITEMS
) -> PreTrainedTokenizerBase:
    """A tokenizer for the stream's prompts and completions, the words around them included."""
    return train_tokenizer(_texts(seed, draw, items), vocab_size)


def _texts(seed: int, draw: Synthesise, items: int) -> Iterator[str]:
    for number in range(items):
        view, told = tell(seed, number, draw)
        yield f"user\nWrite one {view.dialect} query.\n{render_schema(view.schema)}\n"
        for one in told:
            yield f"Question: {one.question} /{one.mode}"
            yield "assistant\n"
            yield one.completion
