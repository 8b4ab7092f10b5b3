"""The validation report: one HTML file without any outside reference, so that it opens offline and in MLflow."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence

import jinja2

from pipeline.config import RunConfig
from pipeline.data.checks import Row
from pipeline.data.dataset import Dataset
from pipeline.data.expectations import Verdict
from pipeline.data.loading import Rejected
from pipeline.data.splits import SPLITS

SHOWN_REJECTED = 100


def validation_report(
    config: RunConfig,
    dataset: Dataset,
    rows: Sequence[Row],
    quarantine: Sequence[Rejected],
    verdicts: Sequence[Verdict],
) -> str:
    """The report as HTML text. The whole quarantine is an artifact of its own; the report shows its first rows."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader("pipeline.data"), autoescape=True, trim_blocks=True)
    used = sum(len(examples) for examples in dataset.splits.values())
    read = len({row.example.source for row in rows} | {rejected.source for rejected in quarantine})
    counts = {split: Counter(example.db_id for example in dataset.splits[split]) for split in SPLITS}
    html = environment.get_template("validation.html.j2").render(
        config=config,
        dataset=dataset,
        total=read,
        left_out=read - len(quarantine) - used,
        splits=SPLITS,
        counts=counts,
        verdicts=verdicts,
        quarantine=quarantine[:SHOWN_REJECTED],
        quarantined=len(quarantine),
        stops=[verdict for verdict in verdicts if not verdict.passed],
        thoughts=Counter(e.reasoning_source or "none" for split in SPLITS for e in dataset.splits[split]),
        lengths=_length_plot([row.tokens for row in rows], config.profile.model.max_length),
    )
    return html.encode(errors="backslashreplace").decode()  # a rejected row may hold half a character


def _length_plot(tokens: Sequence[int], limit: int) -> str:
    """Histogram of token counts with the limit, as a data URI."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.hist(tokens, bins=40, color="#4c6a92")
    axes.axvline(limit, color="black", linestyle="--", label=f"max_length = {limit}")
    axes.set_xlabel("tokens of prompt and completion (longer mode)")
    axes.set_ylabel("rows")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
