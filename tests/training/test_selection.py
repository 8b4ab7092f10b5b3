"""The latest state within a standard error of the best held-out EX is kept through everything, and given back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import TrainerControl, TrainerState

from pipeline.training.selection import BestHeldOut

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@pytest.fixture
def model(build: Callable[..., PreTrainedModel]) -> PreTrainedModel:
    return build(seed=3)


def paint(model: PreTrainedModel, value: float) -> None:
    """Give all weights one value."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)


def painted(model: PreTrainedModel) -> float:
    (value,) = {float(v) for parameter in model.parameters() for v in parameter.detach().flatten()[:2]}
    return value


def give_back(best: BestHeldOut, model: PreTrainedModel) -> None:
    arguments: Any = None
    best.on_train_end(arguments, TrainerState(), TrainerControl(), model=model)


def trained(
    model: PreTrainedModel, folder: Path, figures: dict[int, float], start: int = 0, error: float = 0.0
) -> BestHeldOut:
    """A training whose weights at each step are the step's number, and whose EX and its standard error are given."""
    now = start
    told: list[int] = []
    best = BestHeldOut(lambda _: {"ex": figures[now], "ex_error": error}, lambda _, step: told.append(step), folder)
    arguments: Any = None
    control = TrainerControl(should_save=True)
    for now in (step for step in figures if step >= start):
        paint(model, float(now))
        state = TrainerState(global_step=now)
        if now == start:
            best.on_train_begin(arguments, state, control, model=model)
        if now:
            best.on_step_end(arguments, state, control, model=model)
    assert told == [step for step in figures if step >= start]
    return best


@pytest.mark.parametrize(
    ("figures", "error", "step"),
    [
        ({0: 0.1, 1: 0.5, 2: 0.9, 3: 0.4}, 0.0, 2),
        ({0: 0.6, 1: 0.5, 2: 0.4}, 0.0, 0),  # nothing was better than the start
        ({0: 0.2, 1: 0.5, 2: 0.5}, 0.0, 2),  # of equals the later
        ({0: 0.0, 1: 0.0}, 0.0, 1),
        ({0: 0.6, 1: 0.7, 2: 0.67}, 0.05, 2),  # as good as equals
        ({0: 0.6, 1: 0.57, 2: 0.54}, 0.05, 1),  # measured from the best, so it cannot fall step by step
        ({0: 0.6, 1: 0.5, 2: 0.61, 3: 0.55}, 0.05, 2),
    ],
)
def test_the_latest_of_the_best_is_given_back(
    model: PreTrainedModel, tmp_path: Path, figures: dict[int, float], error: float, step: int
) -> None:
    best = trained(model, tmp_path / "best", figures, error=error)
    assert (best.kept_step, best.best_ex) == (step, max(figures.values()))
    give_back(best, model)
    assert painted(model) == step
    assert [path.name for path in (tmp_path / "best").glob("*.safetensors")] == [f"step-{step}.safetensors"]


def test_a_resumed_training_knows_the_best_of_before(model: PreTrainedModel, tmp_path: Path) -> None:
    trained(model, tmp_path / "best", {0: 0.1, 1: 0.9})
    resumed = trained(model, tmp_path / "best", {1: 0.2, 2: 0.3}, start=2)
    assert (resumed.kept_step, resumed.best_ex) == (1, 0.9)
    give_back(resumed, model)
    assert painted(model) == 1


def test_what_a_crash_left_half_written_does_not_count(model: PreTrainedModel, tmp_path: Path) -> None:
    """Killed after the weights were written, before they were named: the old best is still there."""
    folder = tmp_path / "best"
    trained(model, folder, {0: 0.1, 1: 0.5})
    (folder / "step-2.safetensors").write_bytes(b"half")
    (folder / "kept.tmp").write_text("{")
    again = BestHeldOut(lambda _: {}, lambda figures, step: None, folder)
    assert again.kept_step == 1
    give_back(again, model)
    assert painted(model) == 1
