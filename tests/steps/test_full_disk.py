"""A disk that is full is said in one line, whatever the library that could not write has to say."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from pipeline.errors import InfrastructureError, InputError
from pipeline.steps.contract import _disk_errors

Usage = namedtuple("Usage", "total used free")


def full(monkeypatch: pytest.MonkeyPatch, folder: Path, free: int) -> None:
    monkeypatch.setenv("QUERYSMITH_HOME", str(folder))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(2**30, 2**30 - free, free))


def test_safetensors_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full(monkeypatch, tmp_path, free=2**29)  # what was half written is removed by now
    line = rf"{tmp_path}: cannot be written \(No space left on device\); free space"
    with pytest.raises(InfrastructureError, match=line), _disk_errors():
        raise ValueError("Error while serializing: I/O error: No space left on device (os error 28)")


def test_torch_does_not_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full(monkeypatch, tmp_path, free=0)
    with pytest.raises(InfrastructureError, match="No space left on device"), _disk_errors():
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")


def test_other_errors_stay_what_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full(monkeypatch, tmp_path, free=2**29)
    with pytest.raises(RuntimeError, match="shape"), _disk_errors():
        raise RuntimeError("wrong shape")
    full(monkeypatch, tmp_path, free=0)
    with pytest.raises(InputError, match="profile"), _disk_errors():
        raise InputError("profile: wrong")
