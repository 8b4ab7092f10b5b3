"""Great Expectations as the judge: limits, which rows failed, leaks between splits, and its own failures."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.data import expectations
from pipeline.data.checks import CHECKS, Row
from pipeline.data.example import Example
from pipeline.data.expectations import Verdict, judge_incoming, judge_kept
from pipeline.data.splits import Split

NAMES = [check.name for check in CHECKS]
DIALECTS = dict.fromkeys(("a", "b", "c", "d", "shop"), "sqlite")


def rows_failing(check: str, failed: Sequence[int], count: int) -> list[Row]:
    """`count` rows that pass everything, but for `check` in the rows `failed`."""
    return [
        Row(
            Example("shop", f"question {i}", (f"SELECT {i}",)),
            "train",
            facts={name: int(not (name == check and i in failed)) for name in NAMES},
        )
        for i in range(count)
    ]


def judged(rows: list[Row], table: Path, limit: float) -> dict[str, Verdict]:
    verdicts = judge_incoming(rows, dict.fromkeys(NAMES, limit), table)
    assert [verdict.name for verdict in verdicts] == NAMES
    return {verdict.name: verdict for verdict in verdicts}


@pytest.mark.parametrize(
    ("failed", "count", "limit", "passed"),
    [
        ([], 10, 0.0, True),
        ([3], 10, 0.0, False),
        ([3, 7], 10, 0.2, True),  # exactly as many as are allowed
        ([3, 7, 8], 10, 0.2, False),
        (range(41), 100, 0.41, True),  # 1 - 0.41 is a little more than 59 / 100
        (range(42), 100, 0.41, False),
        (range(10), 10, 1.0, True),
        (range(300), 1000, 0.2, False),
    ],
)
def test_limits_and_failed_rows(tmp_path: Path, failed: Sequence[int], count: int, limit: float, passed: bool) -> None:
    verdicts = judged(rows_failing("executes", failed, count), tmp_path / "t.sqlite", limit)
    title = next(check.title for check in CHECKS if check.name == "executes")
    assert verdicts["executes"] == Verdict("executes", title, passed, len(failed), count, limit, tuple(failed))
    assert all(verdict.passed and not verdict.failed for name, verdict in verdicts.items() if name != "executes")


def test_each_check_has_its_own_limit(tmp_path: Path) -> None:
    rows = rows_failing("fits", [0, 1], 10)
    rows[5].facts["non_empty"] = rows[6].facts["non_empty"] = 0
    limits = dict.fromkeys(NAMES, 0.2) | {"fits": 0.1}
    verdicts = {verdict.name: verdict for verdict in judge_incoming(rows, limits, tmp_path / "t.sqlite")}
    assert (verdicts["fits"].passed, verdicts["fits"].allowed_share) == (False, 0.1)
    assert (verdicts["non_empty"].passed, verdicts["non_empty"].failed_rows) == (True, (5, 6))


def test_a_table_of_an_earlier_try_is_replaced(tmp_path: Path) -> None:
    table = tmp_path / "t.sqlite"
    assert not judged(rows_failing("parses", [1], 5), table, 0.0)["parses"].passed
    assert judged(rows_failing("parses", [], 3), table, 0.0)["parses"].passed


def placed(*rows: tuple[Split, str, str, str]) -> list[Row]:
    """Rows of (split, database, question, query)."""
    return [Row(Example(db_id, question, (sql,)), split) for split, db_id, question, sql in rows]


APART = (("train", "a", "Who?", "SELECT 1"), ("dev", "b", "Where?", "SELECT 1"), ("test", "c", "When?", "SELECT 1"))


@pytest.mark.parametrize(
    ("more", "failed"),
    [
        ((), set()),
        ((("train", "a", "who", "SELECT 1"),), set()),  # twice in one split is no leak
        ((("test", "d", "WHO", "SELECT 2"),), {"no_shared_question"}),
        ((("dev", "c", "When", "SELECT 2"),), {"no_shared_question", "no_shared_database"}),
        ((("test", "a", "How?", "select  1"),), {"no_shared_query", "no_shared_database"}),
        ((("test", "a", "How?", "SELECT 2"),), {"no_shared_database"}),
    ],
)
def test_leaks_between_splits_are_found(
    tmp_path: Path, more: tuple[tuple[Split, str, str, str], ...], failed: set[str]
) -> None:
    rows = placed(*APART, *more)  # type: ignore[arg-type]
    verdicts = judge_kept(rows, DIALECTS, True, tmp_path / "t.sqlite")
    assert [verdict.name for verdict in verdicts] == ["no_shared_question", "no_shared_query", "no_shared_database"]
    assert {verdict.name for verdict in verdicts if not verdict.passed} == failed
    assert all(verdict.failed == (verdict.name in failed) for verdict in verdicts)
    by_question = judge_kept(rows, DIALECTS, False, tmp_path / "t.sqlite")
    assert by_question == verdicts[:2]


def test_quotes_and_wildcards_in_questions_are_only_text(tmp_path: Path) -> None:
    rows = placed(
        ("train", "a", "100% 'sql' _?", "SELECT '{batch}'"), ("test", "a", "question sql {batch} %", "SELECT '%'")
    )
    assert all(verdict.passed for verdict in judge_kept(rows, DIALECTS, False, tmp_path / "t.sqlite"))


def test_an_expectation_that_cannot_run_is_not_bad_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_another_table(path: Path, *_: Any) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE facts (something)")

    monkeypatch.setattr(expectations, "_write_table", write_another_table)
    rows = rows_failing("parses", [], 3)
    with pytest.raises(RuntimeError, match="expect_column_values_to_be_in_set failed to run"):
        judge_incoming(rows, dict.fromkeys(NAMES, 1.0), tmp_path / "t.sqlite")
    with pytest.raises(RuntimeError, match="unexpected_rows_expectation failed to run"):
        judge_kept(rows, DIALECTS, False, tmp_path / "other.sqlite")
