"""Step `evaluate`: every stage's model and the champion answer the same test questions in both modes.

Reads the data set and the stages' models; writes `evaluation/` (scorecard.json, answers by model) and the metrics of
the candidate (the last stage) to this run, the parent and the models themselves. Latency is compared with the
champion, or with the SFT model where there is no champion yet, only on answers that both have right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.config import RunConfig
from pipeline.data.dataset import Dataset, write_jsonl
from pipeline.evaluation import metrics
from pipeline.evaluation.metrics import latency_ratios
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.report import Evaluated, write_evaluation
from pipeline.evaluation.scorecard import (
    Answer,
    Scorecard,
    Scored,
    answer,
    evaluator_name,
    gold_latency,
    latency,
    outcomes,
    score,
)
from pipeline.registry.models import CHAMPION, as_mlflow_dataset, champion
from pipeline.rewards.copies import open_copies
from pipeline.rewards.engine import open_engine
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import open_dataset, open_model

STAGES = ("sft", "self_distill", "grpo")
HEADLINE = ("ex", "ex_think", "ex_no_think", "latency_ms", "latency_ratio", "latency_questions", "latency_gold_ms")


def run(config: RunConfig, context: Context) -> Result:
    dataset = open_dataset(config, context)
    uris = {stage: config.inputs.require(stage) for stage in STAGES}
    current = champion(context.client, config.model_name)
    reference = STAGES[0]
    if current is not None:
        reference, uris[CHAMPION] = CHAMPION, f"models:/{config.model_name}/{current.version}"

    copies = open_copies(dataset.databases, config.recipe.variants)
    with open_engine(config, dataset.databases, copies) as engine:
        by_uri: dict[str, list[Answer]] = {}
        names = {uri: name for name, uri in reversed(uris.items())}  # a stage that kept the model has the URI of before
        for uri, name in names.items():
            model, tokenizer = open_model(uri, config, context)
            by_uri[uri] = answer(
                model,
                tokenizer,
                engine,
                dataset.splits["test"],
                dataset.databases,
                copies,
                config.profile.generation,
                f"test questions, {name}",
            )
        answers = {name: by_uri[uri] for name, uri in uris.items()}
        repeats = config.profile.evaluate.latency_repeats
        yardstick = gold_latency(engine, dataset.databases, dataset.splits["test"], repeats)
        measured = {
            uri: score(by_uri[uri])
            | yardstick
            | latency(engine, dataset.databases, by_uri[uri], answers[reference], repeats, f"latency, {name}")
            for uri, name in names.items()
        }
        cards = {name: measured[uri] for name, uri in uris.items()}
        compared = {name for name in (STAGES[-1], STAGES[0], CHAMPION) if name in answers}
        tables = {
            name: outcomes(answers[name], engine, dataset.databases, repeats, f"latency against gold, {name}")
            for name in compared
        }
    evaluator = evaluator_name(copies, config.profile.generation)
    version = str(current.version) if current else ""
    _log(config, context, dataset, evaluator, uris, answers, cards, version, reference, tables)
    figures = {f"{name}.{key}": card[key] for name, card in cards.items() for key in HEADLINE if key in card}
    return Result(
        uris={"evaluation": f"runs:/{context.run_id}/evaluation"},
        metrics=figures | {"questions": float(len(dataset.splits["test"]))},
        notes={"evaluator": evaluator, "latency_reference": reference},
    )


def _log(
    config: RunConfig,
    context: Context,
    dataset: Dataset,
    evaluator: str,
    uris: dict[str, str],
    answers: dict[str, list[Answer]],
    cards: dict[str, dict[str, float]],
    champion_version: str,
    reference: str,
    tables: dict[str, list[Outcome]],
) -> None:
    import mlflow

    folder = context.work / "evaluation"
    folder.mkdir(exist_ok=True)
    candidate = STAGES[-1]
    scorecard = Scorecard(
        evaluator=evaluator,
        questions=len(dataset.splits["test"]),
        data_digest=dataset.digest,
        seed=config.seed,
        latency_reference=reference,
        champion_version=champion_version,
        models={name: Scored(uri=uris[name], metrics=card) for name, card in cards.items()},
        verdicts={name: [a.rollout.correct for a in own] for name, own in answers.items()},
        latency_ratios=latency_ratios(tables[candidate], tables[CHAMPION]) if CHAMPION in tables else [],
    )
    _report(folder / "report", config, dataset, evaluator, uris, tables)
    (folder / "scorecard.json").write_text(scorecard.model_dump_json(indent=1), encoding="utf-8")
    for name, own in answers.items():
        write_jsonl(folder / f"answers_{name}.jsonl", (a.row() for a in own))
    mlflow.log_artifacts(str(folder), "evaluation")

    mlflow.log_table(_columns(tables[candidate]), "evaluation/questions.json")
    context.headline({key: cards[candidate][key] for key in HEADLINE if key in cards[candidate]})
    context.headline(_intervals(tables[candidate]))
    context.headline({f"{name}.{key}": card[key] for name, card in cards.items() for key in card})
    source = as_mlflow_dataset(dataset, "test")
    mlflow.log_input(source, context="evaluation")
    for name in STAGES:
        model_id = uris[name].removeprefix("models:/")
        if model_id.startswith("m-"):
            mlflow.log_metrics(cards[name], model_id=model_id, dataset=source)


def _report(
    folder: Path,
    config: RunConfig,
    dataset: Dataset,
    evaluator: str,
    uris: dict[str, str],
    tables: dict[str, list[Outcome]],
) -> None:
    """The candidate's table, scorecard with intervals and HTML report, beside the SFT model and the champion."""
    models = {name: Evaluated(name, uris[name], own) for name, own in tables.items()}
    candidate, baseline = models[STAGES[-1]], models[STAGES[0]]
    settings = {
        "profile": config.profile.name,
        "recipe": config.recipe.name,
        "seed": str(config.seed),
        "data_digest": dataset.digest,
    }
    same = candidate.uri == baseline.uri
    dialect = next((database.dialect for database in dataset.databases.values()), "sqlite")
    write_evaluation(
        folder,
        candidate,
        evaluator,
        settings,
        baseline=None if same else baseline,
        champion=models.get(CHAMPION),
        title=f"{config.model_name}: candidate on held-out questions",
        dialect=dialect,
    )


def _columns(table: list[Outcome]) -> dict[str, list[Any]]:
    """As MLflow's tables want it: a list for each column."""
    rows = [outcome.row() for outcome in table]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _intervals(table: list[Outcome]) -> dict[str, float]:
    """Limits of the 95 % intervals of the headline's shares, as metrics beside their values."""
    figures = metrics.score(table)
    shown = {name: figures[name] for name in ("ex", "non_empty_ex", "r_ves", "soft_f1") if name in figures}
    return {f"{name}_{end}": getattr(interval, end) for name, interval in shown.items() for end in ("low", "high")} | {
        name: interval.value for name, interval in shown.items() if name != "ex"
    }
