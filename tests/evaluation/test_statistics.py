"""Intervals hold what they promise: their coverage on distributions whose truth is known; tests against scipy's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.evaluation.statistics import (
    Interval,
    difference,
    function_of_means,
    geometric_mean,
    mcnemar,
    mean,
    p_better,
    p_lower,
    proportion,
    quantile,
)

TRIALS = 300
# Of 300 trials of a 95 % interval 285 hold; 3 standard deviations less are 274.
ENOUGH = 274 / TRIALS

Draw = Callable[[np.random.Generator, int], Sequence[float]]


def coverage(draw: Draw, truth: float, count: int, interval: Callable[[Sequence[float]], Interval]) -> float:
    random = np.random.default_rng(42)
    return sum(not interval(draw(random, count)).excludes(truth) for _ in range(TRIALS)) / TRIALS


def verdicts(share: float) -> Draw:
    return lambda random, count: (random.random(count) < share).tolist()


def paired(disagree: float, gain: float) -> Draw:
    chances = [(disagree - gain) / 2, 1 - disagree, (disagree + gain) / 2]
    return lambda random, count: random.choice([-1.0, 0.0, 1.0], count, p=chances).tolist()


@pytest.mark.parametrize("share", [0.0, 0.02, 0.6, 0.97, 1.0])
@pytest.mark.parametrize("count", [20, 150])
def test_a_share_is_within_its_interval(share: float, count: int) -> None:
    assert coverage(verdicts(share), share, count, lambda v: proportion([bool(each) for each in v])) >= ENOUGH


@given(st.integers(1, 400))
def test_none_of_n_is_no_certainty(count: int) -> None:
    """The rule of three: after n failures the share may well be 3 / n."""
    none, all_of = proportion([False] * count), proportion([True] * count)
    assert (none.value, none.low, all_of.value, all_of.high) == (0, 0, 1, 1)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / count))
    assert all_of.low == pytest.approx(1 - none.high)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda random, count: random.normal(5, 2, count).tolist(), 5.0),
        (lambda random, count: random.exponential(1, count).tolist(), 1.0),
        (lambda random, count: (0.3 * random.standard_t(3, count)).tolist(), 0.0),
    ],
    ids=["normal", "exponential", "t3"],
)
@pytest.mark.parametrize("count", [52, 150])
def test_a_mean_is_within_its_interval(draw: Draw, truth: float, count: int) -> None:
    assert coverage(draw, truth, count, mean) >= ENOUGH - 0.01  # long tails: 92 to 96 %


@pytest.mark.parametrize(("disagree", "gain"), [(0.0, 0.0), (0.02, 0.019), (0.05, 0.0), (0.15, 0.05)])
@pytest.mark.parametrize("count", [20, 52, 150])
def test_a_difference_between_two_models_is_within_its_interval(disagree: float, gain: float, count: int) -> None:
    """Also where they disagree so rarely that a sample may show no difference at all."""
    draw = paired(disagree, gain)
    assert coverage(draw, gain, count, lambda d: difference(d, [0.0] * len(d), (-1.0, 1.0))) >= ENOUGH


def test_the_plain_bootstrap_would_not_hold_it() -> None:
    draw = paired(0.02, 0.019)
    assert coverage(draw, 0.019, 20, lambda d: difference(d, [0.0] * len(d))) < 0.5


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("count", [20, 150])
def test_a_quantile_is_within_its_interval(share: float, count: int) -> None:
    truth = math.exp(stats.norm.ppf(share))
    assert coverage(
        lambda random, n: random.lognormal(0, 1, n).tolist(), truth, count, lambda v: quantile(v, share)
    ) >= (ENOUGH)


def test_a_ratio_of_latencies_is_within_its_interval() -> None:
    def draw(random: np.random.Generator, count: int) -> list[float]:
        return np.exp(random.normal(math.log(0.8), 0.5, count)).tolist()

    assert coverage(draw, 0.8, 60, geometric_mean) >= ENOUGH


def test_limits_of_quantiles_are_values_or_unknown() -> None:
    values = [float(i) for i in range(1, 101)]
    assert quantile(values, 0.5) == (50.5, 40, 61)
    assert quantile(values[:5], 0.5) == (3, -math.inf, math.inf)  # all five above it: 1 in 32
    assert quantile(values[:6], 0.5) == (3.5, 1, 6)
    assert quantile(values[:71], 0.95).high == math.inf
    assert quantile(values[:72], 0.95).high == 72


VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@given(VALUES)
def test_the_interval_holds_the_estimate_and_repeats(values: list[float]) -> None:
    found = mean(values)
    assert found.value == pytest.approx(sum(values) / len(values), abs=1e-6)
    assert found.low <= found.value <= found.high
    assert mean(values) == found
    assert min(values) - 1e-6 <= found.low
    assert found.high <= max(values) + 1e-6


@given(VALUES, st.floats(0.001, 1000))
def test_units_change_the_interval_with_the_estimate(values: list[float], factor: float) -> None:
    assert mean(values).scaled(factor) == pytest.approx(tuple(factor * each for each in mean(values)))


def test_few_and_many_distinct_values_are_resampled_alike() -> None:
    """Two ways of drawing the same: values with noise too small to matter take the other way."""
    values = [0.0, 1.0, 1.0, 2.0] * 20
    noisy = [value + 1e-9 * at for at, value in enumerate(values)]
    assert mean(noisy) == pytest.approx(mean(values), abs=0.02)


def test_a_pairing_narrows_the_interval() -> None:
    theirs = [float(i % 7) for i in range(70)]
    mine = [value + 0.1 * (at % 2) for at, value in enumerate(theirs)]
    assert difference(mine, theirs).low > 0
    assert mean(mine).low < mean(theirs).high


def test_columns_are_resampled_together() -> None:
    column = [float(i) for i in range(1, 41)]
    found = function_of_means([column, [2 * each for each in column]], lambda means: means[:, 1] / means[:, 0])
    assert found == pytest.approx((2, 2, 2))


def test_one_value_has_no_interval() -> None:
    assert mean([3.0]) == (3, -math.inf, math.inf)
    assert geometric_mean([3.0]) == pytest.approx((3, 0, math.inf))


@pytest.mark.parametrize(
    "none", [proportion, mean, geometric_mean, lambda v: quantile(v, 0.5), lambda v: difference(v, v)]
)
def test_nothing_has_no_estimate(none: Callable[[list[float]], Interval]) -> None:
    with pytest.raises(ValueError, match="of nothing"):
        none([])


def test_other_questions_have_no_difference() -> None:
    with pytest.raises(ValueError):
        difference([1.0, 0.0], [1.0])


@pytest.mark.parametrize("ratio", [0.0, -1.0])
def test_a_ratio_is_above_zero(ratio: float) -> None:
    with pytest.raises(ValueError):
        geometric_mean([1.0, ratio])


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_symmetric_and_p_better_is_its_one_side(won: int, lost: int) -> None:
    assert mcnemar(won, lost) == mcnemar(lost, won)
    differences = [1] * won + [0] * 5 + [-1] * lost
    if won + lost:
        exact = stats.binomtest(won, won + lost, alternative="greater").pvalue
        assert p_better(differences) == pytest.approx(exact)
        assert mcnemar(won, lost) == pytest.approx(stats.binomtest(won, won + lost).pvalue)
    else:
        assert p_better(differences) == mcnemar(won, lost) == 1


@given(st.lists(st.integers(-3, 3), max_size=9))
def test_p_better_counts_every_choice_of_signs(differences: list[int]) -> None:
    sums = [0]
    for d in differences:
        sums = [s + sign * d for s in sums for sign in (1, -1)]
    expected = sum(s >= sum(differences) for s in sums) / len(sums)
    assert p_better(differences) == pytest.approx(expected)


def test_p_lower_comes_near_the_exact_chance_and_never_below_its_step() -> None:
    values = [-0.3, -0.2, -0.25, 0.1, -0.15, -0.4, 0.05, -0.1]
    exact = stats.permutation_test((values,), np.mean, permutation_type="samples", alternative="less").pvalue
    assert p_lower(values) == pytest.approx(exact, abs=0.02)
    assert p_lower([-1.0] * 50) == 1 / 2000
    assert p_lower([1.0] * 50) == 1
    assert p_lower([0.0] * 50) == 1
    assert p_lower([]) == 1


def test_p_lower_is_rarely_low_by_chance() -> None:
    random = np.random.default_rng(1)
    found = [p_lower((random.standard_t(2, 40) * 0.3).tolist()) for _ in range(600)]
    assert sum(p <= 0.05 for p in found) <= 600 * 0.05 + 3 * math.sqrt(600 * 0.05 * 0.95)
