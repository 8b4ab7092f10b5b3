"""Which prompts GRPO draws next: those that it can learn from.

A group whose rewards are all the same has no advantages and teaches nothing (DAPO calls leaving them out dynamic
sampling, arXiv 2503.14476): such a prompt rests, and is looked at again now and then. Of the others those are drawn
more often that are answered right about half the time, so that training goes from easy to hard by itself.
Not covered: sampling again within a step until every group has a spread, which would waste the rollouts of a CPU.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Sampler

from pipeline.errors import InputError

_REMEMBERED = 4  # groups of a prompt
_RESTING = 0.05  # weight of a prompt whose last group had no spread; one never drawn has 1
_LEAST = 0.2  # weight of any other
# The trainer fetches a batch while the one before is in work. A draw looks at nothing newer than two steps ago, so that
# a resumed training draws the same prompts as one that was never interrupted.
_LAG = 2


class Group(NamedTuple):
    """What became of a prompt at a step: the share of right completions, and whether the rewards differed."""

    step: int
    right: float
    spread: bool


class Curriculum:
    """Draws different ones of `prompts` prompts, by what is known of them; `per_step` are needed for a step.

    Raises:
        InputError: there are fewer prompts than a step needs.
    """

    def __init__(self, prompts: int, per_step: int, seed: int) -> None:
        if prompts < per_step:
            raise InputError(
                f"profile.grpo.prompts_per_step is {per_step}, but the training split has {prompts} examples; lower it"
            )
        self.prompts, self.seed = prompts, seed
        self._known: defaultdict[int, deque[Group]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))

    def draw(self, number: int, count: int, step: int) -> list[int]:
        """`count` prompts, the same whenever this draw is asked for; `step` is where they are learned from first.
        Draws and steps count from 1."""
        weights = np.ones(self.prompts)
        for prompt, groups in self._known.items():
            seen = [group for group in groups if group.step <= step - _LAG]
            if seen:
                right = float(np.mean([group.right for group in seen]))
                weights[prompt] = max(_LEAST, 4 * right * (1 - right)) if seen[-1].spread else _RESTING
        drawn = np.random.default_rng([self.seed, number]).choice(
            self.prompts, count, replace=False, p=weights / weights.sum()
        )
        return [int(prompt) for prompt in drawn]

    def learn(self, step: int, prompts: Sequence[int], right: Sequence[bool], totals: Sequence[float]) -> None:
        """Take note of the completions of a step: each one's prompt, whether it is right, and its whole reward."""
        found: defaultdict[int, list[tuple[bool, float]]] = defaultdict(list)
        for prompt, is_right, total in zip(prompts, right, totals, strict=True):
            found[prompt].append((is_right, total))
        for prompt, group in found.items():
            share = sum(is_right for is_right, _ in group) / len(group)
            self._known[prompt].append(Group(step, share, len({total for _, total in group}) > 1))

    def save(self, path: Path) -> None:
        known = {str(prompt): [list(group) for group in groups] for prompt, groups in sorted(self._known.items())}
        path.write_text(json.dumps(known), encoding="utf-8")

    def load(self, path: Path) -> None:
        """Go on with what was known at a checkpoint.

        Raises:
            InputError: the file is missing or is none of these.
        """
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            groups = {int(prompt): [Group(*group) for group in several] for prompt, several in known.items()}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: not the curriculum of a checkpoint ({error}); remove that checkpoint") from None
        self._known.clear()
        for prompt, several in groups.items():
            self._known[prompt].extend(several)


class CurriculumSampler(Sampler[int]):
    """A curriculum's `draws` as the GRPO trainer wants them: `prompts` at a time, each as often as a `group` has
    completions, and all of them as often as they are learned from (`repeats`). `step_of` is the step
    at which a draw is learned from first.

    A resumed training skips what lies behind it; what comes is drawn as it would have been."""

    def __init__(
        self,
        curriculum: Curriculum,
        *,
        prompts: int,
        group: int,
        repeats: int,
        draws: int,
        step_of: Callable[[int], int],
    ) -> None:
        self._curriculum, self._prompts, self._group, self._repeats = curriculum, prompts, group, repeats
        self._draws, self._step_of = draws, step_of

    def __iter__(self) -> Iterator[int]:
        for number in range(1, self._draws + 1):
            prompts = self._curriculum.draw(number, self._prompts, self._step_of(number))
            for _ in range(self._repeats):
                for prompt in prompts:
                    yield from [prompt] * self._group

    def __len__(self) -> int:
        return self._draws * self._repeats * self._prompts * self._group


def gathered(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of all processes of a training, in the same order in each of them."""
    from accelerate import PartialState
    from accelerate.utils import gather_object

    return list(rows) if PartialState().num_processes == 1 else list(gather_object(list(rows)))
