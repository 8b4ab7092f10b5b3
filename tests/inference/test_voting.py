"""Voting: who wins, who may vote, how ties are broken; and the faults of FINER's voting (methods.md section 2), each
written out here to show that it does fail where ours does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.result import ErrorKind, ExecutionResult
from pipeline.inference.voting import Candidate, Vote, evaluator, vote

TIMEOUT = ExecutionResult.failed(ErrorKind.TIMEOUT, "too slow")


def result(*rows: Any, cost: int | None = 10, truncated: bool = False) -> ExecutionResult:
    """Rows of one column, or as given."""
    return ExecutionResult(("x",), tuple(r if isinstance(r, tuple) else (r,) for r in rows), None, 0.0, cost, truncated)


def candidates(*results: ExecutionResult | None) -> list[Candidate]:
    return [Candidate(one) for one in results]


def winner(*results: ExecutionResult | None) -> int:
    found = vote(candidates(*results))
    assert found is not None
    return found.winner


def plurality(results: Sequence[ExecutionResult], key: Callable[[ExecutionResult], object]) -> int:
    """The first candidate of the most frequent key: the skeleton of every faulty voting below."""
    keys = [key(one) for one in results]
    best = Counter(k for k in keys if k is not None).most_common(1)[0][0]
    return keys.index(best)


def as_text(one: ExecutionResult) -> str:
    return str(list(one.rows))


# Three long results that differ only in their last row, and two short ones that agree.
LONG = [f"customer number {i}" for i in range(100)]
CUT = [result(*LONG), result("C"), result("C"), result(*LONG[:-1], "other"), result(*LONG[:-1], "another")]


def test_results_are_not_cut_at_200_characters() -> None:
    assert plurality(CUT, lambda one: as_text(one)[:200]) == 0  # three different results, taken for one
    assert winner(*CUT) == 1


def test_1_and_1_point_0_vote_together() -> None:
    split = [result(7), result(7), result(1), result(1.0), result(Decimal("1.0"))]
    assert plurality(split, as_text) == 0
    assert vote(candidates(*split)) == Vote(winner=2, votes=3, voters=5)


@pytest.mark.parametrize("nothing", [result(0), result(0.0), result(None), result()], ids=["0", "0.0", "NULL", "empty"])
def test_29_votes_for_zero_or_nothing_beat_1_for_7(nothing: ExecutionResult) -> None:
    def discarding(one: ExecutionResult) -> str | None:
        empty = not one.rows or one.rows in (((0,),), ((None,),))
        return None if empty else as_text(one)

    answers = [result(7), *[nothing] * 29]
    assert plurality(answers, discarding) == 0
    assert vote(candidates(*answers)) == Vote(winner=1, votes=29, voters=30)


def test_what_failed_is_no_vote_for_an_empty_result() -> None:
    """The fourth: a query that timed out is kept as an empty result, so that any empty result agrees with it."""
    answers = [TIMEOUT, result(), TIMEOUT, result(5), result(5)]
    assert plurality(answers, as_text) == 0
    assert vote(candidates(*answers)) == Vote(winner=3, votes=2, voters=3)


def test_prose_is_no_vote() -> None:
    """What holds no SQL was never run; a voting that takes it for executable lets it win."""
    answers = [None, None, result(5)]
    assert plurality([one or result() for one in answers], as_text) == 0
    assert vote(candidates(*answers)) == Vote(winner=2, votes=1, voters=1)


def test_what_was_cut_off_is_unknown() -> None:
    assert winner(result(1, truncated=True), result(1, truncated=True), result(2)) == 2


@pytest.mark.parametrize("none", [[], [None], [TIMEOUT, None, result(1, truncated=True)]])
def test_without_a_result_nobody_wins(none: list[ExecutionResult | None]) -> None:
    assert vote(candidates(*none)) is None


def test_rows_in_another_order_vote_together() -> None:
    assert winner(result(9), result(1, 2), result(2, 1)) == 1


def test_columns_in_another_order_do_not() -> None:
    assert vote([Candidate(result((1, 2))), Candidate(result((2, 1)))]) == Vote(0, 1, 2)


def test_ties_go_to_the_lower_cost_then_to_the_likelier_then_to_the_first() -> None:
    cheap, dear, unknown = (result("a", cost=5), result("b", cost=9), result("c", cost=None))
    assert vote([Candidate(dear, -0.1), Candidate(cheap, -9.0)]) == Vote(1, 1, 2)
    assert winner(unknown, dear) == 1
    same = result("b", cost=5)
    assert vote([Candidate(cheap, -3.0), Candidate(same, -2.0)]) == Vote(1, 1, 2)
    assert vote([Candidate(cheap, None), Candidate(same, -20.0)]) == Vote(1, 1, 2)
    assert winner(same, cheap) == 0


def test_within_the_winning_result_the_cheapest_query_answers() -> None:
    assert winner(result(1, cost=50), result(2, cost=1), result(1.0, cost=20), result(1, cost=20)) == 2


def test_a_majority_beats_the_cheapest() -> None:
    assert winner(result(1, cost=1), result(2, cost=99), result(2, cost=98)) == 2


RESULTS = st.one_of(
    st.none(),
    st.just(TIMEOUT),
    st.builds(
        lambda rows, cost, cut: result(*rows, cost=cost, truncated=cut),
        st.lists(st.sampled_from([0, 1, 1.0, None, "1", ""]), max_size=2),
        st.one_of(st.none(), st.integers(0, 3)),
        st.booleans(),
    ),
)
CANDIDATES = st.lists(st.builds(Candidate, RESULTS, st.one_of(st.none(), st.floats(-9, 0))), max_size=8)


@given(CANDIDATES)
def test_the_winner_has_a_whole_result_and_no_other_has_more_votes(given: list[Candidate]) -> None:
    found = vote(given)
    whole = [i for i, c in enumerate(given) if c.result is not None and c.result.ok and not c.result.truncated]
    if found is None:
        assert not whole
        return
    assert found.winner in whole
    assert found.voters == len(whole)
    rows = [Counter(given[i].result.rows) for i in whole]  # type: ignore[union-attr]
    assert max(rows.count(each) for each in rows) == found.votes == rows.count(rows[whole.index(found.winner)])


@given(CANDIDATES, st.data())
def test_the_order_of_the_candidates_decides_only_between_equals(given: list[Candidate], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(given))))
    found, again = vote(given), vote([given[i] for i in order])
    assert (found is None) == (again is None)
    if found and again:
        mine, theirs = given[found.winner], given[order[again.winner]]
        assert (found.votes, found.voters) == (again.votes, again.voters)
        assert mine.result is not None
        assert theirs.result is not None
        assert (mine.result.cost, mine.logprob) == (theirs.result.cost, theirs.logprob)


def test_the_evaluator_names_the_number_of_candidates() -> None:
    assert evaluator(8) == "SC@8"
