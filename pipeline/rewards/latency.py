"""Latency reward: how much work does a right query do, compared with its gold?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.rewards.reward import fate
from pipeline.rewards.rollout import Rollout

_EPSILON = 1.0  # of a count of steps: keeps the quotient finite


class LatencyReward:
    """Query-latency reward of HES-SQL (arXiv 2510.08896), by this project's definition: only a right answer earns

        weight * clip(log2(rho), low, high),  rho = (cost_gold + 1) / (cost_pred + 1)

    and nothing where |log2(rho)| < dead_zone. Cost is the engine's count of work: it does not depend on the machine's
    mood, as wall time does, nor on how a query is written (see Rollout). Of several golds the cheapest counts.
    """

    name = "latency"

    def __init__(self, weight: float, low: float, high: float, dead_zone: float) -> None:
        self.weight, self.low, self.high, self.dead_zone = weight, low, high, dead_zone

    @property
    def bounds(self) -> tuple[float, float]:
        ends = (0.0, self.weight * self.low, self.weight * self.high)
        return min(ends), max(ends)

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [self._value(rollout) for rollout in rollouts]

    def reason(self, rollout: Rollout) -> str:
        if fate(rollout) != "right":
            return "not right"
        gain = _gain(rollout)
        if gain is None:
            return "no count of work"
        within = ", inside the dead zone" if abs(gain) < self.dead_zone else ""
        return f"work {rollout.cost:,} against the gold's {rollout.gold_cost:,}: log2 {gain:+.2f}{within}"

    def _value(self, rollout: Rollout) -> float:
        gain = _gain(rollout) if fate(rollout) == "right" else None
        if gain is None or abs(gain) < self.dead_zone:
            return 0.0
        return self.weight * min(max(gain, self.low), self.high)


def _gain(rollout: Rollout) -> float | None:
    """log2 of the gold's work by the prediction's."""
    if rollout.cost is None or rollout.gold_cost is None:
        return None
    return math.log2((rollout.gold_cost + _EPSILON) / (rollout.cost + _EPSILON))
