"""A DAG run on the terminal: a live table where there is a screen, else a line for each change and each minute."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from pipeline.demo.airflow_api import parse_time

TASKS = ("validate", "sft", "self_distill", "grpo", "evaluate", "approve", "promote")
STYLES = {"success": "green", "running": "cyan", "failed": "red", "upstream_failed": "red", "up_for_retry": "yellow"}
QUIET_S = 60.0


@dataclass(frozen=True)
class TaskRow:
    """One task as shown. `seconds` is its time so far, None before it starts; `note` is why it failed."""

    task: str
    state: str
    attempt: int
    seconds: float | None
    note: str = ""


def task_rows(instances: Iterable[Mapping[str, Any]], notes: Mapping[str, str], now: datetime) -> list[TaskRow]:
    """Airflow's task instances as rows, in the order of the pipeline; `notes` maps a task to its error line."""
    rows = []
    for instance in instances:
        task, state = instance["task_id"], instance["state"] or "waiting"
        seconds = instance["duration"]
        if state == "running" and instance["start_date"]:
            seconds = max(0.0, (now - parse_time(instance["start_date"])).total_seconds())
        note = notes.get(task, "") if state in ("failed", "up_for_retry") else ""
        rows.append(TaskRow(task, state, instance["try_number"], seconds, note))
    return sorted(rows, key=lambda row: TASKS.index(row.task) if row.task in TASKS else len(TASKS))


def changed_lines(before: Iterable[TaskRow], after: Iterable[TaskRow]) -> list[str]:
    """One line for each task whose state or attempt is a new one."""
    known = {row.task: (row.state, row.attempt) for row in before}
    lines = []
    for row in after:
        if (row.state, row.attempt) == known.get(row.task, ("waiting", 0)) or row.state == "waiting":
            continue
        parts = [f"{row.task}: {row.state.replace('_', ' ')}"]
        parts += [f"try {row.attempt}"] if row.attempt > 1 else []
        parts += [f"after {row.seconds:.0f} s"] if row.seconds is not None and row.state != "running" else []
        lines.append(", ".join(parts) + (f": {row.note}" if row.note else ""))
    return lines


class ProgressView:
    """Shows the rows given to `update()`; made by `progress_view()`."""

    def __init__(self, console: Console, live: Live | None, title: str) -> None:
        self._console = console
        self._title = title
        self._live = live
        self._rows: list[TaskRow] = []
        self._spoke = time.monotonic()

    def update(self, rows: list[TaskRow]) -> None:
        """Show the newest rows."""
        if self._live:
            self._live.update(progress_table(rows, self._title), refresh=True)
        lines = [] if self._live else changed_lines(self._rows, rows)
        if not self._live and not lines and time.monotonic() - self._spoke >= QUIET_S:
            lines = [
                f"{row.task}: running for {row.seconds:.0f} s" for row in rows if row.state == "running" and row.seconds
            ]
        for line in lines:
            self._console.print(f"{datetime.now():%H:%M:%S} {line}", markup=False, highlight=False, soft_wrap=True)
            self._spoke = time.monotonic()
        self._rows = rows


@contextmanager
def progress_view(console: Console, title: str = "train_text2sql") -> Iterator[ProgressView]:
    """The view that suits the console, for the time of a run."""
    if not console.is_terminal:
        yield ProgressView(console, None, title)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield ProgressView(console, live, title)


def progress_table(rows: Iterable[TaskRow], title: str = "train_text2sql") -> Table:
    """The live table: task, state, time, note."""
    table = Table(title=title, title_justify="left", expand=False)
    for name in ("Task", "State", "Time", "Note"):
        table.add_column(name, justify="right" if name == "Time" else "left")
    for row in rows:
        style = STYLES.get(row.state, "dim")
        state = row.state.replace("_", " ") + (f" (try {row.attempt})" if row.attempt > 1 else "")
        spent = "" if row.seconds is None else f"{row.seconds:.0f} s"
        table.add_row(row.task, f"[{style}]{escape(state)}[/]", spent, escape(row.note))
    return table
