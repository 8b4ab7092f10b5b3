"""Step `validate`: check the data, set bad rows aside with the reason, split the rest, write the data set and a report.

Reads `config.data`; writes `dataset-DIGEST/` (examples by split, databases, a tokenizer where the model is built from
nothing), `quarantine.jsonl` and `validation/report.html` to its MLflow run. Too many bad rows, a leak between splits or
an empty split stop the pipeline with exit code 2, after the report has been written.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

from pipeline.config import RunConfig, home
from pipeline.data.benchmarks import load_folder
from pipeline.data.checks import CHECKS, Row, check_lengths, check_rows
from pipeline.data.dataset import Dataset, write_jsonl
from pipeline.data.example import Database, Example
from pipeline.data.expectations import Verdict, judge_incoming, judge_kept
from pipeline.data.loading import Loaded, Rejected
from pipeline.data.prompts import MODES, render_completion, render_prompt
from pipeline.data.report import validation_report
from pipeline.data.splits import SPLITS, assign, cap
from pipeline.errors import InputError
from pipeline.registry.models import resolve_base
from pipeline.rewards.engine import open_engine
from pipeline.steps.contract import Context, Result
from pipeline.synth.samples.writing import write_samples
from pipeline.synth.thoughts import describe


def run(config: RunConfig, context: Context) -> Result:
    settings = config.profile.data
    folder = context.work / "dataset"
    shutil.rmtree(folder, ignore_errors=True)

    loaded = load_folder(_source(config))
    if loaded.repaired:
        context.client.set_tag(context.run_id, "querysmith.repaired_text", str(dict(loaded.repaired)))
    rows = _split_rows(loaded, config)
    with open_engine(config, loaded.databases, copies={}) as engine:
        check_rows(rows, loaded.databases, engine)
    tokenizer_source = _tokenizer(config, context, rows, loaded.databases, folder)
    tokens = _token_counts(tokenizer_source, rows, loaded.databases)
    check_lengths(rows, tokens, config.profile.model.max_length)

    limits = {check.name: settings.max_bad_share for check in CHECKS} | {"fits": settings.max_too_long_share}
    incoming = judge_incoming(rows, limits, context.work / "incoming.sqlite")
    aside = {
        i for check, verdict in zip(CHECKS, incoming, strict=True) if check.sets_aside for i in verdict.failed_rows
    }
    kept = [row for i, row in enumerate(rows) if i not in aside]
    databases_apart = settings.split_by == "database" and not loaded.train
    after = judge_kept(kept, loaded.dialects, databases_apart, context.work / "kept.sqlite")
    quarantine = [*loaded.rejected, *(_rejected(rows[i]) for i in sorted(aside))]

    dataset = _dataset(kept, loaded.databases, config)
    dataset.write(folder)
    figures = _log(context, config, dataset, rows, quarantine, [*incoming, *after], folder)
    _stop_if_unusable(config, dataset, loaded, incoming, after, rows)
    return Result(
        uris={"dataset": f"runs:/{context.run_id}/dataset-{dataset.digest}"},
        metrics=figures,
        notes={"data_digest": dataset.digest},
    )


def _source(config: RunConfig) -> Path:
    """The folder with the data; the bundled samples are written on first use and kept between runs."""
    if config.data != "bundled":
        return Path(config.data)
    questions = config.profile.data.questions_per_database
    return write_samples(home() / "samples" / f"seed-{config.seed}-{questions}", config.seed, questions)


def _split_rows(loaded: Loaded, config: RunConfig) -> list[Row]:
    """Every example with its split. A folder's own dev.json is the test split where it also has training questions."""
    settings = config.profile.data
    dialects = loaded.dialects
    own_test = bool(loaded.train and loaded.dev)
    to_split = loaded.train if own_test else [*loaded.train, *loaded.dev]
    splits = assign(
        to_split,
        dialects,
        by=settings.split_by if not own_test else "question",
        dev_share=settings.dev_share,
        test_share=0.0 if own_test else settings.test_share,
    )
    placed = [*zip(to_split, splits, strict=True), *((example, "test") for example in (loaded.dev if own_test else ()))]
    return [Row(_with_thought(example, dialects[example.db_id]), split) for example, split in placed]


def _with_thought(example: Example, dialect: str) -> Example:
    if example.reasoning:
        return example
    thought = describe(example.gold_sql[0], dialect)
    return replace(example, reasoning=thought, reasoning_source="derived" if thought else "")


def _tokenizer(
    config: RunConfig, context: Context, rows: list[Row], databases: dict[str, Database], folder: Path
) -> str:
    """Where the tokenizer is: the base model's, or one trained on the training split for a model built from nothing."""
    from pipeline.training.tokenizer import train_tokenizer

    architecture = config.profile.model.architecture
    if base := resolve_base(config, context.work / "base"):
        return base
    assert architecture is not None  # the profile has one origin, see ModelSettings
    corpus = [
        text
        for row in rows
        if row.split == "train" and all(row.facts.values())
        for text in _plain_texts(row.example, databases)
    ]
    if not corpus:
        raise InputError(
            f"data {config.data!r}: no usable training question is left after the checks; see the quarantine reasons"
        )
    target = folder / "tokenizer"
    train_tokenizer(corpus, architecture.vocab_size).save_pretrained(target)
    return str(target)


