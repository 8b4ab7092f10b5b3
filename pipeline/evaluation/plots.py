"""The plots of an evaluation report, as SVG to be put into HTML.

Their colours are variables of the page, so that they follow it into dark mode and print, and what they tell is told by
shape or hatching too: they can be read in grey.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup, escape

from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Stand-ins that matplotlib writes and the page's variables then take the place of.
_INK, _MUTED, _LINE, _FILL, _ACCENT, _PAPER = "#1d2733", "#5c6875", "#dde2e8", "#b7cade", "#2b5c8f", "#fefefe"
_VARIABLES = dict(
    zip((_INK, _MUTED, _LINE, _FILL, _ACCENT, _PAPER), ("ink", "muted", "line", "fill", "accent", "paper"), strict=True)
)
_STYLE: dict[str, Any] = {
    **{"svg.fonttype": "none", "text.parse_math": False, "font.family": "DejaVu Sans", "font.size": 9},
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    **{"axes.edgecolor": _MUTED, "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False},
    **{"hatch.linewidth": 0.8, "legend.frameon": False, "legend.fontsize": 8.5},
}
_WIDTH = 4.7  # inches: in half of the page, or on a phone, the letters keep about their size
_SHAPES = ("s", "D", "o")
_FULL: dict[str, Any] = {"color": _ACCENT, "markersize": 8}
_HOLLOW: dict[str, Any] = {"markerfacecolor": _PAPER, "markeredgecolor": _INK, "markersize": 6.5, "linestyle": "none"}
_SPEEDS: dict[str, dict[str, Any]] = {
    "faster": {"marker": "v", "s": 30, "facecolor": _ACCENT, "edgecolor": _PAPER, "linewidth": 0.5, "zorder": 3},
    "slower": {"marker": "^", "s": 30, "facecolor": _ACCENT, "edgecolor": _PAPER, "linewidth": 0.5, "zorder": 3},
    "not clearly different": {"marker": "o", "s": 16, "facecolor": "none", "edgecolor": _MUTED, "linewidth": 0.8},
}
_MOST_LETTERS = 32
_MANY_POINTS = 1000
CLEAR = 0.9  # a latency differs clearly if the whole interval of its ratio lies beyond this, or its inverse


class Model(NamedTuple):
    """What one model has reached: an interval for each row of a plot that it has one for."""

    name: str
    reached: Mapping[str, Interval]


def interval_plot(models: Sequence[Model], row: str, label: str) -> Markup:
    """One line a model, with the interval around its mark; the axis does not begin at 0."""
    with _drawing(0.55 + 0.3 * len(models), f"{label} of each model") as drawing:
        for place, (model, shape) in enumerate(zip(models, _SHAPES, strict=False)):
            _whisker(drawing.axes, model.reached[row], place)
            look = _FULL if place == 0 else _HOLLOW
            drawing.axes.plot([model.reached[row].value], [place], shape, **look, zorder=4)
        _rows(drawing.axes, [_line(model.name) for model in models])
        _percent(drawing.axes, label)
    return drawing.svg


def bars(rows: Sequence[tuple[str, int]], models: Sequence[Model], label: str, of: str) -> Markup:
    """A bar with its interval for the first model, marks of their own shapes for the others.

    `rows` are names, each with the number of questions behind it; `of` says what they are.
    """
    first, *others = models
    with _drawing(0.6 + 0.22 * (len(others) > 0) * len(models) + 0.29 * len(rows), f"{label} by {of}") as drawing:
        axes = drawing.axes
        values = [first.reached[name].value for name, _ in rows]
        look: dict[str, Any] = {"color": _FILL, "edgecolor": _ACCENT, "linewidth": 0.8}
        handles: list[Any] = [axes.barh(range(len(rows)), values, 0.62, **look, label=_line(first.name))]
        for place, (name, _) in enumerate(rows):
            _whisker(axes, first.reached[name], place)
        for model, shape in zip(others, _SHAPES[1:], strict=False):
            shown = [(model.reached[name].value, at) for at, (name, _) in enumerate(rows) if name in model.reached]
            if shown:
                handles += axes.plot(*zip(*shown, strict=True), shape, **_HOLLOW, label=_line(model.name), zorder=4)
        _rows(axes, [f"{_line(name)} ({count})" for name, count in rows])
        axes.set_xlim(0, 1.02)
        _percent(axes, label)
        if others:
            drawing.figure.legend(handles=handles, loc="outside upper left")
    return drawing.svg


def counts(rows: Sequence[tuple[str, int]], label: str) -> Markup:
    """Plain bars with their numbers, hatched."""
    with _drawing(0.6 + 0.26 * len(rows), label) as drawing:
        axes, values = drawing.axes, [count for _, count in rows]
        drawn = axes.barh(range(len(rows)), values, 0.62, color=_PAPER, edgecolor=_ACCENT, hatch="////")
        axes.bar_label(drawn, padding=3)
        _rows(axes, [_line(name) for name, _ in rows])
        axes.margins(x=0.1)
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel(label)
    return drawing.svg


def latency_scatter(outcomes: Sequence[Outcome]) -> Markup | None:
    """Time of the gold query against that of the prediction, both on logarithmic scales; None if none was measured."""
    points = [(o, o.gold_s * 1000, o.pred_s * 1000) for o in outcomes if o.verdict and o.gold_s and o.pred_s]
    if not points:
        return None
    low = min(min(gold, pred) for _, gold, pred in points) / 1.5
    high = max(max(gold, pred) for _, gold, pred in points) * 1.5
    with _drawing(_WIDTH, "Latency of gold queries and predictions") as drawing:
        axes = drawing.axes
        axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")
        axes.set(xlabel="gold query, ms", ylabel="prediction, ms")
        axes.plot(
            [low, high], [low, high], color=_MUTED, linewidth=1, linestyle="--", label="as fast as the gold query"
        )
        for name, look in _SPEEDS.items():
            own = [(gold, pred) for outcome, gold, pred in points if against_gold(outcome) == name]
            if own:
                many = len(points) > _MANY_POINTS  # too large as single shapes
                axes.scatter(*zip(*own, strict=True), **look, label=f"{name} ({len(own)})", rasterized=many)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
            axis.set_minor_formatter(
                lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" and high < 50 * low else ""
            )
        axes.tick_params(which="both", labelsize=8)
        drawing.figure.legend(loc="outside upper left", ncols=2)
    return drawing.svg


def against_gold(outcome: Outcome) -> str:
    """Whether a right prediction was "faster" or "slower" than its gold by more than a tenth, beyond doubt."""
    if outcome.latency_high is not None and outcome.latency_high < CLEAR:
        return "faster"
    if outcome.latency_low is not None and outcome.latency_low > 1 / CLEAR:
        return "slower"
    return "not clearly different"


def _whisker(axes: Axes, reached: Interval, place: float) -> None:
    errors = [[reached.value - reached.low], [reached.high - reached.value]]
    axes.errorbar(
        [reached.value], [place], xerr=errors, fmt="none", color=_INK, ecolor=_INK, elinewidth=1.2, capsize=3, zorder=3
    )


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=_LINE, linewidth=0.8)


def _percent(axes: Axes, label: str) -> None:
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}")
    axes.set_xlabel(f"{label}, %")


def _line(name: str) -> str:
    """On one line, and in letters that a font can be asked for."""
    plain = " ".join(name.encode(errors="backslashreplace").decode().split())
    plain = "".join(letter if letter.isprintable() else "?" for letter in plain)
    return plain if len(plain) <= _MOST_LETTERS else plain[: _MOST_LETTERS - 1] + "…"


@dataclass
class _Drawing:
    """What is drawn on, and its SVG once it is done."""

    figure: Figure
    axes: Axes
    svg: Markup = field(default_factory=Markup)


@contextmanager
def _drawing(height: float, title: str) -> Iterator[_Drawing]:
    import matplotlib
    from matplotlib.figure import Figure

    # Ids are hashes, salted with the title: several plots stand in one page, which is the same whenever it is made.
    style: Any = _STYLE | {"svg.hashsalt": title}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        drawing = _Drawing(figure, figure.subplots())
        yield drawing
        buffer = io.StringIO()
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    drawing.svg = Markup(
        _for_html(buffer.getvalue()).replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
    )


def _for_html(svg: str) -> str:
    """Only the element, without what HTML neither needs nor should get: namespaces, ids of groups, a global style."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r' (xmlns(:\w+)?|version)="[^"]*"', "", svg, count=3)  # stand in the first tag
    svg = re.sub(r'(<svg [^>]*?)width="[^"]*" height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = svg.replace("font-family: 'DejaVu Sans'", "font-family: inherit")
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return re.sub(r"\n\s*", "\n", svg)
