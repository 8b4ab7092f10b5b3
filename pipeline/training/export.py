"""A trained model as a plain Hugging Face folder, whatever the processes that trained it had spread among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.training.model import save

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@contextmanager
def sharded_loading() -> Iterator[None]:
    """Within, under DeepSpeed ZeRO-3, a model that is loaded is spread over the ranks at once, so that none ever holds
    all of it. Otherwise nothing changes. A model built from nothing is spread only by the trainer."""
    from accelerate import PartialState
    from accelerate.utils import DeepSpeedPlugin, DistributedType

    plugin = None
    if PartialState().distributed_type == DistributedType.DEEPSPEED:
        plugin = DeepSpeedPlugin()  # from the environment that accelerate launch has set
        plugin.set_deepspeed_weakref()  # transformers looks here, as long as the plugin lives
    yield
    del plugin


def export(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write model and tokenizer as safetensors and JSON, by the first rank; every rank must call it."""
    from accelerate import PartialState

    first = PartialState().is_main_process
    spread = any(hasattr(weight, "ds_tensor") for weight in model.parameters())
    weights = _gathered(model, first) if spread else None
    if first:
        save(model, tokenizer, folder, weights)


def _gathered(model: PreTrainedModel, first: bool) -> dict[str, Tensor]:
    """All weights that ZeRO-3 has spread, in the first rank's memory: one at a time, as a GPU may not hold them all."""
    import deepspeed

    weights = {}
    for name, weight in model.named_parameters():
        with deepspeed.zero.GatheredParameters([weight]):
            if first:
                weights[name] = weight.detach().cpu().clone()
    buffers = dict(model.named_buffers())
    return weights | {name: buffers[name] for name in model.state_dict() if name in buffers}
