"""What went wrong, in groups: by the error, and wrong results by the clauses in which they differ from the gold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.evaluation.outcome import Outcome
from pipeline.sql.difference import UNPARSABLE, differing_clauses

MOST_GROUPS = 10
EXAMPLES = 3
_MANY_CLAUSES = 3

_KINDS = {
    "no_sql": "No SQL in the answer",
    "syntax": "Syntax error",
    "unknown_name": "Unknown table or column",
    "timeout": "Timeout",
    "too_large": "Out of memory",
    "refused": "Refused: not one read-only query",
    "runtime": "Error at run time",
    "crashed": "Crashed the worker",
    "truncated": "Result cut at the limit",
}

Clauses = dict[int, tuple[str, ...]]


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one kind, with a few to look at. `share` is theirs of all failures."""

    title: str
    count: int
    share: float
    examples: tuple[tuple[Outcome, str], ...]  # each with its differing clauses, "" for what did not run


def describe(outcome: Outcome, clauses: Sequence[str]) -> str:
    """In a few words, why an answer is wrong; "" if it is right."""
    if outcome.verdict:
        return ""
    if outcome.error_kind:
        return _KINDS.get(outcome.error_kind, outcome.error_kind)
    # Of larger sets each is rare: prediction and gold are two ways of asking.
    return f"Wrong result: {named(clauses) if len(clauses) < _MANY_CLAUSES else 'three or more clauses'}"


def named(clauses: Sequence[str]) -> str:
    if UNPARSABLE in clauses:
        return "gold or prediction cannot be parsed"
    return ", ".join(clauses).upper() if clauses else "no clause differs"


def wrong_clauses(outcomes: Sequence[Outcome], dialect: str) -> Clauses:
    """The differing clauses of each wrong result, by its place in `outcomes`."""
    known: dict[tuple[str, str], tuple[str, ...]] = {}  # several samples of a model often agree
    found: Clauses = {}
    for place, outcome in enumerate(outcomes):
        if not outcome.verdict and not outcome.error_kind:
            pair = outcome.gold, outcome.prediction
            if pair not in known:
                known[pair] = differing_clauses(*pair, dialect)
            found[place] = known[pair]
    return found


def clause_counts(clauses: Clauses) -> list[tuple[str, int]]:
    """How many wrong results differ in each clause, most first; one result may count in several."""
    counts = Counter(clause.upper() for own in clauses.values() for clause in own)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def failure_groups(outcomes: Sequence[Outcome], clauses: Clauses) -> list[FailureGroup]:
    """All failures, each in one group, largest first; small combinations of clauses share the last one."""
    groups: defaultdict[str, list[tuple[Outcome, str]]] = defaultdict(list)
    failures = [(outcome, clauses.get(place)) for place, outcome in enumerate(outcomes) if not outcome.verdict]
    for outcome, own in failures:
        groups[describe(outcome, own or ())].append((outcome, "" if own is None else named(own)))
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    # Errors always have a group of their own: there are few kinds.
    small = [(title, own) for title, own in ordered[MOST_GROUPS:] if own[0][1]]
    if len(small) > 1:
        ordered = [pair for pair in ordered if pair not in small]
        ordered.append(("Wrong result: other combinations of clauses", [one for _, own in small for one in own]))
    return [FailureGroup(title, len(own), len(own) / len(failures), _examples(own)) for title, own in ordered]


def _examples(members: Sequence[tuple[Outcome, str]]) -> tuple[tuple[Outcome, str], ...]:
    """The first few, each with another gold if possible: benchmarks ask for most golds twice, in other words."""
    distinct = list({outcome.gold: (outcome, clauses) for outcome, clauses in reversed(members)}.values())[::-1]
    rest = [member for member in members if member not in distinct]
    return tuple((distinct + rest)[:EXAMPLES])
