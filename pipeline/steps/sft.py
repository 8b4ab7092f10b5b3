"""Step `sft`: supervised fine-tuning of the base model, thinking and non-thinking samples in one run.

Reads the data set; writes a model. Resumes from its last checkpoint after a crash.
"""

from __future__ import annotations

from pipeline.config import RunConfig
from pipeline.registry.models import resolve_base
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, open_dataset


def run(config: RunConfig, context: Context) -> Result:
    from pipeline.training.model import load_tokenizer, starting_model
    from pipeline.training.reporting import Reporter
    from pipeline.training.sft import fused_rows, train_sft

    dataset = open_dataset(config, context)
    base = resolve_base(config, context.work / "base")
    tokenizer = load_tokenizer(base or config.profile.model.path or str(dataset.tokenizer))
    model = starting_model(config.profile.model, base, tokenizer, config.seed)
    rows = fused_rows(tokenizer, dataset.splits["train"], dataset.databases)
    metrics = train_sft(
        model,
        tokenizer,
        rows,
        config.profile.sft,
        config.profile.model,
        context.work / "checkpoints",
        config.seed,
        [Reporter(context.client, context.run_id, "supervised fine-tuning")],
    )
    metrics |= {"samples": float(len(rows)), "parameters": float(model.num_parameters())}
    return finish(
        context, config, dataset, model, tokenizer, config.base_model or config.profile.model.path or "scratch", metrics
    )
