"""The validation report: opens offline, tells the verdict and the reasons, and shows foreign text as text."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline.config_loading import load_config
from pipeline.data.checks import Row
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.data.expectations import Verdict
from pipeline.data.loading import Rejected
from pipeline.data.report import SHOWN_REJECTED, validation_report

EVIL = "<script>alert('x')</script> & \"more\""


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def report(
    databases: dict[str, Database],
    examples: list[Example],
    quarantine: list[Rejected],
    verdicts: list[Verdict],
    data: str = "bundled",
) -> str:
    numbered = [replace(example, source=f"train.json#{i}") for i, example in enumerate([*examples, *examples])]
    rows = [Row(example, "train", tokens=100 + i) for i, example in enumerate(numbered)]
    dataset = Dataset({"train": numbered[:1], "dev": [], "test": numbered[1:2]}, databases)
    return validation_report(load_config(None, ["profile=smoke", f"data={data}"]), dataset, rows, quarantine, verdicts)


PASSED = Verdict("executes", "the gold SQL runs within the limits", True, 1, 40, 0.2, (3,))
FAILED = Verdict("fits", "prompt and completion fit", False, 9, 40, 0.05, (1,))


def test_no_reference_leaves_the_file(databases: dict[str, Database], known: list[Example]) -> None:
    html = report(databases, known, [Rejected("train.json#3", known[0].to_json(), ("executes: timeout",))], [PASSED])
    assert not re.search(r"https?://|@import|url\(", html)
    page = Page(html)
    sources = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert len(sources) == 1
    assert all(source is not None and source.startswith("data:image/png;base64,") for source in sources)
    assert base64.b64decode(str(sources[0]).partition(",")[2]).startswith(b"\x89PNG")
    assert not any(tag in ("script", "link", "iframe") or "href" in attributes for tag, attributes in page.tags)


def test_tells_verdict_counts_and_reasons(databases: dict[str, Database], known: list[Example]) -> None:
    rejected = Rejected("train.json#3", known[0].to_json(), ("executes: timeout: too slow",))
    text = " ".join(Page(report(databases, known, [rejected], [PASSED])).text.split())
    assert "passed" in text
    assert "4 rows read, 1 set aside; used: 1 train, 0 dev, 1 test, 1 left out by the profile's caps." in text
    assert "the gold SQL runs within the limits" in text
    assert "train.json#3" in text
    assert "executes: timeout: too slow" in text
    assert known[0].gold_sql[0] in text
    assert "2 given" in text

    stopped = " ".join(Page(report(databases, known, [], [PASSED, FAILED])).text.split())
    assert "stopped by prompt and completion fit" in stopped
    assert "No row." in stopped


def test_questions_and_queries_are_text_not_html(databases: dict[str, Database], known: list[Example]) -> None:
    evil = replace(known[0], question=EVIL, gold_sql=(f"SELECT '{EVIL}'",), reasoning_source=EVIL)
    quarantine = [
        Rejected(EVIL, evil.to_json(), (EVIL,)),
        Rejected("dev.json#1", EVIL, (EVIL,)),
        Rejected("dev.json#2", {"question": EVIL, "query": EVIL, "db_id": EVIL}, (EVIL,)),
    ]
    html = report(databases | {EVIL: databases["shop"]}, [evil], quarantine, [replace(FAILED, title=EVIL)], data=EVIL)
    assert "<script" not in html
    page = Page(html)
    assert not any(tag == "script" for tag, _ in page.tags)
    assert page.text.count(EVIL) >= 10


@pytest.mark.parametrize(
    "row",
    [
        *(None, 7, [], ["a", "b"], {}, "text", {"question": "Q"}, {"question": ["Q"], "query": 7}),
        *({"question": "Q", "gold_sql": gold} for gold in (7, [7, None], {"a": 1}, [])),
        {"question": "\ud800", "SQL": "\udfff"},
    ],
)
def test_any_malformed_row_can_be_shown(databases: dict[str, Database], known: list[Example], row: Any) -> None:
    html = report(databases, known, [Rejected("dev.json#77", row, ("malformed: reason",))], [PASSED])
    assert "dev.json#77" in html
    assert "malformed: reason" in html
    assert html.encode()


@pytest.mark.parametrize(
    "row",
    [
        *({key: "SELECT 'it'"} for key in ("query", "SQL", "sql", "gold_sql")),
        {"gold_sql": ["SELECT 'it'"]},
        {"gold_sql": ["SELECT 'it'", "SELECT 2"]},
    ],
)
def test_the_query_is_shown_whatever_the_layout_calls_it(
    databases: dict[str, Database], known: list[Example], row: dict[str, Any]
) -> None:
    html = report(databases, known, [Rejected("dev.json#77", {"question": "Q", **row}, ("r",))], [PASSED])
    assert "SELECT 'it'" in Page(html).text


def test_only_the_first_rejected_rows_are_shown_and_the_rest_is_counted(
    databases: dict[str, Database], known: list[Example]
) -> None:
    quarantine = [Rejected(f"train.json#{i}", known[0].to_json(), ("r",)) for i in range(SHOWN_REJECTED + 5)]
    text = Page(report(databases, known, quarantine, [PASSED])).text
    assert f"train.json#{SHOWN_REJECTED - 1}" in text
    assert f"train.json#{SHOWN_REJECTED}" not in text
    assert f"{SHOWN_REJECTED} of {SHOWN_REJECTED + 5} shown" in text
