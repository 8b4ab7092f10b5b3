"""Step `benchmark`: one registered model answers one benchmark; the figures are tied to both in MLflow.

Reads `inputs.model` and the benchmark's folder (`data`); writes `evaluation/` (per-question table, scorecard, report)
and the metrics, on the run and on the logged model.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.config import RunConfig
from pipeline.evaluation.answers import Asking
from pipeline.evaluation.benchmark import Benchmark, modes_of, open_benchmark, run_benchmark
from pipeline.evaluation.metrics import score
from pipeline.evaluation.report import Evaluated, write_evaluation
from pipeline.registry.models import logged_model
from pipeline.registry.runs import log_figures
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import open_model


def run(config: RunConfig, context: Context) -> Result:
    asked = config.benchmark
    uri = config.inputs.require("model")
    benchmark = open_benchmark(
        asked.name,
        Path(config.data),
        metric=asked.metric,
        limit=asked.limit,
        split=asked.split,
        database_url=asked.database_url,
    )
    logged = logged_model(uri)
    model, tokenizer = open_model(f"models:/{logged}", config, context)
    asking = Asking(modes_of(asked.mode), asked.votes, config.profile.evaluate.latency_repeats)
    outcomes = run_benchmark(
        benchmark, model, tokenizer, asking, config.profile.generation, config.profile.engine.workers, config.seed
    )
    evaluator = asking.evaluator(benchmark.rule, config.profile.generation)
    folder = context.work / "evaluation"
    settings = {
        "benchmark": asked.name,
        "data_digest": benchmark.digest,
        "questions": str(len(benchmark.examples)),
        "seed": str(config.seed),
        "model": f"models:/{logged}",
    }
    dialect = "mysql" if asked.database_url else "sqlite"
    write_evaluation(folder, Evaluated(uri, uri, outcomes), evaluator, settings, dialect=dialect)

    import mlflow

    mlflow.log_artifacts(str(folder), "evaluation")
    figures = {name: interval.value for name, interval in score(outcomes).items()}
    _log(context, benchmark, logged, figures)
    for key, value in {**settings, "evaluator": evaluator, "model": uri, "logged_model": logged}.items():
        context.client.set_tag(context.run_id, f"querysmith.{key}", value)
    return Result(
        uris={"evaluation": f"runs:/{context.run_id}/evaluation", "model": f"models:/{logged}"},
        metrics={name: figures[name] for name in ("ex", "valid_sql", "soft_f1", "r_ves") if name in figures},
        notes={"evaluator": evaluator, "benchmark": asked.name},
    )


def _log(context: Context, benchmark: Benchmark, logged: str, figures: dict[str, float]) -> None:
    import mlflow
    import pandas as pd
    from mlflow.data.pandas_dataset import from_pandas

    frame = pd.DataFrame(
        {"db_id": [e.db_id for e in benchmark.examples], "question": [e.question for e in benchmark.examples]}
    )
    source = from_pandas(frame, name=benchmark.name, digest=benchmark.digest[:36])
    mlflow.log_input(source, context="evaluation")
    log_figures(context.client, context.run_id, figures)
    named = {f"{benchmark.name}.{name}": value for name, value in figures.items()}
    mlflow.log_metrics(named, model_id=logged, dataset=source)
