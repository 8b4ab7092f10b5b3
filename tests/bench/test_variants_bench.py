"""What variants expose of the wrong predictions that one database hides, on Spider's recorded predictions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.bench.variants import ALL, COPIES, render, run
from pipeline.errors import InputError

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return run(BENCHMARKS)


@pytest.mark.skipif(
    not (BENCHMARKS / "spider" / "test_suite").is_dir(),
    reason=f"no test suite in {BENCHMARKS}: set QUERYSMITH_BENCHMARKS",
)
def test_variants_against_the_official_suite(figures: dict[str, Any]) -> None:
    of_all = {row["copies"]: row for row in figures["counts"] if row["db_id"] == ALL}
    assert [(row["accidental"], row["right"]) for row in of_all.values()] == [(285, 2503)] * len(COPIES)
    most = of_all[10]
    assert most["exposed"] >= 0.7 * most["accidental"]
    assert most["failed"] <= 0.01 * most["right"]
    for kind in ("exposed", "failed"):
        counted = [of_all[copies][kind] for copies in COPIES]
        assert counted == sorted(counted), "more copies find no fewer"
    assert sum(row["predictions"] for row in figures["failed"]) == most["failed"]
    assert sum(row["predictions"] for row in figures["hidden"]) == most["accidental"] - most["exposed"]
    console = Console(record=True, width=120, file=open(os.devnull, "w"))  # noqa: SIM115
    render(figures, console)
    assert "10 variants" in console.export_text()


def test_without_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="put the benchmark data there"):
        run(tmp_path)
