"""`querysmith evaluate --model` and `report`: a model that knows two answers, on a benchmark of three questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config_loading import load_config
from pipeline.errors import InputError
from pipeline.evaluation.compare_runs import report_of
from pipeline.evaluation.offline import evaluate_offline
from pipeline.evaluation.table import read_outcomes

TABLES = {
    "db_id": "shop",
    "table_names_original": ["customers", "orders", "notes"],
    "column_names_original": [
        *([-1, "*"], [0, "customer_id"], [0, "name"], [0, "city"], [1, "order_id"], [1, "customer_id"]),
        *([1, "amount"], [2, "note_id"], [2, "order_id"], [2, "body"]),
    ],
    "foreign_keys": [[5, 1], [8, 4]],
}


@pytest.fixture
def folder(spider_folder: Any, known: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))
    rows = [{"db_id": e.db_id, "question": e.question, "query": e.gold_sql[0]} for e in known]
    rows.append({"db_id": "shop", "question": "Which city has most customers?", "query": "SELECT 'Bern'"})
    return Path(spider_folder(dev=rows, tables=[TABLES]))


def evaluated(folder: Path, model: Path, output: Path, **changes: Any) -> str:
    given: dict[str, Any] = {"mode": "", "votes": 1, "limit": 0, "metric": "", "database_url": "", "seed": 1}
    profile = load_config(None, ["profile=smoke", "profile.generation.max_new_tokens=96"]).profile
    return evaluate_offline(str(model), "spider", folder, output, **{**given, **changes}, profile=profile)


def test_a_model_is_scored_on_a_benchmark(folder: Path, fitted_folder: Path, tmp_path: Path) -> None:
    said = evaluated(folder, fitted_folder, tmp_path / "out")
    assert "greedy, Spider execution match, single database" in said
    assert "3 questions" in said
    card = json.loads((tmp_path / "out" / "scorecard.json").read_text())
    assert card["ex"]["low"] < card["ex"]["value"] < card["ex"]["high"]
    assert card["ex"]["value"] == pytest.approx(4 / 6)
    assert card["metrics"]["ex_think"]["value"] == pytest.approx(2 / 3)
    assert card["metrics"]["r_ves"]["value"] == pytest.approx(100 * 2 / 3, rel=0.03)
    assert card["evaluator"] == "greedy, Spider execution match, single database"
    outcomes = read_outcomes(tmp_path / "out" / "outcomes.parquet")
    assert [(o.mode, o.index, o.verdict) for o in outcomes] == [
        *(("think", 0, True), ("think", 1, True), ("think", 2, False)),
        *(("no_think", 0, True), ("no_think", 1, True), ("no_think", 2, False)),
    ]
    assert all((o.latency_ratio is not None) == o.verdict for o in outcomes)
    predictions = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in predictions] == [o.verdict for o in outcomes]
    assert "SELECT count(*) FROM customers" in (tmp_path / "out" / "report.html").read_text()


def test_candidates_vote(folder: Path, fitted_folder: Path, tmp_path: Path) -> None:
    assert "SC@3" in evaluated(folder, fitted_folder, tmp_path / "out", votes=3, mode="no_think", limit=2)
    outcomes = read_outcomes(tmp_path / "out" / "outcomes.parquet")
    assert [o.verdict for o in outcomes] == [True, True]
    assert {o.mode for o in outcomes} == {"no_think"}


def test_two_evaluations_side_by_side(folder: Path, fitted_folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        evaluated(folder, fitted_folder, tmp_path / name, limit=2)
    evaluated(folder, fitted_folder, tmp_path / "other", limit=1)
    assert "McNemar" in report_of(str(tmp_path / "a"), str(tmp_path / "b"))
    with pytest.raises(InputError, match="same questions"):
        report_of(str(tmp_path / "a"), str(tmp_path / "other"))
    with pytest.raises(InputError, match=r"scorecard\.json"):
        report_of(str(tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mode": "thinking"}, "unknown mode 'thinking'"),
        ({"metric": "ex"}, "unknown metric 'ex'"),
        ({"model": "nowhere"}, "nowhere: no config.json"),
    ],
)
def test_bad_input(folder: Path, fitted_folder: Path, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    model = changes.pop("model", fitted_folder)
    with pytest.raises(InputError, match=message):
        evaluated(folder, model, tmp_path / "out", **changes)
