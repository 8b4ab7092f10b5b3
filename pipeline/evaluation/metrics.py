"""Metrics of one set of answers, and of two on the same questions: each a number with its 95 % interval.

The evaluator is that of the outcomes' verdicts (single database or test suite; greedy or SC@k): whoever reports a
metric names it beside the name, for outcomes do not know it. Shares are between 0 and 1; only R-VES is in points, as
BIRD defines it. Several answers to one question (modes, samples) are averaged first: the question is what was drawn.
A metric that nothing was measured for is left out; it is never 0 for want of data.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from pipeline.evaluation.measures import BEST_EFFICIENCY, efficiency, is_gold, pass_at_k
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.statistics import (
    Floats,
    Interval,
    difference,
    function_of_means,
    geometric_mean,
    mean,
    proportion,
    quantile,
)

_SHARE = (0.0, 1.0)

Question = tuple[str, int]
Read = Callable[[Outcome], float | None]
Figures = dict[str, Interval | None]


def score(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """Everything that one model's answers tell by themselves. EX is the share of right verdicts.

    - `ex`; `non_empty_ex`: EX on the questions whose gold has a row; `valid_sql`: share that ran without error;
    - `ex_difficulty_*`, `ex_hardness_*`, `ex_database_*`: EX by what the benchmark says of the question, by database;
    - `ex_think`, `obedience_think` (share that keeps to the mode), `tokens_think`, and the same of `no_think`;
    - `soft_f1` (measures.soft_f1, mean over all questions) and `r_ves` (see r_ves), both BIRD's;
    - `latency_median_ms`, `latency_p95_ms`, `latency_total_ms` (each question once) of the right predictions,
      `gold_latency_*` of their golds; `latency_ratio_gold`: geometric mean of the one by the other, below 1 where
      faster;
    - `cost_*`, `gold_cost_*`, `cost_ratio_gold`: the same of ExecutionResult.cost;
    - `tokens`, `seconds`: means per answer; `token_elasticity` (see there).
    Raises ValueError for no outcome.
    """
    right = [o for o in outcomes if o.verdict]
    figures: Figures = {
        "ex": ex(outcomes),
        "non_empty_ex": _share([o for o in outcomes if not o.empty_gold], lambda o: o.verdict),
        "valid_sql": _share(outcomes, lambda o: not o.error_kind),
        "r_ves": r_ves(outcomes),
        "soft_f1": _mean(outcomes, lambda o: o.soft_f1, _SHARE),
        "latency_ratio_gold": _ratio((o, o.latency_ratio) for o in right),
        "cost_ratio_gold": _ratio((o, _cost_ratio(o.pred_cost, o.gold_cost)) for o in right),
        "tokens": _mean(outcomes, lambda o: o.tokens),
        "seconds": _mean(outcomes, lambda o: o.seconds),
        "token_elasticity": token_elasticity(outcomes),
    }
    for attribute, name in (("difficulty", "difficulty"), ("hardness", "hardness"), ("db_id", "database")):
        for group in sorted({value for o in outcomes if (value := getattr(o, attribute))}):
            figures[f"ex_{name}_{group}"] = ex([o for o in outcomes if getattr(o, attribute) == group])
    for mode in sorted({o.mode for o in outcomes if o.mode}):
        own = [o for o in outcomes if o.mode == mode]
        figures[f"ex_{mode}"] = ex(own)
        figures[f"obedience_{mode}"] = _share([o for o in own if o.obedient is not None], lambda o: bool(o.obedient))
        figures[f"tokens_{mode}"] = _mean(own, lambda o: o.tokens)
    figures |= _latency("", right, lambda o: o.pred_s) | _latency("gold_", right, lambda o: o.gold_s)
    figures |= _cost("", right, lambda o: o.pred_cost) | _cost("gold_", right, lambda o: o.gold_cost)
    return _known(figures)


def against(outcomes: Sequence[Outcome], baseline: Sequence[Outcome]) -> dict[str, Interval]:
    """One model beside another on the same questions (and modes), in the same order.

    `ex_difference`: this model's EX less the baseline's (paired). All else is only of answers that both have right and
    that were measured for both, `latency_answers` and `cost_answers` of them: `latency_*` and `cost_*` as in score, of
    the baseline `baseline_latency_*` and `baseline_cost_*`, and the geometric means `latency_ratio` and `cost_ratio` of
    this model by the baseline, below 1 where it is faster. The two were not timed against each other but each against
    the gold, in paired rounds; the gold's time cancels out, and with it the mood of the machine.

    Raises ValueError where the questions are not the same, or there are none.
    """
    both = [(a, b) for a, b in _pairs(outcomes, baseline) if a.verdict and b.verdict]
    timed = [(a, b) for a, b in both if a.latency_ratio and b.latency_ratio]
    counted = [(a, b) for a, b in both if a.pred_cost is not None and b.pred_cost is not None]
    figures: Figures = {
        "ex_difference": ex_difference(outcomes, baseline),
        "latency_answers": Interval(len(timed), len(timed), len(timed)),
        "latency_ratio": _ratio((a, _latency_ratio(a, b)) for a, b in timed),
        "cost_answers": Interval(len(counted), len(counted), len(counted)),
        "cost_ratio": _ratio((a, _cost_ratio(a.pred_cost, b.pred_cost)) for a, b in counted),
    }
    for prefix, which in (("", 0), ("baseline_", 1)):
        figures |= _latency(prefix, [pair[which] for pair in timed], lambda o: o.pred_s)
        figures |= _cost(prefix, [pair[which] for pair in counted], lambda o: o.pred_cost)
    return _known(figures)


def ex(outcomes: Sequence[Outcome]) -> Interval:
    """Execution accuracy: the share of right verdicts. Raises ValueError for no outcome."""
    found = _share(outcomes, lambda o: o.verdict)
    if found is None:
        raise ValueError("no outcome")
    return found


def ex_difference(outcomes: Sequence[Outcome], baseline: Sequence[Outcome]) -> Interval:
    """EX of `outcomes` less that of `baseline`, on the same questions in the same order (paired bootstrap).

    Raises ValueError where the questions are not the same, or there are none.
    """
    _pairs(outcomes, baseline)
    mine, theirs = (_per_question(which, lambda o: o.verdict) for which in (outcomes, baseline))
    return difference(list(mine.values()), list(theirs.values()), (-1.0, 1.0))


def latency_ratios(outcomes: Sequence[Outcome], baseline: Sequence[Outcome]) -> list[float | None]:
    """Latency of each answer by the baseline's to the same question; None unless both are right and were measured.

    Raises ValueError where the questions are not the same.
    """
    return [_latency_ratio(a, b) if a.verdict and b.verdict else None for a, b in _pairs(outcomes, baseline)]


def r_ves(outcomes: Sequence[Outcome]) -> Interval | None:
    """R-VES, BIRD's, in points: the mean of measures.efficiency times 100. Gold against gold is 100.

    None where right predictions other than the gold itself were not measured.
    """
    right = [o for o in outcomes if o.verdict]
    if right and not any(o.latency_ratio or is_gold(o) for o in right):
        return None
    found = _mean(outcomes, efficiency, (0.0, BEST_EFFICIENCY))
    return found and found.scaled(100)


def token_elasticity(outcomes: Sequence[Outcome]) -> Interval | None:
    """Token elasticity of performance (TEP) of thinking: relative gain of EX by relative growth of the tokens written.

    (EX_think / EX_no_think - 1) / (tokens_think / tokens_no_think - 1): 0.1 says that twice the tokens bought 10 % more
    right answers, below 0 that they cost some. After EllieSQL (Zhu et al. 2025, arXiv 2503.22402), which asks it of a
    costlier pipeline against a plain one; here the base is the same model without thinking. Over the questions answered
    in both modes. None where it is undefined: not both modes, EX 0 without thinking, as many tokens with and without.
    """
    told = {mode: [o for o in outcomes if o.mode == mode and o.tokens is not None] for mode in ("think", "no_think")}
    reads: tuple[Read, ...] = (lambda o: o.verdict, lambda o: o.tokens)
    columns = [_per_question(own, read) for read in reads for own in told.values()]
    shared = [question for question in columns[0] if question in columns[1]]
    rows = [[column[question] for question in shared] for column in columns]
    _, plain_ex, tokens, plain_tokens = map(sum, rows)
    if not plain_ex or not plain_tokens or tokens == plain_tokens:
        return None

    def elasticity(means: Floats) -> Floats:
        ratio: Floats = (means[:, 0] / means[:, 1] - 1) / (means[:, 2] / means[:, 3] - 1)
        return ratio

    return function_of_means(rows, elasticity)


def pass_at(outcomes: Sequence[Outcome], k: int) -> Interval:
    """pass@k: mean of measures.pass_at_k over the questions, of which `outcomes` holds at least `k` samples each.

    Raises ValueError where a question has fewer, or there is none.
    """
    samples: defaultdict[Question, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        samples[outcome.db_id, outcome.index].append(outcome.verdict)
    return mean([pass_at_k(len(own), sum(own), k) for own in samples.values()], _SHARE)


def _pairs(outcomes: Sequence[Outcome], baseline: Sequence[Outcome]) -> list[tuple[Outcome, Outcome]]:
    mine, theirs = ([(o.db_id, o.index, o.mode) for o in which] for which in (outcomes, baseline))
    if mine != theirs:
        raise ValueError("the two models' answers are not to the same questions in the same order")
    return list(zip(outcomes, baseline, strict=True))


def _latency_ratio(mine: Outcome, theirs: Outcome) -> float | None:
    return mine.latency_ratio / theirs.latency_ratio if mine.latency_ratio and theirs.latency_ratio else None


def _cost_ratio(mine: int | None, theirs: int | None) -> float | None:
    # MySQL's count may be 0.
    return None if mine is None or theirs is None else (mine + 1) / (theirs + 1)


def _latency(prefix: str, outcomes: Sequence[Outcome], read: Read) -> Figures:
    work = _work(outcomes, read)
    return {f"{prefix}latency_{name}_ms": interval.scaled(1000) for name, interval in work.items()}


def _cost(prefix: str, outcomes: Sequence[Outcome], read: Read) -> Figures:
    return {f"{prefix}cost_{name}": interval for name, interval in _work(outcomes, read).items()}


def _work(outcomes: Sequence[Outcome], read: Read) -> dict[str, Interval]:
    """Median and 95th percentile of the answers, total of the questions; limits below 0 become 0."""
    known = [value for o in outcomes if (value := read(o)) is not None]
    if not known:
        return {}
    questions = list(_per_question(outcomes, read).values())
    figures = {
        "median": quantile(known, 0.5),
        "p95": quantile(known, 0.95),
        "total": mean(questions).scaled(len(questions)),
    }
    return {name: interval._replace(low=max(interval.low, 0.0)) for name, interval in figures.items()}


def _per_question(outcomes: Sequence[Outcome], read: Read) -> dict[Question, float]:
    """Means over the answers to each question, without answers that have no value."""
    values: defaultdict[Question, list[float]] = defaultdict(list)
    for outcome in outcomes:
        if (known := read(outcome)) is not None:
            values[outcome.db_id, outcome.index].append(known)
    return {question: statistics.fmean(own) for question, own in values.items()}


def _share(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> Interval | None:
    """Exact where each question has one answer, which is a yes or a no; else the mean of the questions' shares."""
    if len(_per_question(outcomes, holds)) == len(outcomes):
        return proportion([holds(o) for o in outcomes]) if outcomes else None
    return _mean(outcomes, holds, _SHARE)


def _mean(outcomes: Sequence[Outcome], read: Read, limits: tuple[float, float] | None = None) -> Interval | None:
    values = list(_per_question(outcomes, read).values())
    return mean(values, limits) if values else None


def _ratio(ratios: Iterable[tuple[Outcome, float | None]]) -> Interval | None:
    """Geometric mean over the questions, each with the geometric mean of its own."""
    own: defaultdict[Question, list[float]] = defaultdict(list)
    for outcome, ratio in ratios:
        if ratio:
            own[outcome.db_id, outcome.index].append(ratio)
    return geometric_mean([statistics.geometric_mean(values) for values in own.values()]) if own else None


def _known(figures: Mapping[str, Interval | None]) -> dict[str, Interval]:
    return {name: interval for name, interval in figures.items() if interval is not None}
