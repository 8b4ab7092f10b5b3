"""Training batches whose prompts begin alike: what they have in common is computed once.

The rollouts of a group have one prompt, and questions about one database its schema: most tokens of a batch are there
several times. TRL calls the model with padded rows; here these are packed (see packing.py) behind its back, and it gets
the log-probabilities of its rows. For CPUs: there a token more is time, while on a GPU plain attention over a padded
batch is the faster.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from pipeline.inference.packed_attention import attending_packed, packed_inputs
from pipeline.inference.packing import Asked, Batch, Item, common, groups, pack
from pipeline.inference.shared_prompts import can_share_prompts

_FIELDS = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1")  # of TRL's output, one for each token
_IGNORED = -100

RUN = 8  # rows in a run: more save little, and a step should see several databases


def shares_prompts(model: PreTrainedModel) -> bool:
    """Whether trainers should share this model's prompts: on a CPU, and with plain attention."""
    plain = can_share_prompts(model) and set(getattr(model.config, "layer_types", ())) == {"full_attention"}
    return plain and not torch.cuda.is_available()


def share_prompts(model: PreTrainedModel) -> None:
    """From now on calls of the model with TRL's fused head compute common beginnings of prompts once.

    TRL must have added the head already (`add_fused_lm_head`). The results are those of before, but for rounding.
    Calls with checkpointed activations, rows that are packed already, and those of which nothing is learned are left
    alone."""
    forward = model.forward

    @functools.wraps(forward)
    def shared(*args: Any, fused_lm_head: bool = False, **inputs: Any) -> Any:
        padded = not args and inputs.keys() >= {"input_ids", "attention_mask", "labels"}
        if not fused_lm_head or not padded or model.is_gradient_checkpointing or not _learned(inputs["labels"]).any():
            return forward(*args, fused_lm_head=fused_lm_head, **inputs)
        rows = [inputs.pop(name) for name in ("input_ids", "attention_mask", "labels")]
        batch, places = packed(*rows)
        with attending_packed(model):
            output = forward(fused_lm_head=True, shift_labels=_shifted(batch), **packed_inputs(batch), **inputs)
        output.label_mask = _learned(rows[2])[:, 1:]
        for name in _FIELDS:
            if (values := output.get(name)) is not None:
                spread = values.new_zeros(output.label_mask.numel())
                output[name] = spread.index_put((places,), values[0, batch.predicting]).view_as(output.label_mask)
        return output

    model.forward = shared


def _learned(labels: Tensor) -> Tensor:
    return labels != _IGNORED


def _shifted(batch: Batch) -> Tensor:
    """The label of each token of the batch: the token that follows it, [1, tokens]."""
    labels = torch.full_like(batch.ids, _IGNORED)
    labels[batch.predicting] = batch.targets
    return labels[None]


def packed(ids: Tensor, mask: Tensor, labels: Tensor) -> tuple[Batch, Tensor]:
    """Padded rows, each a prompt and a completion that alone has labels, as a packed batch. Also the places of the
    batch's targets in a flat [rows, length - 1]: where the log-probabilities of the rows' next tokens belong."""
    rows = []
    for number, (row, seen, label) in enumerate(zip(ids, mask.bool(), labels, strict=True)):
        columns = seen.nonzero().flatten()
        tokens = row[columns].tolist()
        learned = _learned(label)[columns].nonzero().flatten().tolist()
        if learned:  # a row without a label has no part in any result
            start = learned[0]
            places = number * (ids.shape[1] - 1) + columns[start:] - 1
            rows.append((tokens[: start - 1], tokens[start - 1 : start], tokens[start:], places))
    rows.sort(key=lambda row: row[0])
    items = []
    for start, end in groups([row[0] for row in rows]):
        own = rows[start:end]
        width = common(own[0][0], own[-1][0])
        items.append(Item(own[0][0][:width], [Asked(head[width:] + one, rest) for head, one, rest, _ in own]))
    return pack(items).to(ids.device), torch.cat([row[3] for row in rows])


def in_runs(beginnings: Sequence[str], seed: int) -> list[int]:
    """An order of rows in which most batches have few beginnings: runs of `RUN` rows that begin alike, both the rows
    and the runs shuffled. What is left over comes last."""
    rng = random.Random(seed)
    by_beginning: dict[str, list[int]] = {}
    for number, beginning in enumerate(beginnings):
        by_beginning.setdefault(beginning, []).append(number)
    runs, rest = [], []
    for own in by_beginning.values():
        rng.shuffle(own)
        whole = len(own) - len(own) % RUN
        runs += [own[start : start + RUN] for start in range(0, whole, RUN)]
        rest += own[whole:]
    rng.shuffle(runs)
    rng.shuffle(rest)
    return [number for run in (*runs, rest) for number in run]
