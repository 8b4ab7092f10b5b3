"""From prompts to completions: in batches, greedy or sampled, stopped as soon as every completion has ended.

Texts in, texts out; decoding.py has the loop. Not covered yet: vLLM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pipeline.data.example import Database
from pipeline.profile import GenerationSettings
from pipeline.progress import progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Generated:
    """One completion: its text without special tokens, its length in tokens, and whether it ended by itself.

    `logprob` is the sum over its tokens (the end's too) of the natural logarithm of the model's own probability, that
    is at temperature 1 over the whole vocabulary, however it was drawn; None unless it was asked for.
    """

    text: str
    tokens: int
    ended: bool
    logprob: float | None = None


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    settings: GenerationSettings,
    *,
    samples: int = 1,
    temperature: float = 0.0,
    logprobs: bool = False,
    label: str = "generating",
    databases: Sequence[Database] = (),
) -> list[list[Generated]]:
    """`samples` completions for each prompt, in the order of the prompts; a temperature of 0 means greedy decoding.

    With `databases`, one for each prompt, and `settings.known_names`, greedy SQL names only what the schema has.
    Prompts that begin alike share a batch; a prompt is read once for all its samples.
    """
    from pipeline.inference.decoding import Decoding, decode_by_length
    from pipeline.inference.guide import Guide
    from pipeline.inference.known_names import Reader
    from pipeline.inference.names import Names

    if not prompts:
        return []
    decoding = Decoding(
        max_new_tokens=settings.max_new_tokens,
        temperature=temperature,
        ends={tokenizer.eos_token_id},
        pad=tokenizer.pad_token_id,
        logprobs=logprobs,
    )
    guide = None
    if settings.known_names and databases and temperature == 0:
        names = {id(database): Names(database.schema, database.dialect) for database in databases}
        piece = cache(lambda token: "" if token in decoding.ends else str(tokenizer.decode([token])))
        guide = Guide([Reader(names[id(database)]) for database in databases], piece)
    model.eval()
    completions: list[list[Generated]] = [[] for _ in prompts]
    with progress(label, len(prompts)) as advance:
        ids = tokenizer(list(prompts))["input_ids"]
        for index, group in decode_by_length(model, ids, samples, settings.batch_size, decoding, guide):
            for one in group:
                text = str(tokenizer.decode(one.ids, skip_special_tokens=True))
                completions[index].append(Generated(text, len(one.ids), one.ended, one.logprob))
            advance(1)
    return completions
