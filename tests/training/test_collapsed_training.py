"""A recipe that makes the model collapse is stopped, with the reason, and the best state of before is handed on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_tiny_training import FakeClient, largest_difference, weights

from pipeline.data.example import Database, Example
from pipeline.engine.pool import Engine
from pipeline.evaluation.scorecard import answer, score
from pipeline.profile import CollapseSettings, GenerationSettings, GrpoSettings, ModelSettings
from pipeline.rewards.rollout import Rollout
from pipeline.training.collapse import CollapseGuard
from pipeline.training.grpo import RolloutScorer, prompt_rows, train_grpo
from pipeline.training.model import load_model
from pipeline.training.reporting import Reporter
from pipeline.training.selection import BestHeldOut

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LIMITS = GenerationSettings(max_new_tokens=40, batch_size=16)
STEPS = 80


class Emptiness:
    """Pays for completions that say nothing."""

    name = "emptiness"
    bounds = (-1.0, 0.0)

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [-min(len(rollout.text) / 100, 1.0) for rollout in rollouts]

    def reason(self, rollout: Rollout) -> str:
        return f"{len(rollout.text)} characters"


def test_it_is_stopped_and_the_last_good_state_is_kept(
    fitted_folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
    tmp_path: Path,
) -> None:
    model, client = load_model(str(fitted_folder)), FakeClient()
    start = weights(model)
    scorer = RolloutScorer(engine, databases, known * 4, {}, 0)
    guard = CollapseGuard(CollapseSettings(patience=3))

    def measure(current: PreTrainedModel) -> dict[str, float]:
        return score(answer(current, tokenizer, engine, known, databases, {}, LIMITS, "held out"))

    held_out: dict[int, float] = {}
    best = BestHeldOut(measure, lambda figures, step: held_out.update({step: figures["ex"]}), tmp_path / "best")
    settings = GrpoSettings(
        steps=STEPS,
        prompts_per_step=2,
        generations=8,
        learning_rate=3e-3,
        temperature=1.6,
        checkpoint_steps=5,
    )
    reporter: Any = Reporter(client, "run", "GRPO")  # type: ignore[arg-type]
    train_grpo(
        model,
        tokenizer,
        prompt_rows(tokenizer, known * 4, databases, 0.5, 42),
        [Emptiness()],
        scorer,
        settings,
        LIMITS,
        ModelSettings(path="unused", max_length=256),
        tmp_path / "checkpoints",
        42,
        [reporter, guard, best],
    )
    stopped_at = max(client.of("entropy"))
    assert stopped_at < STEPS
    assert f"step {stopped_at}: " in guard.reason
    assert any(sign in guard.reason for sign in ("shorter than", "entropy below", "without a spread"))
    lengths = client.of("completions/mean_length")
    assert lengths[stopped_at] < 0.5 * lengths[1]

    # The model that it started from knew all answers; the collapsed one knows none; the best is handed on.
    assert held_out[0] == 1.0
    assert min(held_out.values()) < 1.0
    assert held_out[best.kept_step] == best.best_ex == 1.0
    assert measure(model)["ex"] == pytest.approx(1.0)
    if best.kept_step == 0:
        assert largest_difference(weights(model), start) < 1e-7
