"""Where the real benchmark data is, for tests that skip without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BENCHMARKS = Path(
    os.environ.get("QUERYSMITH_BENCHMARKS") or Path(__file__).parents[2].joinpath("../shared/benchmarks").resolve()
)


def needs(benchmark: str) -> pytest.MarkDecorator:
    """Skips a test where the benchmark's folder is not there."""
    folder = BENCHMARKS / benchmark
    return pytest.mark.skipif(
        not folder.is_dir(), reason=f"no benchmark data in {folder}: set QUERYSMITH_BENCHMARKS to its parent"
    )
