"""The optimizers of the starter and their schedule: warm-up, constant, decay over the last part of the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WARMUP_STEPS = 100
DECAY_SHARE = 0.5
WEIGHT_DECAY = 0.01


def optimizers(model: PreTrainedModel, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for the matrices of the layers, AdamW for embeddings and norms. Muon's updates are
    scaled to the size of AdamW's (Moonlight, arXiv 2502.16982), so one learning rate serves both."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, weights in model.named_parameters():
        (matrices if weights.ndim == 2 and ".layers." in name else others).append(weights)
    return [
        torch.optim.Muon(matrices, lr=learning_rate, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def set_rate(optimizers: list[torch.optim.Optimizer], rate: float) -> None:
    """Give all optimizers a learning rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate


def factor(step: int, done: float) -> float:
    """What the learning rate is multiplied with at a step when the share `done` of the budget is used up.

    It depends on nothing else, so a finished training that is given more goes on at a higher rate again, from all that
    it has learned; that costs no more than going on from a state before the decay (WSD-S, Wen et al. 2024, arXiv
    2410.05192)."""
    return min(1.0, (step + 1) / WARMUP_STEPS, max(1.0 - done, 0.0) / DECAY_SHARE)
