"""From prompts to completions: batched by length, greedy or sampled, stopped as soon as every completion has ended.

Not covered yet: vLLM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pipeline.config import GenerationSettings
from pipeline.progress import progress

if TYPE_CHECKING:
    import torch
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
) -> list[list[Generated]]:
    """`samples` completions for each prompt, in the order of the prompts; a temperature of 0 means greedy decoding.

    Prompts of similar length share a batch, so that little is padded; the left side is padded, as decoding needs.
    `logprobs` keeps the logits of every step until the batch has ended: batch size x new tokens x vocabulary numbers.
    """
    import torch
    from transformers import GenerationConfig

    if not prompts:
        return []
    tokenizer.padding_side = "left"  # the SFT trainer leaves it on the right
    ids = tokenizer(list(prompts))["input_ids"]
    order = sorted(range(len(prompts)), key=lambda i: len(ids[i]))
    decoding = GenerationConfig(
        max_new_tokens=settings.max_new_tokens,
        do_sample=temperature > 0,
        num_return_sequences=samples,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        return_dict_in_generate=logprobs,
        output_logits=logprobs,
        **({"temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature > 0 else {}),
    )
    model.eval()
    completions: list[list[Generated]] = [[] for _ in prompts]
    per_batch = max(settings.batch_size // samples, 1)
    with progress(label, len(prompts)) as advance, torch.inference_mode():
        for start in range(0, len(order), per_batch):
            chosen = order[start : start + per_batch]
            batch = tokenizer.pad({"input_ids": [ids[i] for i in chosen]}, return_tensors="pt").to(model.device)
            written = cast("Any", model.generate(**batch, generation_config=decoding))  # type: ignore[operator]
            output = (written.sequences if logprobs else written)[:, batch["input_ids"].shape[1] :]
            by_token = _token_logprobs(output, written.logits) if logprobs else None
            del written  # it holds the cache of the attention too, which the next batch needs the room of
            for row, new_ids in enumerate(output.tolist()):
                ended = tokenizer.eos_token_id in new_ids
                length = new_ids.index(tokenizer.eos_token_id) + 1 if ended else len(new_ids)
                text = str(tokenizer.decode(new_ids[:length], skip_special_tokens=True))
                logprob = None if by_token is None else float(by_token[row, :length].sum())
                completions[chosen[row // samples]].append(Generated(text, length, ended, logprob))
            advance(len(chosen))
    return completions


def _token_logprobs(output: torch.Tensor, logits: Sequence[torch.Tensor]) -> torch.Tensor:
    """Logarithm of the probability of each token of `output`, one row per completion."""
    import torch

    # Step by step: all steps at once, in single precision, would take the memory of the logits again.
    steps = [
        step.float().log_softmax(-1).gather(-1, output[:, at : at + 1].to(step.device))
        for at, step in enumerate(logits)
    ]
    return torch.cat(steps, dim=-1).cpu()
