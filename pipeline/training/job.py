"""A training: what is trained, from what, on what and how; the same in one process and in many.

A step describes it, launch.py runs it in the step's own process or hands it to several as a file. Under several, every
rank calls `run`: each has its own engine, its own connections to the databases and scores its own rollouts; the memory
reward's memory is one, for its keeper shares what each rank has learned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.config import RunConfig
from pipeline.data.dataset import Dataset, read_jsonl
from pipeline.engine.pool import Engine
from pipeline.errors import InfrastructureError
from pipeline.profile import Settings
from pipeline.registry.models import CHECKPOINT
from pipeline.registry.runs import connect, log_figures
from pipeline.rewards.copies import Copies, open_copies
from pipeline.rewards.engine import open_engine
from pipeline.rewards.memory import MemoryReward
from pipeline.rewards.recipe import build

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback


STOPPED = "querysmith.stopped_early"  # tag of the MLflow run: why a training has not gone on to its end


class Job(Settings):
    """`model` is what training starts from, a folder or hub name ("": built as the profile says); `dataset` is the
    folder of the data set that GRPO's rewards look up; what the training leaves lies under `work`. `run_id` is the
    MLflow run that is reported to, `label` what people read beside the progress."""

    method: Literal["sft", "grpo"]
    label: str
    config: RunConfig
    run_id: str
    model: str
    tokenizer: str
    dataset: Path | None = None
    work: Path

    @property
    def rows(self) -> Path:
        """What is trained on: fused_rows for SFT, prompt_rows for GRPO, one JSON object a line."""
        return self.work / "rows.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.work / "checkpoints"

    @property
    def output(self) -> Path:
        """The trained model and its tokenizer."""
        return self.work / "final" / CHECKPOINT


def run(job: Job) -> dict[str, float]:
    """Train as `job` says; the first rank reports to MLflow and writes the trained model to `job.output`.

    Every rank must call it. Returns the trainer's metrics and the number of parameters.

    Raises:
        InputError: the settings do not fit the data, the model or the machine.
        InfrastructureError: memory has run out, or something that the training needs is gone.
    """
    from accelerate import PartialState

    from pipeline.training.export import export, sharded_loading
    from pipeline.training.model import load_tokenizer, starting_model
    from pipeline.training.reporting import Reporter

    first = PartialState().is_main_process
    tokenizer = load_tokenizer(job.tokenizer)
    with _memory_errors():
        with sharded_loading():
            model = starting_model(job.config.profile.model, job.model, tokenizer, job.config.seed)
        # Under ZeRO-3 a rank holds a part of each parameter, and the whole one's size beside it.
        parameters = sum(getattr(weight, "ds_numel", weight.numel()) for weight in model.parameters())
        callbacks: list[TrainerCallback] = [Reporter(connect(), job.run_id, job.label)] if first else []
        train = _train_sft if job.method == "sft" else _train_grpo
        metrics = train(job, model, tokenizer, callbacks)
        export(model, tokenizer, job.output)
    return metrics | {"parameters": float(parameters)}


def _train_sft(
    job: Job, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, callbacks: list[TrainerCallback]
) -> dict[str, float]:
    from pipeline.training.sft import train_sft

    profile, rows = job.config.profile, read_jsonl(job.rows)
    return train_sft(model, tokenizer, rows, profile.sft, profile.model, job.checkpoints, job.config.seed, callbacks)


def _train_grpo(
    job: Job, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, callbacks: list[TrainerCallback]
) -> dict[str, float]:
    from accelerate import PartialState

    from pipeline.training.collapse import CollapseGuard
    from pipeline.training.grpo import RolloutScorer, train_grpo
    from pipeline.training.memory import THOUGHTS_FILE, MemoryKeeper
    from pipeline.training.model import token_counter
    from pipeline.training.reporting import CompletionTable

    state, profile, recipe = PartialState(), job.config.profile, job.config.recipe
    assert job.dataset is not None  # only SFT goes without
    dataset = Dataset.read(job.dataset)
    rewards = build(recipe, token_counter(tokenizer))
    memories = [reward for reward in rewards if isinstance(reward, MemoryReward)]
    with state.main_process_first():  # the copies and the cache of results are made once, for all ranks
        copies = open_copies(dataset.databases, recipe.variants)
        opened = open_engine(job.config, dataset.databases, copies)
    with opened as engine:
        scorer = RolloutScorer(engine, dataset.databases, dataset.splits["train"], copies, recipe.min_thought_chars)
        if state.is_main_process:
            callbacks = [*callbacks, CompletionTable(job.run_id, scorer, profile.grpo.checkpoint_steps)]
        guard = CollapseGuard(profile.grpo.collapse)
        watchers: list[TrainerCallback] = [*(MemoryKeeper(memory, scorer) for memory in memories), guard]
        if profile.launch.strategy != "zero3":
            watchers.append(_best_held_out(job, dataset, engine, copies, tokenizer))
        metrics = train_grpo(
            model,
            tokenizer,
            read_jsonl(job.rows),
            rewards,
            scorer,
            profile.grpo,
            profile.generation,
            profile.model,
            job.checkpoints,
            job.config.seed,
            [*callbacks, *watchers],
        )
    if state.is_main_process:
        for memory in memories:
            memory.save(job.work / THOUGHTS_FILE)
        if guard.reason:
            connect().set_tag(job.run_id, STOPPED, guard.reason)
    return metrics


def _best_held_out(
    job: Job, dataset: Dataset, engine: Engine, copies: Copies, tokenizer: PreTrainedTokenizerBase
) -> TrainerCallback:
    """Keeps the state of the training by the questions of the dev split that it answers right (greedy). Each process
    asks its share of them."""
    from accelerate import PartialState

    from pipeline.evaluation.scorecard import answer, score
    from pipeline.training.curriculum import gathered
    from pipeline.training.selection import BestHeldOut

    state = PartialState()

    def measure(model: PreTrainedModel) -> dict[str, float]:
        own = answer(
            model,
            tokenizer,
            engine,
            dataset.splits["dev"][state.process_index :: state.num_processes],
            dataset.databases,
            copies,
            job.config.profile.generation,
            "held-out questions",
        )
        return score([found for (found,) in gathered([(found,) for found in own])])

    def report(figures: dict[str, float], step: int) -> None:
        log_figures(connect(), job.run_id, {f"held_out/{name}": value for name, value in figures.items()}, step)

    return BestHeldOut(measure, report, job.work / "best")


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Turn memory that has run out, a GPU's or the machine's, into one line."""
    import torch

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        wanting = r"out of memory|can.t allocate memory|not enough memory"
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not re.search(wanting, str(error)):
            raise
        raise InfrastructureError(
            f"memory has run out ({' '.join(str(error).split())[:150]}); use a smaller profile.sft.micro_batch or "
            "profile.grpo.micro_batch, more profile.launch.processes, or profile.launch.strategy=zero3 with offload"
        ) from error
