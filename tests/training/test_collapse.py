"""The guard against collapse: each sign has to last, and says what it is."""

from __future__ import annotations

from typing import Any

import pytest
from transformers import TrainerControl, TrainerState

from pipeline.profile import CollapseSettings
from pipeline.training.collapse import CollapseGuard

HEALTHY = {
    "entropy": 0.5,
    "completions/mean_length": 40.0,
    "completions/clipped_ratio": 0.1,
    "frac_reward_zero_std": 0.5,
}
SETTINGS = CollapseSettings(patience=3)


def fed(*logs: dict[str, float]) -> tuple[CollapseGuard, bool]:
    """The guard after these steps, and whether it stops the training."""
    guard, control, arguments = CollapseGuard(SETTINGS), TrainerControl(), Any
    for step, log in enumerate(logs, start=1):
        guard.on_log(arguments, TrainerState(global_step=step), control, logs=log)  # type: ignore[arg-type]
    return guard, control.should_training_stop


def test_a_healthy_training_goes_on() -> None:
    guard, stopped = fed(*[HEALTHY] * 20)
    assert not stopped
    assert not guard.reason


@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        ({"entropy": 1e-5}, "entropy below"),
        ({"completions/mean_length": 5.0}, "completions shorter than 10.0 tokens"),
        ({"completions/clipped_ratio": 1.0}, "cut at the limit"),
        ({"frac_reward_zero_std": 1.0}, "groups without a spread"),
    ],
)
def test_a_sign_that_lasts_stops_it_and_is_named(sign: dict[str, float], reason: str) -> None:
    guard, stopped = fed(*[HEALTHY] * 5, *[HEALTHY | sign] * 3)
    assert stopped
    assert reason in guard.reason
    assert guard.reason.startswith("step 8: ")
    assert "for 3 steps" in guard.reason


def test_a_sign_that_passes_does_not() -> None:
    sick = HEALTHY | {"entropy": 1e-5}
    _, stopped = fed(*[HEALTHY, sick, sick] * 5)
    assert not stopped


def test_different_signs_are_not_added_up() -> None:
    _, stopped = fed(
        *[HEALTHY] * 3,
        HEALTHY | {"entropy": 1e-5},
        HEALTHY | {"frac_reward_zero_std": 1.0},
        HEALTHY | {"completions/clipped_ratio": 1.0},
    )
    assert not stopped


def test_the_summary_at_the_end_is_no_step() -> None:
    guard, stopped = fed(*[HEALTHY] * 5, {"train_runtime": 3.0})
    assert not stopped
    assert not guard.reason
