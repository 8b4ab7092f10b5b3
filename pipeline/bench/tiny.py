"""What the benchmarks of training and generation share: the bundled questions and models of the profile `tiny`.

The questions come unchecked, all of the train and dev files.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.config import located
from pipeline.config_loading import load_config
from pipeline.data.example import Database, Example
from pipeline.data.spider import load_spider
from pipeline.profile import Profile
from pipeline.synth.samples.writing import write_samples

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SEED = 42


class Tiny(NamedTuple):
    """The profile, its tokenizer, and the questions with their databases."""

    profile: Profile
    tokenizer: PreTrainedTokenizerBase
    train: list[Example]
    dev: list[Example]
    databases: Mapping[str, Database]

    def model(self) -> PreTrainedModel:
        """Always with the same weights, those that the profile starts from."""
        from pipeline.training.model import starting_model

        return starting_model(self.profile.model, "", self.tokenizer, SEED)


def open_tiny(folder: Path) -> Tiny:
    """Writes the questions to `folder` and reads them."""
    from pipeline.training.model import load_tokenizer

    profile = load_config(None, ["profile=tiny"]).profile
    loaded = load_spider(write_samples(folder, SEED, profile.data.questions_per_database))
    tokenizer = load_tokenizer(located(profile.model.path))
    return Tiny(profile, tokenizer, loaded.train, loaded.dev, loaded.databases)


def spread(values: list[float]) -> dict[str, float]:
    """Median and range of the rounds."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def with_range(found: dict[str, Any], digits: int = 0) -> str:
    """The median with its range, for a table."""
    return f"{found['median']:.{digits}f} \\[{found['low']:.{digits}f}, {found['high']:.{digits}f}]"
