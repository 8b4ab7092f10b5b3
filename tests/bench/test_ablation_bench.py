"""The bookkeeping of `bench ablation`: shared steps are trained once, measurements outlive an interruption."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from pipeline.bench import ablation
from pipeline.config_loading import load_config


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Every step that is asked for: its name, its DAG run and the model that it starts from; nothing is trained."""
    asked: list[tuple[str, str, str]] = []

    def uri(step: str, settings: list[str], dag_run: str, name: str) -> str:
        config = load_config(None, list(settings))  # the settings are valid
        asked.append((step, dag_run, config.inputs.model))
        return f"models:/{step}-{dag_run}"

    dataset = SimpleNamespace(splits={"test": [1, 2, 3]}, digest="d")
    monkeypatch.setattr(ablation, "_uri", uri)
    monkeypatch.setattr(ablation, "fetch", lambda *_: Path("nowhere"))
    monkeypatch.setattr(ablation.Dataset, "read", lambda _: dataset)
    monkeypatch.setattr(ablation._Seed, "_figures", figures)
    return asked


def figures(own: Any, config: Any, dataset: Any, first: str, last: str) -> dict[str, Any]:
    names = (*ablation._SHARES, *ablation._FIGURES)
    return {name: 2 / 3 for name in names if first != last or "ratio" not in name} | {"evaluator": "greedy"}


@pytest.mark.parametrize("experiment", list(ablation.EXPERIMENTS))
def test_what_variants_share_is_one_dag_run(
    experiment: str, trained: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    """So the step's own record spares the second training; what differs gets a run of its own."""
    figures = ablation.bench_ablation(experiment, "smoke", [1, 2], tmp_path)
    variants = ablation.EXPERIMENTS[experiment]
    assert [row["variant"] for row in figures["rows"]] == [*variants, *variants]
    ways = {tuple(chain[: place + 1]) for chain in variants.values() for place in range(len(chain))}
    runs = {(step, run) for step, run, _ in trained if step != "validate"}
    assert len(runs) == 2 * len(ways)
    assert {model.partition("-")[0] for step, _, model in trained if step == "self_distill"} <= {"models:/sft"}
    assert {model.partition("-")[0] for step, _, model in trained if step == "grpo"} <= {"models:/self_distill"}
    assert len({run for step, run, _ in trained if step == "validate"}) == 2  # one for each seed


def test_measurements_are_kept(trained: list[tuple[str, str, str]], tmp_path: Path) -> None:
    ablation.bench_ablation("training", "smoke", [1], tmp_path)
    before = len(trained)
    figures = ablation.bench_ablation("training", "smoke", [1, 2], tmp_path)
    assert len(trained) == 2 * before
    assert len(figures["rows"]) == 2 * len(ablation.EXPERIMENTS["training"])
    console = Console(record=True, width=300)
    ablation.show(figures, console)
    text = console.export_text()
    assert "fused, then self-distillation" in text
    assert "66.7% [22.3, 95.7]; 66.7, 66.7" in text  # 4 of 6, both seeds together
    assert "0.67 (0.67-0.67)" in text
    assert (tmp_path / "training.svg").read_text().startswith("<?xml")
