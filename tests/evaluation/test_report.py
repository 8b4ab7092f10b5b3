"""The evaluation report: opens offline, tells what was measured and nothing else, and shows hostile text as text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.evaluation.figures import limits_text, value_text
from pipeline.evaluation.metrics import score
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.report import SHOWN_QUESTIONS, Evaluated, load_evaluated, render_report, write_evaluation
from pipeline.evaluation.statistics import Interval

EVIL = "</code></svg><script>alert('x')</script> & \"more\" {{ 7 * 7 }} $x^$"
GOLD = "SELECT name FROM shop WHERE size > 3"


class Page(HTMLParser):
    """The tags of a page with their attributes, its text, and that of its scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.code = ""
        self.feed(html)
        self.text = " ".join("".join(self.parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.code += data
        else:
            self.parts.append(data)

    def section(self, heading: str) -> str:
        """From a heading on, to the end."""
        assert heading in self.text
        return self.text[self.text.index(heading) :]


def outcomes(verdicts: Sequence[bool], **more: Any) -> list[Outcome]:
    return [Outcome(i, "shop", f"Question {i}?", GOLD, GOLD.lower(), right, **more) for i, right in enumerate(verdicts)]


def varied() -> list[Outcome]:
    """Everything measured: two databases, three levels, both modes, latencies, two errors."""
    rows = []
    for i in range(24):
        right = i % 4 != 0
        rows.append(
            Outcome(
                index=i // 2,
                db_id=("shop", "zoo")[i // 2 % 2],
                question=f"Question {i}?",
                gold=GOLD,
                prediction=GOLD if right else "SELECT name FROM shop WHERE size > 4",
                verdict=right,
                error_kind="timeout" if i == 4 else "odd_kind" if i == 8 else "",
                empty_gold=i // 2 == 3,
                difficulty=("simple", "moderate", "challenging")[i // 2 % 3],
                hardness=("easy", "extra", "hard")[i // 2 % 3],
                mode=("think", "no_think")[i % 2],
                obedient=i != 5,
                tokens=100 + 300 * (i % 2 == 0),
                seconds=0.5,
                soft_f1=float(right),
                **({"gold_s": 0.01, "pred_s": 0.02, "latency_ratio": 2.0} if right else {}),
                **({"latency_low": 1.8, "latency_high": 2.2, "gold_cost": 10, "pred_cost": 20} if right else {}),
            )
        )
    return rows


def report(
    mine: Sequence[Outcome],
    champion: Sequence[Outcome] | None = None,
    baseline: Sequence[Outcome] | None = None,
    **settings: str,
) -> Page:
    html = render_report(
        "Evaluation",
        "Spider execution match",
        Evaluated("new", "models:/t/2", mine),
        baseline and Evaluated("base", "hf:base", baseline),
        champion and Evaluated("old", "models:/t/1", champion),
        settings,
    )
    assert html.encode()
    assert "http" not in html
    return Page(html)


def test_no_reference_leaves_the_file() -> None:
    page = report(varied(), varied(), varied())
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "img", "object", "base", "form")
        for name in ("src", "href", "xlink:href", "action"):
            assert (attributes.get(name) or "#").startswith("#")
    assert not re.search(r"@import|url\((?!#)|fetch|XMLHttp", page.code)


def test_every_reference_within_the_file_has_one_target() -> None:
    html = render_report("T", "e", Evaluated("n", "u", varied()), Evaluated("b", "b", varied()), None, {})
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html))
    assert {a or b for a, b in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html)} <= set(ids)


def test_the_headline_is_execution_accuracy_with_its_interval_and_evaluator() -> None:
    mine = outcomes([True] * 9 + [False])
    ex = score(mine)["ex"]
    text = report(mine).text
    assert "90.0 %" in text
    assert f"95 % interval {limits_text(ex, '%')} · 9 of 10 right" in text
    assert "10 questions · evaluator: Spider execution match" in text
    assert "models:/t/2" in text


def test_only_what_was_measured_is_told() -> None:
    plain, full = report(outcomes([True, False])).text, report(varied()).text
    told = ("R-VES", "Soft F1", "Latency / gold", "Work / gold", "Tokens", "Generation", "Latency of right predictions")
    modes = ("EX, thinking", "EX, not thinking", "Obedience, thinking", "Tokens, not thinking", "Token elasticity")
    for title in (*told, *modes, "By difficulty", "By hardness", "By database"):
        assert title not in plain
        assert title in full
    assert "Compared on the same questions" not in full
    assert "12 questions, 24 answers" in full
    assert "champion" not in plain.lower()


def test_each_metric_is_explained() -> None:
    page = report(varied(), varied())
    meanings = page.section("What the figures mean")
    explained = [attributes["title"] for tag, attributes in page.tags if tag == "abbr"]
    assert len(explained) > 12
    for meaning in explained:
        assert meaning == "Questions" or str(meaning).split(",")[0].split(":")[0] in meanings


def test_models_are_compared_on_the_same_questions() -> None:
    mine = outcomes([True] * 30 + [False] * 2)
    page = report(
        mine, champion=outcomes([True] * 20 + [False] * 11 + [True]), baseline=outcomes([True] * 30 + [False] * 2)
    )
    compared = page.section("Compared on the same questions")
    assert re.search(r"old champion \+28\.1 \[\+\d[^]]*\] 10 1 0\.012 –", compared)
    assert re.search(r"base baseline 0\.0 \[−[^]]*\] 0 0 1 –", compared)
    assert "better than the champion: +28.1 points" in page.text
    assert "not shown to be better or worse than the baseline: 0.0 points" in page.text
    worse = report(outcomes([True] * 20 + [False] * 12), champion=mine)
    assert "worse than the champion: −31.2 points" in worse.text


def test_latency_is_compared_where_both_are_right() -> None:
    fast = [replace(o, latency_ratio=o.latency_ratio and o.latency_ratio / 4) for o in varied()]
    compared = report(fast, champion=varied()).section("Compared on the same questions")
    assert "0.25 × [0.25, 0.25] 12 " in compared


def test_other_questions_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="old, the champion, has not answered the same questions as new"):
        report(outcomes([True, False]), champion=outcomes([True]))


