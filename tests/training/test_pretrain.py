"""The starter's stream, its packed batches, and its training: resumed, killed, prolonged."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from starter_plans import PLAN, SIZES, train

from pipeline.data.example import Example
from pipeline.data.prompts import render_prompt
from pipeline.errors import InputError
from pipeline.inference import packed_attention
from pipeline.inference.packed_attention import attending_packed
from pipeline.inference.packing import pack
from pipeline.synth.view import Level
from pipeline.training.model import build_model, load_model, load_tokenizer
from pipeline.training.starter.batches import Stream, batches
from pipeline.training.starter.items import SLOW_SHARE, Cutter, database_of, synthesise, tell
from pipeline.training.starter.loop import hidden_states, loss_of, pretrain
from pipeline.training.starter.optimizers import WARMUP_STEPS, factor
from pipeline.training.starter.vocabulary import starter_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SCRIPT = Path(__file__).with_name("starter_plans.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer of 500 tokens, of a few items of the stream."""
    path = tmp_path_factory.mktemp("tokenizer")
    starter_tokenizer(1, SIZES.vocab_size, items=40).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def words(folder: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(str(folder))


@pytest.fixture(scope="module")
def model(words: PreTrainedTokenizerBase) -> PreTrainedModel:
    return build_model(SIZES.model_copy(update={"layers": 2}), words, 2048, 1)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_model(str(folder)).state_dict()


def singles(words: PreTrainedTokenizerBase, numbers: range) -> list[tuple[list[int], list[int]]]:
    """Prompt and completion of each question, as inference and training cut them one by one."""
    found = []
    for number in numbers:
        view, told = tell(3, number)
        for one in told:
            prompt = render_prompt(words, Example(view.db_id, one.question, ()), database_of(view), one.mode)
            completion = one.completion + str(words.eos_token)
            found.append((words(prompt)["input_ids"], words(completion)["input_ids"]))
    return found


def test_an_items_tokens_are_those_of_inference(words: PreTrainedTokenizerBase) -> None:
    cutter = Cutter(words, 4096)
    items = [item for number in range(12) if (item := cutter.cut(*tell(3, number)))]
    cut = [(item.shared + asked.prompt, asked.completion) for item in items for asked in item.questions]
    assert cut == singles(words, range(12))
    assert len(cut) > 60


def test_what_does_not_fit_is_left_out(words: PreTrainedTokenizerBase) -> None:
    view, told = tell(3, 0)
    whole = Cutter(words, 4096).cut(view, told)
    assert whole
    longest = max(len(q.prompt) + len(q.completion) for q in whole.questions) + len(whole.shared)
    shorter = Cutter(words, longest - 1).cut(view, told)
    assert shorter
    assert 0 < len(shorter.questions) < len(whole.questions)
    assert Cutter(words, len(whole.shared)).cut(view, told) is None


@pytest.mark.parametrize("kept", [packed_attention.KEPT, 0], ids=["weights kept", "weights computed again"])
def test_packed_logits_are_those_of_single_samples(
    kept: int, model: PreTrainedModel, words: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_attention, "KEPT", kept)
    cutter = Cutter(words, 8192)
    batch = pack(item for number in range(3) if (item := cutter.cut(*tell(3, number))))
    single: list[torch.Tensor] = []
    losses: list[torch.Tensor] = []
    for prompt, completion in singles(words, range(3)):
        logits = model(input_ids=torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
        single.append(logits)
        losses.append(torch.nn.functional.cross_entropy(logits, torch.tensor(completion), reduction="sum"))
    sum(losses, torch.zeros(())).div(len(batch.targets)).backward()
    expected = [weights.grad.clone() for weights in model.parameters() if weights.grad is not None]
    model.zero_grad()
    with attending_packed(model):
        logits = model.get_output_embeddings()(hidden_states(model, batch)[batch.predicting])
        loss_of(model, batch).backward()
    found = [weights.grad for weights in model.parameters() if weights.grad is not None]
    assert torch.allclose(logits, torch.cat(single), atol=1e-4)
    assert len(found) == len(expected)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))
    model.zero_grad()
    again = model(input_ids=torch.tensor([[1, 2, 3]])).logits  # the model attends as before
    assert torch.isfinite(again).all()


def test_the_stream_can_be_entered_anywhere(words: PreTrainedTokenizerBase) -> None:
    stream = Stream(words, 5, 2, 2048)
    numbers = random.Random(1).sample(range(100), 2)
    for number in numbers:
        assert torch.equal(next(batches(stream, number, workers=1)).ids, stream[number].ids)
    assert not torch.equal(stream[0].ids, stream[1].ids)
    assert not torch.equal(stream[0].ids, Stream(words, 6, 2, 2048)[0].ids)


