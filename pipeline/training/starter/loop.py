"""Trains the starter: the loop, its budget, what it tells and what it leaves behind.

Plain PyTorch: TRL's trainers know neither a stream without an end, nor questions that share a schema within one row,
nor a budget in minutes that survives being killed. The stream is read from the step where a training stopped, and
nothing else is random, so on one machine an interrupted training ends as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional as F

from pipeline.config import located
from pipeline.errors import InputError
from pipeline.inference.packed_attention import attending_packed, packed_inputs
from pipeline.inference.packing import Batch
from pipeline.profile import Architecture
from pipeline.training.model import build_model, load_model, load_tokenizer, save
from pipeline.training.starter.batches import Stream, batches
from pipeline.training.starter.card import model_card
from pipeline.training.starter.items import Synthesise, synthesise
from pipeline.training.starter.optimizers import factor, optimizers, set_rate
from pipeline.training.starter.state import LAST, Progress, read_state, write_state
from pipeline.training.starter.vocabulary import starter_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CLIP = 1.0
SKETCH = Architecture(vocab_size=4096, hidden_size=192, layers=6, heads=6, kv_heads=2, intermediate_size=512)

Measure = Callable[["PreTrainedModel", "PreTrainedTokenizerBase"], dict[str, float]]
Tell = Callable[[Progress, dict[str, float]], None]


@dataclass(frozen=True)
class Plan:
    """What to train, for how long: `minutes` or `tokens`, one of them 0. `out` gets the folders `model` and `state`;
    `start` are models to go on from, with the mean of their weights (model soups, Wortsman et al. 2022, arXiv
    2203.05482)."""

    out: Path
    minutes: float = 0.0
    tokens: int = 0
    seed: int = 42
    architecture: Architecture = SKETCH
    max_length: int = 2048
    items: int = 8  # databases in a batch
    easy: int = 6000  # items at the beginning that are simple, where nothing has been learned yet
    varied: bool = True  # words cut in several ways and exchanged, so that unknown ones are copied as well
    learning_rate: float = 3e-3
    tokenizer: str = ""
    start: tuple[str, ...] = ()
    workers: int = 1
    log_s: float = 10.0
    checkpoint_s: float = 120.0
    measure_s: float = 600.0

    def done(self, progress: Progress) -> float:
        """The share of the budget that is used up."""
        return progress.tokens / self.tokens if self.tokens else progress.seconds / (60.0 * self.minutes)


def pretrain(plan: Plan, measure: Measure, tell: Tell, draw: Synthesise = synthesise) -> Path:
    """Train until the budget is used up, or go on with what `plan.out` holds; returns the model's folder.

    Raises:
        InputError: no budget, or a checkpoint or tokenizer that does not fit.
    """
    if bool(plan.minutes) == bool(plan.tokens):
        raise InputError("give the budget either in minutes or in tokens")
    tokenizer = _tokenizer(plan, draw)
    model: Any = build_model(plan.architecture, tokenizer, plan.max_length, plan.seed)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    run = _Run(plan, model, tokenizer, measure, tell)
    easy = 0 if plan.start else plan.easy
    run.train(Stream(tokenizer, plan.seed, plan.items, plan.max_length, draw, easy, plan.varied))
    return run.finish()


def _tokenizer(plan: Plan, draw: Synthesise) -> PreTrainedTokenizerBase:
    """The one that this training began with, else the one it is told to take, else a new one."""
    own = plan.out / "state" / "tokenizer"
    if (own / "tokenizer.json").is_file():
        return load_tokenizer(str(own))
    if source := plan.tokenizer or (plan.start[0] if plan.start else ""):
        tokenizer = load_tokenizer(located(source))
    else:
        tokenizer = starter_tokenizer(plan.seed, plan.architecture.vocab_size, draw)
    tokenizer.save_pretrained(own)
    return tokenizer


def hidden_states(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """The last hidden states of all tokens of a batch, [tokens, hidden]; within `attending_packed` only."""
    base: Any = model.base_model
    hidden: torch.Tensor = base(**packed_inputs(batch), use_cache=False).last_hidden_state[0]
    return hidden


def loss_of(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Mean negative log-likelihood (nats) of the completions' tokens; no other token gets logits."""
    hidden = hidden_states(model, batch)
    head: Any = model.get_output_embeddings()
    return F.cross_entropy(head(F.embedding(batch.predicting, hidden)).float(), batch.targets)


