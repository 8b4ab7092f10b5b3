"""Keeps a state of a training by execution accuracy (EX) on held-out questions, not by reward: what a recipe pays for
is not what is wanted from the model.

It is the latest of those whose EX is within one standard error of the best (Breiman et al. 1984, Classification and
Regression Trees, 3.4.3). A few dozen questions cannot tell such states apart, and the later one has learned more of
what EX does not see, such as fast queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class BestHeldOut(TrainerCallback):
    """Measures the model before the first step and whenever a checkpoint is due; gives it the weights of the state that
    is kept in the end.

    `measure` gives the figures of a model as it is now, the same in all processes of a training, `ex` and its standard
    error `ex_error` among them; `report` is told them and the step. What is trained of the state that is kept (all
    weights, or an adapter's) lies in `folder`, and so does what is known of it, so that a resumed training goes on
    with both.
    Not covered: weights that DeepSpeed ZeRO-3 spreads over several processes.
    """

    def __init__(
        self,
        measure: Callable[[PreTrainedModel], dict[str, float]],
        report: Callable[[dict[str, float], int], None],
        folder: Path,
    ) -> None:
        self.measure, self.report, self.folder = measure, report, folder
        self.kept_step, self.best_ex, self.best_error = 0, -1.0, 0.0
        self._recall()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        if state.global_step == 0:
            self._look(more["model"], 0)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any) -> None:
        if control.should_save:
            self._look(more["model"], state.global_step)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any) -> None:
        from accelerate import PartialState
        from safetensors.torch import load_file

        PartialState().wait_for_everyone()
        self._recall()
        model = more["model"]
        kept = load_file(self._weights(self.kept_step))
        for name, parameter in _trained(model).items():
            parameter.data.copy_(kept[name])

    @property
    def _state(self) -> Path:
        return self.folder / "kept.json"

    def _weights(self, step: int) -> Path:
        return self.folder / f"step-{step}.safetensors"

    def _recall(self) -> None:
        if self._state.is_file():
            known = json.loads(self._state.read_text(encoding="utf-8"))
            self.kept_step, self.best_ex, self.best_error = known["step"], known["best_ex"], known["best_error"]

    def _look(self, model: PreTrainedModel, step: int) -> None:
        from accelerate import PartialState

        training = model.training
        figures = self.measure(model)
        model.train(training)  # the trainer takes its own figures for an evaluation's otherwise
        if not PartialState().is_main_process:
            return
        self.report(figures, step)
        if figures["ex"] >= self.best_ex:
            self.best_ex, self.best_error = figures["ex"], figures["ex_error"]
        if figures["ex"] >= self.best_ex - self.best_error:
            self.kept_step = step
            self._keep(model)

    def _keep(self, model: PreTrainedModel) -> None:
        """The weights first, then what names them: a crash leaves the old state or the new one."""
        from safetensors.torch import save_file

        self.folder.mkdir(parents=True, exist_ok=True)
        save_file({name: p.data.contiguous() for name, p in _trained(model).items()}, self._weights(self.kept_step))
        temporary = self._state.with_suffix(".tmp")
        known = {"step": self.kept_step, "best_ex": self.best_ex, "best_error": self.best_error}
        temporary.write_text(json.dumps(known), encoding="utf-8")
        temporary.replace(self._state)
        for old in self.folder.glob("step-*.safetensors"):
            if old != self._weights(self.kept_step):
                old.unlink()


def _trained(model: PreTrainedModel) -> dict[str, Any]:
    """The parameters that training changes; shared ones once."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
