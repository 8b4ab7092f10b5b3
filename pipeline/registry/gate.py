"""The gate: may a challenger take the champion's place?

Both have answered the same questions. Two ways lead through:
- better: more right answers than two equally good models would differ by (exact one-sided test, level 4.5 %);
- faster and not worse: lower latency on the answers that both have right (one-sided test, level 0.5 %), and the whole
  95 % interval of the difference in EX above `-margin`.
The levels add up to 5 %: no more challengers than that get through who are better in nothing, whatever the margin. So
an equal model is not promoted: a change that gains nothing only risks something.

Modes are averaged within a question, for its answers are not independent. How well a real gain is seen depends on how
often the two models disagree about a question. Of the 6 published systems in Spider's recorded verdicts (552
questions), those next to each other in EX disagree on 9.8 to 19.0 % (median 16.3 %). With 500 questions, one answer
each, 5 points more are seen with probability 0.97, 0.87, 0.84 and 0.79 where 10, 15, 16.3 and 19 % disagree; with 150
questions and 15 %, with 0.37.
Not covered: that many challengers are tried against one champion; 5 % holds for each of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from pipeline.evaluation.statistics import Interval, difference, geometric_mean, mcnemar, p_better, p_lower

BETTER_LEVEL = 0.045
FASTER_LEVEL = 0.005


@dataclass(frozen=True)
class Evidence:
    """What the gate looked at. `won` and `lost` count questions that one of the two answered right more often.

    `difference` is the challenger's EX less the champion's, with its 95 % interval; `p_better` the one-sided chance of
    as large a difference between equal models, `mcnemar_p` the two-sided one of the won and the lost. `latency_ratio`
    is the geometric mean of the challenger's latency by the champion's on `latency_questions` questions (below 1:
    faster), `p_faster` the one-sided chance of as low a one; None and 1 where no latency was given.
    """

    questions: int
    answers: int
    won: int
    lost: int
    difference: Interval
    p_better: float
    mcnemar_p: float
    margin: float
    latency_ratio: Interval | None = None
    latency_questions: int = 0
    p_faster: float = 1.0

    @property
    def better(self) -> bool:
        return self.p_better <= BETTER_LEVEL

    @property
    def not_worse(self) -> bool:
        """Whether a loss of `margin` can be ruled out."""
        return self.difference.low > -self.margin

    @property
    def faster(self) -> bool:
        return self.p_faster <= FASTER_LEVEL

    def row(self) -> dict[str, Any]:
        """As JSON: intervals as value, low and high."""
        intervals = {"difference": self.difference, "latency_ratio": self.latency_ratio}
        return asdict(self) | {name: found and found._asdict() for name, found in intervals.items()}


@dataclass(frozen=True)
class Decision:
    """`promote` with its reason in one line, and the evidence (None where there was no champion)."""

    promote: bool
    reason: str
    evidence: Evidence | None = None


def decide(
    challenger: Sequence[bool],
    champion: Sequence[bool] | None,
    margin: float,
    questions: Sequence[Hashable] | None = None,
    latency_ratios: Sequence[float | None] | None = None,
) -> Decision:
    """Compare verdicts on the same answers, in the same order; None means that there is no champion.

    `margin` is a share (0.01 = one point of EX); 0 leaves only the first way. `questions` says which question each
    verdict is of, where several are of one; by default each is of its own. `latency_ratios` are the challenger's
    latency by the champion's, answer by answer, None where either is wrong or was not measured.

    Raises:
        ValueError: the sequences are not of the same answers (different length), or there are none.
    """
    if not challenger:
        raise ValueError("no question was evaluated")
    mine = fmean(challenger)
    if champion is None:
        return Decision(True, f"no champion yet; EX {mine:.1%} on {len(challenger)} answers")
    if len(champion) != len(challenger):
        raise ValueError(f"{len(challenger)} verdicts of the challenger, {len(champion)} of the champion")
    found = evidence(challenger, champion, margin, questions, latency_ratios)
    compared = (
        f"EX {mine:.1%} against the champion's {fmean(champion):.1%} on the same {found.questions} questions "
        f"({found.won} won, {found.lost} lost): {_points(found.difference)}"
    )
    if found.better:
        return Decision(True, f"{compared}; better (p = {found.p_better:.2g})", found)
    speed = found.latency_ratio
    if found.faster and speed:
        timed = f"latency ratio {speed.value:.2f} [{speed.low:.2f}, {speed.high:.2f}], p = {found.p_faster:.2g}"
        if found.not_worse:
            return Decision(True, f"{compared}; not worse by {margin:.1%}, and faster ({timed})", found)
        return Decision(
            False, f"{compared}; faster ({timed}), but it may be worse by more than the margin of {margin:.1%}", found
        )
    if list(challenger) == list(champion):
        return Decision(
            False, f"{compared}; the same verdicts, and an equal model does not replace the champion", found
        )
    return Decision(False, f"{compared}; not shown to be better (p = {found.p_better:.2g}) or faster", found)


def evidence(
    challenger: Sequence[bool],
    champion: Sequence[bool],
    margin: float,
    questions: Sequence[Hashable] | None = None,
    latency_ratios: Sequence[float | None] | None = None,
) -> Evidence:
    """The figures behind a decision; arguments and errors are those of decide."""
    labels = range(len(challenger)) if questions is None else questions
    gains: defaultdict[Hashable, list[int]] = defaultdict(list)
    for label, a, b in zip(labels, challenger, champion, strict=True):
        gains[label].append(a - b)
    logs: defaultdict[Hashable, list[float]] = defaultdict(list)
    for label, ratio in zip(labels, latency_ratios or [None] * len(challenger), strict=True):
        if ratio is not None:
            logs[label].append(math.log(ratio))
    sums = [sum(own) for own in gains.values()]
    speeds = [fmean(own) for own in logs.values()]
    won, lost = sum(s > 0 for s in sums), sum(s < 0 for s in sums)
    return Evidence(
        questions=len(sums),
        answers=len(challenger),
        won=won,
        lost=lost,
        difference=difference([fmean(own) for own in gains.values()], [0.0] * len(sums), (-1.0, 1.0)),
        p_better=p_better(sums),
        mcnemar_p=mcnemar(won, lost),
        margin=margin,
        latency_ratio=geometric_mean([math.exp(log) for log in speeds]) if speeds else None,
        latency_questions=len(speeds),
        p_faster=p_lower(speeds),
    )


def _points(gain: Interval) -> str:
    return f"{100 * gain.value:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
