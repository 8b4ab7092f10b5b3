"""What the terminal shows: rows from Airflow's answers, a line per change, the closing table."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.demo import progress
from pipeline.demo.progress import TaskRow, changed_lines, progress_table, progress_view, task_rows
from pipeline.demo.report import explanation, result_table

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
METRICS = {
    "questions": 24,
    **{f"{stage}.{key}": 0.5 for stage in ("sft", "self_distill", "grpo") for key in ("ex_think", "ex_no_think")},
    "grpo.latency_ms": 1.254,
    "grpo.latency_ratio": 0.981,
    "grpo.latency_questions": 12.0,
}
PROMOTED = {
    "uris": {"model_version": "models:/text2sql/3"},
    "notes": {"alias": "champion", "reason": "first model [v1]"},
}


def instance(task_id: str, state: str | None, **more: Any) -> dict[str, Any]:
    return {"task_id": task_id, "state": state, "try_number": 1, "duration": None, "start_date": None} | more


def shown(table: Table) -> str:
    output = io.StringIO()
    Console(file=output, width=120).print(table)
    return output.getvalue()


def test_rows_are_in_the_pipelines_order_with_times_and_notes() -> None:
    instances = [
        instance("promote", None),
        instance("sft", "running", start_date="2026-11-21T12:00:00Z"),
        instance("validate", "failed", duration=3.2, try_number=2),
    ]
    rows = task_rows(instances, {"validate": "no such folder", "sft": "old note"}, NOW)
    assert rows == [
        TaskRow("validate", "failed", 2, 3.2, "no such folder"),
        TaskRow("sft", "running", 1, 30.0),
        TaskRow("promote", "waiting", 1, None),
    ]


def test_one_line_for_each_change() -> None:
    before = [TaskRow("validate", "running", 1, 2.0), TaskRow("sft", "waiting", 0, None)]
    after = [
        TaskRow("validate", "up_for_retry", 1, 3.0, "MLflow is down"),
        TaskRow("sft", "waiting", 0, None),
    ]
    assert changed_lines(before, after) == ["validate: up for retry, after 3 s: MLflow is down"]
    again = [TaskRow("validate", "running", 2, 0.5)]
    assert changed_lines(after, again) == ["validate: running, try 2"]
    assert changed_lines(again, again) == []


def test_without_a_terminal_silence_is_broken_each_minute(monkeypatch: Any) -> None:
    output = io.StringIO()
    rows = [TaskRow("sft", "running", 1, 61.0)]
    with progress_view(Console(file=output, width=20)) as view:
        view.update(rows)
        view.update(rows)
        monkeypatch.setattr(progress, "QUIET_S", 0.0)
        view.update(rows)
    lines = [line.split(" ", 1)[1] for line in output.getvalue().splitlines()]
    assert lines == ["sft: running", "sft: running for 61 s"]


def test_live_table_shows_text_as_it_is() -> None:
    text = shown(progress_table([TaskRow("sft", "failed", 3, 12.4, "bad [row]")]))
    assert "bad [row]" in text
    assert "failed (try 3)" in text
    assert "12 s" in text


def test_result_table() -> None:
    text = shown(result_table({"metrics": METRICS}, PROMOTED))
    grpo = next(line for line in text.splitlines() if "grpo" in line)
    assert [cell.strip() for cell in grpo.split("│")[1:-1]] == [
        "grpo",
        "0.500",
        "0.500",
        "1.25 ms, x0.98 (n=12)",
        "text2sql/3",
        "champion",
    ]
    assert "champion before" not in text
    assert "champion before" in shown(result_table({"metrics": METRICS | {"champion.ex_think": 0.1}}, PROMOTED))


def test_explanation_says_what_the_numbers_are() -> None:
    lines = explanation({"metrics": METRICS, "notes": {"evaluator": "greedy, single-database EX"}}, PROMOTED)
    assert lines[0].endswith("24 held-out questions, one answer each; evaluator: greedy, single-database EX.")
    assert lines[-1] == "Promotion: first model [v1]"
    assert explanation({}, {})[0].startswith("EX: execution accuracy on – held-out")
