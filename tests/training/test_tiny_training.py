"""SFT and GRPO for a few steps, for real: they learn, log, save checkpoints, and resume to the same weights."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.config_loading import load_config
from pipeline.data.example import Database, Example
from pipeline.engine.pool import Engine
from pipeline.engine.result import ExecutionResult, Query
from pipeline.errors import InfrastructureError
from pipeline.profile import GenerationSettings, GrpoSettings, ModelSettings, SftSettings
from pipeline.rewards.recipe import build as build_rewards
from pipeline.training.grpo import RolloutScorer, prompt_rows, train_grpo
from pipeline.training.model import load_model
from pipeline.training.sft import fused_rows, tokenise, train_sft

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ModelBuilder = Callable[..., "PreTrainedModel"]

SIZES = ModelSettings(path="unused", max_length=256)
SFT = SftSettings(epochs=3, batch_size=2, learning_rate=2e-2, checkpoint_steps=4)
GRPO = GrpoSettings(steps=2, prompts_per_step=2, generations=8, learning_rate=1e-3, temperature=1.6, checkpoint_steps=1)
LIMITS = GenerationSettings(max_new_tokens=40, batch_size=8)


class FakeClient:
    """Takes what a reporter logs to MLflow."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, str, float, int]] = []

    def log_batch(self, run_id: str, metrics: Sequence[Any]) -> None:
        self.logged += [(run_id, metric.key, metric.value, metric.step) for metric in metrics]

    def of(self, key: str) -> dict[int, float]:
        """The values of a metric by step."""
        return {step: value for _, name, value, step in self.logged if name == key}


