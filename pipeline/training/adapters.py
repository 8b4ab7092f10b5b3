"""Adapters (LoRA, arXiv 2106.09685; QLoRA, arXiv 2305.14314): trained in place of the weights, merged in at the end.

The trainer puts the adapter into the model and saves the adapter alone with each checkpoint; after the training the
model is a plain one again, the same object that was handed in, so that everything downstream knows nothing of adapters.
Not covered: adapters that are kept apart for serving; merging under ZeRO-3, which shards the frozen weights too.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from pipeline.profile import AdapterSettings

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from torch import nn
    from transformers import BitsAndBytesConfig, PreTrainedModel

ALL_LINEAR = "all-linear"


def lora_config(settings: AdapterSettings | None, model: nn.Module) -> LoraConfig | None:
    """The adapter as peft wants it, or None where the weights themselves are trained.

    Raises:
        InputError: peft is not installed, or `settings.targets` names a layer that the model has not.
    """
    if settings is None:
        return None
    if find_spec("peft") is None:
        raise InputError("profile.model.adapter needs peft, which is not installed: pip install peft")
    from peft import LoraConfig

    targets: str | list[str] = ALL_LINEAR
    if settings.targets != ALL_LINEAR:
        targets = settings.targets.split(",")
        layers = {name.rpartition(".")[2] for name, part in model.named_modules() if hasattr(part, "in_features")}
        if unknown := [name for name in targets if name not in layers]:
            raise InputError(
                f"profile.model.adapter.targets: the model has no linear layer {unknown[0]!r}; "
                f"there are: {', '.join(sorted(layers - {'lm_head'}))}, or {ALL_LINEAR} for all of them"
            )
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]  # a factor like any other, peft's type is too narrow
        lora_dropout=settings.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )


def quantization(settings: AdapterSettings | None) -> BitsAndBytesConfig | None:
    """How the frozen weights are loaded for QLoRA: 4-bit NormalFloat, its constants quantised again; None for others.

    Raises:
        InputError: bitsandbytes is not installed, or there is no GPU.
    """
    if settings is None or not settings.quantize:
        return None
    require_bitsandbytes("profile.model.adapter.quantize=4bit", "leave it empty to train LoRA on unquantised weights")
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def require_bitsandbytes(setting: str, otherwise: str) -> None:
    """Raise an InputError unless bitsandbytes is installed and a GPU is there for it."""
    import torch

    if find_spec("bitsandbytes") is None:
        raise InputError(
            f"{setting} needs bitsandbytes, which is not installed: pip install bitsandbytes; or {otherwise}"
        )
    if not torch.cuda.is_available():
        raise InputError(f"{setting} needs a GPU, and PyTorch sees none; {otherwise}")


def merge(model: nn.Module) -> None:
    """Merge the trained adapter into the model it was put into, in place; a model without one is left as it is.

    Four-bit weights are turned into plain ones first: those are the weights that the adapter was trained on, and a sum
    rounded to four bits again would lose much of it.
    """
    from accelerate.utils import is_peft_model

    if not is_peft_model(model):
        return
    adapted: Any = model
    plain = _dense(adapted) if adapted.get_base_model().config.to_dict().get("quantization_config") else adapted
    merged: PreTrainedModel = plain.merge_and_unload()
    merged.disable_input_require_grads()
    merged.requires_grad_(True)


def _dense(adapted: PeftModel) -> PeftModel:
    """The same adapter on the same weights, which are no longer quantised."""
    from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict

    config, trained = adapted.peft_config["default"], get_peft_model_state_dict(adapted)
    weights: Any = adapted.unload()
    weights.dequantize()
    weights.is_loaded_in_4bit = False
    again = PeftModel(weights, config)
    set_peft_model_state_dict(again, trained)
    return again
