"""The metrics as people read them: a title, one line of definition, and the number with its interval as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.evaluation.statistics import Interval


class Figure(NamedTuple):
    """How a metric of metrics.score is shown. `unit` is "%" for a share, else what stands behind the number."""

    name: str
    title: str
    unit: str
    meaning: str


_MODES = {"think": "thinking", "no_think": "not thinking"}
_HEADLINES = (
    Figure("ex", "Execution accuracy (EX)", "%", "Answers that are right by the evaluator named above."),
    Figure(
        "non_empty_ex", "EX, non-empty", "%", "EX where the gold query returns a row: an empty result is easily met."
    ),
    Figure("valid_sql", "Valid SQL", "%", "Answers that ran without error, right or wrong."),
    Figure(
        "r_ves",
        "R-VES",
        "points",
        "BIRD's reward for right and fast: 0 if wrong, 100 if as fast as the gold query, up to 112 if faster.",
    ),
    Figure("soft_f1", "Soft F1", "", "BIRD's partial credit: overlap of the values in both results, 0 to 1."),
    Figure(
        "latency_ratio_gold",
        "Latency / gold",
        "×",
        "Time of right predictions by that of their gold queries (geometric mean); below 1 is faster.",
    ),
    Figure(
        "cost_ratio_gold",
        "Work / gold",
        "×",
        "The same of the database's steps, a count that does not depend on the machine; below 1 is less work.",
    ),
    Figure("tokens", "Tokens", "per answer", "What the model wrote, thought included (mean)."),
    Figure("seconds", "Generation", "s per answer", "Time that the model took to write it (mean)."),
)
_PER_MODE = (
    Figure("ex_{}", "EX, {}", "%", "EX of the answers in this mode."),
    Figure("obedience_{}", "Obedience, {}", "%", "Answers that keep to the mode that was asked for."),
    Figure("tokens_{}", "Tokens, {}", "per answer", "What the model wrote in this mode (mean)."),
)
_ELASTICITY = Figure(
    "token_elasticity",
    "Token elasticity",
    "",
    "Relative gain of EX by relative growth of tokens through thinking: at 0.1, twice the tokens bought 10 % more EX.",
)
LATENCIES = (
    Figure("latency_median_ms", "Median", "ms", "Half of the queries take no longer."),
    Figure("latency_p95_ms", "95th percentile", "ms", "95 % of the queries take no longer."),
    Figure("latency_total_ms", "Total", "ms", "All questions one after the other, each once."),
)


def headlines(modes: Iterable[str]) -> list[Figure]:
    """The figures at the top of a report, in their order; "" is no mode."""
    known = sorted(set(modes) - {""}, reverse=True)
    per_mode = [
        figure._replace(name=figure.name.format(mode), title=figure.title.format(_MODES.get(mode, mode)))
        for figure in _PER_MODE
        for mode in known
    ]
    return [*_HEADLINES, *per_mode, _ELASTICITY]


def value_text(interval: Interval, unit: str, signed: bool = False) -> str:
    """The number with its unit."""
    number = _number(interval.value, unit, signed)
    return f"{number}\N{NO-BREAK SPACE}{unit}" if unit in ("%", "×", "ms") else number


def limits_text(interval: Interval, unit: str, signed: bool = False) -> str:
    return f"[{_number(interval.low, unit, signed)}, {_number(interval.high, unit, signed)}]"


def _number(value: float, unit: str, signed: bool) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "\N{MINUS SIGN}∞"
    if unit in ("%", "points"):
        text = f"{value * (100 if unit == '%' else 1):.1f}"
    else:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3
        text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    elif signed and value > 0:
        text = f"+{text}"
    return text.replace("-", "\N{MINUS SIGN}")
