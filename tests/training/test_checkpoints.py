"""Which checkpoint a training goes on from, after a crash that may have cut the newest one short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.training.trainer import last_checkpoint


def checkpoint(folder: Path, step: int, state: str | None = None) -> Path:
    """A checkpoint of `step`; `state` is the content of its trainer_state.json, "" for none."""
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"weights")
    text = json.dumps({"global_step": step}) if state is None else state
    if text:
        (path / "trainer_state.json").write_text(text)
    return path


def test_the_newest_counts_by_number_not_by_name(tmp_path: Path) -> None:
    for step in (2, 10, 9):
        checkpoint(tmp_path, step)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("state", ["", "{", '{"global_step": 1', "{}", '{"global_step": 2}'])
def test_one_that_was_cut_short_is_removed_and_the_one_before_it_counts(tmp_path: Path, state: str) -> None:
    older, newest = checkpoint(tmp_path, 2), checkpoint(tmp_path, 4, state)
    assert last_checkpoint(tmp_path) == str(older)
    assert not newest.exists()
    assert (older / "model.safetensors").is_file()


def test_several_that_were_cut_short(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint(tmp_path, step, "")
    assert last_checkpoint(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_go_on_from(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    assert last_checkpoint(tmp_path / "nowhere") is None
    (tmp_path / "checkpoint-final").mkdir()
    (tmp_path / "runs").mkdir()
    assert last_checkpoint(tmp_path) is None
    assert (tmp_path / "checkpoint-final").is_dir()