def test_no_outcome_is_no_report() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        report([])


def test_groups_have_their_numbers_and_a_plot() -> None:
    page = report(varied(), champion=varied())
    levels = page.section("By hardness")
    assert levels.index("easy (4)") < levels.index("hard (4)") < levels.index("extra (4)")
    worst = page.section("By database")
    assert re.search(r"shop 6 50\.0 % \[[^]]*\] 50\.0 % zoo 6 100\.0 %", worst)
    labels = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    assert [f"Execution accuracy by {of}" for of in ("difficulty", "hardness", "database")] == labels[1:4]


def test_many_databases_are_all_in_the_table_and_the_largest_in_the_plot() -> None:
    mine = [replace(o, db_id=f"db{o.index % 40:02}") for o in outcomes([True, False] * 60)]
    page = report(mine)
    assert "The 25 with most questions; the table has all 40." in page.text
    assert all(f"db{i:02} 3 " in page.text for i in range(40))


def test_failures_are_grouped_with_examples() -> None:
    page = report(varied())
    failures = page.section("What went wrong")
    assert "6 of 24 answers." in failures
    assert "Wrong result: WHERE 4 67 %" in failures
    assert "Timeout 1 17 %" in failures
    assert "odd_kind 1 17 %" in failures
    examples = failures[failures.index("Examples") : failures.index("Every question")]
    assert "Wrong result: WHERE 3 of 4 Question 0? shop #0, think" in examples
    assert f"Gold {GOLD} Predicted SELECT name FROM shop WHERE size > 4 Differs in WHERE" in examples
    assert "Question 12?" in examples
    assert "Question 20?" not in examples
    assert examples.count("Differs in") == 3


def test_examples_of_other_golds_come_first() -> None:
    mine = [replace(o, gold=f"SELECT {i // 4}", prediction="SELECT 99") for i, o in enumerate(outcomes([False] * 12))]
    examples = report(mine).section("Examples").partition("Every question")[0]
    assert [f"Question {i}?" in examples for i in (0, 1, 4, 8)] == [True, False, True, True]


def test_small_combinations_of_clauses_are_put_together() -> None:
    clauses = ("WHERE b = 1", "GROUP BY b", "ORDER BY b", "LIMIT 3", "HAVING COUNT(*) > 1", "UNION SELECT 1")
    pairs = [(a, b) for at, a in enumerate(clauses) for b in clauses[at:]]
    mine = [
        replace(o, gold="SELECT a FROM t", prediction=f"SELECT a FROM t {a} {b if a != b else ''}")
        for o, (a, b) in zip(outcomes([False] * len(pairs)), pairs, strict=True)
    ]
    failures = report(mine).section("What went wrong").partition("Examples")[0]
    counted = [int(n) for n in re.findall(r" (\d+) \d+ % ", failures)]
    assert "Wrong result: other combinations of clauses" in failures
    assert len(counted) <= 11
    assert sum(counted) == len(pairs)


@pytest.mark.parametrize("verdict", [True, False])
@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("rivals", [True, False])
def test_all_right_and_all_wrong(verdict: bool, count: int, rivals: bool) -> None:
    mine = outcomes([verdict] * count, hardness="easy")
    others = (mine, outcomes([not verdict] * count)) if rivals else ()
    page = report(mine, *others)
    assert ("100.0 %" if verdict else "0.0 %") in page.text
    assert ("Nothing: all answers are right." in page.text) == verdict
    if not verdict:
        assert "Wrong result: no clause differs" in page.text
    assert f"{count} question{'s' if count > 1 else ''} ·" in page.text


def test_only_errors_need_no_clauses() -> None:
    text = report(outcomes([False, False], error_kind="no_sql")).text
    assert "No SQL in the answer 2 100 %" in text
    assert "Differs in" not in text
    assert "One result may differ" not in text


def test_some_latencies_are_enough() -> None:
    some = {"gold_s": 0.01, "pred_s": 0.01, "latency_ratio": 1.0}
    mine = [replace(outcomes([True])[0], **some), *outcomes([True, False])]
    page = report([replace(o, index=i) for i, o in enumerate(mine)])
    assert "1 of 2 right answers were measured." in page.text
    assert "1.00 × [0.000, ∞]" in page.text  # one question tells nothing of the others


