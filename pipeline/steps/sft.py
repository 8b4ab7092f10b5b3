"""Step `sft`: supervised fine-tuning of the base model, thinking and non-thinking samples in one run.

Reads the data set; writes a model. Resumes from its last checkpoint after a crash.
"""

from __future__ import annotations

from pipeline.config import RunConfig
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.data.replay import replay
from pipeline.registry.models import resolve_base, training_data
from pipeline.registry.runs import fetch
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, open_dataset
from pipeline.training.job import Job
from pipeline.training.launch import train


def run(config: RunConfig, context: Context) -> Result:
    from pipeline.training.model import load_tokenizer
    from pipeline.training.sft import fused_rows

    dataset = open_dataset(config, context)
    base = resolve_base(config, context.work / "base")
    tokenizer = base or str(dataset.tokenizer)
    examples, databases = dataset.splits["train"], dataset.databases
    old, old_databases = _replayed(config, context, dataset)
    rows = fused_rows(
        load_tokenizer(tokenizer),
        [*examples, *old],
        {**old_databases, **databases},
        modes=config.profile.sft.modes,
    )
    job = Job(
        method="sft",
        label="supervised fine-tuning",
        config=config,
        run_id=context.run_id,
        model=base,
        tokenizer=tokenizer,
        work=context.work,
    )
    metrics = train(job, rows) | {"samples": float(len(rows)), "replayed": float(len(old))}
    parent = config.base_model or config.profile.model.path or "scratch"
    return finish(context, config, dataset, parent, metrics)


def _replayed(config: RunConfig, context: Context, dataset: Dataset) -> tuple[list[Example], dict[str, Database]]:
    """Some of the data that the base model was trained on, where the registry knows it."""
    source = training_data(config) if config.profile.sft.replay_share else ""
    if not source:
        return [], {}
    old = Dataset.read(fetch(source, context.work / "replayed"))
    return replay(old, dataset, config.profile.sft.replay_share, config.seed)
