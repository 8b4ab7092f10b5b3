"""Adapters: trained alone, alone in checkpoints, merged into a plain model at the end; through the step as well."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import pytest
from tiny_models import write_model

from pipeline.config_loading import load_config
from pipeline.data.dataset import Dataset
from pipeline.data.example import Database, Example
from pipeline.engine.pool import Engine
from pipeline.errors import InputError
from pipeline.inference.generate import generate
from pipeline.profile import AdapterSettings, GenerationSettings, GrpoSettings, ModelSettings, SftSettings
from pipeline.registry.models import checkpoint
from pipeline.rewards.rollout import Rollout
from pipeline.steps import contract
from pipeline.training import adapters
from pipeline.training.adapters import lora_config, merge, quantization
from pipeline.training.grpo import RolloutScorer, prompt_rows, train_grpo
from pipeline.training.model import load_for_training, load_model, save
from pipeline.training.sft import fused_rows, train_sft

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LORA = AdapterSettings(rank=4, alpha=8)
SFT = SftSettings(epochs=3, batch_size=2, micro_batch=1, learning_rate=1e-2, checkpoint_steps=4)
GRPO = GrpoSettings(steps=2, prompts_per_step=2, generations=8, learning_rate=1e-2, temperature=1.6, checkpoint_steps=1)
LIMITS = GenerationSettings(max_new_tokens=24, batch_size=8)

Folders = dict[str, Path]
Train = Callable[[Path, Path, "Watch"], "PreTrainedModel"]


def settings(folder: Path, **changes: Any) -> ModelSettings:
    return ModelSettings(path=str(folder), max_length=256, adapter=LORA, **changes)


@pytest.fixture(scope="module", params=["Qwen2", "Qwen3"])
def folder(
    request: pytest.FixtureRequest, tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A tiny random model as a hub would hand it over."""
    return write_model(request.param, 32, tokenizer, tmp_path_factory.mktemp(request.param))


class Variety:
    """Rewards different characters: random models write nothing that runs, which would leave nothing to learn."""

    name, range, section, optional = "variety", (0.0, 100.0), "none", False

    def __call__(self, rollouts: Sequence[Rollout]) -> list[float]:
        return [float(len(set(rollout.text))) for rollout in rollouts]


class Watch:
    """A trainer's callback that keeps, as the training ends, the logits with the adapter on and the frozen weights."""

    def __init__(self) -> None:
        from transformers import TrainerCallback

        watch = self

        class Callback(TrainerCallback):
            def on_train_end(self, *_: Any, model: Any = None, **__: Any) -> None:
                watch.adapted = type(model).__name__
                watch.trained = {name for name, value in model.named_parameters() if value.requires_grad}
                watch.frozen = {
                    name.removeprefix("base_model.model.").replace(".base_layer.", "."): value.detach().clone()
                    for name, value in model.named_parameters()
                    if not value.requires_grad
                }
                model.eval()
                watch.logits = logits(model)

        self.callback = Callback()
        self.adapted = ""
        self.trained: set[str] = set()
        self.frozen: dict[str, Any] = {}
        self.logits: Any = None


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(input_ids=torch.arange(60).reshape(2, 30)).logits


def difference(a: Any, b: Any) -> float:
    return float((a - b).detach().abs().max())


@pytest.fixture(params=["sft", "grpo"])
def train(
    request: pytest.FixtureRequest,
    tokenizer: PreTrainedTokenizerBase,
    known: list[Example],
    databases: dict[str, Database],
    engine: Engine,
) -> Train:
    """Trains the model of a folder with LoRA, by either method, from the last checkpoint of the work folder."""

    def sft(source: Path, work: Path, watch: Watch) -> PreTrainedModel:
        model, rows = load_for_training(str(source), settings(source)), fused_rows(tokenizer, known, databases)
        train_sft(model, tokenizer, rows, SFT, settings(source), work, 42, [watch.callback])
        return model

    def grpo(source: Path, work: Path, watch: Watch) -> PreTrainedModel:
        model, examples = load_for_training(str(source), settings(source)), known * 4
        scorer = RolloutScorer(engine, databases, examples, {}, 0)
        rows = prompt_rows(tokenizer, examples, databases, 0.5, 42)
        train_grpo(
            model, tokenizer, rows, [Variety()], scorer, GRPO, LIMITS, settings(source), work, 42, [watch.callback]
        )
        return model

    return {"sft": sft, "grpo": grpo}[request.param]


