"""Which checkpoint a training goes on from, after a crash that may have cut the newest one short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.training.seal import require_same_ranks
from pipeline.training.trainer import SEAL, last_checkpoint


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


def of_ranks(folder: Path, step: int, ranks: int, sealed: bool) -> Path:
    """A checkpoint of several processes with DeepSpeed, in which rank 0 has written everything of its own."""
    path = checkpoint(folder, step)
    (path / f"global_step{step}").mkdir()
    (path / "rng_state_0.pth").write_bytes(b"state")
    if sealed:
        (path / SEAL).write_text(json.dumps({"ranks": ranks}))
    return path


def test_of_several_processes_it_is_complete_when_all_have_written_their_parts(tmp_path: Path) -> None:
    older, newest = of_ranks(tmp_path, 2, 2, sealed=True), of_ranks(tmp_path, 4, 2, sealed=False)
    assert last_checkpoint(tmp_path) == str(older)
    assert not newest.exists()


def test_it_is_continued_by_as_many_processes_as_have_written_it(tmp_path: Path) -> None:
    single, double = checkpoint(tmp_path, 1), of_ranks(tmp_path, 2, 2, sealed=True)
    require_same_ranks(single, 1)
    require_same_ranks(double, 2)
    with pytest.raises(InputError, match="checkpoint-2 was written by 2 processes and cannot be continued by 4"):
        require_same_ranks(double, 4)
    with pytest.raises(InputError, match="written by 1 processes"):
        require_same_ranks(single, 2)
