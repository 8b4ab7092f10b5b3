"""From a model and questions to scored outcomes: generate, vote where asked, execute, judge by a rule, time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, read_completion, render_prompt
from pipeline.engine.latency import compare_latency
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.evaluation.measures import soft_f1
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.predictions import Prediction
from pipeline.evaluation.scoring import Rule, verdicts
from pipeline.inference.generate import Generated, generate
from pipeline.inference.voting import Candidate, evaluator, vote
from pipeline.profile import GenerationSettings
from pipeline.progress import progress
from pipeline.sql.hardness import hardness

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TEMPERATURE = 0.8  # of candidates that vote (SQL-R1, inference)


@dataclass(frozen=True)
class Asking:
    """How a model is asked: in which modes, and with how many candidates that vote (1: one greedy answer)."""

    modes: tuple[Mode, ...]
    votes: int = 1
    latency_rounds: int = 5

    def evaluator(self, rule: Rule, generation: GenerationSettings) -> str:
        """The evaluator's name, without which no figure may be shown."""
        return f"{generation.greedy if self.votes == 1 else evaluator(self.votes)}, {rule.title}"


@dataclass(frozen=True)
class _Chosen:
    example: Example
    mode: Mode
    written: Generated
    sql: str
    obedient: bool
    tokens: int


def answer_and_score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    examples: Sequence[Example],
    databases: Mapping[str, Database],
    rule: Rule,
    urls: Mapping[str, Sequence[str]],
    asking: Asking,
    generation: GenerationSettings,
) -> list[Outcome]:
    """One outcome for each question and mode; `urls` are the databases (with variants) that the rule runs on.

    `tokens` counts all candidates of a vote. Latency is measured where the verdict is True, against the first gold.
    """
    chosen = [
        answer
        for mode in asking.modes
        for answer in _answers(model, tokenizer, engine, examples, databases, mode, asking, generation)
    ]
    predictions = [
        Prediction(line, answer.example.db_id, answer.example.gold_sql, answer.sql)
        for line, answer in enumerate(chosen, start=1)
    ]
    dialect = next((database.dialect for database in databases.values()), "sqlite")
    judged = verdicts(engine, predictions, rule, urls.__getitem__, dialect)
    golds = [Query(databases[a.example.db_id].url, a.example.gold_sql[0]) for a in chosen]
    own = [Query(databases[a.example.db_id].url, a.sql) for a in chosen]
    ran = [query for query, answer in zip(own, chosen, strict=True) if answer.sql]
    asked = [*golds, *ran]
    results = dict(zip(asked, engine.execute(asked, golds=golds), strict=True))

    outcomes = []
    for place, (answer, verdict, gold, pred) in enumerate(zip(chosen, judged, golds, own, strict=True)):
        expected, found = results[gold], results.get(pred)
        outcomes.append(
            Outcome(
                index=place % len(examples),
                db_id=answer.example.db_id,
                question=answer.example.question,
                gold=gold.sql,
                prediction=answer.sql,
                verdict=verdict.verdict,
                error_kind=verdict.error_kind,
                empty_gold=expected.ok and not expected.rows,
                difficulty=answer.example.difficulty,
                hardness=hardness(gold.sql, dialect),
                mode=answer.mode,
                obedient=answer.obedient,
                gold_cost=expected.cost,
                pred_cost=found.cost if found else None,
                soft_f1=soft_f1(expected, found) if found else 0.0,
                tokens=answer.tokens,
            )
        )
    return with_latency(engine, outcomes, golds, own, asking.latency_rounds)


def with_latency(
    engine: Engine,
    outcomes: Sequence[Outcome],
    golds: Sequence[Query],
    predictions: Sequence[Query],
    rounds: int,
    label: str = "latency",
) -> list[Outcome]:
    """The outcomes with paired latencies where the verdict is True; a pair that fails now has none."""
    timed = list(outcomes)
    right = [place for place, outcome in enumerate(outcomes) if outcome.verdict]
    with progress(label, len(right)) as advance:
        for place in right:
            with suppress(ValueError):
                pair = compare_latency(engine, golds[place], predictions[place], rounds)
                timed[place] = replace(
                    outcomes[place],
                    gold_s=pair.a_s,
                    pred_s=pair.b_s,
                    latency_ratio=pair.ratio,
                    latency_low=pair.low,
                    latency_high=pair.high,
                )
            advance(1)
    return timed


def _answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    examples: Sequence[Example],
    databases: Mapping[str, Database],
    mode: Mode,
    asking: Asking,
    generation: GenerationSettings,
) -> list[_Chosen]:
    """One answer a question: the greedy one, or the one that most candidates agree on by result."""
    prompts = [render_prompt(tokenizer, example, databases[example.db_id], mode) for example in examples]
    votes = asking.votes
    written = generate(
        model,
        tokenizer,
        prompts,
        generation,
        samples=votes,
        temperature=TEMPERATURE if votes > 1 else 0.0,
        logprobs=votes > 1,
        label=f"answers, {mode}",
        databases=[databases[example.db_id] for example in examples],
    )
    results = _candidate_results(engine, examples, databases, mode, written) if votes > 1 else {}
    chosen = []
    for example, candidates in zip(examples, written, strict=True):
        winner = 0
        if votes > 1:
            url = databases[example.db_id].url
            found = [(c, read_completion(c.text, mode).sql) for c in candidates]
            ballot = vote([Candidate(results.get(Query(url, sql)), c.logprob) for c, sql in found])
            winner = ballot.winner if ballot else 0
        read = read_completion(candidates[winner].text, mode)
        tokens = sum(candidate.tokens for candidate in candidates)
        chosen.append(_Chosen(example, mode, candidates[winner], read.sql, read.well_formed, tokens))
    return chosen


def _candidate_results(
    engine: Engine,
    examples: Sequence[Example],
    databases: Mapping[str, Database],
    mode: Mode,
    written: Sequence[Sequence[Generated]],
) -> dict[Query, ExecutionResult]:
    queries = [
        Query(databases[example.db_id].url, sql)
        for example, candidates in zip(examples, written, strict=True)
        for candidate in candidates
        if (sql := read_completion(candidate.text, mode).sql)
    ]
    return dict(zip(queries, engine.execute(queries), strict=True))
