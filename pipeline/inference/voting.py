"""Self-consistency: of k answers to one question, the one whose result most of them agree on, reported as SC@k.

Results are compared whole, by pipeline.engine.compare.result_key: every row, numbers normalised (1 is 1.0), as a bag
even where the question asks for an order. An empty result and a 0 are answers like any other. What failed, was cut off
or held no SQL has no result, so it has no vote: it neither wins nor counts as an empty one. (methods.md sections 2 and
4; FINER's voting gets each of these wrong, see tests/inference/test_voting.py.)
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.engine.compare import comparable, result_key
from pipeline.engine.result import ExecutionResult


class Candidate(NamedTuple):
    """One answer: what its SQL gave (None: it held none), and the log-probability of its text (None: unknown)."""

    result: ExecutionResult | None
    logprob: float | None = None


class Vote(NamedTuple):
    """`winner` is the place of the chosen candidate; `votes` of the `voters` that had a result agree with it."""

    winner: int
    votes: int
    voters: int


def vote(candidates: Sequence[Candidate]) -> Vote | None:
    """The candidate to answer with; None if none of them has a result, when any is as good as another.

    The result with the most votes wins. Among all candidates that have it, and among results with as many votes, the
    one of the lowest cost is taken, then of the highest log-probability, then the first; an unknown cost or
    log-probability comes last.
    """
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for place, candidate in enumerate(candidates):
        if candidate.result is not None and comparable(candidate.result, candidate.result):
            groups[result_key(candidate.result)].append(place)
    if not groups:
        return None
    most = max(map(len, groups.values()))
    leading = [place for group in groups.values() if len(group) == most for place in group]
    return Vote(min(leading, key=lambda place: _rank(candidates[place], place)), most, sum(map(len, groups.values())))


def evaluator(candidates: int) -> str:
    """The name under which a figure from votes over so many candidates is reported."""
    return f"SC@{candidates}"


def _rank(candidate: Candidate, place: int) -> tuple[float, float, int]:
    result, logprob = candidate
    cost = math.inf if result is None or result.cost is None else result.cost
    return cost, math.inf if logprob is None else -logprob, place
