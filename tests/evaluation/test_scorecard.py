"""Scores: EX per mode, obedience, valid SQL, tokens; latency only where both answers are right; the scorecard file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rollouts import RAN, rollout

from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, Mode
from pipeline.engine.latency import LatencyComparison
from pipeline.engine.pool import Engine
from pipeline.engine.result import ErrorKind, ExecutionResult
from pipeline.errors import InputError
from pipeline.evaluation import scorecard
from pipeline.evaluation.scorecard import Answer, Scorecard, Scored, answer, gold_latency, latency, score
from pipeline.profile import GenerationSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FAILED = ExecutionResult.failed(ErrorKind.TIMEOUT, "slow")
GOLD = "SELECT name FROM customers"
QUICK = "SELECT 1"
SLOW = "SELECT count(*) FROM customers a, customers b, customers c, customers d, customers e, customers f, customers g"


def answered(
    mode: Mode = "think",
    correct: bool = True,
    well_formed: bool = True,
    execution: ExecutionResult | None = RAN,
    tokens: int = 10,
    sql: str = GOLD,
    exposed_by: int = 0,
    question: str = "Who?",
) -> Answer:
    example = Example("shop", question, (GOLD,))
    sql = "" if execution is None else sql
    fate = {"well_formed": well_formed, "execution": execution, "correct": correct, "exposed_by": exposed_by}
    written = rollout(example, sql, mode=mode, **fate)
    return Answer(written, tokens)


def test_figures_per_mode() -> None:
    answers = [
        answered("think", tokens=10),
        answered("think", correct=False, tokens=20, exposed_by=3),
        answered("think", correct=False, execution=FAILED, tokens=30),
        answered("think", correct=False, well_formed=False, execution=None, tokens=40),
        answered("no_think", well_formed=False, tokens=1),
        answered("no_think", tokens=2),
    ]
    assert score(answers) == {
        "ex_think": 0.25,
        "obedience_think": 0.75,
        "valid_sql_think": 0.5,
        "exposed_think": 0.25,
        "tokens_think": 25,
        "ex_no_think": 1.0,
        "obedience_no_think": 0.5,
        "valid_sql_no_think": 1.0,
        "exposed_no_think": 0.0,
        "tokens_no_think": 1.5,
        "ex": 0.625,
        "ex_error": 0.0,  # all of one question
    }
    assert score(answers[::-1]) == score(answers)


def test_the_standard_error_is_one_over_questions() -> None:
    """Two answers to one question are no two questions: shares of 1, 1/2 and 0."""
    right = {"A": (True, True), "B": (False, True), "C": (False, False)}
    answers = [
        answered(mode, correct, question=question)
        for question, both in right.items()
        for mode, correct in zip(MODES, both, strict=True)
    ]
    assert score(answers)["ex_error"] == pytest.approx(0.5 / 3**0.5)


def test_latency_counts_only_answers_that_both_have_right(
    engine: Engine, databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def measured(_: Engine, a: scorecard.Query, b: scorecard.Query, rounds: int) -> LatencyComparison:
        asked.append((a, b, rounds))
        a_s, b_s = len(a.sql) / 1000, len(b.sql) / 1000
        return LatencyComparison(a_s, b_s, b_s / a_s, 0, 9, 0.75, rounds, 1, 3)

    monkeypatch.setattr(scorecard, "compare_latency", measured)
    mine = [answered(sql="x"), answered(sql="xx"), answered(correct=False, sql="xxx"), answered(sql="xxxx")]
    theirs = [answered(sql="yy"), answered(correct=False, sql="yy"), answered(sql="yy"), answered(sql="y")]
    figures = latency(engine, databases, mine, theirs, 3, "latency")
    assert [(a.sql, b.sql, rounds) for a, b, rounds in asked] == [("yy", "x", 3), ("y", "xxxx", 3)]
    assert {query.url for a, b, _ in asked for query in (a, b)} == {databases["shop"].url}
    assert figures == {
        "latency_ms": pytest.approx(2.5),
        "reference_latency_ms": pytest.approx(1.5),
        "latency_ratio": pytest.approx((0.5 * 4) ** 0.5),
        "cost_ratio": pytest.approx(2.0),  # 3 steps against 1, each with the one that a query of none would have
        "latency_questions": 2.0,
    }


def test_a_faster_model_has_a_ratio_below_one(engine: Engine, databases: dict[str, Database]) -> None:
    fast, slow = [answered(sql=QUICK)], [answered(sql=SLOW)]
    figures = latency(engine, databases, fast, slow, 3, "latency")
    assert 0 < figures["latency_ms"] < figures["reference_latency_ms"]
    assert figures["latency_ratio"] < 1 < latency(engine, databases, slow, fast, 3, "latency")["latency_ratio"]


@pytest.mark.parametrize(("mine", "theirs"), [(True, False), (False, True), (False, False)])
def test_without_a_shared_right_answer_nothing_is_measured(
    engine: Engine, databases: dict[str, Database], mine: bool, theirs: bool
) -> None:
    """SQL that would fail if it ran: a failure has no latency and would raise."""
    pair = [answered(correct=mine, sql="nonsense")], [answered(correct=theirs, sql="nonsense")]
    assert latency(engine, databases, *pair, 3, "latency") == {"latency_questions": 0.0}


def test_answers_must_be_to_the_same_questions(engine: Engine, databases: dict[str, Database]) -> None:
    with pytest.raises(ValueError, match="zip"):
        latency(engine, databases, [answered()], [], 3, "latency")


def test_the_gold_is_the_yardstick(engine: Engine, databases: dict[str, Database]) -> None:
    quick = [Example("shop", "Q", (QUICK, "nonsense"))]
    slow = [Example("shop", "Q", (SLOW,))]
    figures = [gold_latency(engine, databases, examples, 3) for examples in (quick, slow)]
    assert [list(one) for one in figures] == [["latency_gold_ms"]] * 2
    assert 0 < figures[0]["latency_gold_ms"] < figures[1]["latency_gold_ms"] < 1000


def test_a_model_answers_every_question_in_both_modes(
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
) -> None:
    limits = GenerationSettings(max_new_tokens=64, batch_size=3)
    answers = answer(fitted, tokenizer, engine, known, databases, {}, limits, "test")
    assert [(a.rollout.mode, a.rollout.example) for a in answers] == [(mode, e) for mode in MODES for e in known]
    assert all(a.rollout.correct and a.rollout.well_formed and a.tokens > 5 for a in answers)
    figures = score(answers)
    assert figures["ex"] == figures["obedience_think"] == figures["obedience_no_think"] == 1
    assert figures["tokens_think"] > figures["tokens_no_think"]


def test_an_answer_that_was_cut_is_not_right(
    fitted: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
) -> None:
    answers = answer(
        fitted, tokenizer, engine, known, databases, {}, GenerationSettings(max_new_tokens=3, batch_size=4), "test"
    )
    assert score(answers)["ex"] == 0
    assert {a.tokens for a in answers} == {3}


@pytest.mark.parametrize(("execution", "error"), [(RAN, ""), (FAILED, "timeout"), (None, "no_sql")])
def test_a_row_of_the_table_tells_why_an_answer_is_wrong(execution: ExecutionResult | None, error: str) -> None:
    row = answered(correct=execution is RAN, execution=execution).row()
    assert row["error"] == error
    assert row["correct"] is (execution is RAN)
    assert {"db_id": "shop", "question": "Who?", "mode": "think", "gold": GOLD, "tokens": 10}.items() <= row.items()


def test_the_scorecard_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = Scorecard(
        evaluator="greedy",
        questions=2,
        data_digest="d",
        seed=1,
        latency_reference="sft",
        champion_version="",
        models={"sft": Scored(uri="models:/m-1", metrics={"ex": 0.5})},
        verdicts={"sft": [True, False]},
    )
    (tmp_path / "scorecard.json").write_text(card.model_dump_json())
    assert Scorecard.read(tmp_path / "scorecard.json") == card


@pytest.mark.parametrize("content", [None, b"{", b"{}", b"[]", b"\xff"])
def test_what_is_no_scorecard_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "scorecard.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="not a scorecard of the evaluate step") as caught:
        Scorecard.read(path)
    assert str(path) in str(caught.value)
