"""How good the starter is: execution accuracy (EX) on databases that no training item has, and the loss there, which
falls long before a first answer is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch

from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, Mode, read_completion, render_completion, render_prompt
from pipeline.engine.pool import Engine
from pipeline.evaluation.predictions import Prediction
from pipeline.evaluation.scoring import RULES, verdicts
from pipeline.inference.generate import generate
from pipeline.inference.packed_attention import attending_packed
from pipeline.inference.packing import Asked, Item, pack
from pipeline.profile import GenerationSettings
from pipeline.synth.view import Level
from pipeline.training.starter.loop import loss_of
from pipeline.training.starter.questions import imagined_questions

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pipeline.synth.imagined import Lexicon

SEED = 7  # always the same questions, whatever the training's seed
VIEWS, PER_LEVEL, ROWS = 30, 1, 60
BATCH = 30  # questions whose loss is computed at once


@dataclass(frozen=True)
class Validation:
    """Questions about databases in `folder`, which must live as long as this; `levels` of the questions."""

    folder: TemporaryDirectory[str]
    databases: dict[str, Database]
    examples: Sequence[Example]

    def measure(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: GenerationSettings
    ) -> dict[str, float]:
        """EX in both modes and over all, as shares; greedy answers, compared strictly."""
        found = {f"ex_{mode}": self._share(model, tokenizer, settings, mode) for mode in MODES}
        return {**found, "ex": sum(found.values()) / len(found)}

    def loss(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> float:
        """Mean negative log-likelihood (nats) of the gold answers' tokens in non-thinking mode."""
        total = tokens = 0.0
        model.eval()
        for start in range(0, len(self.examples), BATCH):
            examples = self.examples[start : start + BATCH]
            batch = pack(Item([], [self._asked(tokenizer, example)]) for example in examples).to(model.device)
            with torch.inference_mode(), attending_packed(model):
                total += float(loss_of(model, batch)) * len(batch.targets)
            tokens += len(batch.targets)
        return total / tokens

    def _asked(self, tokenizer: PreTrainedTokenizerBase, example: Example) -> Asked:
        prompt = render_prompt(tokenizer, example, self.databases[example.db_id], "no_think")
        completion = render_completion(None, example.gold_sql[0]) + str(tokenizer.eos_token)
        return Asked(*tokenizer([prompt, completion])["input_ids"])

    def _share(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: GenerationSettings, mode: Mode
    ) -> float:
        prompts = [render_prompt(tokenizer, e, self.databases[e.db_id], mode) for e in self.examples]
        databases = [self.databases[e.db_id] for e in self.examples]
        written = generate(model, tokenizer, prompts, settings, label=f"validation, {mode}", databases=databases)
        predictions = [
            Prediction(line, e.db_id, e.gold_sql, read_completion(one.text, mode).sql)
            for line, (e, (one,)) in enumerate(zip(self.examples, written, strict=True))
        ]
        with Engine(workers=1, timeout_s=2.0) as engine:
            judged = verdicts(
                engine, predictions, RULES["strict_ex"], lambda db_id: [self.databases[db_id].url], "sqlite"
            )
        return sum(verdict.verdict for verdict in judged) / len(judged)


def validation_in(lexicon: Lexicon, per_level: int = PER_LEVEL, only: Level | None = None) -> Validation:
    """A fixed validation set: imagined databases with rows, in the words of a lexicon, and for each of them
    `per_level` questions of every level, or of one `only`."""
    folder = TemporaryDirectory(prefix="querysmith-validation-")
    databases, examples = imagined_questions([lexicon] * VIEWS, Path(folder.name), SEED, per_level, ROWS, 0, only)
    return Validation(folder, databases, examples)
