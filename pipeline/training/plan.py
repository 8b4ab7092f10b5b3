"""What training a profile will need: memory of each GPU at its fullest moment, tokens and steps, before anything runs.

Nothing is loaded and no model library imported. Not covered: how long it takes; packed rows; what DeepSpeed offloads
to the CPU's memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.profile import LaunchSettings, Profile
from pipeline.training.footprint import GIB, Footprint, Held, rollouts, training
from pipeline.training.sizes import Sizes, sizes_of

if TYPE_CHECKING:
    from rich.console import RenderableType

# Over this share of the memory, the allocator's fragments and longer outliers may be too much.
COMFORTABLE = 0.92
PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "KV cache", "reference model", "vLLM", "runtime")
# Trained in bfloat16 themselves, weights of about 0.02 do not move by less than this.
SMALLEST_STEP = 2**-15


@dataclass(frozen=True)
class Work:
    """One training: `sequences` of at most `tokens` tokens in each of `steps` steps."""

    steps: int
    sequences: int
    tokens: int

    @property
    def tokens_per_step(self) -> int:
        return self.sequences * self.tokens

    @property
    def total_tokens(self) -> int:
        return self.steps * self.tokens_per_step


@dataclass(frozen=True)
class Plan:
    """Footprints of one GPU (of the machine, where there is none) by moment, the work by step, and what to look at."""

    sizes: Sizes
    trained: int
    memory: float
    moments: dict[str, Footprint]
    work: dict[str, Work]
    warnings: list[str]

    @property
    def peak(self) -> float:
        return max(footprint.total for footprint in self.moments.values())

    @property
    def fits(self) -> bool:
        return self.peak <= self.memory


def plan(profile: Profile, samples: int) -> Plan:
    """The plan for SFT on `samples` samples and for GRPO; every sequence is taken to be as long as it may be.

    Raises:
        InputError: the sizes of the profile's model are not known.
    """
    hardware, launch, model = profile.hardware, profile.launch, profile.model
    sizes = sizes_of(model)
    held = Held(sizes, model, launch, on_gpu=hardware.gpus > 0)
    together = 1 if hardware.gpus else launch.processes  # without GPUs, all processes share the machine's memory
    moments = {
        name: Footprint({part: size * together for part, size in footprint.items()})
        for name, footprint in (("SFT", _sft(held, profile)), *_grpo(held, profile).items())
    }
    moments["evaluation"] = _evaluation(sizes, profile)
    grpo = profile.grpo
    work = {
        "SFT": Work(
            math.ceil(samples / profile.sft.batch_size * profile.sft.epochs), profile.sft.batch_size, model.max_length
        ),
        "GRPO": Work(grpo.steps, grpo.prompts_per_step * grpo.generations, model.max_length),
    }
    found = Plan(sizes, held.trained, hardware.memory_gb * GIB, moments, work, [])
    found.warnings.extend(_warnings(found, profile, held))
    return found


def _sft(held: Held, profile: Profile) -> Footprint:
    share = max(profile.sft.batch_size // profile.launch.processes, 1)
    batch, tokens = min(profile.sft.micro_batch or share, share), profile.model.max_length
    scored = min(profile.generation.max_new_tokens, tokens)
    return training(held, batch, tokens, scored, accumulates=batch < share, masked=batch > 1)


def _grpo(held: Held, profile: Profile) -> dict[str, Footprint]:
    """While rollouts are written, and while the model learns from them."""
    grpo, model, new = profile.grpo, profile.model, profile.generation.max_new_tokens
    share = max(grpo.prompts_per_step * grpo.generations // profile.launch.processes, 1)
    batch = min(grpo.micro_batch or share, share)
    beside = Footprint()
    if grpo.beta and not model.adapter:  # with an adapter, the reference is the model without it
        parts = profile.launch.processes if profile.launch.strategy == "zero3" else 1
        beside["reference model"] = held.sizes.parameters * held.stream / parts
    if grpo.vllm == "colocate":
        beside["vLLM"] = grpo.vllm_memory_share * profile.hardware.memory_gb * GIB
    write = held.always() if grpo.vllm else rollouts(held, grpo.rollout_batch or share, model.max_length - new, new)
    learn = training(held, batch, model.max_length, new, accumulates=batch < share, masked=batch > 1)
    return {"GRPO rollouts": write | beside, "GRPO update": learn | beside}


def _evaluation(sizes: Sizes, profile: Profile) -> Footprint:
    """While answers are written that nothing is learned from: thoughts for self-distillation, and evaluation."""
    plain = profile.model.model_copy(update={"mixed_precision": False, "adapter": None})
    held, new = Held(sizes, plain, LaunchSettings(), profile.hardware.gpus > 0), profile.generation.max_new_tokens
    return rollouts(held, profile.generation.batch_size, plain.max_length - new, new) | {"optimizer": 0}


def _warnings(found: Plan, profile: Profile, held: Held) -> list[str]:
    warnings, hardware, launch = [], profile.hardware, profile.launch
    peak, memory = found.peak / GIB, found.memory / GIB
    where = "each GPU" if hardware.gpus else "the machine"
    if not found.fits:
        warnings.append(f"does not fit: {peak:.1f} GiB are needed, {where} has {memory:g} GiB{_remedy(found, profile)}")
    elif peak > COMFORTABLE * memory:
        warnings.append(f"tight: {peak:.1f} of {memory:g} GiB of {where} leave little for fragments")
    if hardware.gpus and launch.processes != hardware.gpus:
        warnings.append(
            f"{launch.processes} processes (profile.launch.processes) for {hardware.gpus} GPUs (profile.hardware.gpus)"
        )
    colocated = found.moments["GRPO rollouts"].get("vLLM")
    if colocated and colocated < held.sizes.parameters * 2 + GIB:
        warnings.append(
            f"vLLM has {colocated / GIB:.1f} GiB for {held.sizes.parameters * 2 / GIB:.1f} GiB of weights and its "
            "cache; raise profile.grpo.vllm_memory_share"
        )
    rates = {
        "profile.sft.learning_rate": profile.sft.learning_rate,
        "profile.grpo.learning_rate": profile.grpo.learning_rate,
    }
    if held.trained_bytes == 2 and not held.zero and not profile.model.adapter:
        small = [name for name, rate in rates.items() if rate < SMALLEST_STEP]
        if small:
            warnings.append(
                f"{' and '.join(small)}: updates this small are rounded away in bfloat16 weights; "
                "use dtype=float32 with mixed_precision=true, or an adapter"
            )
    return warnings


def _remedy(found: Plan, profile: Profile) -> str:
    """What to change, by what the fullest moment is full of."""
    name = max(found.moments, key=lambda moment: found.moments[moment].total)
    footprint = found.moments[name]
    group, largest = name.partition(" ")[0].lower(), max(footprint, key=lambda part: footprint[part])
    remedies = {
        "activations": f"a smaller profile.{group}.micro_batch or profile.model.max_length",
        "logits": f"a smaller profile.{group}.micro_batch",
        "KV cache": f"a smaller profile.{'generation.batch_size' if group == 'evaluation' else 'grpo.rollout_batch'}",
        "vLLM": "a smaller profile.grpo.vllm_memory_share",
        "reference model": "profile.grpo.beta=0",
    }
    return (
        f" ({name}, most of it {largest}); try {remedies.get(largest, 'an adapter, or more GPUs with zero2 or zero3')}"
    )


def show(found: Plan, profile: Profile, samples: int) -> RenderableType:
    """The plan as people read it."""
    from rich.console import Group
    from rich.table import Table

    hardware, launch = profile.hardware, profile.launch
    place = f"{hardware.gpus} x {hardware.memory_gb:g} GiB" if hardware.gpus else f"CPU, {hardware.memory_gb:g} GiB"
    kind = f"adapter of {found.trained:,}" if profile.model.adapter else "all of them"
    head = (
        f"{profile.name}: {profile.model.path or 'built from nothing'}, {found.sizes.parameters:,} parameters, "
        f"trained: {kind}; {launch.strategy}, {launch.processes} process{'es' if launch.processes > 1 else ''}, {place}"
    )
    memory = Table(title=f"Memory of {'each GPU' if hardware.gpus else 'the machine'} at its fullest, GiB")
    memory.add_column("")
    for name in found.moments:
        memory.add_column(name, justify="right")
    for part in PARTS:
        if any(footprint.get(part) for footprint in found.moments.values()):
            memory.add_row(part, *(_gib(footprint.get(part, 0)) for footprint in found.moments.values()))
    memory.add_section()
    memory.add_row("total", *(_gib(footprint.total) for footprint in found.moments.values()))
    memory.add_row("of", *(_gib(found.memory) for _ in found.moments))

    work = Table(title=f"Work, at most (SFT on {samples:,} samples)")
    for column in ("", "steps", "sequences", "tokens each", "tokens a step", "tokens in all"):
        work.add_column(column, justify="right" if column else "left")
    for name, amount in found.work.items():
        figures = (amount.steps, amount.sequences, amount.tokens, amount.tokens_per_step, amount.total_tokens)
        work.add_row(name, *(f"{figure:,}" for figure in figures))
    return Group(head, memory, work, *(f"warning: {warning}" for warning in found.warnings))


def _gib(size: float) -> str:
    return f"{size / GIB:.2f}" if size else "-"
