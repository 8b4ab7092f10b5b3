"""Scores of one model on one set of questions: EX per mode, obedience, tokens, and latency against a reference model.

Evaluator: greedy decoding; results compared as bags of rows, ordered where the gold orders, on the database and, where
there are any, on its altered copies.
Intervals, R-VES and soft-F1 are in pipeline.evaluation.metrics, on the outcomes.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, render_prompt
from pipeline.engine.latency import LatencyComparison, compare_latency
from pipeline.engine.pool import Engine
from pipeline.engine.result import Query
from pipeline.errors import InputError
from pipeline.evaluation.answers import with_latency
from pipeline.evaluation.measures import soft_f1
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.scoring import NO_SQL
from pipeline.inference.generate import generate
from pipeline.profile import GenerationSettings
from pipeline.progress import progress
from pipeline.rewards.copies import Copies
from pipeline.rewards.rollout import Rollout, roll_out
from pipeline.sql.hardness import hardness

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def evaluator_name(copies: Copies, generation: GenerationSettings) -> str:
    """The evaluator's name, without which no figure may be shown; `copies` are altered ones of the databases."""
    count = max(map(len, copies.values()), default=0)
    rule = f"EX on the database and {count} altered copies" if count else "single-database EX"
    return f"{generation.greedy}, {rule}"


class Scored(BaseModel):
    """One model's figures."""

    uri: str
    metrics: dict[str, float]


class Scorecard(BaseModel):
    """What an evaluation found. `verdicts` holds, by model, whether each (question, mode) was answered right, in one
    order for all models, one round over the questions for each mode; `champion_version` is "" where there was no
    champion; `latency_ratios` are the candidate's latency by the champion's, None where either is wrong."""

    evaluator: str
    questions: int
    data_digest: str
    seed: int
    latency_reference: str
    champion_version: str
    models: dict[str, Scored]
    verdicts: dict[str, list[bool]]
    latency_ratios: list[float | None] = []

    @classmethod
    def read(cls, path: Path) -> Scorecard:
        """Read a scorecard file.

        Raises:
            InputError: there is none, or it is not one.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not a scorecard of the evaluate step ({error}); run evaluate again") from None


@dataclass(frozen=True)
class Answer:
    """One model's answer to one question in one mode."""

    rollout: Rollout
    tokens: int

    def row(self) -> dict[str, Any]:
        """As a row of the per-question table."""
        execution, example = self.rollout.execution, self.rollout.example
        error = execution.error if execution else None
        return {
            "db_id": example.db_id,
            "question": example.question,
            "mode": self.rollout.mode,
            "gold": example.gold_sql[0],
            "sql": self.rollout.sql,
            "thought": self.rollout.thought,
            "correct": self.rollout.correct,
            "well_formed": self.rollout.well_formed,
            "error": str(error.kind) if error else "" if execution else NO_SQL,
            "tokens": self.tokens,
        }


def answer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    examples: Sequence[Example],
    databases: Mapping[str, Database],
    copies: Copies,
    generation: GenerationSettings,
    label: str,
) -> list[Answer]:
    """Greedy answers to every question, one mode after the other, executed and compared."""
    asked = [(example, mode) for mode in MODES for example in examples]
    prompts = [render_prompt(tokenizer, example, databases[example.db_id], mode) for example, mode in asked]
    own = [databases[example.db_id] for example, _ in asked]
    written = [group[0] for group in generate(model, tokenizer, prompts, generation, label=label, databases=own)]
    texts = [w.text for w in written]
    rollouts = roll_out(engine, databases, [e for e, _ in asked], [m for _, m in asked], texts, copies)
    return [Answer(rollout, w.tokens) for rollout, w in zip(rollouts, written, strict=True)]


def score(answers: Sequence[Answer]) -> dict[str, float]:
    """`ex` (mean of both modes) and its standard error over questions (0 for a single one); per mode EX, obedience
    (share that keeps to the mode), valid SQL, mean tokens, and `exposed` (share that is wrong only on an altered copy
    of the database)."""
    figures: dict[str, float] = {}
    for mode in MODES:
        own = [a for a in answers if a.rollout.mode == mode]
        figures[f"ex_{mode}"] = statistics.fmean(a.rollout.correct for a in own)
        figures[f"obedience_{mode}"] = statistics.fmean(a.rollout.well_formed for a in own)
        figures[f"valid_sql_{mode}"] = statistics.fmean(a.rollout.runs for a in own)
        figures[f"exposed_{mode}"] = statistics.fmean(bool(a.rollout.exposed_by) for a in own)
        figures[f"tokens_{mode}"] = statistics.fmean(a.tokens for a in own)
    figures["ex"] = statistics.fmean(figures[f"ex_{mode}"] for mode in MODES)
    by_question: dict[tuple[str, str], list[bool]] = {}
    for one in answers:
        asked = (one.rollout.example.db_id, one.rollout.example.question)
        by_question.setdefault(asked, []).append(one.rollout.correct)
    shares = [statistics.fmean(own) for own in by_question.values()]
    figures["ex_error"] = statistics.stdev(shares) / len(shares) ** 0.5 if len(shares) > 1 else 0.0
    return figures


