"""How fast rollouts and greedy answers are written, against transformers' `generate`, which TRL uses by default.

Rollouts: both ways are called as GRPOTrainer calls them, on the same prompts, token ids in and texts out; of the
starter and of what some fine-tuning makes of it, whose completions end at other lengths. Greedy: one batch of prompts.
"""

from __future__ import annotations

import copy
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from pipeline.bench.tiny import SEED, Tiny, open_tiny, spread, with_range
from pipeline.bench.training import batches_of, fit
from pipeline.data.example import Example
from pipeline.data.prompts import MODES, render_prompt
from pipeline.inference.generate import generate
from pipeline.progress import progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ROUNDS, FIT_STEPS = 5, 100

Ways = dict[str, Callable[[Sequence[str]], list[int]]]  # from prompts to the lengths of the completions, in tokens


def bench_generation(rounds: int = ROUNDS) -> dict[str, Any]:
    """Tokens a second of both ways and their ratio in the same round, for rollouts and for greedy answers."""
    import torch

    with tempfile.TemporaryDirectory() as folder, progress("generating", 3 * (rounds + 1)) as advance:
        tiny = open_tiny(Path(folder) / "samples")
        grpo, size = tiny.profile.grpo, tiny.profile.generation.batch_size
        figures: dict[str, Any] = {
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "rounds": rounds,
            "prompts": grpo.prompts_per_step,
            "generations": grpo.generations,
            "limit": tiny.profile.generation.max_new_tokens,
        }
        starter, tuned = tiny.model(), tiny.model()
        fit(tuned, batches_of(tiny, FIT_STEPS), tiny.profile.sft.learning_rate / 2)  # half: it has no warm-up
        for name, model in (("rollouts, starter", starter), ("rollouts, fine-tuned", tuned)):
            ways = _rollouts(tiny, model, Path(folder))
            figures[name] = _compare(tiny, ways, tiny.train, grpo.prompts_per_step, rounds, advance)
        figures[f"greedy, {size} prompts"] = _compare(tiny, _greedy(tiny, tuned), tiny.dev, size, rounds, advance)
    return figures


def show(figures: dict[str, Any], console: Console) -> None:
    """The figures as a table."""
    console.print(
        f"profile tiny: rollouts are {figures['prompts']} prompts x {figures['generations']} completions of at most "
        f"{figures['limit']} tokens; {figures['threads']} threads on {figures['cores']} cores, median of "
        f"{figures['rounds']} rounds"
    )
    table = Table("", "Mean tokens", "generate, tokens a second \\[range]", "ours", "ratio")
    for name, found in figures.items():
        if isinstance(found, dict):
            speeds = (with_range(found["theirs"]), with_range(found["ours"]))
            table.add_row(name, f"{found['tokens']:.0f}", *speeds, with_range(found["ratio"], 1))
    console.print(table)


def _compare(
    tiny: Tiny, ways: Ways, examples: list[Example], count: int, rounds: int, advance: Callable[[int], None]
) -> dict[str, Any]:
    """Both ways on the same prompts in each round, other prompts each round; the first round warms up."""
    import torch

    draw = random.Random(SEED)
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    lengths: list[int] = []
    for number in range(rounds + 1):
        prompts = [
            render_prompt(tiny.tokenizer, example, tiny.databases[example.db_id], draw.choice(MODES))
            for example in draw.sample(examples, count)
        ]
        for name, write in ways.items():
            torch.manual_seed(SEED + number)
            started = time.perf_counter()
            written = write(prompts)
            took = time.perf_counter() - started
            if number:
                speeds[name].append(sum(written) / took)
                lengths += written
        advance(1)
    ratios = [ours / theirs for ours, theirs in zip(speeds["ours"], speeds["theirs"], strict=True)]
    found: dict[str, Any] = {name: spread(values) for name, values in speeds.items()}
    return found | {"ratio": spread(ratios), "tokens": statistics.fmean(lengths)}


def _rollouts(tiny: Tiny, model: PreTrainedModel, work: Path) -> Ways:
    from pipeline.training.rollouts import Rollouts

    theirs = _trainer(tiny, copy.deepcopy(model), work)
    ours = _trainer(tiny, copy.deepcopy(model), work, rollout_func=Rollouts(tiny.profile.generation))

    def by(trainer: Any) -> Callable[[Sequence[str]], list[int]]:
        def write(prompts: Sequence[str]) -> list[int]:
            repeated = [prompt for prompt in prompts for _ in range(tiny.profile.grpo.generations)]
            _, completion_ids, *_ = trainer._generate(repeated)
            return [len(ids) for ids in completion_ids]

        return write

    return {"theirs": by(theirs), "ours": by(ours)}


def _trainer(tiny: Tiny, model: PreTrainedModel, work: Path, **options: Any) -> Any:
    """TRL's trainer with the profile's settings of generation; it trains nothing."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from pipeline.training.trainer import common_arguments

    def reward(**_: Any) -> list[float | None]:
        return []

    profile = tiny.profile
    arguments = GRPOConfig(
        **common_arguments(profile.model, work, profile.grpo.checkpoint_steps, SEED),
        per_device_train_batch_size=profile.grpo.prompts_per_step * profile.grpo.generations,
        num_generations=profile.grpo.generations,
        temperature=profile.grpo.temperature,
        max_completion_length=profile.generation.max_new_tokens,
    )
    model.train()  # as it is when a step begins
    return GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": ""}]),
        processing_class=tiny.tokenizer,
        **options,
    )


def _greedy(tiny: Tiny, model: PreTrainedModel) -> Ways:
    from transformers import GenerationConfig

    tokenizer, settings = tiny.tokenizer, tiny.profile.generation
    decoding = GenerationConfig(
        max_new_tokens=settings.max_new_tokens,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model.eval()

    def theirs(prompts: Sequence[str]) -> list[int]:
        batch = tokenizer(list(prompts), return_tensors="pt", padding=True, padding_side="left")
        output = model.generate(**batch, generation_config=decoding)  # type: ignore[operator]
        new = output[:, batch["input_ids"].shape[1] :].tolist()
        return [ids.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in ids else len(ids) for ids in new]

    def ours(prompts: Sequence[str]) -> list[int]:
        return [group[0].tokens for group in generate(model, tokenizer, prompts, settings)]

    return {"theirs": theirs, "ours": ours}
