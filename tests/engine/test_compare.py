"""When results are the same, as properties and as the cases that matter."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.compare import result_key, same_result
from pipeline.engine.result import ErrorKind, ExecutionResult

Rows = list[tuple[Any, ...]]

values = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.sampled_from([0.1, 0.5, 1.0, 12.345675, 2.0000004, 9e15]),
    st.decimals(-(10**30), 10**30, allow_nan=False, places=4),
    st.sampled_from([Decimal("0.1"), Decimal("1.00"), Decimal(2**53 + 1), Decimal("12.345675")]),
    st.text(max_size=3),
    st.binary(max_size=3),
)


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    width = draw(st.integers(1, 3))
    return draw(st.lists(st.tuples(*[values] * width), max_size=8))


def result(rows: Rows, width: int | None = None) -> ExecutionResult:
    width = len(rows[0]) if rows else (width or 1)
    return ExecutionResult(columns=tuple(f"c{i}" for i in range(width)), rows=tuple(rows), cost=1)


def noisy(value: Any, ulps: int) -> Any:
    """A float as another order of summation would have left it; anything else as it is."""
    if not isinstance(value, float) or not 1e-300 < abs(value) < 1e15:
        return value
    return value * (1 + ulps * 2.3e-16)


@given(tables(), st.randoms())
def test_a_bag_does_not_depend_on_order(rows: Rows, random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert same_result(result(rows), result(shuffled, 1), ordered=False)
    assert result_key(result(rows)) == result_key(result(shuffled))
    assert same_result(result(rows), result(shuffled), ordered=True) or rows != shuffled


@given(tables(), tables(), st.booleans())
def test_symmetric(a: Rows, b: Rows, ordered: bool) -> None:
    assert same_result(result(a), result(b), ordered) == same_result(result(b), result(a), ordered)


@given(st.lists(st.tuples(values, values), max_size=4), st.lists(st.tuples(values, values), max_size=4))
def test_equal_keys_are_the_same_result(a: Rows, b: Rows) -> None:
    if result_key(result(a, 2)) == result_key(result(b, 2)):
        assert same_result(result(a, 2), result(b, 2), ordered=False)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-3e-6, 3e-6),
)
def test_equal_keys_of_near_numbers_are_the_same_result(value: float, relative: float) -> None:
    a, b = result([(value,)]), result([(value * (1 + relative),)])
    if result_key(a) == result_key(b):
        assert same_result(a, b, ordered=False)


@given(st.data(), st.booleans())
def test_the_same_result_can_be_paired(data: st.DataObject, ordered: bool) -> None:
    near = st.sampled_from([1, 1.0, 1.0000001, 1.0000004, 1.0000009, 2, None, "1", Decimal("1.0000002"), Decimal(1)])
    rows = st.lists(st.tuples(near, near), min_size=3, max_size=3)
    a, b = data.draw(rows), data.draw(rows)
    orders = [b] if ordered else permutations(b)
    if same_result(result(a), result(b), ordered):
        assert any(all(near_rows(x, y) for x, y in zip(a, order, strict=True)) for order in orders)
    elif ordered:
        assert not all(near_rows(x, y) for x, y in zip(a, b, strict=True))
    else:
        assert sorted(map(repr, a)) != sorted(map(repr, b))


def near_rows(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return all(
        x == y
        or (
            not isinstance(x, str | None)
            and not isinstance(y, str | None)
            and not (x % 1 == 0 and y % 1 == 0)
            and math.isclose(x, y, rel_tol=1e-6)
        )
        for x, y in zip(a, b, strict=True)
    )


@given(st.decimals(-(10**12), 10**12, allow_nan=False, places=4))
def test_a_decimal_and_its_float_vote_together(value: Decimal) -> None:
    a, b = result([(value,)]), result([(float(value),)])
    assert same_result(a, b, ordered=False)
    assert result_key(a) == result_key(b)


@given(tables())
def test_ordered_implies_unordered(rows: Rows) -> None:
    noise = [tuple(noisy(value, i % 3 - 1) for value in row) for i, row in enumerate(rows)]
    assert same_result(result(rows), result(noise), ordered=True)
    assert same_result(result(rows), result(noise), ordered=False)


@given(tables(), st.data())
def test_a_changed_row_is_another_result(rows: Rows, data: st.DataObject) -> None:
    if not rows:
        return
    at = data.draw(st.integers(0, len(rows) - 1))
    changed = [*rows[:at], ("changed",) * len(rows[at]), *rows[at + 1 :]]
    assert not same_result(result(rows), result(changed), ordered=False)
    assert result_key(result(rows)) != result_key(result(changed))


@given(tables())
def test_multiplicity_counts(rows: Rows) -> None:
    if rows:
        assert not same_result(result(rows), result([*rows, rows[0]]), ordered=False)
        assert result_key(result(rows)) != result_key(result([*rows, rows[0]]))


@given(
    st.one_of(st.floats(0.001, 1e6), st.integers(1, 10**7).map(lambda n: n / 1000), st.integers(1, 10**10).map(float)),
    st.integers(-4, 4),
)
def test_noise_changes_no_key(value: float, ulps: int) -> None:
    assert result_key(result([(value,)])) == result_key(result([(noisy(value, ulps),)]))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        (-0.0, 0),
        (0.1 + 0.2, 0.3),
        (3, 2.9999999999999996),
        (1234.5678, 1234.5679),
        (math.inf, math.inf),
        (10**15, 1e15),
        (Decimal("1.0"), 1),
        (Decimal("1.00"), 1.0),
        (Decimal("0.1"), 0.1),
        (Decimal("3"), 2.9999999999999996),
        (Decimal("1234.5678"), 1234.5679),
        (Decimal("0.30"), Decimal("0.3")),
        (Decimal("0.3"), 0.1 + 0.2),
        (Decimal(2**53 + 1), 2**53 + 1),
        (Decimal("9" * 65), 10**65 - 1),
    ],
)
def test_same_values(a: Any, b: Any) -> None:
    assert same_result(result([(a,)]), result([(b,)]), ordered=True)
    assert same_result(result([(a,)]), result([(b,)]), ordered=False)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (None, ""),
        (None, 0),
        ("1", 1),
        ("1.0", 1.0),
        ("a", b"a"),
        ("a", "A"),
        ("a", "a "),
        (10**9, 10**9 + 1),
        (1e9, 10**9 + 1),
        (1.0, 1.00001),
        (math.inf, 1.7e308),
        (math.inf, -math.inf),
        (0.0, 1e-17),
        ("1", "1.0"),
        ("1", Decimal(1)),
        (None, Decimal(0)),
        (Decimal("1.0"), 1.00001),
        (Decimal("1.0"), Decimal("1.00001")),
        (Decimal(2**53 + 1), 2**53),
        (Decimal(2**53 + 1), float(2**53)),
        (2**53 + 1, float(2**53)),
        (Decimal("9" * 65), Decimal("9" * 64 + "8")),
        (Decimal("0.0"), Decimal("1e-17")),
    ],
)
def test_different_values(a: Any, b: Any) -> None:
    assert not same_result(result([(a,)]), result([(b,)]), ordered=True)
    assert not same_result(result([(a,)]), result([(b,)]), ordered=False)
    assert result_key(result([(a,)])) != result_key(result([(b,)]))


def test_noise_in_one_column_does_not_hide_the_pairing() -> None:
    a = result([(1.1, 5.5), (1.1 + 4e-16, 3.3)])
    b = result([(1.1, 3.3), (1.1 + 4e-16, 5.5)])
    assert same_result(a, b, ordered=False)
    assert result_key(a) == result_key(b)


def test_whole_numbers_between_fractions_of_one_bucket_do_not_hide_the_pairing() -> None:
    a = result([(10000000.4,), (10000003,), (10000004,)])
    b = result([(10000003,), (10000004,), (10000004.4,)])
    assert result_key(a) == result_key(b)
    assert same_result(a, b, ordered=False)


def test_columns_are_not_permuted_and_order_matters_if_asked() -> None:
    assert not same_result(result([(1, 2)]), result([(2, 1)]), ordered=False)
    assert not same_result(result([(1,), (2,)]), result([(2,), (1,)]), ordered=True)
    assert result_key(result([("ab", "c")])) != result_key(result([("a", "bc")]))


def test_empty_results_differ_by_their_width_only() -> None:
    assert same_result(result([], 2), result([], 2), ordered=True)
    assert not same_result(result([], 1), result([], 2), ordered=False)
    assert result_key(result([], 1)) != result_key(result([], 2))


def test_failed_and_truncated_results_equal_nothing() -> None:
    fine = result([(1,)])
    failed = ExecutionResult.failed(ErrorKind.SYNTAX, "no")
    truncated = msgspec.structs.replace(fine, truncated=True)
    for other in (failed, truncated):
        assert not same_result(other, other, ordered=False)
        assert not same_result(fine, other, ordered=False)
        assert not same_result(other, fine, ordered=False)
        with pytest.raises(ValueError, match="no key"):
            result_key(other)
