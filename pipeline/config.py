"""What a run is made of: a profile (how big, where), a recipe (which method) and the run's own choices.

Unknown keys are refused, nothing changes after loading (see config_loading.py), no model library is imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.errors import InputError
from pipeline.profile import Positive, Profile, Settings


class Recipe(Settings):
    """Which method: the rewards that GRPO sums, by name, each with its settings (see pipeline/rewards).

    `variants`: altered copies of a SQLite database on which a right answer must be right as well (0: none);
    `min_thought_chars`: in thinking mode, a shorter thought is not well formed; `embedder`: folder of a
    sentence-transformers model for the memory reward, "" for hashed character n-grams."""

    name: str
    description: str
    variants: Annotated[int, Field(ge=0, le=10)] = 0
    min_thought_chars: Annotated[int, Field(ge=0)] = 0
    embedder: str = ""
    rewards: dict[str, dict[str, float]]


class BenchmarkSettings(Settings):
    """Which benchmark a model is measured on and how it is asked; the folder is `data`. `metric` "" is the benchmark's
    own; `mode` "" means both; `votes` candidates vote on each answer (1: one greedy answer); `limit` 0 asks all."""

    name: str = ""
    metric: str = ""
    split: str = "dev"
    mode: Literal["", "think", "no_think"] = ""
    votes: Positive = 1
    limit: Annotated[int, Field(ge=0)] = 0
    database_url: str = ""


class Inputs(Settings):
    """MLflow URIs written by earlier steps; a step asks for those that it reads."""

    dataset: str = ""
    model: str = ""
    sft: str = ""
    self_distill: str = ""
    grpo: str = ""
    evaluation: str = ""

    def require(self, name: str) -> str:
        """The URI `name`, or an InputError that names the missing setting."""
        uri: str = getattr(self, name)
        if not uri:
            raise InputError(
                f"inputs.{name} is not set: give the URI that the earlier step wrote (--set inputs.{name}=URI)"
            )
        return uri


class RunConfig(Settings):
    """Everything a step is told. `data` is "bundled", a folder in Spider's layout, or own questions as JSONL or CSV
    (for the step `benchmark`: in that benchmark's layout); `base_model` is "" (the profile's own model), "champion",
    "starter", a folder, a hub name or an MLflow model URI."""

    profile: Profile
    recipe: Recipe
    data: str = "bundled"
    base_model: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    experiment: str = "text2sql"
    model_name: str = "text2sql"
    approved_by: str = ""
    benchmark: BenchmarkSettings = BenchmarkSettings()
    inputs: Inputs = Inputs()

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of the whole configuration."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def flat(self) -> dict[str, str]:
        """Dotted names and values as text, as MLflow parameters."""
        return dict(_flatten("", self.model_dump(exclude={"inputs"})))


def located(model: str) -> str:
    """Where a named model is: "starter" in this package, any other name as it stands (a folder or hub name)."""
    return str(Path(__file__).with_name("starter")) if model == "starter" else model


def home() -> Path:
    """The folder for everything a run leaves on this machine: `QUERYSMITH_HOME`, else `.querysmith` here."""
    return Path(os.environ.get("QUERYSMITH_HOME", ".querysmith")).absolute()


def _flatten(prefix: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(f"{prefix}.{key}".lstrip("."), inner)
    else:
        yield prefix, value if isinstance(value, str) else json.dumps(value)
