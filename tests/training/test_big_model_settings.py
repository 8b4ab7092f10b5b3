"""Settings that belong to big models: passed to the trainers, or refused with a remedy where something is missing."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.profile import GrpoSettings, ModelSettings
from pipeline.training import adapters, grpo, trainer
from pipeline.training.grpo import vllm_arguments
from pipeline.training.model import attention
from pipeline.training.trainer import batch_arguments, common_arguments

GRPO = GrpoSettings(steps=1, prompts_per_step=2, generations=4, learning_rate=1e-5, checkpoint_steps=1)


def model(**how: Any) -> ModelSettings:
    return ModelSettings(path="x", max_length=64, **how)


@pytest.mark.parametrize(
    ("how", "precision", "twice"),
    [
        ({}, False, False),
        ({"mixed_precision": True}, True, False),
        ({"dtype": "bfloat16", "gradient_checkpointing": "always"}, True, True),
        ({"gradient_checkpointing": "never"}, False, False),
    ],
)
def test_precision_and_checkpointing(how: dict[str, Any], precision: bool, twice: bool, tmp_path: Path) -> None:
    found = common_arguments(model(**how), tmp_path, 1, 1)
    assert (found["bf16"], found["gradient_checkpointing"]) == (precision, twice)
    assert "optim" not in found


def test_an_optimizer_in_8_bits_needs_bitsandbytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"optimizer=adamw_8bit needs bitsandbytes.*; or set it to adamw"):
        common_arguments(model(optimizer="adamw_8bit"), tmp_path, 1, 1)


def test_liger_kernels_only_on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "find_spec", lambda name: ModuleSpec(name, None))
    assert not common_arguments(model(), tmp_path, 1, 1)["use_liger_kernel"]


def test_attention_is_the_fastest_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers.utils as utils

    monkeypatch.setattr(utils, "is_flash_attn_2_available", lambda: True)
    monkeypatch.setattr(utils, "is_flash_attn_3_available", lambda: False)
    assert attention(model(dtype="bfloat16")) == "flash_attention_2"
    assert attention(model()) == "sdpa"  # FlashAttention cannot compute float32
    assert attention(model(dtype="bfloat16", attention="sdpa")) == "sdpa"
    with pytest.raises(InputError, match=r"attention=flash_attention_3 needs a GPU and .*set it to auto or sdpa"):
        attention(model(dtype="bfloat16", attention="flash_attention_3"))


@pytest.mark.parametrize(
    ("batch", "micro_batch", "expected"), [(8, 0, (8, 1)), (8, 2, (2, 4)), (8, 8, (8, 1)), (8, 32, (8, 1))]
)
def test_a_batch_is_spread_over_backward_passes(batch: int, micro_batch: int, expected: tuple[int, int]) -> None:
    found = batch_arguments("here", batch, micro_batch)
    assert tuple(found.values()) == expected


def test_a_batch_that_cannot_be_spread_is_refused() -> None:
    with pytest.raises(InputError, match=r"here: 8 samples .* 3 at a time; choose a multiple of 3"):
        batch_arguments("here", 8, 3)


def test_rollouts_are_written_in_parts() -> None:
    part = GRPO.model_copy(update={"micro_batch": 2, "rollout_batch": 4})
    assert grpo.step_batches(part) == {
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 4,
        "steps_per_generation": 2,
    }
    for wrong in (2, 3, 16):  # half a group, no whole passes, more than there are
        with pytest.raises(InputError, match=f"rollout_batch: {wrong} rollouts .* whole groups of generations"):
            grpo.step_batches(part.model_copy(update={"rollout_batch": wrong}))


def test_vllm_is_passed_on_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert vllm_arguments(GRPO, 100) == {}
    asked = GRPO.model_copy(update={"vllm": "server", "vllm_host": "gpu-2", "vllm_port": 8001})
    monkeypatch.setattr(grpo, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"profile\.grpo\.vllm=server needs vllm.*pip install vllm"):
        vllm_arguments(asked, 100)
    monkeypatch.setattr(grpo, "find_spec", lambda name: ModuleSpec(name, None))
    found = vllm_arguments(asked, 100)
    assert (found["use_vllm"], found["vllm_mode"], found["vllm_server_port"]) == (True, "server", 8001)
    assert (found["vllm_server_host"], found["vllm_max_model_length"]) == ("gpu-2", 100)

    import dataclasses

    from trl import GRPOConfig

    assert found.keys() <= {field.name for field in dataclasses.fields(GRPOConfig)}


def test_today_s_defaults_of_grpo_are_trl_s() -> None:
    from trl import GRPOConfig

    theirs = GRPOConfig.__dataclass_fields__
    assert GRPO.loss_type == theirs["loss_type"].default
    assert GRPO.scale_rewards == theirs["scale_rewards"].default
    assert GRPO.importance_sampling == theirs["importance_sampling_level"].default
    assert GRPO.mask_truncated == theirs["mask_truncated_completions"].default
    assert GRPO.epsilon_high is theirs["epsilon_high"].default is None
