"""What a finished run is worth: the closing table of the demo, from the results of `evaluate` and `promote`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

STAGES = ("sft", "self_distill", "grpo")


def result_table(evaluated: Mapping[str, Any], promoted: Mapping[str, Any]) -> Table:
    """One row per stage, and one for the champion there was: accuracy in both modes, latency, model version, alias."""
    metrics: Mapping[str, float] = evaluated.get("metrics") or {}
    table = Table(title="Result", title_justify="left")
    for name in ("Stage", "EX thinking", "EX non-thinking", "Latency", "Model version", "Alias"):
        table.add_column(name, justify="left" if name in ("Stage", "Alias") else "right")
    for stage in (*STAGES, "champion"):
        if not any(key.startswith(f"{stage}.") for key in metrics):
            continue
        version, alias = _registered(promoted) if stage == STAGES[-1] else ("", "")
        table.add_row(
            "champion before" if stage == "champion" else stage,
            _number(metrics.get(f"{stage}.ex_think"), ".3f"),
            _number(metrics.get(f"{stage}.ex_no_think"), ".3f"),
            _latency(metrics, stage),
            escape(version),
            escape(alias),
        )
    return table


def explanation(evaluated: Mapping[str, Any], promoted: Mapping[str, Any]) -> list[str]:
    """What the numbers mean, and why the model was or was not promoted."""
    metrics: Mapping[str, float] = evaluated.get("metrics") or {}
    notes: Mapping[str, str] = evaluated.get("notes") or {}
    reference = notes.get("latency_reference", "the reference")
    lines = [
        f"EX: execution accuracy on {_number(metrics.get('questions'), '.0f')} held-out questions, one answer each; "
        f"evaluator: {notes.get('evaluator', 'unknown')}.",
        f"Latency: mean wall time of the predicted queries and its ratio to {reference}'s, over the n answers that "
        f"both have right; the gold queries take {_number(metrics.get('grpo.latency_gold_ms'), '.2f', ' ms')}.",
    ]
    reason = (promoted.get("notes") or {}).get("reason")
    return [*lines, f"Promotion: {reason}"] if reason else lines


def _registered(promoted: Mapping[str, Any]) -> tuple[str, str]:
    """The version ("text2sql/3") and the alias that promote gave the last stage."""
    uri = str((promoted.get("uris") or {}).get("model_version") or "")
    return uri.removeprefix("models:/"), str((promoted.get("notes") or {}).get("alias") or "")


def _latency(metrics: Mapping[str, float], stage: str) -> str:
    """Milliseconds, ratio to the reference and number of shared right answers; a dash where there are none."""
    if f"{stage}.latency_ms" not in metrics:
        return "–"
    ratio, shared = metrics[f"{stage}.latency_ratio"], metrics[f"{stage}.latency_questions"]
    return f"{metrics[f'{stage}.latency_ms']:.2f} ms, x{ratio:.2f} (n={shared:.0f})"


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else format(value, form) + unit
