"""The memory over a training: it learns after each step, and a resumed training goes on with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rollouts import rollout
from transformers import TrainerControl, TrainerState

from pipeline.data.example import Example
from pipeline.errors import InputError
from pipeline.rewards.memory import MemoryReward
from pipeline.rewards.rollout import Rollout
from pipeline.training.grpo import Scored
from pipeline.training.memory import THOUGHTS_FILE, MemoryKeeper

THOUGHT = (
    "The question asks for the names of the customers who live in one city. The table customers holds both the name "
    "and the city of each customer, so no join is needed. I keep the rows whose city is Bern and return their name."
)
ASKED = Example("shop", "Who lives in Bern?", ("SELECT name FROM customers WHERE city = 'Bern'",))


def right(thought: str = THOUGHT) -> Rollout:
    return rollout(ASKED, ASKED.gold_sql[0], thought=thought, correct=True)


def elsewhere(thought: str = THOUGHT) -> Rollout:
    """A wrong answer to the same type of question, on another database."""
    example = Example("school", "Who lives in Rome?", ASKED.gold_sql)
    return rollout(example, "SELECT 1", thought=thought)


def step(keeper: MemoryKeeper, folder: Path, number: int, save: bool) -> None:
    arguments: Any = SimpleNamespace(output_dir=str(folder))
    state, control = TrainerState(global_step=number), TrainerControl(should_save=save)
    keeper.on_step_end(arguments, state, control)


def keeper_of(rollouts: Sequence[Rollout]) -> MemoryKeeper:
    scorer: Any = SimpleNamespace(batches=[Scored([0] * len(rollouts), list(rollouts), {})])
    return MemoryKeeper(MemoryReward(right=1), scorer)


def test_a_step_is_learned_once_it_has_been_scored(tmp_path: Path) -> None:
    keeper = keeper_of([right()])
    assert keeper.memory([elsewhere()]) == [0]
    step(keeper, tmp_path, 1, save=False)
    assert keeper.memory([elsewhere()]) == [pytest.approx(1)]
    assert not list(tmp_path.iterdir())


def test_a_resumed_training_goes_on_with_the_memory_of_its_checkpoint(tmp_path: Path) -> None:
    keeper = keeper_of([right()])
    step(keeper, tmp_path, 4, save=True)
    assert (tmp_path / "checkpoint-4" / THOUGHTS_FILE).is_file()
    resumed = keeper_of([])
    arguments: Any = SimpleNamespace(output_dir=str(tmp_path))
    resumed.on_train_begin(arguments, TrainerState(global_step=4), TrainerControl())
    assert resumed.memory([elsewhere()]) == [pytest.approx(1)]
    with pytest.raises(InputError):
        resumed.on_train_begin(arguments, TrainerState(global_step=5), TrainerControl())


def test_a_training_from_the_start_begins_without_memory(tmp_path: Path) -> None:
    keeper = keeper_of([])
    arguments: Any = SimpleNamespace(output_dir=str(tmp_path))
    keeper.on_train_begin(arguments, TrainerState(global_step=0), TrainerControl())
    assert keeper.memory([elsewhere()]) == [0]
