"""Scaling: each size is trained to each budget once, measured on the same questions, and drawn."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.bench import scaling
from pipeline.profile import Architecture
from pipeline.training.starter import loop, validation
from pipeline.training.starter.vocabulary import starter_tokenizer


def test_each_budget_goes_on_from_the_one_before_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = Architecture(vocab_size=400, hidden_size=32, layers=1, heads=1, kv_heads=1, intermediate_size=32)
    monkeypatch.setattr(scaling, "SIZES", {"tiny": small})
    monkeypatch.setattr(validation, "VIEWS", 1)
    monkeypatch.setattr(loop, "starter_tokenizer", partial(starter_tokenizer, items=50))
    found = scaling.bench_scaling(tmp_path, [30_000, 15_000])

    first, second = found["rows"]
    assert (first["tokens"], second["tokens"]) == (15_000, 30_000)
    assert 0 < first["questions"] < second["questions"]
    assert 0.0 <= second["ex_no_think"] <= 1.0
    assert 3.0 < second["loss"] < first["loss"] < 6.5  # an even guess among 400 tokens: 6.0
    assert first["measured"] == second["measured"] > 0
    assert first["parameters"] == second["parameters"] < 50_000
    assert (tmp_path / scaling.PLOT).read_text(encoding="utf-8").count("</svg>") == 1

    def train_again(*_: object) -> None:
        raise AssertionError("a measurement was repeated")

    monkeypatch.setattr(scaling, "_trained", train_again)
    scaling.show(scaling.bench_scaling(tmp_path, [15_000, 30_000]), Console(width=120))
    assert "0.03 M" in capsys.readouterr().out
