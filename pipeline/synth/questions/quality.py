"""The quality report of synthetic questions: a table for the terminal and one HTML file that opens offline."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import jinja2

from pipeline.synth.questions.made import Made, Order, Record
from pipeline.synth.view import LEVELS

_SHOWN = 20


def write_report(path: Path, made: Made, order: Order) -> None:
    """Write the HTML file."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.synth.questions"), autoescape=True, trim_blocks=True
    )
    records = _records(made)
    lengths = [len(record["question"].split()) for record in records]
    rejected = sum((h.rejected for h in made.harvests), Counter())
    html = environment.get_template("synth.html.j2").render(
        made=made,
        order=order,
        splits={name: len(listed) for name, listed in made.splits.items()},
        per_second=_per_second(made),
        rows=[(h, _levels(made, h.db_id)) for h in made.harvests],
        levels=LEVELS,
        all_levels=Counter(record["difficulty"] for record in records),
        tags=made.tags.most_common(),
        rejected=rejected.most_common(),
        draws=sum(h.draws for h in made.harvests),
        slow=_slow(records),
        mean_length=sum(lengths) / len(lengths),
        distinct=_distinct(records),
        lengths=_length_plot(lengths),
        examples=Random(order.seed).sample(records, min(_SHOWN, len(records))),
    )
    path.write_text(html, encoding="utf-8", errors="backslashreplace")


def show(made: Made) -> Any:
    """The summary as a group of tables for a Rich console."""
    from rich.console import Group
    from rich.table import Table

    table = Table("Database", "Questions", " / ".join(LEVELS), "Draws", "a second")
    for column in table.columns[1:]:
        column.justify = "right"
    for h in made.harvests:
        levels = _levels(made, h.db_id)
        rate = f"{len(h.kept) / h.seconds:.0f}" if h.seconds else "-"
        counted = " / ".join(f"{levels[level]}" for level in LEVELS)
        table.add_row(h.db_id, f"{len(h.kept)}", counted, f"{h.draws}", rate)
    reasons = Table("Rejected because", "Draws", "Share")
    rejected, draws = sum((h.rejected for h in made.harvests), Counter()), sum(h.draws for h in made.harvests)
    for reason, count in rejected.most_common():
        reasons.add_row(reason, f"{count}", f"{count / draws:.1%}")
    records = _records(made)
    words = sum(len(record["question"].split()) for record in records) / len(records)
    lines = [
        f"{' + '.join(f'{len(listed)} {name}' for name, listed in made.splits.items())} in {made.seconds:.0f} s "
        f"({_per_second(made):.0f} a second); {words:.1f} words a question, {_distinct(records):.1%} of the questions "
        f"distinct; {_slow(records)} with a slow form",
        *made.notes,
        *(f"{h.db_id}: {note}" for h in made.harvests for note in h.notes),
    ]
    return Group(table, reasons, *lines)


def _records(made: Made) -> list[Record]:
    return [record for listed in made.splits.values() for record in listed]


def _levels(made: Made, db_id: str) -> Counter[str]:
    return Counter(record["difficulty"] for record in _records(made) if record["db_id"] == db_id)


def _per_second(made: Made) -> float:
    return len(_records(made)) / made.seconds if made.seconds else 0.0


def _distinct(records: Sequence[Record]) -> float:
    """Share of different questions: two databases may share a question, one never has it twice."""
    return len({record["question"].lower() for record in records}) / len(records)


def _slow(records: Sequence[Record]) -> int:
    return sum("slow_query" in record or "fast_query" in record for record in records)


def _length_plot(lengths: Sequence[int]) -> str:
    """Histogram of words a question, as a data URI."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.hist(lengths, bins=range(min(lengths), max(lengths) + 2), color="#4c6a92")
    axes.set_xlabel("words of a question")
    axes.set_ylabel("questions")
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