def test_a_tokenizer_that_joins_lines_is_refused(words: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    from tokenizers import pre_tokenizers

    words.save_pretrained(tmp_path)
    other = load_tokenizer(str(tmp_path))
    other.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    with pytest.raises(InputError, match="joins the lines of a prompt"):
        Stream(other, 5, 2, 2048)


def test_schedule() -> None:
    assert factor(0, 0.0) == pytest.approx(1 / WARMUP_STEPS)
    assert factor(WARMUP_STEPS, 0.4) == factor(10**6, 0.49) == 1.0
    assert factor(10**6, 0.75) == pytest.approx(0.5)
    assert factor(10**6, 1.01) == 0.0


@pytest.fixture(scope="module")
def uninterrupted(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    torch.set_num_threads(1)
    told: list[Any] = []
    return train(tmp_path_factory.mktemp("whole"), folder, told), told


def test_it_learns_and_leaves_a_model(uninterrupted: tuple[Path, list[Any]]) -> None:
    model_folder, told = uninterrupted
    losses = [figures["loss"] for _, figures in told if "loss" in figures]
    assert losses[-1] < losses[0] - 0.05
    progress, last = told[-1]
    assert last == {"ex": 0.5, "done": 1.0}
    assert PLAN.tokens <= progress.tokens < PLAN.tokens + 15_000
    assert progress.questions > 12 * progress.step
    card = (model_folder / "README.md").read_text()
    assert f"| tokens | {progress.tokens:,} |" in card
    assert "| ex | 50.0% |" in card
    assert not list(model_folder.glob("*.pt"))
    load_tokenizer(str(model_folder))


def test_a_killed_training_ends_as_an_uninterrupted_one(
    uninterrupted: tuple[Path, list[Any]], folder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path), str(folder)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        for line in process.stdout:
            if line.strip() == "4":
                break
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "model").exists()

    told: list[Any] = []
    found = weights_of(train(tmp_path, folder, told))
    model_folder, before = uninterrupted
    assert 3 <= told[0][0].step - 1 <= 6  # it went on where it was killed
    assert (told[-1][0].step, told[-1][0].tokens) == (before[-1][0].step, before[-1][0].tokens)
    expected = weights_of(model_folder)
    assert all(torch.allclose(found[name], expected[name], atol=1e-5) for name in expected)


def test_a_finished_training_goes_on_from_where_it_ended(folder: Path, tmp_path: Path) -> None:
    before: list[Any] = []
    finished = weights_of(train(tmp_path, folder, before))
    told: list[Any] = []
    more = weights_of(train(tmp_path, folder, told, tokens=2 * PLAN.tokens))
    assert told[0][0].step == before[-1][0].step + 1
    assert 2 * PLAN.tokens <= told[-1][0].tokens < 2 * PLAN.tokens + 15_000
    assert not any(torch.equal(more[name], finished[name]) for name in finished)  # it has a rate to learn with again
    assert told[-2][1]["loss"] < before[-2][1]["loss"]


def test_a_finished_training_that_is_asked_for_less_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    finished = weights_of(train(tmp_path, folder, []))
    less = weights_of(train(tmp_path, folder, [], tokens=PLAN.tokens // 2))
    assert all(torch.equal(less[name], finished[name]) for name in finished)


def test_from_several_models_it_goes_on_with_the_mean_of_their_weights(
    uninterrupted: tuple[Path, list[Any]], folder: Path, tmp_path: Path
) -> None:
    start = uninterrupted[0]
    other = train(tmp_path / "other", folder, [], seed=43)
    mean = weights_of(train(tmp_path / "mean", folder, [], start=(str(start), str(other)), learning_rate=0.0))
    one, two = weights_of(start), weights_of(other)
    assert any(not torch.equal(one[name], two[name]) for name in mean)
    for name, weight in mean.items():
        assert torch.equal(weight, ((one[name] + two[name]) / 2).bfloat16().float())  # as it is written


def test_it_goes_on_with_all_levels(uninterrupted: tuple[Path, list[Any]], folder: Path, tmp_path: Path) -> None:
    levels: list[str | None] = []

    def draw(rng: random.Random, level: Any = None) -> Any:
        levels.append(level)
        return synthesise(rng, level)

    plan = replace(PLAN, out=tmp_path, tokenizer=str(folder), start=(str(uninterrupted[0]),), tokens=1, workers=0)
    pretrain(plan, lambda model, words: {}, lambda progress, figures: None, draw)
    assert set(levels) == {None}


def test_time_counts_over_all_runs(folder: Path, tmp_path: Path) -> None:
    told: list[Any] = []
    train(tmp_path, folder, told, tokens=0, minutes=0.03)
    assert told[-1][0].seconds >= 1.8
    steps = told[-1][0].step
    train(tmp_path, folder, told, tokens=0, minutes=0.03)
    assert told[-1][0].step == steps


@pytest.mark.parametrize("budget", [{"tokens": 0}, {"minutes": 1.0}])
def test_there_must_be_one_budget(folder: Path, tmp_path: Path, budget: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="either in minutes or in tokens"):
        train(tmp_path, folder, [], **budget)


def test_a_model_of_another_size_is_refused(
    uninterrupted: tuple[Path, list[Any]], folder: Path, tmp_path: Path
) -> None:
    other = SIZES.model_copy(update={"hidden_size": 48})
    with pytest.raises(InputError, match="give the sizes it was made with"):
        train(tmp_path / "a", folder, [], architecture=other, start=(str(uninterrupted[0]),))
    with pytest.raises(InputError, match="cannot be loaded"):
        train(tmp_path / "b", folder, [], start=(str(tmp_path / "nowhere"),))
    train(tmp_path / "c", folder, [])
    with pytest.raises(InputError, match="give the sizes it was made with"):
        train(tmp_path / "c", folder, [], architecture=other)


def test_some_questions_have_slow_golds_but_not_where_one_level_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed's databases with and without: the golds that differ are slow forms of the others."""

    def golds(share: float, level: Level | None) -> list[str]:
        monkeypatch.setattr("pipeline.training.starter.items.SLOW_SHARE", share)
        return [one.sql for seed in range(60) for one in synthesise(random.Random(seed), level)[1]]

    fast, mixed = golds(0.0, None), golds(SLOW_SHARE, None)
    share = sum(a != b for a, b in zip(fast, mixed, strict=True)) / len(fast)
    assert SLOW_SHARE / 2 < share < SLOW_SHARE * 1.5
    assert golds(1.0, "simple") == golds(0.0, "simple")
