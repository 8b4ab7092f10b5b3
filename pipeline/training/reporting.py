"""What a trainer tells while it works: metrics to MLflow, progress to the terminal or the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline.progress import progress
from pipeline.registry.runs import log_figures

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from pipeline.training.grpo import RolloutScorer


class Reporter(TrainerCallback):
    """Logs the trainer's numbers under their step to one MLflow run, and the share of steps done as `progress`.

    Metrics carry the trainer's global step, so those of a resumed training go on where they stopped.
    """

    def __init__(self, client: MlflowClient, run_id: str, label: str) -> None:
        self.client, self.run_id, self.label = client, run_id, label

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.bar = progress(self.label, state.max_steps)
        self.advance = self.bar.__enter__()
        self.advance(state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.advance(1)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.bar.__exit__(None, None, None)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        figures = {key: value for key, value in (logs or {}).items() if isinstance(value, int | float)}
        figures["progress"] = state.global_step / max(state.max_steps, 1)
        log_figures(self.client, self.run_id, figures, step=state.global_step)


class CompletionTable(TrainerCallback):
    """Adds some of the latest rollouts with their rewards to the run's table `completions.json` every `every` steps."""

    SHOWN = 4

    def __init__(self, run_id: str, scorer: RolloutScorer, every: int) -> None:
        self.run_id, self.scorer, self.every = run_id, scorer, every

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step % self.every or not self.scorer.batches:
            return
        batch = self.scorer.batches[-1]
        shown = batch.rollouts[: self.SHOWN]
        import mlflow

        table: dict[str, list[Any]] = {
            "step": [state.global_step] * len(shown),
            "question": [r.example.question for r in shown],
            "mode": [r.mode for r in shown],
            "completion": [r.text for r in shown],
            "gold": [r.example.gold_sql[0] for r in shown],
        }
        table |= {name: scores[: len(shown)] for name, scores in batch.scores.items()}
        mlflow.log_table(table, "completions.json", run_id=self.run_id)