def outcomes(
    answers: Sequence[Answer], engine: Engine, databases: Mapping[str, Database], rounds: int, label: str
) -> list[Outcome]:
    """The answers as rows of the per-question table, each right one timed against its gold."""
    places: dict[int, int] = {}
    urls = [databases[answer.rollout.example.db_id].url for answer in answers]
    golds = [Query(url, a.rollout.example.gold_sql[0]) for url, a in zip(urls, answers, strict=True)]
    expected = dict(zip(golds, engine.execute(golds, golds=golds), strict=True))
    rows = []
    for answer, gold in zip(answers, golds, strict=True):
        example, execution = answer.rollout.example, answer.rollout.execution
        dialect = databases[example.db_id].dialect
        rows.append(
            Outcome(
                index=places.setdefault(id(example), len(places)),
                db_id=example.db_id,
                question=example.question,
                gold=gold.sql,
                prediction=answer.rollout.sql,
                verdict=answer.rollout.correct,
                error_kind=answer.row()["error"],
                empty_gold=expected[gold].ok and not expected[gold].rows,
                difficulty=example.difficulty,
                hardness=hardness(gold.sql, dialect),
                mode=answer.rollout.mode,
                obedient=answer.rollout.well_formed,
                gold_cost=expected[gold].cost,
                pred_cost=execution.cost if execution else None,
                soft_f1=soft_f1(expected[gold], execution) if execution else 0.0,
                tokens=answer.tokens,
            )
        )
    own = [Query(url, answer.rollout.sql) for url, answer in zip(urls, answers, strict=True)]
    return with_latency(engine, rows, golds, own, rounds, label)


def gold_latency(
    engine: Engine, databases: Mapping[str, Database], examples: Sequence[Example], repeats: int
) -> dict[str, float]:
    """`latency_gold_ms`: mean over the questions of the gold query's median wall time on this machine."""
    golds = [Query(databases[example.db_id].url, example.gold_sql[0]) for example in examples]
    pairs = _measured(engine, [(gold, gold) for gold in golds], repeats, "latency, gold")
    return {"latency_gold_ms": 1000 * statistics.fmean(min(p.a_s, p.b_s) for p in pairs)} if pairs else {}


def latency(
    engine: Engine,
    databases: Mapping[str, Database],
    answers: Sequence[Answer],
    reference: Sequence[Answer],
    repeats: int,
    label: str,
) -> dict[str, float]:
    """Wall time of a model's queries against a reference model's, only on answers that both have right.

    `latency_ms` and `reference_latency_ms` are means of medians, `latency_ratio` geometric mean of the paired ratios
    (below 1: faster than the reference), `cost_ratio` that of the engine's counts of work, `latency_questions` how many
    answers were compared. A pair of identical queries runs too, so that the spread of the measurement shows in the
    ratio. Without a shared right answer only the count is returned.
    """
    both = [(a, b) for a, b in zip(answers, reference, strict=True) if a.rollout.correct and b.rollout.correct]
    urls = [databases[mine.rollout.example.db_id].url for mine, _ in both]
    queries = [(Query(u, b.rollout.sql), Query(u, a.rollout.sql)) for u, (a, b) in zip(urls, both, strict=True)]
    pairs = _measured(engine, queries, repeats, label)
    if not pairs:
        return {"latency_questions": 0.0}
    return {
        "latency_ms": 1000 * statistics.fmean(pair.b_s for pair in pairs),
        "reference_latency_ms": 1000 * statistics.fmean(pair.a_s for pair in pairs),
        "latency_ratio": statistics.geometric_mean(pair.ratio for pair in pairs),
        "latency_questions": float(len(pairs)),
    } | _cost_ratio(pairs)


def _cost_ratio(pairs: Sequence[LatencyComparison]) -> dict[str, float]:
    """Nothing where the engine does not count work."""
    counted = [(p.cost_a, p.cost_b) for p in pairs if p.cost_a is not None and p.cost_b is not None]
    ratios = [(mine + 1) / (reference + 1) for reference, mine in counted]  # 1: a query may cost nothing
    return {"cost_ratio": statistics.geometric_mean(ratios)} if ratios else {}


def _measured(
    engine: Engine, pairs: Sequence[tuple[Query, Query]], repeats: int, label: str
) -> list[LatencyComparison]:
    """Each second query against the first; a pair of which one query fails now, though it ran before, is left out."""
    measured = []
    with progress(label, len(pairs)) as advance:
        for reference, mine in pairs:
            with suppress(ValueError):
                measured.append(compare_latency(engine, reference, mine, repeats))
            advance(1)
    return measured