def test_only_the_adapter_is_trained_and_saved_and_the_merged_model_is_plain(
    folder: Path, train: Train, tmp_path: Path
) -> None:
    from safetensors import safe_open

    before, watch = load_model(str(folder)), Watch()
    model = train(folder, tmp_path, watch)

    assert watch.adapted == "PeftModelForCausalLM"
    assert watch.trained
    assert all(".lora_" in name for name in watch.trained)
    start = dict(before.named_parameters())
    assert watch.frozen.keys() == start.keys()
    assert all(difference(watch.frozen[name], start[name]) == 0 for name in start)

    (newest, *_) = sorted(tmp_path.glob("checkpoint-*"), reverse=True)
    assert not (newest / "model.safetensors").exists()
    with safe_open(newest / "adapter_model.safetensors", "pt") as saved:
        assert all(".lora_" in name for name in saved.keys())  # noqa: SIM118 (no mapping)

    assert type(model).__name__ == type(before).__name__
    assert model.state_dict().keys() == before.state_dict().keys()
    model.eval()
    assert difference(logits(model), watch.logits) < 1e-4
    assert difference(logits(model), logits(before)) > 1e-3  # it has learned something


def test_a_resumed_training_ends_as_an_uninterrupted_one(folder: Path, train: Train, tmp_path: Path) -> None:
    whole = train(folder, tmp_path / "a", Watch())
    first = sorted((tmp_path / "a").glob("checkpoint-*"))[0]
    shutil.copytree(first, tmp_path / "b" / first.name)
    resumed = train(folder, tmp_path / "b", Watch())
    a, b = whole.state_dict(), resumed.state_dict()
    assert max(difference(a[name], b[name]) for name in a) < 1e-5


