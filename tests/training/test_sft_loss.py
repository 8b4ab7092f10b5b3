"""What SFT's loss counts: tokens or samples, and packed rows as if each sample stood alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from pipeline.profile import ModelSettings, SftSettings
from pipeline.training.sft import tokenise, train_sft

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# A long answer, as a thought makes it, beside short ones.
ROWS = [
    {"prompt": "How many?", "completion": "Count the rows, one after the other, of all tables there are. " * 3},
    {"prompt": "List the names of all customers.", "completion": "SELECT name"},
    {"prompt": "Which?", "completion": "SELECT 1"},
    {"prompt": "Who is there?", "completion": "SELECT a, b FROM t"},
]
SIZES = ModelSettings(path="unused", max_length=256)


def losses(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[list[float]]:
    """The loss of each completion token of each sample, computed one sample at a time."""
    found = []
    for sample in tokenise(tokenizer, ROWS, SIZES.max_length):
        ids, mask = torch.tensor([sample["input_ids"]]), sample["completion_mask"]
        with torch.no_grad():
            logprobs = model(input_ids=ids).logits[0, :-1].log_softmax(-1)
        by_token = -logprobs.gather(-1, ids[0, 1:].unsqueeze(-1)).squeeze(-1)
        found.append([float(loss) for loss, learned in zip(by_token, mask[1:], strict=True) if learned])
    return found


def reported(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, work: Path, **settings: Any) -> float:
    """The loss that the trainer reports of one step which changes nothing."""
    still = {"epochs": 1, "learning_rate": 1e-12, "checkpoint_steps": 10} | settings
    return train_sft(model, tokenizer, ROWS, SftSettings(**still), SIZES, work, 42, [])["train_loss"]


@pytest.mark.parametrize("packing", [False, True])
@pytest.mark.parametrize("weighting", ["token", "sample"])
def test_the_loss_of_a_batch(
    build: Callable[..., PreTrainedModel],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    weighting: str,
    packing: bool,
) -> None:
    """Packed samples do not see each other: the loss is that of each by itself."""
    model = build(seed=4)
    alone = losses(model, tokenizer)
    by_token, by_sample = statistics.fmean(chain.from_iterable(alone)), statistics.fmean(map(statistics.fmean, alone))
    assert abs(by_token - by_sample) > 1e-4  # the two can be told apart
    batch = 1 if packing else 4  # all samples fit into one row
    found = reported(model, tokenizer, tmp_path, batch_size=batch, weighting=weighting, packing=packing)
    assert found == pytest.approx(by_token if weighting == "token" else by_sample, abs=2e-4)


@pytest.mark.parametrize("weighting", ["token", "sample"])
def test_several_backward_passes_add_up_to_one(
    build: Callable[..., PreTrainedModel], tokenizer: PreTrainedTokenizerBase, tmp_path: Path, weighting: str
) -> None:
    models = [build(seed=4), build(seed=4)]
    for model, micro in zip(models, (4, 1), strict=True):
        settings = {"batch_size": 4, "micro_batch": micro, "weighting": weighting, "learning_rate": 1e-3}
        reported(model, tokenizer, tmp_path / str(micro), **settings)
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_nothing_is_computed_where_nothing_is_learned(
    build: Callable[..., PreTrainedModel],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Prompts and padding need no logits; to score them too changes no loss, and takes most of a step's time."""
    from trl.trainer import utils

    scored, apply = [], utils._ChunkedLogProbFunction.apply

    def watched(hidden: torch.Tensor, *rest: Any) -> Any:
        scored.append(len(hidden))
        return apply(hidden, *rest)

    monkeypatch.setattr(utils._ChunkedLogProbFunction, "apply", watched)
    reported(build(seed=4), tokenizer, tmp_path, batch_size=4)
    assert scored == [sum(sum(sample["completion_mask"]) for sample in tokenise(tokenizer, ROWS, SIZES.max_length))]
