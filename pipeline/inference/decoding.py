"""Decoding batches of prompts, token ids in and out: each prompt is read once (on a CPU what several begin alike with,
too), and what has ended leaves the batch.

A loop of our own over the model's forward pass: transformers' `generate` reads and stores a prompt once for each of its
completions, copies the whole cache at every step, and goes on with completions that have ended until the last one has.
It still decodes for models that `can_share_prompts` refuses. Sampling is from the whole vocabulary; not covered: top-k,
top-p and penalties, beams, guessed tokens that are verified (assisted decoding).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from transformers import Cache, GenerationConfig, PreTrainedModel

from pipeline.errors import InputError
from pipeline.inference.guide import Followed, Guide
from pipeline.inference.packed_attention import attending_packed, packed_inputs
from pipeline.inference.packing import once
from pipeline.inference.shared_prompts import SharedPromptLayer, attending_to_shared_prompts, can_share_prompts

SHRINK_AT = 0.9  # completions are taken out of the batch once that leaves at most this share of it: it copies the cache


@dataclass(frozen=True)
class Decoding:
    """How to decode: a temperature of 0 is greedy; any of the tokens `ends` ends a completion; `pad` is seen by nobody.

    `logprobs` asks for the natural logarithm of each completion's probability at temperature 1.
    """

    max_new_tokens: int
    temperature: float
    ends: Collection[int]
    pad: int
    logprobs: bool = False


class Written(NamedTuple):
    """The tokens of a completion, the one that ended it included; `logprob` is None unless it was asked for."""

    ids: list[int]
    ended: bool
    logprob: float | None


def decode_by_length(
    model: PreTrainedModel,
    prompts: Sequence[list[int]],
    samples: int,
    batch_size: int,
    decoding: Decoding,
    guide: Guide | None = None,
) -> Iterator[tuple[int, list[Written]]]:
    """Yields the index of each prompt and its `samples` completions, prompts that begin alike in one batch (prompts of
    similar length, for a model that cannot share them).

    `batch_size` is how many completions are decoded together, or the completions of one prompt if those are more.
    The model should be in evaluation mode.

    Raises:
        InputError: a guide with a model that `can_share_prompts` refuses.
    """
    per_batch = max(batch_size // samples, 1)
    sharing = can_share_prompts(model)
    order = sorted(range(len(prompts)), key=lambda i: prompts[i] if sharing else len(prompts[i]))
    if guide and not sharing:
        raise InputError(
            f"profile.generation.known_names does not work with {type(model).__name__}, which attends in ways of its "
            "own; set it to false"
        )
    for start in range(0, len(order), per_batch):
        chosen = order[start : start + per_batch]
        # Not inference_mode: a model may keep tensors made here (some rotary embeddings do), and may be trained later.
        with torch.no_grad(), _in_its_own_precision(model):
            batch = [prompts[i] for i in chosen]
            if guide:
                own = replace(guide, readers=[guide.readers[i] for i in chosen])
                written = _decode_guided(model, batch, samples, decoding, own)
            elif sharing:
                written = _decode_sharing(model, batch, samples, decoding)
            else:
                written = _decode_by_generate(model, batch, samples, decoding)
        yield from ((i, written[at * samples : (at + 1) * samples]) for at, i in enumerate(chosen))


@contextmanager
def _in_its_own_precision(model: PreTrainedModel) -> Iterator[None]:
    """Within, a model on a CPU that is being trained in mixed precision leaves that out: it would convert all of its
    weights for every token, which takes longer than the faster arithmetic saves."""
    plain, mixed = getattr(model, "_original_forward", None), vars(model).get("forward")  # as accelerate prepares it
    if model.device.type != "cpu" or plain is None or mixed is None:
        yield
        return
    model.forward = plain
    try:
        yield
    finally:
        model.forward = mixed


def _decode_guided(
    model: PreTrainedModel, prompts: Sequence[list[int]], samples: int, decoding: Decoding, guide: Guide
) -> list[Written]:
    """As `_decode_sharing`; what was abandoned is decoded anew, by the reader that it should have had."""
    owners = [prompt for prompt in range(len(prompts)) for _ in range(samples)]
    followed = Followed([guide.readers[owner] for owner in owners], guide.text, min(decoding.ends))
    written = _decode_sharing(model, prompts, samples, decoding, followed)
    if followed.abandoned:
        again = [prompts[owners[row]] for row in followed.abandoned]
        anew = replace(guide, readers=[*followed.abandoned.values()])
        for row, completion in zip(followed.abandoned, _decode_guided(model, again, 1, decoding, anew), strict=True):
            written[row] = completion
    return written


def _decode_sharing(
    model: PreTrainedModel,
    prompts: Sequence[list[int]],
    samples: int,
    decoding: Decoding,
    followed: Followed | None = None,
) -> list[Written]:
    """All completions of the first prompt, then of the second, and so on."""
    on_cpu = model.device.type == "cpu"  # there a token more is time; plain attention is the faster on a GPU
    read, real, logits = (_read_once if on_cpu else _read_padded)(model, prompts, decoding.pad)
    layers = [SharedPromptLayer(keys, values, samples) for keys, values in read]
    cache = Cache(layers=[*layers])
    logits = logits.expand(-1, samples, -1)  # [prompts, completions, vocabulary], as in every step below
    mask = torch.zeros(real.shape, device=model.device).masked_fill_(real == 0, float("-inf"))[:, None, None]
    next_position = real.sum(-1, keepdim=True)

    # By completion, [prompts x samples, ...]; `row` says where the completions in the batch stand in these.
    rows = len(prompts) * samples
    tokens = torch.full((rows, decoding.max_new_tokens), decoding.pad, device=model.device)
    lengths, logprobs = torch.zeros(rows, dtype=torch.long, device=model.device), torch.zeros(rows, device=model.device)
    row = torch.arange(rows, device=model.device).view(len(prompts), samples)
    living = torch.ones_like(row, dtype=torch.bool)
    ends = torch.tensor(sorted(decoding.ends), device=model.device)
    with attending_to_shared_prompts(model):
        for step in range(decoding.max_new_tokens):
            chosen = followed.choose(logits, row, living) if followed else _chosen(logits, decoding.temperature)
            chosen = chosen.masked_fill(~living, decoding.pad)
            if decoding.logprobs:
                logprobs[row] += _logprobs(logits, chosen).masked_fill(~living, 0.0)
            tokens[row, step] = chosen
            lengths[row] += living
            living = living & ~torch.isin(chosen, ends)
            left = living.sum(-1).tolist()
            if not any(left) or step + 1 == decoding.max_new_tokens:
                break
            if max(left) * sum(map(bool, left)) <= SHRINK_AT * living.numel():
                kept = living.any(-1).nonzero()[:, 0]
                order = living[kept].int().argsort(dim=-1, descending=True, stable=True)[:, : max(left)]
                for layer in layers:
                    layer.keep(kept, order)
                row, living, chosen = (x[kept].gather(1, order) for x in (row, living, chosen))
                mask, next_position = mask[kept], next_position[kept]
            logits = model(
                input_ids=chosen,
                attention_mask=mask,
                position_ids=(next_position + step).expand_as(chosen),
                past_key_values=cache,
                use_cache=True,
                shared_prompts=cache,
            ).logits
    return _as_written(tokens, lengths, logprobs if decoding.logprobs else None, decoding)


class _Read(NamedTuple):
    """Prompts that were read: keys and values of each layer, [prompts, heads, tokens, size]; 1 where these are of
    tokens rather than padding, [prompts, tokens]; and the logits of the next token, [prompts, 1, vocabulary]."""

    layers: list[tuple[torch.Tensor, torch.Tensor]]
    real: torch.Tensor
    logits: torch.Tensor


def _read_padded(model: PreTrainedModel, prompts: Sequence[list[int]], pad: int) -> _Read:
    ids, real = _padded_left(prompts, pad, model.device)
    positions = real.cumsum(-1).sub(1).clamp(min=0)
    output = model(input_ids=ids, attention_mask=real, position_ids=positions, use_cache=True, logits_to_keep=1)
    return _Read([(layer.keys, layer.values) for layer in output.past_key_values.layers], real, output.logits)


def _read_once(model: PreTrainedModel, prompts: Sequence[list[int]], pad: int) -> _Read:
    """What the prompts begin alike with, as questions about one database do, is read once for all of them."""
    batch, places = once(prompts)
    at, real = _padded_left(places, pad, model.device)
    with attending_packed(model):
        output = model(**packed_inputs(batch), use_cache=True, logits_to_keep=at[:, -1])
    layers = [(layer.keys[0], layer.values[0]) for layer in output.past_key_values.layers]
    spread = [(keys[:, at].transpose(0, 1), values[:, at].transpose(0, 1)) for keys, values in layers]
    return _Read(spread, real, output.logits.transpose(0, 1))


def _chosen(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """One token for each row of logits: the likeliest, or drawn from PyTorch's global generator."""
    if temperature == 0:
        return logits.argmax(-1)
    # One random number a row, looked up in the distribution function, where torch.multinomial draws one for each token
    # of the vocabulary. In double precision, so that unlikely tokens keep their share.
    heights = (logits.float() / temperature).softmax(-1).cumsum(-1, dtype=torch.float64)
    total = heights[..., -1:]
    height = torch.rand(total.shape, dtype=torch.float64, device=total.device) * total
    return torch.searchsorted(heights, height, right=True).squeeze(-1).clamp_(max=heights.shape[-1] - 1)


