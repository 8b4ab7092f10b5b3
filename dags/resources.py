"""How much of a machine each step may take: a small table, which QUERYSMITH_RESOURCES overrides.

    QUERYSMITH_RESOURCES='{"grpo": {"memory_gib": 24, "shm_gib": 8}, "validate": {"cpus": 1}}'

The process runner limits nothing: there a step has what its Airflow worker has.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

GIB = 2**30


@dataclass(frozen=True)
class Resources:
    """What one step may take, in CPUs and GiB of 2**30 bytes.

    `cpus`: 0 is no limit. `memory_gib`: a step that needs more is killed; it holds /dev/shm (`shm_gib`) and /tmp, too.
    `gpu`: it takes as many GPUs as its profile is made for, and for each `gpu_memory_gib` of main memory more.
    """

    cpus: float = 2
    memory_gib: float = 4
    shm_gib: float = 0.25
    gpu: bool = False
    gpu_memory_gib: float = 0

    def memory_bytes(self, gpus: int) -> int:
        """The limit of main memory with so many GPUs."""
        return round((self.memory_gib + gpus * self.gpu_memory_gib) * GIB)

    def threads(self, gpus: int) -> int:
        """CPU threads for each process of the step: one process a GPU, or one in all. 0 where nothing is limited."""
        cpus = min(self.cpus, os.cpu_count() or 1)
        return max(1, int(cpus) // max(1, gpus)) if self.cpus else 0


SMALL = Resources()
EVALUATION = Resources(shm_gib=1, gpu=True, gpu_memory_gib=24)
TRAINING = Resources(cpus=4, memory_gib=8, shm_gib=2, gpu=True, gpu_memory_gib=48)
RESOURCES = {
    "validate": SMALL,
    "sft": TRAINING,
    "self_distill": TRAINING,
    "grpo": TRAINING,
    "evaluate": EVALUATION,
    "promote": SMALL,
    "benchmark": EVALUATION,
    "preflight": replace(SMALL, gpu=True, gpu_memory_gib=4),
}
TRAINING_STEPS = tuple(step for step, resources in RESOURCES.items() if resources is TRAINING)


def read_resources(environment: Mapping[str, str], name: str = "QUERYSMITH_RESOURCES") -> dict[str, Resources]:
    """The table with what the variable overrides; raises ValueError naming step, key and what would be right."""
    try:
        overrides = json.loads(environment.get(name) or "{}")
    except ValueError as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
    if not isinstance(overrides, dict):
        raise ValueError(f'{name} is a JSON {type(overrides).__name__}; allowed: {{"sft": {{"memory_gib": 16}}, ...}}')
    table = dict(RESOURCES)
    for step, values in overrides.items():
        if step not in RESOURCES:
            raise ValueError(f"{name} names the step {step!r}; allowed: {', '.join(RESOURCES)}")
        table[step] = _override(RESOURCES[step], values, f"{name}, {step}")
    return table


def _override(resources: Resources, values: object, where: str) -> Resources:
    if not isinstance(values, dict):
        raise ValueError(f'{where} is {values!r}; allowed: an object such as {{"memory_gib": 16}}')
    known = [field.name for field in fields(Resources)]
    for key, value in values.items():
        if key not in known:
            raise ValueError(f"{where} has {key!r}; allowed: {', '.join(known)}")
        if key == "gpu":
            right, allowed = isinstance(value, bool), "true or false"
        else:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            right, allowed = number and 0 <= value < 1e6, "a number, not below 0"
            if key == "memory_gib":
                right, allowed = right and value > 0, "a number above 0"
        if not right:
            raise ValueError(f"{where}, {key} is {value!r}; allowed: {allowed}")
    return replace(resources, **values)


def profile_gpus(arguments: Sequence[str]) -> int:
    """How many GPUs (of one node) the profile is made for that a step's arguments name: its own name says it."""
    profile = next((value for value in reversed(arguments) if value.startswith("profile=")), "")
    made_for = re.search(r"-(\d+)x\d+gb$", profile)
    return int(made_for[1]) if made_for else 0
