"""Step `grpo`: reinforcement learning with the recipe's rewards, starting from the distilled model.

Reads the data set and a model; writes a model. Each reward is logged by name; samples of completions go to a table.
"""

from __future__ import annotations

from pipeline.config import RunConfig
from pipeline.rewards.copies import open_copies
from pipeline.rewards.memory import MemoryReward
from pipeline.rewards.recipe import build
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, open_dataset, open_engine, open_model


def run(config: RunConfig, context: Context) -> Result:
    from pipeline.training.grpo import RolloutScorer, prompt_rows, train_grpo
    from pipeline.training.memory import THOUGHTS_FILE, MemoryKeeper
    from pipeline.training.model import token_counter
    from pipeline.training.reporting import CompletionTable, Reporter

    parent = config.inputs.require("model")
    dataset = open_dataset(config, context)
    model, tokenizer = open_model(parent, config, context)
    profile, examples = config.profile, dataset.splits["train"]
    rewards = build(config.recipe, token_counter(tokenizer))
    memories = [reward for reward in rewards if isinstance(reward, MemoryReward)]
    copies = open_copies(dataset.databases, config.recipe.variants)
    with open_engine(config, dataset.databases, copies) as engine:
        scorer = RolloutScorer(engine, dataset.databases, examples, copies, config.recipe.min_thought_chars)
        metrics = train_grpo(
            model,
            tokenizer,
            prompt_rows(tokenizer, examples, dataset.databases, profile.grpo.think_share, config.seed),
            rewards,
            scorer,
            profile.grpo,
            profile.generation,
            profile.model,
            context.work / "checkpoints",
            config.seed,
            [
                Reporter(context.client, context.run_id, "GRPO"),
                CompletionTable(context.run_id, scorer, profile.grpo.checkpoint_steps),
                *(MemoryKeeper(memory, scorer) for memory in memories),
            ],
        )
    for memory in memories:
        memory.save(context.work / THOUGHTS_FILE)
        context.client.log_artifact(context.run_id, str(context.work / THOUGHTS_FILE), "memory")
    return finish(context, config, dataset, model, tokenizer, parent, metrics)