def _plain_texts(example: Example, databases: dict[str, Database]) -> list[str]:
    """What the model will read and write for one example, before any chat template."""
    from pipeline.data.prompts import render_schema

    schema = render_schema(databases[example.db_id].schema)
    return [schema, example.question, example.evidence, render_completion(example.reasoning, example.gold_sql[0])]


def _token_counts(tokenizer_source: str, rows: list[Row], databases: dict[str, Database]) -> list[int]:
    """Tokens of prompt, completion and closing token in the longer mode, for each row."""
    from pipeline.training.model import load_tokenizer

    tokenizer = load_tokenizer(tokenizer_source)
    texts = [
        render_prompt(tokenizer, row.example, databases[row.example.db_id], mode)
        + render_completion(row.example.reasoning if mode == "think" else None, row.example.gold_sql[0])
        for row in rows
        for mode in MODES
    ]
    lengths = [len(ids) + 1 for ids in tokenizer(texts)["input_ids"]] if texts else []
    return [max(pair) for pair in zip(lengths[::2], lengths[1::2], strict=True)]


def _rejected(row: Row) -> Rejected:
    reasons = tuple(
        f"{check.name}: {row.reasons[check.name]}" for check in CHECKS if check.sets_aside and check.name in row.reasons
    )
    return Rejected(row.example.source, row.example.to_json(), reasons)


def _dataset(kept: list[Row], databases: dict[str, Database], config: RunConfig) -> Dataset:
    settings = config.profile.data
    caps = {"train": settings.max_train, "dev": settings.max_dev, "test": settings.max_test}
    splits = {split: cap([r.example for r in kept if r.split == split], caps[split], config.seed) for split in SPLITS}
    used = {example.db_id for examples in splits.values() for example in examples}
    return Dataset(splits, {db_id: database for db_id, database in databases.items() if db_id in used})


def _log(
    context: Context,
    config: RunConfig,
    dataset: Dataset,
    rows: list[Row],
    quarantine: list[Rejected],
    verdicts: list[Verdict],
    folder: Path,
) -> dict[str, float]:
    """Write data set, quarantine and report to the MLflow run; returns the headline numbers."""
    import mlflow

    figures = {f"rows_{split}": float(len(dataset.splits[split])) for split in SPLITS}
    figures |= {
        "rows_checked": float(len(rows)),
        "rows_quarantined": float(len(quarantine)),
        "databases": float(len(dataset.databases)),
    }
    write_jsonl(
        context.work / "quarantine.jsonl",
        ({"source": q.source, "reasons": q.reasons, "row": q.row} for q in quarantine),
    )
    html = validation_report(config, dataset, rows, quarantine, verdicts)
    mlflow.log_text(html, "validation/report.html")
    mlflow.log_dict(
        {v.name: {"passed": v.passed, "failed": v.failed, "total": v.total} for v in verdicts}, "validation/checks.json"
    )
    mlflow.log_artifact(str(context.work / "quarantine.jsonl"))
    mlflow.log_artifacts(str(folder), f"dataset-{dataset.digest}")
    for run_id in (context.run_id, context.parent_id):
        context.client.set_tag(run_id, "querysmith.data_digest", dataset.digest)
    context.headline(figures)
    context.client.set_tag(
        context.run_id,
        "querysmith.thoughts",
        str(dict(Counter(e.reasoning_source or "none" for e in dataset.splits["train"]))),
    )
    return figures


def _stop_if_unusable(
    config: RunConfig,
    dataset: Dataset,
    loaded: Loaded,
    incoming: list[Verdict],
    after: list[Verdict],
    rows: list[Row],
) -> None:
    """Raise the InputError of the first condition that the data set as a whole does not meet."""
    data = f"data {config.data!r}"
    for verdict in incoming:
        if not verdict.passed:
            first = rows[verdict.failed_rows[0]]
            what = f"{verdict.failed} of {verdict.total} rows do not meet the check '{verdict.title}'"
            allowed = f"allowed: {verdict.allowed_share:.0%}"
            remedy = "mend the data, see validation/report.html in MLflow"
            if verdict.name == "fits":
                remedy = (
                    f"set profile.model.max_length to {max(row.tokens for row in rows)}, or completions would be cut"
                )
            raise InputError(
                f"{data}: {what} ({allowed}), e.g. {first.example.source}: {first.reasons[verdict.name]}; {remedy}"
            )
    for verdict in after:
        if not verdict.passed:
            raise InputError(f"{data}: the check '{verdict.title}' fails for {verdict.failed} texts; mend the data")
    total, malformed = len(rows) + len(loaded.rejected), len(loaded.rejected)
    if malformed > config.profile.data.max_bad_share * total:
        worst = loaded.rejected[0]
        raise InputError(f"{data}: {malformed} of {total} rows are malformed, e.g. {worst.source}: {worst.reasons[0]}")
    for split in SPLITS:
        if not dataset.splits[split]:
            raise InputError(
                f"{data}: no question is left for the {split} split ({len(rows)} rows read); "
                "give more data or change profile.data.dev_share and profile.data.test_share"
            )
