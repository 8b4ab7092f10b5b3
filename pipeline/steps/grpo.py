"""Step `grpo`: reinforcement learning with the recipe's rewards, starting from the distilled model.

Reads the data set and a model; writes a model. Each reward is logged by name; samples of completions go to a table.
"""

from __future__ import annotations

from pipeline.config import RunConfig
from pipeline.data.dataset import Dataset
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import dataset_folder, finish, model_folder
from pipeline.training.job import STOPPED, Job
from pipeline.training.launch import train


def run(config: RunConfig, context: Context) -> Result:
    from pipeline.training.grpo import prompt_rows
    from pipeline.training.memory import THOUGHTS_FILE
    from pipeline.training.model import load_tokenizer

    parent = config.inputs.require("model")
    data = dataset_folder(config, context)
    dataset, start = Dataset.read(data), str(model_folder(parent, context))
    rows = prompt_rows(
        load_tokenizer(start),
        dataset.splits["train"],
        dataset.databases,
        config.profile.grpo.think_share,
        config.seed,
    )
    job = Job(
        method="grpo",
        label="GRPO",
        config=config,
        run_id=context.run_id,
        model=start,
        tokenizer=start,
        dataset=data,
        work=context.work,
    )
    metrics = train(job, rows)
    if (context.work / THOUGHTS_FILE).is_file():  # the recipe has the memory reward
        context.client.log_artifact(context.run_id, str(context.work / THOUGHTS_FILE), "memory")
    stopped = context.client.get_run(context.run_id).data.tags.get(STOPPED)
    return finish(context, config, dataset, parent, metrics, {"stopped_early": stopped} if stopped else None)
