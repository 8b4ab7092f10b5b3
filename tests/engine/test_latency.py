"""Paired latency: which of two queries is faster, and that failures have none."""

from __future__ import annotations

import pytest

from pipeline.engine.latency import paired_latency
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query


def test_the_query_with_much_more_work_is_slower(engine: Engine, url: str) -> None:
    fast = Query(url, "SELECT count(*) FROM numbers")
    slow = Query(url, "SELECT count(*) FROM numbers a, numbers b WHERE a.n + b.n < 0")
    fast_s, slow_s = paired_latency(engine, fast, slow, repeats=3)
    assert 0 < fast_s < slow_s < 0.5


def test_a_failing_query_has_no_latency(engine: Engine, url: str) -> None:
    with pytest.raises(ValueError, match="no such table"):
        paired_latency(engine, Query(url, "SELECT 1"), Query(url, "SELECT * FROM nobody"))


def test_needs_a_round(engine: Engine, url: str) -> None:
    with pytest.raises(ValueError, match="repeats: 0"):
        paired_latency(engine, Query(url, "SELECT 1"), Query(url, "SELECT 1"), repeats=0)
