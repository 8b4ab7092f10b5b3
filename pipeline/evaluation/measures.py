"""Measures of a single question that have a published formula: soft F1, the reward inside R-VES, pass@k."""

from __future__ import annotations

import math

from pipeline.engine.compare import Row, comparable
from pipeline.engine.result import ExecutionResult
from pipeline.evaluation.outcome import Outcome

# BIRD's R-VES: the least value of gold time / predicted time, and what it is worth; below all of them 0.25.
_STEPS = ((2.0, 1.25), (1.0, 1.0), (0.5, 0.75), (0.25, 0.5))
_LAST_STEP = 0.25
_DEAD_ZONE = 2**0.15
BEST_EFFICIENCY = math.sqrt(_STEPS[0][1])


def efficiency(outcome: Outcome) -> float:
    """Root of the reward that R-VES gives to one prediction, 0 to 1.118: BIRD's steps over timing that means something.

    BIRD (mini-dev, evaluation_ves.py; methods.md section 5) averages ratios of single runs, and its step at 1 turns
    their noise into loss: a gold against itself is below 1 half of the time, for 13 points. Here the ratio is the
    median of paired rounds (LatencyComparison), and it is 1 unless its whole interval lies beyond the dead zone of
    methods.md section 3 (0.90 to 1.11 of the gold's time). That the interval excludes 1 is not enough: a mere comment
    behind the gold was measured to take 0.3 % longer, and 6 of 20 such pairs excluded 1. The gold's own text has 1 by
    identity, and so has a right prediction that was not measured.
    """
    if not outcome.verdict:
        return 0.0
    measured, low, high = outcome.latency_ratio, outcome.latency_low, outcome.latency_high
    if not measured or low is None or high is None or is_gold(outcome):
        return 1.0
    if low <= _DEAD_ZONE and high >= 1 / _DEAD_ZONE:
        return 1.0
    return math.sqrt(next((value for least, value in _STEPS if 1 / measured >= least), _LAST_STEP))


def is_gold(outcome: Outcome) -> bool:
    """True if the prediction is the gold's text, but for space and semicolons around it."""
    gold, pred = (sql.strip().rstrip(";").rstrip() for sql in (outcome.gold, outcome.prediction))
    return gold == pred


def soft_f1(gold: ExecutionResult, pred: ExecutionResult) -> float:
    """Soft F1 of one result (BIRD mini-dev, evaluation_f1.py), between 0 and 1: partly right rows count in part.

    Distinct rows stand side by side in the order in which they came. In each pair, predicted values that occur in the
    gold's row count as true positive, those that do not as false positive, and gold values that the predicted row lacks
    as false negative, each divided by the gold's columns; a row without partner counts as one of the latter two.
    Columns may stand in any order, rows may not: that is BIRD's rule, and so is that values are Python's (1 is 1.0).
    Two empty results have 1; a failed or truncated result has 0.
    """
    if not comparable(gold, pred):
        return 0.0
    if not gold.rows and not pred.rows:
        return 1.0
    wanted, found = list(dict.fromkeys(gold.rows)), list(dict.fromkeys(pred.rows))
    pairs = [_overlap(a, b) for a, b in zip(wanted, found, strict=False)]
    true = sum(pair[0] for pair in pairs)
    surplus = sum(pair[1] for pair in pairs) + max(len(found) - len(wanted), 0)
    missed = sum(pair[2] for pair in pairs) + max(len(wanted) - len(found), 0)
    # 2PR / (P + R) with P = true / (true + surplus), R = true / (true + missed)
    return 2 * true / (2 * true + surplus + missed) if true else 0.0


def _overlap(gold: Row, pred: Row) -> tuple[float, float, float]:
    """Predicted values in the gold's row, predicted values not in it, gold values not in the predicted, by columns."""
    found = sum(value in gold for value in pred)
    missed = sum(value not in pred for value in gold)
    return found / len(gold), (len(pred) - found) / len(gold), missed / len(gold)


def pass_at_k(samples: int, right: int, k: int) -> float:
    """Chance that at least one of `k` samples is right, from `right` of `samples`: 1 - C(n-c, k) / C(n, k).

    Unbiased (Chen et al. 2021, arXiv 2107.03374, section 2.1). Raises ValueError unless 0 <= right <= samples and
    1 <= k <= samples.
    """
    if not (0 <= right <= samples and 1 <= k <= samples):
        raise ValueError(f"{right} right of {samples} samples, k = {k}: at least k samples are needed")
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)
