"""One question, answered and scored: the row of every per-question table, and what metrics and reports are made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What became of one prediction.

    `verdict` is the benchmark's own. `error_kind` is "" where the prediction ran, "no_sql" where there was none, else
    an `ErrorKind`. `empty_gold` says that the gold's result has no row. Latencies are seconds inside the worker,
    medians of paired rounds, and None unless they were measured, which is only done where the verdict is True; costs
    are those of ExecutionResult. `mode` is "think", "no_think" or "" for a system that has no modes; `tokens` and
    `seconds` are what the model wrote and the time it took, None for predictions that came from elsewhere.
    `latency_ratio` is the median over the rounds of the prediction's time by the gold's, `latency_low` and
    `latency_high` are its interval: what LatencyComparison says of the gold as `a` and the prediction as `b`.
    """

    index: int
    db_id: str
    question: str
    gold: str
    prediction: str
    verdict: bool
    error_kind: str = ""
    empty_gold: bool = False
    difficulty: str = ""
    hardness: str = ""
    mode: str = ""
    obedient: bool | None = None
    gold_s: float | None = None
    pred_s: float | None = None
    gold_cost: int | None = None
    pred_cost: int | None = None
    soft_f1: float | None = None
    tokens: int | None = None
    seconds: float | None = None
    latency_ratio: float | None = None
    latency_low: float | None = None
    latency_high: float | None = None

    def row(self) -> dict[str, Any]:
        return asdict(self)
