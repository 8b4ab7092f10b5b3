"""Intervals and tests for what an evaluation measures: 95 % each, from resampling, with a seed that repeats them.

The sampling unit is the question: whoever has several answers to one (modes, samples) averages them first, because
answers to one question are not independent.

Which method stands where was decided by simulated coverage (tests/evaluation/test_statistics.py repeats the main
cases; 20 to 500 questions):
- A share of verdicts: Clopper-Pearson, exact, so 0 of n is no certainty. Never below 95 %; Wilson goes down to 90 %,
  the bootstrap of 0 of n to nothing. Price: 5 % wider than Wilson at 150 questions.
- Means: percentile bootstrap with its levels moved out as Student's t asks (Hesterberg 2015, "What teachers should know
  about the bootstrap", section 4.2): 92 to 96 % where BCa had 89 to 97 %. Long tails (lognormal) stay near 92 %, and 20
  latency ratios of which a few are large have no more than 85 %: read intervals of so few with care.
- Means of what has a known range, differences of verdicts above all: the same, with one pseudo-question at either end
  of the range, as Agresti and Min (2005) do for paired shares. Two models that never differ in 20 questions are not
  known to be equal. 95 % or more from 20 questions on, where the plain bootstrap falls to 31 % and BCa to 30 %.
- Quantiles: order statistics, exact for any distribution; no finite limit where the data cannot give one (the 95th
  percentile of fewer than 72 values has no upper one).
Not covered: dependence between questions, as of paraphrases of one question or questions on one database.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 20240
_TAIL = (1 - CONFIDENCE) / 2
# Up to here it is faster to draw how often each value comes than to draw the values; the distribution is the same.
_FEW_VALUES = 16
_BATCH_VALUES = 4_000_000

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate and the limits of its 95 % interval, in the estimate's unit; a limit is infinite where unknown."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> Interval:
        """In another unit: `factor` (above 0) of the new to one of the old."""
        return Interval(*(factor * each for each in self))

    def excludes(self, value: float) -> bool:
        return not self.low <= value <= self.high


def proportion(verdicts: Sequence[bool]) -> Interval:
    """The share of verdicts that are True (Clopper-Pearson). Raises ValueError where there are none."""
    count, right = len(verdicts), sum(map(bool, verdicts))
    if not count:
        raise ValueError("no share of nothing")
    exact = stats.binomtest(right, count).proportion_ci(CONFIDENCE, method="exact")
    return Interval(right / count, float(exact.low), float(exact.high))


def mean(values: Sequence[float], limits: tuple[float, float] | None = None, seed: int = SEED) -> Interval:
    """The mean. `limits` are the least and the largest value possible, where there are such.

    Without limits a single value has no interval: it is infinite. Raises ValueError where there is no value.
    """
    return function_of_means([values], lambda means: means[:, 0], limits, seed)


def difference(
    mine: Sequence[float], theirs: Sequence[float], limits: tuple[float, float] | None = None, seed: int = SEED
) -> Interval:
    """Mean of `mine - theirs` on the same questions, in the same order (paired bootstrap).

    `limits` are those of the difference: (-1, 1) for verdicts. Raises ValueError for none or for other lengths.
    """
    return mean([a - b for a, b in zip(mine, theirs, strict=True)], limits, seed)


def geometric_mean(ratios: Sequence[float], seed: int = SEED) -> Interval:
    """Geometric mean of paired ratios above 0, such as latencies: the paired bootstrap of the mean of their logarithms.

    Raises ValueError for no ratio, or one that is not above 0.
    """
    return Interval(*map(math.exp, mean([math.log(ratio) for ratio in ratios], seed=seed)))


def quantile(values: Sequence[float], share: float) -> Interval:
    """The value below which `share` (0.5: median) of the distribution lies; limits are values of the sample.

    The number of values below the true quantile is binomial whatever the distribution. Raises ValueError where there is
    no value.
    """
    if not values:
        raise ValueError("no quantile of nothing")
    ordered, count = sorted(values), len(values)
    below = stats.binom.cdf(np.arange(-1, count + 1), count, share)  # P(fewer than i values lie below), i = 0..n+1
    first = int(np.searchsorted(below, _TAIL, side="right")) - 1
    last = int(np.searchsorted(below, 1 - _TAIL, side="left"))
    return Interval(
        float(np.quantile(ordered, share)),
        ordered[first - 1] if first >= 1 else -math.inf,
        ordered[last - 1] if last <= count else math.inf,
    )


def function_of_means(
    columns: Sequence[Sequence[float]],
    function: Callable[[Floats], Floats],
    limits: tuple[float, float] | None = None,
    seed: int = SEED,
) -> Interval:
    """A function of the means of several columns over the same questions, which are resampled together.

    `function` gets a matrix of means, a column for each of `columns`, and returns a number for each row. Resamples for
    which it is not finite do not count. Raises ValueError where there is no question, or columns differ in length.
    """
    rows = np.array(list(zip(*columns, strict=True)), dtype=float)
    if not len(rows):
        raise ValueError("no mean of nothing")
    value = float(function(rows.mean(axis=0, keepdims=True))[0])
    if limits is not None:
        rows = np.concatenate([rows, np.full((1, rows.shape[1]), limits[0]), np.full((1, rows.shape[1]), limits[1])])
    if len(rows) < 2:
        return Interval(value, -math.inf, math.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = function(_resampled_means(rows, np.random.default_rng(seed)))
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Interval(value, -math.inf, math.inf)
    outside = stats.norm.cdf(math.sqrt(len(rows) / (len(rows) - 1)) * stats.t.ppf(_TAIL, len(rows) - 1))
    low, high = np.quantile(drawn, [outside, 1 - outside])
    return Interval(value, min(float(low), value), max(float(high), value))


def mcnemar(won: int, lost: int) -> float:
    """Two-sided p of the exact McNemar test: `won` and `lost` questions that only one of two models has right."""
    return float(stats.binomtest(won, won + lost).pvalue) if won + lost else 1.0


def p_better(differences: Sequence[int]) -> float:
    """One-sided p that a sum of differences as large as this, or larger, comes from two models that are equally good.

    `differences` are right answers to one question, those of one model less those of the other. Equally good models
    could change sides at each question, so each difference has either sign with probability 1/2; the distribution of
    the sum is exact. With one answer per question this is McNemar's exact test, one-sided.
    """
    sizes, counts = np.unique([abs(d) for d in differences if d], return_counts=True)
    chances = np.ones(1)  # of the sum of the positive differences, by its value
    for size, count in zip(sizes, counts, strict=True):
        own = np.zeros(int(size * count) + 1)
        own[:: int(size)] = stats.binom.pmf(np.arange(count + 1), count, 0.5)
        chances = np.convolve(chances, own)
    return min(float(chances[sum(d for d in differences if d > 0) :].sum()), 1.0)


def p_lower(values: Sequence[float], seed: int = SEED) -> float:
    """One-sided p that a mean as low as this, or lower, comes from values that have either sign with equal chances.

    For logarithms of paired ratios: two models that are equally fast could change sides at each question. 1999 random
    choices of the signs, so never below 0.0005; and it is never too small on average. 1 where there is no value.
    """
    rows = np.asarray(values, dtype=float)
    if not len(rows):
        return 1.0
    signs = np.random.default_rng(seed).integers(0, 2, (RESAMPLES - 1, len(rows)), dtype=np.int8)
    sums = (2.0 * signs - 1.0) @ rows
    return float((1 + np.count_nonzero(sums <= rows.sum() + 1e-12 * np.abs(rows).sum())) / RESAMPLES)


def _resampled_means(rows: Floats, random: np.random.Generator) -> Floats:
    """Means of each column in RESAMPLES samples of the rows, drawn with replacement."""
    count = len(rows)
    distinct, times = np.unique(rows, axis=0, return_counts=True)
    if len(distinct) <= _FEW_VALUES:
        means: Floats = random.multinomial(count, times / count, RESAMPLES) @ distinct / count
        return means
    batch = max(_BATCH_VALUES // rows.size, 1)
    parts: list[Any] = [
        rows[random.integers(0, count, (min(batch, RESAMPLES - start), count))].mean(axis=1)
        for start in range(0, RESAMPLES, batch)
    ]
    return np.concatenate(parts)
