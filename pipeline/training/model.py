"""The model and tokenizer that training starts from: built from nothing, or any Hugging Face causal language model.

The built ones have Qwen3's architecture, byte-level BPE and chat template (Qwen3 technical report, sections 2 and 4.3),
so that everything learned about the small model's path holds for the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import located
from pipeline.errors import InputError
from pipeline.profile import Architecture, ModelSettings
from pipeline.training.adapters import quantization
from pipeline.training.tokenizer import spellings

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def build_model(
    architecture: Architecture, tokenizer: PreTrainedTokenizerBase, max_length: int, seed: int
) -> PreTrainedModel:
    """A Qwen3 causal language model with random weights (deterministic by seed)."""
    from transformers import Qwen3Config, Qwen3ForCausalLM, set_seed

    set_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden_size,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        num_key_value_heads=architecture.kv_heads,
        head_dim=architecture.hidden_size // architecture.heads,
        intermediate_size=architecture.intermediate_size,
        max_position_embeddings=max_length,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    model = Qwen3ForCausalLM(config)
    _spell_alike(model, tokenizer)
    return model


def _spell_alike(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let the embeddings of a token in lower case, capitalised and in upper case differ only by what all tokens so
    written have in common: that they are one word need not be learned for each."""
    import torch

    weights: Any = model.get_input_embeddings().weight
    capital, upper = torch.randn(2, weights.shape[1]) * model.config.initializer_range
    with torch.no_grad():
        for small, capitalised, shouted in spellings(tokenizer):
            weights[shouted] = weights[small] + upper
            weights[capitalised] = weights[small] + capital


def load_tokenizer(source: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder or hub name, ready for batches that are padded on the left."""
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = _loaded(AutoTokenizer.from_pretrained, source)
    if tokenizer.chat_template is None:
        raise InputError(f"model {source}: its tokenizer has no chat template; use an instruction-tuned model")
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def token_counter(tokenizer: PreTrainedTokenizerBase) -> Callable[[Sequence[str]], list[int]]:
    """Counts the tokens of texts, special ones of the template left out."""

    def count(texts: Sequence[str]) -> list[int]:
        found = tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
        return [len(ids) for ids in found]

    return count


def load_model(source: str, dtype: str = "float32") -> PreTrainedModel:
    """A causal language model from a folder or hub name, on the GPU if there is one, to write answers with; weights are
    read from safetensors only, never from pickles."""
    import torch
    from transformers import AutoModelForCausalLM

    model: PreTrainedModel = _loaded(AutoModelForCausalLM.from_pretrained, source, dtype=dtype, use_safetensors=True)
    return model.to("cuda") if torch.cuda.is_available() else model  # type: ignore[arg-type]


def load_for_training(source: str, settings: ModelSettings) -> PreTrainedModel:
    """A model as load_model reads it, which the trainer places; weights are held and attention is computed as
    `settings` say.

    Raises:
        InputError: the settings need a package or a GPU that is not there.
    """
    from transformers import AutoModelForCausalLM

    options = {"attn_implementation": attention(settings), "quantization_config": quantization(settings.adapter)}
    model: PreTrainedModel = _loaded(
        AutoModelForCausalLM.from_pretrained, source, dtype=settings.dtype, use_safetensors=True, **options
    )
    return model


def attention(settings: ModelSettings) -> str:
    """The attention implementation: FlashAttention 3 or 2 where it is installed and can compute these weights.

    Raises:
        InputError: an implementation is asked for that is not there.
    """
    from transformers.utils import is_flash_attn_2_available, is_flash_attn_3_available

    there = {"flash_attention_3": is_flash_attn_3_available(), "flash_attention_2": is_flash_attn_2_available()}
    if settings.attention == "auto":
        usable = [name for name, installed in there.items() if installed and settings.dtype == "bfloat16"]
        return (usable or ["sdpa"])[0]
    if not there.get(settings.attention, True):
        package = "flash-attn" if settings.attention == "flash_attention_2" else "flash-attn-3"
        raise InputError(
            f"profile.model.attention={settings.attention} needs a GPU and {package}, which is not installed; "
            "set it to auto or sdpa"
        )
    return settings.attention


def starting_model(
    settings: ModelSettings, base: str, tokenizer: PreTrainedTokenizerBase, seed: int
) -> PreTrainedModel:
    """The model that SFT starts from: `base` (a folder or hub name) if given, else what the profile says."""
    if base or settings.path:
        return load_for_training(base or located(settings.path), settings)
    assert settings.architecture is not None  # the profile has one origin, see ModelSettings
    return build_model(settings.architecture, tokenizer, settings.max_length, seed)


def save(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    weights: dict[str, Tensor] | None = None,
) -> None:
    """Write model and tokenizer as safetensors and JSON, with these weights where the model's own are elsewhere."""
    model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)


def _loaded(load: Any, source: str, **options: Any) -> Any:
    from safetensors import SafetensorError

    try:
        return load(source, **options)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"model {source!r} cannot be loaded ({reason}); give a folder with a Hugging Face causal language model, "
            "or a hub name with HF_HUB_OFFLINE=0"
        ) from error
