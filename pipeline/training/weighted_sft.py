"""TRL's SFT trainer with a weight for each sample, so that long thoughts do not swamp short answers."""

from __future__ import annotations

from typing import Any

import torch
from trl import SFTTrainer


class SampleWeightedSFTTrainer(SFTTrainer):
    """Every sample counts the same, however many tokens it has: the loss is the mean over the samples of a batch of
    the mean over their tokens. (By itself TRL's is the mean over all tokens.)

    Works with packing, too: the samples of a packed row are told apart by their positions. The samples of a batch are
    taken to be spread evenly over its backward passes and processes, which is exact but for the last batch.
    """

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        def weighted(**arguments: Any) -> Any:
            outputs = model(**arguments)
            if outputs.log_probs is not None:
                outputs.log_probs = outputs.log_probs * self._weights(outputs.label_mask, inputs, num_items_in_batch)
            return outputs

        return super().compute_loss(weighted, inputs, return_outputs, num_items_in_batch)

    def _weights(self, mask: torch.Tensor, inputs: dict[str, Any], tokens: Any) -> torch.Tensor:
        """One weight for each predicted token: tokens of the batch / (samples of the batch * tokens of its sample)."""
        if "position_ids" in inputs:  # several samples in one row
            sample = (inputs["position_ids"] == 0).long().cumsum(-1)[:, 1:] - 1
        else:
            sample = torch.arange(mask.shape[0], device=mask.device).unsqueeze(-1).expand_as(mask)
        lengths = torch.zeros(int(sample.max()) + 1, device=mask.device).index_add(
            0, sample.flatten(), mask.flatten().float()
        )
        if tokens is None:
            tokens, samples = mask.sum(), len(lengths)
        else:
            passes = self.current_gradient_accumulation_steps * self.accelerator.num_processes
            samples = len(lengths) * passes
        return tokens / (samples * lengths.clamp(min=1)[sample])
