"""Supervised fine-tuning with thinking and non-thinking samples in one run (HES-SQL, thinking-mode fusion).

Every question appears without a thought, and once more for each thought it has; loss on the assistant's turn only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.data.example import Database, Example
from pipeline.data.prompts import render_completion, render_prompt, shared_beginning
from pipeline.errors import InputError
from pipeline.profile import ModelSettings, SftSettings
from pipeline.training.adapters import lora_config
from pipeline.training.trainer import batch_arguments, common_arguments, train

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

Row = dict[str, str]
TokenRow = dict[str, list[int]]


def fused_rows(
    tokenizer: PreTrainedTokenizerBase,
    examples: Iterable[Example],
    databases: Mapping[str, Database],
    more_thoughts: Mapping[tuple[str, str], Sequence[tuple[str, str]]] | None = None,
    modes: Literal["fused", "think", "no_think"] = "fused",
) -> list[Row]:
    """Prompt and completion texts, one row without a thought and one with each thought of an example; only those of
    one mode, unless `modes` is "fused".

    `more_thoughts` holds verified (thought, SQL) pairs by (db_id, question); an example that has some there learns
    those in place of a thought that was only derived from its gold SQL.

    Raises:
        InputError: there is no row at all.
    """
    rows: list[Row] = []
    for example in examples:
        database, gold = databases[example.db_id], example.gold_sql[0]
        verified = (more_thoughts or {}).get((example.db_id, example.question), ())
        thoughts = list(verified)
        if example.reasoning and not (verified and example.reasoning_source == "derived"):
            thoughts.append((example.reasoning, gold))
        if modes != "think":
            rows.append(_row(render_prompt(tokenizer, example, database, "no_think"), render_completion(None, gold)))
        for thought, sql in thoughts if modes != "no_think" else ():
            rows.append(_row(render_prompt(tokenizer, example, database, "think"), render_completion(thought, sql)))
    if not rows:
        raise InputError(
            f"profile.sft.modes is {modes}, but no training example has a thought; add thoughts, or set it to no_think"
        )
    return rows


def _row(prompt: str, completion: str) -> Row:
    return {"prompt": prompt, "completion": completion}


def tokenise(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row], max_length: int) -> list[TokenRow]:
    """Token ids and completion mask of each row.

    Prompt and completion are tokenised apart, exactly as at inference, where the prompt comes alone.

    Raises:
        InputError: a row is longer than `max_length`. The trainer would cut its end, which is the completion, and
            learn nothing from it without a word (seen: loss 0.0).
    """
    prompts = tokenizer([row["prompt"] for row in rows])["input_ids"]
    completions = tokenizer([row["completion"] + str(tokenizer.eos_token) for row in rows])["input_ids"]
    pairs = list(zip(prompts, completions, strict=True))
    lengths = [len(prompt) + len(completion) for prompt, completion in pairs]
    if max(lengths) > max_length:
        over = sum(length > max_length for length in lengths)
        raise InputError(
            f"profile.model.max_length is {max_length}, but {over} of {len(rows)} training samples are longer (the "
            f"longest has {max(lengths)} tokens) and their completions would be cut; set it to {max(lengths)} or more"
        )
    return [{"input_ids": p + c, "completion_mask": [0] * len(p) + [1] * len(c)} for p, c in pairs]


def train_sft(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Row],
    settings: SftSettings,
    model_settings: ModelSettings,
    work: Path,
    seed: int,
    callbacks: list[TrainerCallback],
) -> dict[str, float]:
    """Train in place, from the last complete checkpoint under `work` if there is one; returns the trainer's metrics.

    A packed row takes the place of a sample: `settings.batch_size` then counts rows. Where what the prompts of a batch
    have in common is computed once, rows about one database come together; every epoch has their order.
    """
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from pipeline.training.shared_prompts import in_runs, shares_prompts
    from pipeline.training.weighted_sft import SampleWeightedSFTTrainer

    order = "random" if settings.packing else "sequential" if shares_prompts(model) else "group_by_length"
    if order == "sequential":
        rows = [rows[number] for number in in_runs([shared_beginning(row["prompt"]) for row in rows], seed)]
    samples = tokenise(tokenizer, rows, model_settings.max_length)
    arguments = SFTConfig(
        **common_arguments(model_settings, work, settings.checkpoint_steps, seed),
        num_train_epochs=settings.epochs,
        **batch_arguments("profile.sft.batch_size", settings.batch_size, settings.micro_batch),
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_share,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="cosine",
        max_length=model_settings.max_length,
        completion_only_loss=True,
        packing=settings.packing,  # rows are no longer than max_length, see tokenise: the strategy cuts none
        train_sampling_strategy=order,
        logging_steps=5,
        data_seed=seed,
    )
    kind = SampleWeightedSFTTrainer if settings.weighting == "sample" else SFTTrainer
    trainer = kind(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(samples),
        processing_class=tokenizer,
        callbacks=callbacks,
        peft_config=lora_config(model_settings.adapter, model),
    )
    return train(trainer, work)