class _Run:
    """One training while it runs."""

    def __init__(
        self, plan: Plan, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, measure: Measure, tell: Tell
    ) -> None:
        self.plan, self.model, self.tokenizer = plan, model, tokenizer
        self.measure, self.tell = measure, tell
        self.optimizers = optimizers(model, plan.learning_rate)
        self.folder = plan.out / "state"
        self.progress = self._resumed()

    def _resumed(self) -> Progress:
        """Go on from the latest state. A budget that has grown raises the learning rate again (see `factor`)."""
        if (self.folder / LAST).is_file():
            return read_state(self.folder / LAST, self.model, self.optimizers)
        models = [load_model(located(source)) for source in self.plan.start]
        for source, model in zip(self.plan.start, models, strict=True):
            shapes = [[weight.shape for weight in one.parameters()] for one in (model, self.model)]
            if shapes[0] != shapes[1]:
                raise InputError(f"model {source} cannot be gone on from: give the sizes it was made with")
        if models:
            with torch.no_grad():
                for weight, *found in zip(self.model.parameters(), *(m.parameters() for m in models), strict=True):
                    weight.copy_(torch.stack(found).mean(0))
        return Progress()

    def train(self, stream: Stream) -> None:
        progress, plan = self.progress, self.plan
        if plan.done(progress) >= 1:
            return
        self.model.train()
        clock = told = saved = measured = time.monotonic()
        losses: list[torch.Tensor] = []
        tokens = progress.tokens
        for batch in batches(stream, progress.step, plan.workers):
            done = plan.done(progress)
            if done >= 1:
                break
            losses.append(self._step(batch, factor(progress.step, done)))
            progress.step += 1
            progress.tokens += len(batch.ids)
            progress.questions += batch.questions
            now = time.monotonic()
            progress.seconds += now - clock
            clock = now
            if now - told >= plan.log_s:
                rate = (progress.tokens - tokens) / (now - told)
                loss = float(torch.stack(losses).mean())
                self.tell(progress, {"loss": loss, "tokens_per_s": rate, "done": plan.done(progress)})
                losses, told, tokens = [], now, progress.tokens
            if now - saved >= plan.checkpoint_s:
                self._save()
                saved = now
            if now - measured >= plan.measure_s:
                self.tell(progress, self._measured())
                measured = told = time.monotonic()
                tokens = progress.tokens
        self._save()

    def _step(self, batch: Batch, share: float) -> torch.Tensor:
        device = self.model.device
        set_rate(self.optimizers, share * self.plan.learning_rate)
        with attending_packed(self.model):
            with torch.autocast(device.type, torch.bfloat16):
                loss = loss_of(self.model, batch.to(device))
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return loss.detach()

    def _measured(self) -> dict[str, float]:
        found = self.measure(self.model, self.tokenizer)
        self.model.train()
        return found

    def _save(self) -> None:
        write_state(self.folder / LAST, self.model, self.optimizers, self.progress)

    def finish(self) -> Path:
        """Measure and write the model, in bfloat16, with its card."""
        found = self._measured()
        self.tell(self.progress, {**found, "done": 1.0})
        folder = self.plan.out / "model"
        save(self.model.bfloat16(), self.tokenizer, folder)
        card = model_card(self.model, self.progress, self.plan.seed, found)
        (folder / "README.md").write_text(card, encoding="utf-8")
        return folder