def _logprobs(logits: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    return logits.float().log_softmax(-1).gather(-1, chosen[..., None]).squeeze(-1)


def _padded_left(prompts: Sequence[list[int]], pad: int, device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids [prompts, tokens], and 1 where they are not padding."""
    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=device)
    real = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    return ids, real


def _decode_by_generate(
    model: PreTrainedModel, prompts: Sequence[list[int]], samples: int, decoding: Decoding
) -> list[Written]:
    """The same by transformers' `generate`; with `logprobs` it keeps the logits of every step until all have ended."""
    ids, real = (x.repeat_interleave(samples, dim=0) for x in _padded_left(prompts, decoding.pad, model.device))
    settings = GenerationConfig(
        max_new_tokens=decoding.max_new_tokens,
        do_sample=decoding.temperature > 0,
        pad_token_id=decoding.pad,
        eos_token_id=sorted(decoding.ends),
        return_dict_in_generate=True,
        output_logits=decoding.logprobs,
        **({"temperature": decoding.temperature, "top_k": 0, "top_p": 1.0} if decoding.temperature > 0 else {}),
    )
    output: Any = model.generate(input_ids=ids, attention_mask=real, generation_config=settings)  # type: ignore[operator]
    tokens = output.sequences[:, ids.shape[1] :]
    is_end = torch.isin(tokens, torch.tensor(sorted(decoding.ends), device=tokens.device))
    before_end = is_end.cumsum(-1) - is_end.long() == 0
    total = None
    if decoding.logprobs:
        # Step by step: all steps at once, in single precision, would take the memory of the logits again.
        total = torch.zeros(len(tokens), device=tokens.device)
        for step, logits in enumerate(output.logits):
            total += _logprobs(logits, tokens[:, step]).to(total.device) * before_end[:, step]
    return _as_written(tokens, before_end.sum(-1), total, decoding)


def _as_written(
    tokens: torch.Tensor, lengths: torch.Tensor, logprobs: torch.Tensor | None, decoding: Decoding
) -> list[Written]:
    """`tokens`: [completions, tokens], of which the first `lengths` were written."""
    sums = [None] * len(tokens) if logprobs is None else logprobs.tolist()
    written = []
    for ids, length, total in zip(tokens.tolist(), lengths.tolist(), sums, strict=True):
        written.append(Written(ids[:length], ids[length - 1] in decoding.ends, total))
    return written
