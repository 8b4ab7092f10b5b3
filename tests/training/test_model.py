"""Models: built from nothing by seed, or loaded from any Hugging Face folder, never from a pickle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import InputError
from pipeline.inference.generate import generate
from pipeline.profile import Architecture, GenerationSettings, ModelSettings
from pipeline.training.model import load_model, load_tokenizer, save, starting_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ModelBuilder = Callable[..., "PreTrainedModel"]


def same_weights(a: PreTrainedModel, b: PreTrainedModel) -> bool:
    import torch

    mine, other = a.state_dict(), b.state_dict()
    return mine.keys() == other.keys() and all(torch.equal(mine[name], other[name]) for name in mine)


@pytest.fixture(scope="module", params=["Qwen2", "Qwen3"])
def family_folder(
    request: pytest.FixtureRequest, tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A tiny random model of another make than ours, as a hub would hand it over."""
    import transformers

    config = getattr(transformers, f"{request.param}Config")(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=32,
        eos_token_id=tokenizer.eos_token_id,
    )
    folder = tmp_path_factory.mktemp(request.param)
    save(getattr(transformers, f"{request.param}ForCausalLM")(config), tokenizer, folder)
    return folder


def test_the_seed_decides_the_weights(build: ModelBuilder) -> None:
    assert same_weights(build(seed=5), build(seed=5))
    assert not same_weights(build(seed=5), build(seed=6))


def test_the_built_model_has_qwen3s_architecture(build: ModelBuilder, tokenizer: PreTrainedTokenizerBase) -> None:
    model = build(hidden=16, layers=2)
    config = model.config
    assert type(model).__name__ == "Qwen3ForCausalLM"
    assert (config.model_type, config.vocab_size, config.num_hidden_layers) == ("qwen3", len(tokenizer), 2)
    assert (config.num_attention_heads, config.num_key_value_heads, config.head_dim) == (2, 1, 8)
    assert (config.eos_token_id, config.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert config.max_position_embeddings == 512
    assert config.tie_word_embeddings
    assert any("q_norm" in name for name in model.state_dict())  # what sets Qwen3 apart from Qwen2


def test_any_causal_model_takes_the_same_path(family_folder: Path) -> None:
    model, tokenizer = load_model(str(family_folder)), load_tokenizer(str(family_folder))
    assert type(model).__name__ == f"{family_folder.name[:5]}ForCausalLM"
    ((one,),) = generate(model, tokenizer, ["Hi"], GenerationSettings(max_new_tokens=3, batch_size=1))
    assert one.tokens <= 3

    settings = ModelSettings(path=str(family_folder), max_length=64)
    assert same_weights(starting_model(settings, "", tokenizer, seed=1), model)


def test_saving_and_loading_changes_nothing(
    build: ModelBuilder, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    model = build()
    save(model, tokenizer, tmp_path)
    assert same_weights(load_model(str(tmp_path)), model)
    assert (tmp_path / "model.safetensors").is_file()
    assert not [path.name for path in tmp_path.iterdir() if path.suffix in (".bin", ".pt", ".pkl")]


def test_weights_come_in_the_asked_type(fitted_folder: Path) -> None:
    import torch

    assert load_model(str(fitted_folder)).dtype == torch.float32
    assert load_model(str(fitted_folder), "bfloat16").dtype == torch.bfloat16


def test_a_base_model_wins_over_the_profiles_own(
    fitted_folder: Path, tokenizer: PreTrainedTokenizerBase, build: ModelBuilder
) -> None:
    sizes = Architecture(vocab_size=400, hidden_size=16, layers=1, heads=2, kv_heads=1, intermediate_size=32)
    settings = ModelSettings(architecture=sizes, max_length=512)
    fitted = load_model(str(fitted_folder))
    assert same_weights(starting_model(settings, str(fitted_folder), tokenizer, seed=5), fitted)
    assert same_weights(starting_model(settings, "", tokenizer, seed=5), build(seed=5))


def refusal(source: str) -> str:
    with pytest.raises(InputError) as caught:
        load_model(source)
    message = str(caught.value)
    assert message.startswith(f"model {source!r} cannot be loaded (")
    assert "give a folder with a Hugging Face causal language model" in message
    return message


@pytest.mark.parametrize("source", ["/nowhere/model", "nobody/no-such-model", "no such model", "a/b/c/d"])
def test_a_missing_model_is_wrong_input(source: str) -> None:
    assert "HF_HUB_OFFLINE=0" in refusal(source)


def test_a_pickle_is_never_read(fitted_folder: Path, fitted: PreTrainedModel, tmp_path: Path) -> None:
    """The pickle here runs code when it is read: the file that it would write must not appear."""
    import torch

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.mkdir, (str(tmp_path / "evil was here"),))

    for name in ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((fitted_folder / name).read_bytes())
    torch.save({"weights": Evil()}, tmp_path / "pytorch_model.bin")
    refusal(str(tmp_path))
    torch.save(fitted.state_dict(), tmp_path / "pytorch_model.bin")  # not even a harmless one
    refusal(str(tmp_path))
    assert not (tmp_path / "evil was here").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b"\x00" * 100),
        ("model.safetensors", None),
        ("config.json", b"{"),
        ("config.json", json.dumps({"model_type": "no-such-architecture"}).encode()),
    ],
    ids=["zeros", "cut short", "not JSON", "unknown architecture"],
)
def test_a_damaged_model_is_wrong_input(fitted_folder: Path, tmp_path: Path, name: str, content: bytes | None) -> None:
    for path in fitted_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    refusal(str(tmp_path))


def test_the_modules_import_no_model_library_by_themselves() -> None:
    code = (
        "import sys\n"
        "import pipeline.training.model, pipeline.training.sft, pipeline.training.grpo, pipeline.inference.generate\n"
        "print([name for name in ('torch', 'transformers', 'trl', 'datasets', 'mlflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
