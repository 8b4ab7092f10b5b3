"""The plan of a profile: parameters as published and as built, work, what fits and what is warned of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tiny_models import write_model

from pipeline.config_loading import available, load_config
from pipeline.errors import InputError
from pipeline.profile import AdapterSettings, Architecture, ModelSettings, Profile
from pipeline.training.footprint import GIB
from pipeline.training.plan import PARTS, plan
from pipeline.training.sizes import PUBLISHED, sizes_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ON_GPUS = [name for name in available("profiles") if load_config(None, [f"profile={name}"]).profile.hardware.gpus]


def profile(name: str, *settings: str) -> Profile:
    return load_config(None, [f"profile={name}", *(f"profile.{setting}" for setting in settings)]).profile


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Qwen3-0.6B", 596_049_920),
        ("Qwen3-1.7B", 1_720_574_976),
        ("Qwen3-4B", 4_022_468_096),
        ("Qwen3-8B", 8_190_735_360),
        ("Qwen2.5-Coder-3B", 3_085_938_688),
        ("Qwen2.5-Coder-7B", 7_615_616_512),
    ],
)
def test_the_parameters_are_those_published(name: str, parameters: int) -> None:
    assert PUBLISHED[name].parameters == parameters
    assert sizes_of(ModelSettings(path=f"Qwen/{name}", max_length=8)) == PUBLISHED[name]


@pytest.mark.parametrize("family", ["Qwen2", "Qwen3"])
def test_the_parameters_of_a_folder_are_those_of_the_model_in_it(
    family: str, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    from peft import get_peft_model

    from pipeline.training.adapters import lora_config
    from pipeline.training.model import load_model

    folder = write_model(family, 32, tokenizer, tmp_path)
    sizes, model = sizes_of(ModelSettings(path=str(folder), max_length=8)), load_model(str(folder))
    assert sizes.parameters == model.num_parameters()
    for targets in ("all-linear", "q_proj,down_proj"):
        adapter = AdapterSettings(rank=4, alpha=8, targets=targets)
        adapted = get_peft_model(load_model(str(folder)), lora_config(adapter, model))
        assert sizes.adapter_parameters(adapter) == adapted.get_nb_trainable_parameters()[0]


@pytest.mark.parametrize("heads", [2, 4])
def test_the_parameters_of_what_a_profile_builds(heads: int, tokenizer: PreTrainedTokenizerBase) -> None:
    from pipeline.training.model import build_model

    built = Architecture(
        vocab_size=len(tokenizer), hidden_size=32, layers=3, heads=heads, kv_heads=2, intermediate_size=48
    )
    sizes = sizes_of(ModelSettings(architecture=built, max_length=64))
    assert sizes.parameters == build_model(built, tokenizer, 64, 1).num_parameters()


def test_unknown_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Llama-3.*not known; give a local folder .*Qwen3-0\.6B"):
        sizes_of(ModelSettings(path="meta/Llama-3", max_length=8))
    file = tmp_path / "config.json"
    for content, reason in (("{", "not the config"), ('{"model_type": "qwen3"}', "hidden_size"), ("[]", "not the")):
        file.write_text(content)
        with pytest.raises(InputError, match=reason):
            sizes_of(ModelSettings(path=str(tmp_path), max_length=8))
    file.write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(InputError, match="model_type is 'llama'"):
        sizes_of(ModelSettings(path=str(tmp_path), max_length=8))


@pytest.mark.parametrize("name", available("profiles"))
def test_every_profile_fits_its_hardware_without_a_warning(name: str) -> None:
    found = plan(profile(name), 10_000)
    assert found.fits
    assert found.warnings == []
    assert {part for footprint in found.moments.values() for part in footprint} <= set(PARTS)
    assert {"SFT", "GRPO rollouts", "GRPO update", "evaluation"} == found.moments.keys()


@pytest.mark.parametrize("name", [name for name in ON_GPUS if not profile(name).model.adapter])
def test_a_profile_that_trains_all_weights_needs_much_of_its_hardware(name: str) -> None:
    found = plan(profile(name), 10_000)
    assert found.peak > 0.3 * found.memory


@pytest.mark.parametrize("name", ON_GPUS)
def test_a_profile_says_its_own_memory_in_its_comments(name: str) -> None:
    text = (Path(__file__).parents[2] / "pipeline" / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    for moment, footprint in plan(profile(name), 10_000).moments.items():
        assert f"#   {moment:<13} {footprint.total / GIB:4.1f} = " in text


def test_work_is_counted() -> None:
    found = plan(profile("qwen3-0.6b-1x24gb"), samples=1000)
    sft, grpo = found.work["SFT"], found.work["GRPO"]
    assert (sft.steps, sft.tokens_per_step, sft.total_tokens) == (63, 32 * 4096, 63 * 32 * 4096)  # 2 epochs of 31.25
    assert (grpo.steps, grpo.sequences, grpo.tokens_per_step) == (600, 128, 128 * 4096)


def test_what_does_not_fit_is_said_with_a_remedy() -> None:
    found = plan(profile("qwen3-8b-1x24gb", "model.adapter.quantize=", "grpo.rollout_batch=64"), 1000)
    assert not found.fits
    (warning,) = found.warnings
    assert (
        "each GPU has 24 GiB (GRPO rollouts, most of it KV cache); try a smaller profile.grpo.rollout_batch" in warning
    )
    crowded = plan(profile("qwen3-4b-1x24gb", "sft.micro_batch=16"), 1000)
    assert "(SFT, most of it activations); try a smaller profile.sft.micro_batch" in crowded.warnings[0]
    whole = plan(profile("qwen3-1.7b-1x80gb", "hardware.memory_gb=24", "grpo.rollout_batch=4"), 1000)
    assert "try" in whole.warnings[0]


def test_little_room_is_said_and_fits() -> None:
    found = plan(profile("qwen3-0.6b-1x24gb", "hardware.memory_gb=22.5"), 1000)
    assert found.fits
    assert found.warnings[0].startswith("tight: 21.7 of 22.5 GiB of each GPU")


def test_updates_that_bfloat16_rounds_away_are_said() -> None:
    lost = ["model.mixed_precision=false", "model.dtype=bfloat16"]
    (warning,) = plan(profile("qwen3-0.6b-1x24gb", *lost), 1000).warnings
    assert warning.startswith("profile.sft.learning_rate and profile.grpo.learning_rate: updates this small")
    spread = plan(profile("qwen2.5-coder-7b-8x80gb"), 1000)  # bfloat16 too, but DeepSpeed keeps float32 weights
    assert spread.warnings == []


def test_gpus_and_processes_should_be_as_many() -> None:
    (warning,) = plan(profile("qwen3-1.7b-1x24gb", "hardware.gpus=2"), 1000).warnings
    assert warning == "1 processes (profile.launch.processes) for 2 GPUs (profile.hardware.gpus)"


def test_vllm_takes_its_share_instead_of_the_cache() -> None:
    found = plan(profile("qwen2.5-coder-7b-8x80gb", "grpo.vllm=colocate"), 1000)
    assert found.moments["GRPO rollouts"]["vLLM"] == found.moments["GRPO update"]["vLLM"] == 0.3 * 80 * GIB
    assert "KV cache" not in found.moments["GRPO rollouts"]
    assert found.warnings == []
    narrow = plan(profile("qwen2.5-coder-7b-8x80gb", "grpo.vllm=colocate", "grpo.vllm_memory_share=0.15"), 1000)
    assert "vLLM has 12.0 GiB for 14.2 GiB of weights" in narrow.warnings[0]
    apart = plan(profile("qwen2.5-coder-7b-8x80gb", "grpo.vllm=server"), 1000)
    assert "vLLM" not in apart.moments["GRPO rollouts"]


def test_without_gpus_all_processes_share_the_memory() -> None:
    one = plan(profile("smoke"), 100)
    two = plan(profile("smoke", "launch.processes=2", "launch.strategy=ddp"), 100)
    assert two.memory == one.memory
    assert two.moments["SFT"]["weights"] == 2 * one.moments["SFT"]["weights"]
