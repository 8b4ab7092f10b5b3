"""The evaluation report: one HTML file without any outside reference, so that it opens offline and in MLflow.

Every text in it may be hostile (questions, SQL, names): all of it is escaped, by the template or by matplotlib.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from pipeline.errors import InputError
from pipeline.evaluation import plots
from pipeline.evaluation.failures import clause_counts, describe, failure_groups, wrong_clauses
from pipeline.evaluation.figures import LATENCIES, headlines, limits_text, value_text
from pipeline.evaluation.metrics import latency_ratios, score
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.statistics import Interval
from pipeline.evaluation.table import read_outcomes, write_outcomes
from pipeline.registry.gate import evidence

OUTCOMES, SCORECARD, REPORT = "outcomes.parquet", "scorecard.json", "report.html"
SHOWN_QUESTIONS = 500
_MOST_BARS = 25
_EX = "Execution accuracy"
_LEVELS = ("easy", "simple", "medium", "moderate", "hard", "challenging", "extra")


@dataclass(frozen=True)
class Evaluated:
    """A model's answers to a set of questions."""

    name: str
    uri: str
    outcomes: Sequence[Outcome]


class _Model(NamedTuple):
    """A column of the report."""

    role: str
    name: str
    uri: str
    outcomes: Sequence[Outcome]
    figures: dict[str, Interval]


def render_report(
    title: str,
    evaluator: str,
    candidate: Evaluated,
    baseline: Evaluated | None,
    champion: Evaluated | None,
    settings: Mapping[str, str],
    dialect: str = "sqlite",
) -> str:
    """The report as HTML text; only what was measured is in it. `dialect` is that of the SQL.

    Raises:
        InputError: the models have not answered the same questions in the same order.
        ValueError: the candidate has no outcome.
    """
    roles = (("candidate", candidate), ("champion", champion), ("baseline", baseline))
    models = [_Model(role, e.name, e.uri, e.outcomes, score(e.outcomes)) for role, e in roles if e]
    mine, *others = models
    clauses = wrong_clauses(mine.outcomes, dialect)
    differing = clause_counts(clauses)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.evaluation"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"value_text": value_text, "limits_text": limits_text}
    html = environment.get_template("evaluation.html.j2").render(
        title=title,
        evaluator=evaluator,
        models=models,
        questions=len({(o.db_id, o.index) for o in mine.outcomes}),
        right=sum(o.verdict for o in mine.outcomes),
        accuracy=plots.interval_plot([plots.Model(m.name, m.figures) for m in models], "ex", _EX) if others else None,
        headlines=[f for f in headlines(o.mode for o in mine.outcomes) if any(f.name in m.figures for m in models)],
        comparisons=[_comparison(mine, other) for other in others],
        groups=[
            group
            for attribute, name in (("difficulty", "difficulty"), ("hardness", "hardness"), ("db_id", "database"))
            if (group := _group(models, attribute, name))
        ],
        measured=sum(o.verdict and o.pred_s is not None for o in mine.outcomes),
        scatter=plots.latency_scatter(mine.outcomes),
        latencies=[f for f in LATENCIES if f.name in mine.figures],
        failures=failure_groups(mine.outcomes, clauses),
        clause_plot=plots.counts(differing, "wrong results that differ in it") if differing else None,
        rows=[
            (outcome, describe(outcome, clauses.get(place, ())), [other.outcomes[place].verdict for other in others])
            for place, outcome in enumerate(mine.outcomes[:SHOWN_QUESTIONS])
        ],
        settings=settings,
    )
    return html.encode(errors="backslashreplace").decode()  # a question may hold half a character


def _comparison(mine: _Model, other: _Model) -> dict[str, Any]:
    try:
        ratios = latency_ratios(mine.outcomes, other.outcomes)
    except ValueError:
        raise InputError(
            f"{other.name}, the {other.role}, has not answered the same questions as {mine.name}; evaluate it again"
        ) from None
    verdicts, theirs = ([o.verdict for o in model.outcomes] for model in (mine, other))
    found = evidence(verdicts, theirs, 0.0, [(o.db_id, o.index) for o in mine.outcomes], ratios)
    said, tone = "not shown to be better or worse", ""
    if found.difference.excludes(0):
        said, tone = ("better", "good") if found.difference.low > 0 else ("worse", "bad")
    return {
        "role": other.role,
        "name": other.name,
        "found": found,
        "difference": found.difference.scaled(100),
        "said": said,
        "tone": tone,
    }


def _group(models: Sequence[_Model], attribute: str, name: str) -> dict[str, Any] | None:
    """EX of each group of questions; None if nothing is known, or all are in one group."""
    members: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for outcome in models[0].outcomes:
        if value := getattr(outcome, attribute):
            members[value].add((outcome.db_id, outcome.index))
    if len(members) < 2:
        return None
    prefix = f"ex_{name}_"
    reached = [
        plots.Model(m.name, {k.removeprefix(prefix): v for k, v in m.figures.items() if k.startswith(prefix)})
        for m in models
    ]
    first = reached[0].reached
    known = all(value in _LEVELS for value in members)
    ordered = sorted(members, key=_LEVELS.index if known else lambda value: (first[value].value, value))
    most = sorted(ordered, key=lambda value: -len(members[value]))[:_MOST_BARS]
    bars = [(value, len(members[value])) for value in ordered if value in most]
    return {
        "name": name,
        "rows": [(value, len(members[value]), [m.reached.get(value) for m in reached]) for value in ordered],
        "plot": plots.bars(bars, reached, _EX, name),
        "left_out": len(ordered) - len(bars),
        "worst_first": not known,
    }


def write_evaluation(
    folder: Path,
    evaluated: Evaluated,
    evaluator: str,
    settings: Mapping[str, str],
    baseline: Evaluated | None = None,
    champion: Evaluated | None = None,
    title: str = "",
    dialect: str = "sqlite",
) -> None:
    """Write outcomes.parquet, report.html and, last of all, scorecard.json to `folder`; raises as render_report does.

    In the scorecard each metric is {"value", "low", "high"}, null for a limit that is not known.
    """
    html = render_report(
        title or f"Evaluation of {evaluated.name}", evaluator, evaluated, baseline, champion, settings, dialect
    )
    figures = {name: _limits(interval) for name, interval in score(evaluated.outcomes).items()}
    card = {
        "name": evaluated.name,
        "uri": evaluated.uri,
        "evaluator": evaluator,
        "questions": len({(o.db_id, o.index) for o in evaluated.outcomes}),
        "answers": len(evaluated.outcomes),
        "ex": figures["ex"],
        "metrics": figures,
        "settings": dict(settings),
    }
    (folder / SCORECARD).unlink(missing_ok=True)  # of an earlier evaluation, whose answers are about to go
    write_outcomes(folder / OUTCOMES, evaluated.outcomes)
    (folder / REPORT).write_text(html, encoding="utf-8")
    (folder / SCORECARD).write_text(json.dumps(card, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def load_evaluated(folder: Path) -> Evaluated:
    """Read back what write_evaluation has written.

    Raises:
        InputError: the folder is not that of a finished evaluation.
    """
    path = folder / SCORECARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        name, uri = card["name"], card["uri"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: not the scorecard of an evaluation ({error!r}); run querysmith evaluate") from None
    return Evaluated(str(name), str(uri), read_outcomes(folder / OUTCOMES))


def _limits(interval: Interval) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in interval._asdict().items()}