def test_the_saved_model_needs_no_peft(folder: Path, tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    import torch
    from peft import get_peft_model

    model = load_model(str(folder)).eval()
    adapted = get_peft_model(model, lora_config(LORA, model))
    with torch.no_grad():
        for name, value in adapted.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.1)
    on = logits(adapted)
    merge(adapted)
    assert difference(logits(model), on) < 1e-4
    save(model, tokenizer, tmp_path / "final")
    assert {path.suffix for path in (tmp_path / "final").iterdir()} <= {".json", ".safetensors", ".jinja"}
    assert not list((tmp_path / "final").glob("adapter*"))
    code = (
        "import sys; sys.modules['peft'] = None\n"
        "import torch\nfrom transformers import AutoModelForCausalLM\n"
        "model = AutoModelForCausalLM.from_pretrained(sys.argv[1], use_safetensors=True).eval()\n"
        "print(model(input_ids=torch.arange(60).reshape(2, 30)).logits.double().square().sum().item())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "final")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(float(on.double().square().sum()), rel=1e-4)


def test_a_model_without_an_adapter_is_left_as_it_is(folder: Path) -> None:
    model = load_model(str(folder))
    before = logits(model)
    merge(model)
    assert difference(logits(model), before) == 0


def test_four_bit_weights_are_made_plain_again(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of QLoRA, which bitsandbytes can compute without a GPU too, in blocks of 64 weights."""
    pytest.importorskip("bitsandbytes")
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    with monkeypatch.context() as pretended:
        pretended.setattr(torch.cuda, "is_available", lambda: True)
        how = quantization(AdapterSettings(rank=4, alpha=8, quantize="4bit"))
    folder = write_model("Qwen3", 64, tokenizer, tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="bfloat16", quantization_config=how).eval()
    adapted = get_peft_model(model, lora_config(LORA, model))
    with torch.no_grad():
        for name, value in adapted.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.1)
    on = logits(adapted)
    with adapted.disable_adapter():
        off = logits(adapted)
    merge(adapted)
    assert {value.dtype for value in model.parameters()} == {torch.bfloat16}
    assert "quantization_config" not in model.config.to_dict()
    assert difference(logits(model.eval()), on) < 0.1 * difference(on, off)  # bfloat16 rounds


def test_activations_computed_twice_and_bfloat16_end_in_a_plain_model_that_generates(
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    known: list[Example],
    databases: dict[str, Database],
    tmp_path: Path,
) -> None:
    import torch

    how = settings(folder, dtype="bfloat16", gradient_checkpointing="always")
    model = load_for_training(str(folder), how)
    short = SftSettings(epochs=1, batch_size=2, learning_rate=1e-2, checkpoint_steps=4)
    train_sft(model, tokenizer, fused_rows(tokenizer, known, databases), short, how, tmp_path, 42, [])
    assert {value.dtype for value in model.parameters()} == {torch.bfloat16}
    ((one,),) = generate(model, tokenizer, ["Hi"], GenerationSettings(max_new_tokens=3, batch_size=1))
    assert 0 < one.tokens <= 3


def test_the_step_registers_a_plain_model(
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    known: list[Example],
    databases: dict[str, Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    Dataset({"train": known, "dev": known, "test": known}, databases).write(tmp_path / "dataset")
    tokenizer.save_pretrained(tmp_path / "dataset" / "tokenizer")
    file = tmp_path / "run.yaml"
    file.write_text(f"profile: {{name: smoke, model: {{architecture: null, path: {folder}}}}}\n")
    config = load_config(
        file,
        [
            "profile.model.adapter.rank=4",
            "profile.model.adapter.alpha=8",
            "profile.sft.batch_size=4",
            "profile.sft.learning_rate=0.01",
            f"inputs.dataset={tmp_path / 'dataset'}",
        ],
    )
    done = contract.execute("sft", config, "r", None)
    version = mlflow.register_model(done.uris["model"], "lora")
    registered = checkpoint(f"models:/lora/{version.version}", tmp_path / "fetched")
    names = {path.name for path in registered.iterdir()}
    assert "model.safetensors" in names
    assert not any("adapter" in name for name in names)
    plain, start = load_model(str(registered)), load_model(str(folder))
    assert plain.state_dict().keys() == start.state_dict().keys()
    assert difference(logits(plain.eval()), logits(start.eval())) > 1e-3


@pytest.mark.parametrize(
    ("missing", "named"), [("bitsandbytes", "pip install bitsandbytes"), ("", "needs a GPU, and PyTorch sees none")]
)
def test_four_bit_weights_need_bitsandbytes_and_a_gpu(
    folder: Path, missing: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(adapters, "find_spec", lambda name: None if name == missing else object())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    how = ModelSettings(path=str(folder), max_length=8, adapter=AdapterSettings(rank=4, alpha=8, quantize="4bit"))
    with pytest.raises(InputError, match=named) as caught:
        load_for_training(str(folder), how)
    assert "profile.model.adapter.quantize=4bit" in str(caught.value)


def test_adapters_need_peft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="pip install peft"):
        lora_config(LORA, load_model(str(folder)))


def test_an_unknown_layer_is_named_with_the_known_ones(folder: Path) -> None:
    model = load_model(str(folder))
    with pytest.raises(InputError, match=r"no linear layer 'query'; there are: down_proj, .*v_proj, or all-linear"):
        lora_config(AdapterSettings(rank=4, alpha=8, targets="q_proj,query"), model)
    some = lora_config(AdapterSettings(rank=4, alpha=8, targets="q_proj,v_proj"), model)
    assert some is not None
    assert some.target_modules == {"q_proj", "v_proj"}
