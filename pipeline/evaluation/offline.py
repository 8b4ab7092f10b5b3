"""`querysmith evaluate --model`: one model on one benchmark, from files to files, without MLflow runs."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.config import located
from pipeline.errors import InputError
from pipeline.evaluation.answers import Asking
from pipeline.evaluation.benchmark import Benchmark, modes_of, open_benchmark, run_benchmark
from pipeline.evaluation.metrics import ex
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.report import Evaluated, write_evaluation
from pipeline.profile import Profile


def evaluate_offline(
    model_uri: str,
    name: str,
    data: Path,
    output: Path,
    mode: str,
    votes: int,
    limit: int,
    metric: str,
    database_url: str,
    seed: int,
    profile: Profile,
) -> str:
    """Write predictions.jsonl, scorecard.json, outcomes.parquet and report.html to `output`; returns the headline.

    Raises:
        InputError: an unknown name, missing data or model.
        InfrastructureError: a database is gone.
    """
    modes = modes_of(mode)
    benchmark = open_benchmark(name, data, metric=metric, limit=limit, database_url=database_url)
    asking = Asking(modes, votes, profile.evaluate.latency_repeats)
    outcomes = _outcomes(model_uri, benchmark, asking, profile, seed)
    evaluator = asking.evaluator(benchmark.rule, profile.generation)
    settings = {
        "benchmark": name,
        "data_digest": benchmark.digest,
        "modes": ", ".join(modes),
        "questions": str(len(benchmark.examples)),
        "seed": str(seed),
    }
    output.mkdir(parents=True, exist_ok=True)
    _write_predictions(output / "predictions.jsonl", outcomes)
    dialect = "mysql" if database_url else "sqlite"
    write_evaluation(output, Evaluated(model_uri, model_uri, outcomes), evaluator, settings, dialect=dialect)
    found = ex(outcomes)
    return (
        f"EX {found.value:.2%} (95 % interval {found.low:.2%} to {found.high:.2%}, "
        f"{len(benchmark.examples)} questions, modes {settings['modes']}; {evaluator}): {output / 'report.html'}"
    )


def _outcomes(model_uri: str, benchmark: Benchmark, asking: Asking, profile: Profile, seed: int) -> list[Outcome]:
    from pipeline.registry.models import checkpoint
    from pipeline.training.model import load_model, load_tokenizer

    with TemporaryDirectory() as folder:
        if model_uri.startswith("models:/"):
            path = checkpoint(model_uri, Path(folder))
        else:
            path = Path(located(model_uri))
            if not (path / "config.json").is_file():
                raise InputError(f"model {model_uri}: no config.json there; name a checkpoint's folder or models:/...")
        model, tokenizer = load_model(str(path), profile.model.dtype), load_tokenizer(str(path))
        return run_benchmark(benchmark, model, tokenizer, asking, profile.generation, profile.engine.workers, seed)


def _write_predictions(path: Path, outcomes: list[Outcome]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for o in outcomes:
            row = {"index": o.index, "db_id": o.db_id, "mode": o.mode, "gold": o.gold, "pred": o.prediction}
            file.write(json.dumps({**row, "verdict": o.verdict}) + "\n")
