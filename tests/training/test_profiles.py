"""Every profile of a real model trains: the same settings and code, with a tiny model of its family in its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tiny_models import write_model

from pipeline.config_loading import available, load_config
from pipeline.data.example import Database, Example
from pipeline.engine.pool import Engine
from pipeline.profile import Profile
from pipeline.rewards.recipe import build as build_rewards
from pipeline.training.grpo import RolloutScorer, prompt_rows, train_grpo
from pipeline.training.model import starting_model
from pipeline.training.sft import fused_rows, train_sft

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ALL = {name: load_config(None, [f"profile={name}"]).profile.model.path for name in available("profiles")}
REAL = [name for name, path in ALL.items() if "/" in path]  # hub names: smoke builds its model, tiny has the starter

# What makes the work small, and fits this machine: one process, no GPU.
SMALL = [
    "profile.launch.processes=1",
    "profile.launch.strategy=single",
    "profile.model.max_length=256",
    "profile.generation.max_new_tokens=12",
    "profile.sft.epochs=2",
    "profile.grpo.steps=1",
    "profile.grpo.prompts_per_step=2",
]


@pytest.fixture(scope="module")
def folders(tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model by family."""
    return {
        family: write_model(family, 32, tokenizer, tmp_path_factory.mktemp(family)) for family in ("Qwen2", "Qwen3")
    }


def small(name: str, folders: dict[str, Path]) -> Profile:
    """The profile with a tiny model, made small."""
    real = load_config(None, [f"profile={name}"]).profile
    path = folders[real.model.path.removeprefix("Qwen/")[:5]]
    settings = [
        f"profile={name}",
        *SMALL,
        f"profile.model.path={path}",
        f"profile.sft.batch_size={2 * real.sft.micro_batch}",
    ]
    if real.model.adapter and real.model.adapter.quantize:
        settings.append("profile.model.adapter.quantize=")  # 4 bits need a GPU; see test_adapters.py for their end
    return load_config(None, settings).profile


def check_plain(model: PreTrainedModel, profile: Profile) -> None:
    """The trained model is one of transformers', all of it in the asked type, and finite."""
    assert {str(value.dtype) for value in model.parameters()} == {f"torch.{profile.model.dtype}"}
    assert not any("lora" in name for name in model.state_dict())
    assert all(value.isfinite().all() for value in model.parameters())


def test_there_are_profiles_of_real_models() -> None:
    assert len(REAL) >= 8


@pytest.mark.parametrize("name", REAL)
def test_the_profile_trains_by_sft_and_by_grpo(
    name: str,
    folders: dict[str, Path],
    tokenizer: PreTrainedTokenizerBase,
    known: list[Example],
    databases: dict[str, Database],
    engine: Engine,
    tmp_path: Path,
) -> None:
    profile = small(name, folders)
    model = starting_model(profile.model, "", tokenizer, 1)
    rows = fused_rows(tokenizer, known, databases) * 2
    metrics = train_sft(model, tokenizer, rows, profile.sft, profile.model, tmp_path / "sft", 1, [])
    assert math.isfinite(metrics["train_loss"])
    check_plain(model, profile)

    examples = known * 4
    model = starting_model(profile.model, "", tokenizer, 1)
    scorer = RolloutScorer(engine, databases, examples, {}, 0)
    metrics = train_grpo(
        model,
        tokenizer,
        prompt_rows(tokenizer, examples, databases, 0.5, 1),
        build_rewards(load_config(None, ["recipe=sql_r1"]).recipe),
        scorer,
        profile.grpo,
        profile.generation,
        profile.model,
        tmp_path / "grpo",
        1,
        [],
    )
    assert math.isfinite(metrics["train_loss"])
    assert len(scorer.batches[-1].rollouts) == (profile.grpo.rollout_batch or 2 * profile.grpo.generations)
    check_plain(model, profile)
