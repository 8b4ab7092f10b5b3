"""GRPO's rollouts by our own decoding: groups in TRL's order, and TRL's own figures of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.config_loading import load_config
from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, render_completion, render_prompt
from pipeline.engine.pool import Engine
from pipeline.profile import AdapterSettings, GenerationSettings, GrpoSettings, ModelSettings
from pipeline.rewards.recipe import build as build_rewards
from pipeline.training.grpo import RolloutScorer, prompt_rows, train_grpo
from pipeline.training.model import load_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LIMITS = GenerationSettings(max_new_tokens=40, batch_size=8)


def stub_trainer(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, temperature: float) -> Any:
    """What Rollouts asks of TRL's trainer."""
    from accelerate import Accelerator

    return SimpleNamespace(
        processing_class=tokenizer,
        model_wrapped=model,
        accelerator=Accelerator(cpu=True),
        eos_token_ids=[tokenizer.eos_token_id],
        args=SimpleNamespace(
            max_completion_length=40,
            temperature=temperature,
            ds3_gather_for_generation=True,
            gradient_checkpointing_kwargs=None,
        ),
    )


@pytest.mark.parametrize("counts", [(4, 4, 4, 4), (2, 4, 4, 2), (1, 3, 4)], ids=["whole", "cut by processes", "uneven"])
def test_every_repetition_of_a_prompt_gets_a_completion_of_its_own_prompt(
    fitted_folder: Path, tokenizer: PreTrainedTokenizerBase, shop: Database, known: list[Example], counts: Sequence[int]
) -> None:
    from pipeline.training.rollouts import Rollouts

    answers = {
        render_prompt(tokenizer, example, shop, mode): render_completion(
            example.reasoning if mode == "think" else None, example.gold_sql[0]
        )
        for example in known
        for mode in MODES
    }
    prompts = [prompt for prompt, count in zip(answers, counts, strict=False) for _ in range(count)]
    model = load_model(str(fitted_folder)).train()
    written = Rollouts(LIMITS)(prompts, stub_trainer(model, tokenizer, temperature=0.05))
    assert [tokenizer.decode(ids) for ids in written["prompt_ids"]] == prompts
    expected = [answers[prompt] + str(tokenizer.eos_token) for prompt in prompts]
    assert [tokenizer.decode(ids) for ids in written["completion_ids"]] == expected
    assert written["logprobs"] is None
    assert model.training


@pytest.mark.parametrize("adapter", [None, AdapterSettings(rank=4, alpha=8, dropout=0.1)], ids=["whole", "LoRA"])
def test_the_trainers_figures_are_those_of_our_rollouts(
    fitted_folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    adapter: AdapterSettings | None,
) -> None:
    """With several backward passes a step, and cut completions left out of the loss."""
    from transformers import TrainerCallback

    from pipeline.training.rollouts import Rollouts

    limit, batches = 14, list[list[list[int]]]()
    found: list[dict[str, float]] = []
    original = Rollouts.__call__

    def keep(self: Rollouts, prompts: Sequence[str], trainer: Any) -> dict[str, Any]:
        written = original(self, prompts, trainer)
        batches.append(written["completion_ids"])
        return written

    class Keeper(TrainerCallback):
        def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:
            found.append(logs)

    monkeypatch.setattr(Rollouts, "__call__", keep)
    settings = GrpoSettings(
        steps=2,
        prompts_per_step=2,
        generations=4,
        micro_batch=2,
        learning_rate=1e-3,
        warmup_share=0.5,
        temperature=1.6,
        mask_truncated=True,
        checkpoint_steps=10,
    )
    train_grpo(
        load_model(str(fitted_folder)),
        tokenizer,
        prompt_rows(tokenizer, known, databases, 0.5, 42),
        build_rewards(load_config(None, ["recipe=sql_r1"]).recipe),
        RolloutScorer(engine, databases, known, {}, 0),
        settings,
        GenerationSettings(max_new_tokens=limit, batch_size=8),
        ModelSettings(path="unused", max_length=256, adapter=adapter),
        tmp_path,
        42,
        [Keeper()],
    )
    assert [len(batch) for batch in batches] == [8, 8]
    for batch, figures in zip(batches, found, strict=False):
        lengths = [len(ids) for ids in batch]
        cut = [ids[-1] != tokenizer.eos_token_id for ids in batch]
        assert figures["completions/mean_length"] == pytest.approx(statistics.fmean(lengths))
        assert figures["completions/max_length"] == max(lengths)
        assert figures["completions/clipped_ratio"] == pytest.approx(statistics.fmean(cut))
    assert [figures["learning_rate"] for figures in found[:2]] == [0.0, 1e-3]
    ended = {ids[-1] == tokenizer.eos_token_id for batch in batches for ids in batch}
    assert ended == {True, False}