def test_hostile_texts_are_text() -> None:
    names = ("db_id", "question", "gold", "prediction", "error_kind", "difficulty", "hardness", "mode")
    mine = [replace(o, **dict.fromkeys(names, f"{EVIL}{o.index % 2}")) for o in outcomes([True, False] * 3)]
    mine += [replace(o, question=EVIL, gold=EVIL, prediction=EVIL, index=9) for o in outcomes([False])]
    hostile = Evaluated(EVIL, f"{EVIL}'", mine)
    page = Page(render_report(EVIL, EVIL, hostile, hostile, hostile, {EVIL: EVIL}))
    plain = report(outcomes([True]))
    assert page.code.count("alert") == 0
    assert sum(tag == "script" for tag, _ in page.tags) == sum(tag == "script" for tag, _ in plain.tags) == 1
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.text.count("alert('x')") >= 40
    assert "49" not in page.section("What went wrong").partition("What the figures mean")[0]


def test_half_characters_and_long_texts_can_be_shown() -> None:
    mine = [
        replace(o, question="\ud800" * 9, db_id=f"\ud800{i}", prediction="SELECT 1 " * 9000)
        for i, o in enumerate(outcomes([False] * 3))
    ]
    page = report(mine)
    assert "\\ud800" in page.text
    assert max(map(len, page.parts)) < 5000


def test_the_table_is_capped_and_says_so() -> None:
    page = report(outcomes([True] * (SHOWN_QUESTIONS + 5)))
    assert f"{SHOWN_QUESTIONS} answers of {SHOWN_QUESTIONS + 5}; outcomes.parquet has all" in page.text
    assert f"Question {SHOWN_QUESTIONS - 1}?" in page.text
    assert f"Question {SHOWN_QUESTIONS}?" not in page.text
    assert "has all" not in report(outcomes([True])).text


def test_settings_are_told_last() -> None:
    assert report(varied(), seed="20240", benchmark="Spider dev").text.endswith("seed 20240 benchmark Spider dev")


@pytest.mark.parametrize(
    ("interval", "unit", "signed", "text"),
    [
        (Interval(0.8881, 0.85, 1.0), "%", False, "88.8 % [85.0, 100.0]"),
        (Interval(-0.00001, -0.02, 0.02), "%", True, "0.0 % [−2.0, +2.0]"),
        (Interval(1234.5, 0.0, float("inf")), "per answer", False, "1,234 [0.000, ∞]"),
        (Interval(12.34, 9.876, 0.0123), "ms", False, "12.3 ms [9.88, 0.012]"),
    ],
)
def test_numbers_have_as_many_digits_as_tell_something(interval: Interval, unit: str, signed: bool, text: str) -> None:
    shown = f"{value_text(interval, unit, signed)} {limits_text(interval, unit, signed)}"
    assert shown.replace("\N{NO-BREAK SPACE}", " ") == text


def test_an_evaluation_is_written_and_read_back(tmp_path: Path) -> None:
    mine = Evaluated("new", "models:/t/2", varied())
    write_evaluation(tmp_path / "a" / "b", mine, "greedy", {"seed": "1"}, champion=Evaluated("old", "x", varied()))
    card = json.loads((tmp_path / "a" / "b" / "scorecard.json").read_text())
    expected = score(mine.outcomes)
    assert card["ex"] == card["metrics"]["ex"] == expected["ex"]._asdict()
    assert set(card["metrics"]) == set(expected)
    shown = {key: card[key] for key in ("name", "uri", "evaluator", "questions", "answers", "settings")}
    assert shown == {
        **shown,
        "name": "new",
        "evaluator": "greedy",
        "questions": 12,
        "answers": 24,
        "settings": {"seed": "1"},
    }
    assert load_evaluated(tmp_path / "a" / "b") == mine
    html = (tmp_path / "a" / "b" / "report.html").read_text()
    assert "<title>Evaluation of new</title>" in html
    assert "old" in html


def test_limits_that_are_not_known_are_null(tmp_path: Path) -> None:
    measured = replace(outcomes([True])[0], tokens=5)
    write_evaluation(tmp_path, Evaluated("new", "u", [measured]), "greedy", {})
    card = json.loads((tmp_path / "scorecard.json").read_text(), parse_constant=pytest.fail)
    assert card["metrics"]["tokens"] == {"value": 5.0, "low": None, "high": None}


def test_an_unfinished_evaluation_is_not_read(tmp_path: Path) -> None:
    for content in (None, "", "[]", '{"name": "n"}'):
        if content is not None:
            (tmp_path / "scorecard.json").write_text(content)
        with pytest.raises(InputError, match="not the scorecard of an evaluation"):
            load_evaluated(tmp_path)
    (tmp_path / "scorecard.json").write_text('{"name": "n", "uri": "u"}')
    with pytest.raises(InputError, match=r"outcomes\.parquet: no such file"):
        load_evaluated(tmp_path)