class CountingEngine:
    """An engine that counts the batches it is asked for."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.calls = engine, 0

    def execute(self, queries: Sequence[Query], golds: Sequence[Query] = ()) -> list[ExecutionResult]:
        self.calls += 1
        return self.engine.execute(queries, golds)


def weights(model: PreTrainedModel) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def largest_difference(a: dict[str, Any], b: dict[str, Any]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.fixture(scope="module")
def rows(
    tokenizer: PreTrainedTokenizerBase, known: list[Example], databases: dict[str, Database]
) -> list[dict[str, str]]:
    return fused_rows(tokenizer, known, databases)


def loss_on(model: PreTrainedModel, samples: list[dict[str, list[int]]], learned: bool) -> float:
    """Mean loss on the completions, or on the prompts."""
    import torch

    model.eval()
    losses = []
    for sample in samples:
        labels = [t if bool(m) == learned else -100 for t, m in zip(*sample.values(), strict=True)]
        with torch.no_grad():
            ids, targets = torch.tensor([sample["input_ids"]]), torch.tensor([labels])
            losses.append(float(model(input_ids=ids, labels=targets).loss))
    return sum(losses) / len(losses)


class Trained:
    """An SFT of six steps that was not interrupted."""

    def __init__(
        self, work: Path, build: ModelBuilder, tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, str]]
    ) -> None:
        from pipeline.training.reporting import Reporter

        self.work, self.client, self.model = work, FakeClient(), build(seed=1)
        self.samples = tokenise(tokenizer, rows, SIZES.max_length)
        self.before = loss_on(self.model, self.samples, learned=True)
        reporter = Reporter(self.client, "run", "SFT")  # type: ignore[arg-type]
        self.metrics = train_sft(self.model, tokenizer, rows, SFT, SIZES, work, 42, [reporter])


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    build: ModelBuilder,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[dict[str, str]],
) -> Trained:
    return Trained(tmp_path_factory.mktemp("sft"), build, tokenizer, rows)


def test_sft_lowers_the_loss_on_the_completions(trained: Trained) -> None:
    after = loss_on(trained.model, trained.samples, learned=True)
    assert after < 0.9 * trained.before
    assert math.isfinite(trained.metrics["train_loss"])
    assert after < trained.metrics["train_loss"] < trained.before


def test_sft_reports_steps_and_progress_and_keeps_checkpoints(trained: Trained) -> None:
    assert {run for run, *_ in trained.client.logged} == {"run"}
    assert set(trained.client.of("loss")) == {5}  # every five steps
    assert 0 < trained.client.of("loss")[5] < trained.before
    assert trained.client.of("progress")[6] == 1
    assert sorted(path.name for path in trained.work.glob("checkpoint-*")) == ["checkpoint-4", "checkpoint-6"]
    assert not list(trained.work.rglob("pytorch_model*.bin"))


def test_sft_resumes_to_the_weights_of_an_uninterrupted_run(
    trained: Trained,
    build: ModelBuilder,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[dict[str, str]],
    tmp_path: Path,
) -> None:
    """From step 4, as a killed process left it: a newer checkpoint was cut short. The model object is another one."""
    from pipeline.training.reporting import Reporter

    shutil.copytree(trained.work / "checkpoint-4", tmp_path / "checkpoint-4")
    shutil.copytree(trained.work / "checkpoint-6", tmp_path / "checkpoint-6")
    (tmp_path / "checkpoint-6" / "trainer_state.json").unlink()
    other, client = build(seed=2), FakeClient()
    assert largest_difference(weights(other), weights(trained.model)) > 1e-2
    train_sft(other, tokenizer, rows, SFT, SIZES, tmp_path, 42, [Reporter(client, "run", "SFT")])  # type: ignore[arg-type]
    assert largest_difference(weights(other), weights(trained.model)) < 1e-5
    assert min(step for *_, step in client.logged) > 4  # the first four steps were not repeated


def test_sft_that_has_ended_is_not_repeated(
    trained: Trained,
    build: ModelBuilder,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[dict[str, str]],
    tmp_path: Path,
) -> None:
    shutil.copytree(trained.work / "checkpoint-6", tmp_path / "checkpoint-6")
    other = build(seed=2)
    train_sft(other, tokenizer, rows, SFT, SIZES, tmp_path, 42, [])
    assert largest_difference(weights(other), weights(trained.model)) < 1e-6


def test_the_loss_of_sft_is_that_of_the_completions_alone(
    build: ModelBuilder, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    rows = [{"prompt": "How many customers are there?", "completion": "SELECT count(*) FROM customers"}] * 2
    model = build(seed=1)
    samples = tokenise(tokenizer, rows, 256)
    completions, prompts = (loss_on(model, samples, learned) for learned in (True, False))
    assert abs(completions - prompts) > 1e-3
    settings = SftSettings(epochs=1, batch_size=2, learning_rate=1e-9, checkpoint_steps=10)
    metrics = train_sft(model, tokenizer, rows, settings, SIZES, tmp_path, 42, [])
    assert metrics["train_loss"] == pytest.approx(completions, abs=1e-4)


def grpo(
    folder: Path,
    work: Path,
    tokenizer: PreTrainedTokenizerBase,
    engine: Any,
    known: list[Example],
    databases: dict[str, Database],
    settings: GrpoSettings = GRPO,
) -> tuple[PreTrainedModel, FakeClient, RolloutScorer]:
    from pipeline.training.reporting import Reporter

    model, client = load_model(str(folder)), FakeClient()
    examples = known * 4
    scorer = RolloutScorer(engine, databases, examples, {}, 0)
    train_grpo(
        model,
        tokenizer,
        prompt_rows(tokenizer, examples, databases, 0.5, 42),
        build_rewards(load_config(None, ["recipe=sql_r1"]).recipe),
        scorer,
        settings,
        LIMITS,
        SIZES,
        work,
        42,
        [Reporter(client, "run", "GRPO")],  # type: ignore[arg-type]
    )
    return model, client, scorer


def test_grpo_executes_once_a_step_and_logs_every_reward(
    fitted_folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
    tmp_path: Path,
) -> None:
    counting = CountingEngine(engine)
    model, client, scorer = grpo(fitted_folder, tmp_path, tokenizer, counting, known, databases)
    assert GRPO.steps <= counting.calls <= 2 * GRPO.steps  # the second time those that are right
    (last,) = scorer.batches
    assert len(last.rollouts) == GRPO.prompts_per_step * GRPO.generations
    groups = [last.rollouts[i : i + GRPO.generations] for i in range(0, len(last.rollouts), GRPO.generations)]
    for group in groups:  # one prompt a group: one example, one mode
        assert len({(rollout.example, rollout.mode) for rollout in group}) == 1

    ranges = {"format": (-1, 1), "execution": (-2, 2), "result": (-3, 3), "length": (0, 1.5)}
    for name, (low, high) in ranges.items():
        means, spreads = client.of(f"rewards/{name}/mean"), client.of(f"rewards/{name}/std")
        assert set(means) == set(spreads) == {1, 2}
        assert all(low <= mean <= high for mean in means.values())
    for name, reward in zip(ranges, build_rewards(load_config(None, ["recipe=sql_r1"]).recipe), strict=True):
        own = reward(last.rollouts)
        assert client.of(f"rewards/{name}/mean")[2] == pytest.approx(sum(own) / len(own), abs=1e-6)
    assert client.of("progress")[2] == 1

    # Samples this hot are right and wrong, so there is something to learn: the weights move.
    assert any(share < 1 for share in client.of("frac_reward_zero_std").values())
    change = largest_difference(weights(model), weights(load_model(str(fitted_folder))))
    assert 0 < change < 1
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == ["checkpoint-1", "checkpoint-2"]


def test_grpo_resumes_after_the_step_that_was_saved(
    fitted_folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
    tmp_path: Path,
) -> None:
    whole, _, _ = grpo(fitted_folder, tmp_path / "a", tokenizer, engine, known, databases)
    shutil.copytree(tmp_path / "a" / "checkpoint-1", tmp_path / "b" / "checkpoint-1")
    counting = CountingEngine(engine)
    resumed, client, _ = grpo(fitted_folder, tmp_path / "b", tokenizer, counting, known, databases)
    assert 1 <= counting.calls <= 2
    assert set(client.of("rewards/format/mean")) == {2}
    assert largest_difference(weights(resumed), weights(whole)) < 1e-5


def test_a_database_that_goes_away_stops_grpo(
    fitted_folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    engine: Engine,
    known: list[Example],
    databases: dict[str, Database],
    tmp_path: Path,
) -> None:
    class Gone:
        def execute(self, queries: Sequence[Query], golds: Sequence[Query] = ()) -> list[ExecutionResult]:
            raise InfrastructureError("the database is gone")

    with pytest.raises(InfrastructureError, match="the database is gone"):
        grpo(fitted_folder, tmp_path, tokenizer, Gone(), known, databases)
    assert not list(tmp_path.glob("checkpoint-*"))
