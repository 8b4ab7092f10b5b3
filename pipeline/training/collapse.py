"""Stops a reinforcement learning that has collapsed: it goes on costing money and gets worse.

Three signs, each of which has to last: the policy has become certain of everything (entropy), completions have become
nearly empty or all run into the limit (length), or hardly any group has a spread (nothing is learned any more).
"""

from __future__ import annotations

import logging
import statistics
from collections import deque
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline.profile import CollapseSettings

logger = logging.getLogger("querysmith")

_ENTROPY, _LENGTH, _CUT, _NO_SPREAD = (
    "entropy",
    "completions/mean_length",
    "completions/clipped_ratio",
    "frac_reward_zero_std",
)


class CollapseGuard(TrainerCallback):
    """Stops the training once one sign has lasted for `patience` steps; `reason` then says which, in one line."""

    def __init__(self, settings: CollapseSettings) -> None:
        self.settings = settings
        self.reason = ""
        self._recent: deque[Mapping[str, float]] = deque(maxlen=settings.patience)
        self._first_lengths: list[float] = []

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if not logs or _LENGTH not in logs:  # the summary at the end of the training
            return
        self._recent.append({name: float(logs[name]) for name in (_ENTROPY, _LENGTH, _CUT, _NO_SPREAD) if name in logs})
        if len(self._first_lengths) < self.settings.patience:
            self._first_lengths.append(float(logs[_LENGTH]))
        if len(self._recent) == self.settings.patience and (reason := self._sign()):
            self.reason = f"step {state.global_step}: {reason} for {self.settings.patience} steps"
            logger.warning("GRPO has collapsed and is stopped: %s", self.reason)
            control.should_training_stop = True

    def _sign(self) -> str:
        """The sign that all recent steps show, or ""."""
        settings = self.settings
        shortest = settings.shrinkage * statistics.fmean(self._first_lengths)
        signs = {
            f"entropy below {settings.entropy:g}": (_ENTROPY, lambda value: value < settings.entropy),
            f"completions shorter than {shortest:.1f} tokens": (_LENGTH, lambda value: value < shortest),
            f"more than {settings.cut:.0%} of the completions cut at the limit": (_CUT, lambda v: v > settings.cut),
            f"more than {settings.zero_spread:.0%} of the groups without a spread": (
                _NO_SPREAD,
                lambda value: value > settings.zero_spread,
            ),
        }
        for reason, (name, shows) in signs.items():
            values = [step[name] for step in self._recent if name in step]
            if len(values) == settings.patience and all(map(shows, values)):
                return reason
        return ""
