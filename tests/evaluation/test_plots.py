"""The plots: SVG that is safe inside HTML, tells its numbers, and needs no colour to be read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib
import pytest
from markupsafe import Markup

from pipeline.evaluation import plots
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.statistics import Interval

EVIL = '--></text></svg><script>alert("$x^$")</script>\n&\0 \ud800'
HALF = Interval(0.5, 0.4, 0.6)
MODELS = [plots.Model(name, {"easy": HALF, "hard": HALF}) for name in ("one", "two", "three")]


def outcome(index: int = 0, gold_s: float | None = 0.01, ratio: float = 1.0, spread: float = 1.05) -> Outcome:
    pred_s = None if gold_s is None else gold_s * ratio
    limits = {"latency_ratio": ratio, "latency_low": ratio / spread, "latency_high": ratio * spread}
    return Outcome(index, "shop", "Q", "G", "P", True, gold_s=gold_s, pred_s=pred_s, **limits)


def parsed(svg: Markup | None) -> ElementTree.Element:
    assert svg is not None
    assert "http" not in svg
    assert "<style" not in svg
    # HTML knows the prefix by itself, XML wants it declared.
    return ElementTree.fromstring(str(svg).replace("<svg ", '<svg xmlns:xlink="x" ', 1).replace("\0", ""))


def texts(svg: Markup | None) -> list[str]:
    return ["".join(element.itertext()) for element in parsed(svg).iter("text")]


def test_bars_name_rows_and_models() -> None:
    found = texts(plots.bars([("easy", 12), ("hard", 3)], MODELS, "Accuracy", "hardness"))
    assert {"easy (12)", "hard (3)", "one", "two", "three", "Accuracy, %", "0", "100"} <= set(found)


def test_a_model_may_lack_rows_that_the_first_has() -> None:
    none = plots.Model("two", {})
    assert "two" not in texts(plots.bars([("easy", 12)], [MODELS[0], none], "Accuracy", "hardness"))


def test_models_differ_in_shape_not_in_colour() -> None:
    svg = plots.interval_plot(MODELS, "easy", "Accuracy")
    assert {"one", "two", "three", "Accuracy, %"} <= set(texts(svg))
    used = re.findall(r'<use xlink:href="#(\w+)"[^>]*style="fill: var\(--(?:accent|paper)\)', svg)
    assert len(used) == len(set(used)) == 3


def test_counts_are_hatched_and_written_out() -> None:
    svg = plots.counts([("FROM", 27), ("WHERE", 4)], "wrong results")
    assert {"FROM", "WHERE", "27", "4", "wrong results"} <= set(texts(svg))
    assert "<pattern" in svg


def test_scatter_tells_fast_and_slow_by_shape_and_number() -> None:
    points = [outcome(0), outcome(1, ratio=0.5), outcome(2, ratio=0.5, spread=3), outcome(3, ratio=3), outcome(4)]
    found = texts(plots.latency_scatter(points))
    assert {"faster (1)", "slower (1)", "not clearly different (3)", "gold query, ms", "prediction, ms"} <= set(found)


@pytest.mark.parametrize("gold_s", [1e-6, 0.02, 1000.0])
def test_one_point_is_enough(gold_s: float) -> None:
    found = texts(plots.latency_scatter([outcome(gold_s=gold_s)]))
    numbers = [float(text) for text in found if re.fullmatch(r"[\d.e+-]+", text)]
    assert numbers
    assert any(gold_s * 300 < number < gold_s * 3000 for number in numbers)


def test_without_latencies_there_is_no_scatter() -> None:
    wrong = Outcome(0, "shop", "Q", "G", "P", False, gold_s=1.0, pred_s=1.0)
    assert plots.latency_scatter([outcome(gold_s=None), outcome(gold_s=0.0), wrong]) is None
    assert plots.latency_scatter([]) is None


def test_thousands_of_points_stay_small() -> None:
    svg = plots.latency_scatter([outcome(i, gold_s=0.001 * (1 + i % 997)) for i in range(5000)])
    assert svg is not None
    assert "data:image/png;base64," in svg
    assert len(svg) < 200_000


def test_hostile_names_stay_text() -> None:
    models = [plots.Model(EVIL, {EVIL: HALF}), plots.Model(f"other {EVIL}", {EVIL: HALF})]
    drawn = (
        plots.bars([(EVIL, 7)], models, "Accuracy", "hardness"),
        plots.interval_plot(models, EVIL, "Accuracy"),
        plots.counts([(EVIL, 1)], "failures"),
    )
    for svg in drawn:
        assert svg.encode()
        assert "<script" not in svg
        assert any("</text></svg>" in text for text in texts(svg))


def test_long_names_are_cut_but_keep_their_number() -> None:
    [row] = [
        t for t in texts(plots.bars([("x" * 500, 12)], [plots.Model("m", {"x" * 500: HALF})], "A", "d")) if "x" in t
    ]
    assert row.endswith("… (12)")
    assert len(row) < 40


def test_the_same_plot_twice_is_the_same_text_and_leaves_matplotlib_as_it_was() -> None:
    before = dict(matplotlib.rcParams)
    first, second = (plots.counts([("a", 1)], "failures") for _ in range(2))
    assert first == second
    assert dict(matplotlib.rcParams) == before


def test_colours_follow_the_page() -> None:
    svg = plots.bars([("easy", 12)], MODELS, "Accuracy", "hardness")
    assert not set(re.findall(r"#[0-9a-f]{6}\b", re.sub(r"#\w{11}", "", svg))) - {
        "#1f77b4"
    }  # caps have no area to fill
