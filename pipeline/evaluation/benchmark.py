"""One model on one benchmark: load, ask, score. What `querysmith evaluate --model` and the step `benchmark` share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import home
from pipeline.data.benchmarks import load
from pipeline.data.example import Database, Example
from pipeline.data.prompts import MODES, Mode
from pipeline.engine.pool import Engine
from pipeline.errors import InputError
from pipeline.evaluation.answers import Asking, answer_and_score
from pipeline.evaluation.external import DEFAULT_METRICS, LIMITS, database_urls, file_digest
from pipeline.evaluation.outcome import Outcome
from pipeline.evaluation.scoring import RULES, Rule
from pipeline.profile import GenerationSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Benchmark:
    """The questions that a model is asked, their databases, and the rule that judges the answers."""

    name: str
    examples: list[Example]
    databases: dict[str, Database]
    urls: Mapping[str, Sequence[str]]
    rule: Rule

    @property
    def digest(self) -> str:
        """SHA-256 of questions, golds and databases' digests: equal digests mean comparable figures."""
        content = [[example.to_json() for example in self.examples], sorted(d.digest for d in self.databases.values())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def open_benchmark(
    name: str, data: Path, *, metric: str = "", limit: int = 0, split: str = "dev", database_url: str = ""
) -> Benchmark:
    """The first `limit` questions (0: all) of a benchmark's folder.

    Raises:
        InputError: an unknown name or metric, missing data, or no question.
    """
    if name not in DEFAULT_METRICS:
        raise InputError(f"unknown benchmark {name!r}: choose one of {', '.join(DEFAULT_METRICS)}")
    metric = metric or DEFAULT_METRICS[name]
    if metric not in RULES:
        raise InputError(f"unknown metric {metric!r}: choose one of {', '.join(RULES)}")
    loaded = load(name, data, split=split, database_url=database_url)
    examples = loaded.dev[: limit or None]
    if not examples:
        raise InputError(f"{data}: no usable question of {name} there; check the folder and the split {split!r}")
    rule = RULES[metric]
    databases = {example.db_id: loaded.databases[example.db_id] for example in examples}
    urls = {
        db_id: database_urls(name, data.resolve(), db_id, rule.on_variants) if rule.on_variants else (database.url,)
        for db_id, database in databases.items()
    }
    return Benchmark(name, examples, databases, urls, rule)


def modes_of(mode: str) -> tuple[Mode, ...]:
    """The modes that "think", "no_think" or "" (both) stands for; raises InputError for another word."""
    if mode not in ("", *MODES):
        raise InputError(f"unknown mode {mode!r}: choose {' or '.join(MODES)}, or leave it out for both")
    return tuple(known for known in MODES if mode in ("", known))


def run_benchmark(
    benchmark: Benchmark,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    asking: Asking,
    generation: GenerationSettings,
    workers: int,
    seed: int,
) -> list[Outcome]:
    """The outcomes of all questions in all modes.

    Raises:
        InfrastructureError: a database is gone.
    """
    from transformers import set_seed

    set_seed(seed)
    digests = {database.url: database.digest for database in benchmark.databases.values()}
    digests |= {url: file_digest(url) for urls in benchmark.urls.values() for url in urls if url not in digests}
    with Engine(workers, **LIMITS, cache=home() / "cache" / "results.sqlite", digests=digests) as engine:
        return answer_and_score(
            model,
            tokenizer,
            engine,
            benchmark.examples,
            benchmark.databases,
            benchmark.rule,
            benchmark.urls,
            asking,
            generation,
        )
