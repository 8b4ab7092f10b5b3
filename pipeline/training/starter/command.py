"""`querysmith pretrain`: the options of a starter's training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.environment import quiet_defaults


def pretrain(
    out: Annotated[Path, typer.Option(help="Folder for the model and the training's state; the same again resumes.")],
    minutes: Annotated[float, typer.Option(min=0, help="Budget in minutes, all runs of this folder together.")] = 0.0,
    tokens: Annotated[int, typer.Option(min=0, help="Or the budget in tokens.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the weights and the stream.")] = 42,
    vocabulary: Annotated[int, typer.Option(min=300, help="Tokens of the vocabulary.")] = 4096,
    hidden: Annotated[int, typer.Option(min=8)] = 192,
    layers: Annotated[int, typer.Option(min=1)] = 6,
    heads: Annotated[int, typer.Option(min=1)] = 6,
    kv_heads: Annotated[int, typer.Option(min=1)] = 2,
    intermediate: Annotated[int, typer.Option(min=8)] = 512,
    max_length: Annotated[int, typer.Option(min=64, help="Positions; longer questions are left out.")] = 2048,
    batch: Annotated[int, typer.Option(min=1, help="Databases in a batch, each with 6 to 10 questions.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=0)] = 3e-3,
    tokenizer: Annotated[str, typer.Option(help="Folder of a tokenizer. Default: one trained on the stream.")] = "",
    start: Annotated[
        list[str] | None,
        typer.Option("--from", help="Model to go on from, such as `starter`; several: from the mean of their weights."),
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads of PyTorch; 0: as it likes.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that write the stream; 0: the training itself.")] = 1,
    measure_every: Annotated[float, typer.Option(min=0.1, help="Minutes between measurements of accuracy.")] = 10.0,
    mlflow: Annotated[bool, typer.Option(help="Log to MLflow.")] = True,
) -> None:
    """Train a small starter model from nothing on an endless stream of made-up databases and questions."""
    quiet_defaults()
    import torch

    from pipeline.profile import Architecture, GenerationSettings
    from pipeline.synth.imagined import HELD_OUT
    from pipeline.training.starter.loop import Plan
    from pipeline.training.starter.loop import pretrain as train
    from pipeline.training.starter.telling import telling
    from pipeline.training.starter.validation import validation_in

    if threads:
        torch.set_num_threads(threads)
    plan = Plan(
        out=out,
        minutes=minutes,
        tokens=tokens,
        seed=seed,
        architecture=Architecture(
            vocab_size=vocabulary,
            hidden_size=hidden,
            layers=layers,
            heads=heads,
            kv_heads=kv_heads,
            intermediate_size=intermediate,
        ),
        max_length=max_length,
        items=batch,
        learning_rate=learning_rate,
        tokenizer=tokenizer,
        start=tuple(start or ()),
        workers=workers,
        log_s=2.0 if sys.stderr.isatty() else 60.0,
        measure_s=60.0 * measure_every,
    )
    params = {**plan.architecture.model_dump(mode="json"), "seed": seed, "batch": batch, "learning_rate": learning_rate}
    validation = validation_in(HELD_OUT)
    settings = GenerationSettings(max_new_tokens=256, batch_size=64)
    with telling(plan, {name: str(value) for name, value in params.items()}, mlflow) as tell:
        folder = train(plan, lambda model, words: validation.measure(model, words, settings), tell)
    typer.echo(str(folder))
