"""Step `self_distill`: rounds of self-distillation.

The model samples thoughts for training questions; those that lead to a right result join the training data, and a
fresh copy of the base model is trained on the union (HES-SQL; methods: self-distillation). EX on the dev split is
measured before and after each round: where it falls in thinking mode (HES-SQL) or in the mean of both modes (a fused
model must not pay for its thoughts with its other answers), or nothing new has been solved, the rounds end, and the
model from before is kept. A round that has ended is never repeated; one that was interrupted goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from pipeline.config import RunConfig
from pipeline.data.dataset import Dataset
from pipeline.data.splits import cap
from pipeline.engine.pool import Engine
from pipeline.evaluation.scorecard import answer, score
from pipeline.registry.models import resolve_base
from pipeline.rewards.copies import Copies, open_copies
from pipeline.rewards.engine import open_engine
from pipeline.steps.contract import Context, Result
from pipeline.steps.training import finish, model_folder, open_dataset
from pipeline.training.job import Job
from pipeline.training.launch import train

if TYPE_CHECKING:
    from pipeline.training.self_distill import Verified

_JUDGED = {"ex_think": "thinking-mode", "ex": "both modes'"}
_ROUND_FILE, _THOUGHTS_FILE, _BEFORE_FILE = "round.json", "thoughts.json", "before.json"


class Round(BaseModel):
    """What a round has found: figures of its training, and EX of the model that it has trained (empty: it was not
    trained, for nothing new was solved)."""

    metrics: dict[str, float] = {}
    ex: dict[str, float] = {}


def run(config: RunConfig, context: Context) -> Result:
    parent = config.inputs.require("model")
    start = str(model_folder(parent, context))
    dataset = open_dataset(config, context)
    copies = open_copies(dataset.databases, config.recipe.variants)
    with open_engine(config, dataset.databases, copies) as engine:
        rounds = _Rounds(config, context, dataset, engine, copies, start)
        note, metrics = rounds.run()
    figures = metrics | {"dev_questions": float(len(dataset.splits["dev"])), "rounds": float(rounds.done)}
    context.headline({f"self_distill.{key}": value for key, value in figures.items()})
    if rounds.best is None:
        return Result(uris={"model": parent}, metrics=figures, notes={"kept": f"the model from before: {note}"})
    _hand_on(rounds.best, context.work / "final")
    return finish(context, config, dataset, parent, figures, {"kept": f"the newly trained model: {note}"})


class _Rounds:
    def __init__(
        self, config: RunConfig, context: Context, dataset: Dataset, engine: Engine, copies: Copies, start: str
    ) -> None:
        self.config, self.context, self.dataset = config, context, dataset
        self.engine, self.copies, self.start = engine, copies, start
        self.best: Path | None = None  # the folder of the last model that was no worse than the one before it
        self.done = 0

    def run(self) -> tuple[str, dict[str, float]]:
        """Why the rounds have ended, and their figures."""
        before = best = after = self._before()
        known: Verified = {}
        metrics: dict[str, float] = {}
        note = f"{self.config.profile.self_distill.rounds} rounds done"
        for number in range(1, self.config.profile.self_distill.rounds + 1):
            folder = self.context.work / f"round-{number}"
            thoughts = self._thoughts(number, folder, known)
            solved = {
                "questions_solved": float(len(thoughts)),
                "thoughts_kept": float(sum(map(len, thoughts.values()))),
            }
            metrics |= solved
            found = self._round(number, folder, thoughts if thoughts != known else {})
            if not found.ex:
                note = "it solved no training question" if not known else f"round {number} found no new thought"
                break
            self.done, after = number, found.ex
            fallen = [f"{name} EX {best[k]:.1%} to {after[k]:.1%}" for k, name in _JUDGED.items() if after[k] < best[k]]
            if fallen:
                note = f"round {number} lowered {' and '.join(fallen)}"
                break
            known, best, self.best, metrics = thoughts, after, folder / "final", metrics | found.metrics
        ends = {"before": before, "after": after}
        return note, metrics | {f"dev_{mode}_{end}": ex[mode] for end, ex in ends.items() for mode in ex}

    def _before(self) -> dict[str, float]:
        file = self.context.work / _BEFORE_FILE
        if file.is_file():
            found: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
            return found
        before = self._dev_ex(self.start)
        self._log(0, {f"dev_{mode}": ex for mode, ex in before.items()})
        _write(file, json.dumps(before))
        return before

    def _thoughts(self, number: int, folder: Path, known: Verified) -> Verified:
        """Verified thoughts by (db_id, question), those of the rounds before among them; kept on disk, so that a
        resumed training trains on the same ones."""
        from transformers import set_seed

        from pipeline.training.model import load_model, load_tokenizer
        from pipeline.training.self_distill import Thinker, keep_verified, union

        kept_file = folder / _THOUGHTS_FILE
        if kept_file.is_file():
            rows = json.loads(kept_file.read_text(encoding="utf-8"))
            return {(db_id, question): [tuple(pair) for pair in pairs] for db_id, question, pairs in rows}
        set_seed(self.config.seed + number)
        profile, settings = self.config.profile, self.config.profile.self_distill
        current = str(self.best / "checkpoint") if self.best else self.start
        thinker = Thinker(
            load_model(current, profile.model.dtype),
            load_tokenizer(current),
            self.engine,
            self.dataset.databases,
            self.copies,
            settings,
            profile.generation,
        )
        examples = cap(self.dataset.splits["train"], settings.questions, self.config.seed)
        kept = keep_verified(thinker.sample(examples), settings.keep_per_question)
        unsolved = [example for example in examples if (example.db_id, example.question) not in kept]
        if unsolved and settings.completions:
            kept |= keep_verified(thinker.complete(unsolved), settings.keep_per_question)
        together = union(known, kept, settings.keep_per_question)
        folder.mkdir(parents=True, exist_ok=True)
        _write(kept_file, json.dumps([[*key, pairs] for key, pairs in together.items()]))
        self.context.client.log_artifact(self.context.run_id, str(kept_file), folder.name)
        return together

    def _round(self, number: int, folder: Path, thoughts: Verified) -> Round:
        """Train a fresh copy of the base on the union, unless this round has been done already."""
        from pipeline.training.model import load_tokenizer
        from pipeline.training.sft import fused_rows

        file = folder / _ROUND_FILE
        if file.is_file():
            return Round.model_validate_json(file.read_text(encoding="utf-8"))
        found = Round()
        if thoughts:
            job = Job(
                method="sft",
                label=f"training on verified thoughts, {folder.name}",
                config=self.config,
                run_id=self.context.run_id,
                model=resolve_base(self.config, self.context.work / "base"),
                tokenizer=self.start,
                work=folder,
            )
            tokenizer = load_tokenizer(self.start)
            metrics = train(job, fused_rows(tokenizer, self.dataset.splits["train"], self.dataset.databases, thoughts))
            found = Round(metrics=metrics, ex=self._dev_ex(str(job.output)))
            kept = sum(map(len, thoughts.values()))
            measured = {f"dev_{mode}": ex for mode, ex in found.ex.items()}
            self._log(number, measured | {"questions_solved": len(thoughts), "thoughts_kept": kept})
        _write(file, found.model_dump_json())
        return found

    def _dev_ex(self, model: str) -> dict[str, float]:
        """EX of a model folder on the dev split (greedy): by mode, and their mean."""
        from pipeline.training.model import load_model, load_tokenizer

        answers = answer(
            load_model(model, self.config.profile.model.dtype),
            load_tokenizer(model),
            self.engine,
            self.dataset.splits["dev"],
            self.dataset.databases,
            self.copies,
            self.config.profile.generation,
            "dev questions",
        )
        figures = score(answers)
        return {name: figures[name] for name in ("ex", "ex_think", "ex_no_think")}

    def _log(self, number: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.context.client.log_metric(self.context.run_id, f"round/{name}", value, step=number)


def _hand_on(model: Path, final: Path) -> None:
    """Give the last good round's model the place where a step's model lies."""
    shutil.rmtree(final, ignore_errors=True)
    shutil.copytree(model, final)


def _write(file: Path, text: str) -> None:
    temporary = file.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)
