"""`querysmith report`: the HTML report of an evaluation that is in MLflow or in a folder, alone or beside another."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.errors import InputError
from pipeline.evaluation.report import SCORECARD, Evaluated, load_evaluated, render_report

# Where the steps `evaluate` and `benchmark` leave it.
_PLACES = ("evaluation/report", "evaluation")


def report_of(run: str, other: str = "") -> str:
    """The report as HTML; `run` and `other` are MLflow run ids or folders. `other` is the baseline.

    Raises:
        InputError: there is no evaluation, or the two are of different questions.
    """
    with TemporaryDirectory() as folder:
        mine, evaluator, settings = _open(run, Path(folder) / "mine")
        baseline = _open(other, Path(folder) / "other")[0] if other else None
        return render_report(f"Evaluation of {mine.name}", evaluator, mine, baseline, None, settings)


def _open(run: str, folder: Path) -> tuple[Evaluated, str, dict[str, str]]:
    found = Path(run) if Path(run).is_dir() else _fetched(run, folder)
    evaluated = load_evaluated(found)
    card = json.loads((found / SCORECARD).read_text(encoding="utf-8"))
    return evaluated, card["evaluator"], card["settings"]


def _fetched(run: str, folder: Path) -> Path:
    from pipeline.registry.runs import connect, fetch

    connect()
    for place in _PLACES:
        try:
            fetched = fetch(f"runs:/{run}/{place}", folder / place.replace("/", "-"))
        except InputError:
            continue
        if (fetched / SCORECARD).is_file() and (fetched / "outcomes.parquet").is_file():
            return fetched
    raise InputError(f"{run}: neither a folder nor an MLflow run with an evaluation; name one of evaluate or benchmark")
