"""Step `self_distill`: one round of self-distillation.

The model samples thoughts for training questions; those that lead to a right result join the training data, and a
fresh copy of the base model is trained on the union (HES-SQL; methods: self-distillation). Thinking-mode EX on the dev
split is measured before and after: where it falls, the model from before is kept.
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from pipeline.config import RunConfig
from pipeline.data.dataset import Dataset
from pipeline.data.splits import cap
from pipeline.engine.pool import Engine
from pipeline.evaluation.scorecard import answer
from pipeline.registry.models import resolve_base
from pipeline.rewards.copies import Copies, open_copies
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, open_dataset, open_engine, open_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pipeline.training.self_distill import Verified


def run(config: RunConfig, context: Context) -> Result:
    from pipeline.training.model import starting_model
    from pipeline.training.reporting import Reporter
    from pipeline.training.sft import fused_rows, train_sft

    parent = config.inputs.require("model")
    dataset = open_dataset(config, context)
    model, tokenizer = open_model(parent, config, context)
    copies = open_copies(dataset.databases, config.recipe.variants)
    with open_engine(config, dataset.databases, copies) as engine:
        thoughts = _thoughts(config, context, dataset, engine, copies, model, tokenizer)
        figures = {"questions_solved": float(len(thoughts)), "thoughts_kept": float(sum(map(len, thoughts.values())))}
        if not thoughts:
            return Result(
                uris={"model": parent},
                metrics=figures,
                notes={"kept": "the model from before: it solved no training question"},
            )
        before = _dev_ex(config, dataset, engine, copies, model, tokenizer)
        base = resolve_base(config, context.work / "base")
        student = starting_model(config.profile.model, base, tokenizer, config.seed)
        metrics = train_sft(
            student,
            tokenizer,
            fused_rows(tokenizer, dataset.splits["train"], dataset.databases, thoughts),
            config.profile.sft,
            config.profile.model,
            context.work / "checkpoints",
            config.seed,
            [Reporter(context.client, context.run_id, "training on verified thoughts")],
        )
        after = _dev_ex(config, dataset, engine, copies, student, tokenizer)
    figures |= {
        "dev_ex_think_before": before,
        "dev_ex_think_after": after,
        "dev_questions": float(len(dataset.splits["dev"])),
    }
    context.headline({f"self_distill.{key}": value for key, value in figures.items()})
    if after < before:
        return Result(
            uris={"model": parent},
            metrics=figures,
            notes={"kept": f"the model from before: thinking-mode EX fell from {before:.1%} to {after:.1%}"},
        )
    return finish(
        context, config, dataset, student, tokenizer, parent, metrics | figures, {"kept": "the newly trained model"}
    )


def _thoughts(
    config: RunConfig,
    context: Context,
    dataset: Dataset,
    engine: Engine,
    copies: Copies,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> Verified:
    """Verified thoughts by (db_id, question); kept on disk, so that a resumed training trains on the same ones."""
    from transformers import set_seed

    from pipeline.training.self_distill import keep_verified, sample_thoughts

    kept_file = context.work / "thoughts.json"
    if kept_file.is_file():
        return {
            (db_id, question): [tuple(p) for p in pairs] for db_id, question, pairs in json.loads(kept_file.read_text())
        }
    set_seed(config.seed)
    settings = config.profile.self_distill
    examples = cap(dataset.splits["train"], settings.questions, config.seed)
    rollouts = sample_thoughts(
        model, tokenizer, engine, examples, dataset.databases, copies, settings, config.profile.generation
    )
    kept = keep_verified(rollouts, settings.keep_per_question)
    temporary = kept_file.with_suffix(".tmp")
    temporary.write_text(json.dumps([[*key, pairs] for key, pairs in kept.items()]))
    temporary.replace(kept_file)
    context.client.log_artifact(context.run_id, str(kept_file))
    return kept


def _dev_ex(
    config: RunConfig,
    dataset: Dataset,
    engine: Engine,
    copies: Copies,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> float:
    """Thinking-mode EX on the dev split (greedy)."""
    examples, databases = dataset.splits["dev"], dataset.databases
    answers = answer(
        model,
        tokenizer,
        engine,
        examples,
        databases,
        copies,
        config.profile.generation,
        "dev questions",
        modes=("think",),
    )
    return statistics.fmean(a.rollout.correct for a in answers)
