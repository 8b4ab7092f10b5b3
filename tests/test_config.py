"""The configuration: what is bundled loads, settings win over the file, and what is wrong is named with its remedy."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml

from pipeline.config import Inputs, home
from pipeline.config_loading import available, load_config
from pipeline.errors import InputError

BUNDLED = Path(__file__).parents[1] / "pipeline"


def error(*settings: str, file: Path | None = None) -> str:
    """The one line with which these settings are refused."""
    with pytest.raises(InputError) as caught:
        load_config(file, settings)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def own_profile(tmp_path: Path) -> Path:
    """A profile of the user's own: smoke with another name and learning rate."""
    content = yaml.safe_load((BUNDLED / "profiles" / "smoke.yaml").read_text())
    content["name"] = "mine"
    content["sft"]["learning_rate"] = 0.5
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("name", available("profiles"))
def test_bundled_profiles_load_under_their_own_name(name: str) -> None:
    assert load_config(None, [f"profile={name}"]).profile.name == name


@pytest.mark.parametrize("name", available("recipes"))
def test_bundled_recipes_load_under_their_own_name(name: str) -> None:
    recipe = load_config(None, [f"recipe={name}"]).recipe
    assert recipe.name == name
    assert recipe.rewards


def test_what_is_bundled() -> None:
    assert {"smoke", "tiny", "qwen3-0.6b-1x24gb", "qwen3-8b-8x80gb"} <= set(available("profiles"))
    assert {"querysmith", "sql_r1", "finer_sql", "hes_sql"} == set(available("recipes"))
    default = load_config(None, [])
    assert (default.profile.name, default.recipe.name, default.data, default.seed) == (
        "tiny",
        "querysmith",
        "bundled",
        42,
    )


def test_settings_give_the_same_in_any_order() -> None:
    settings = ["profile=smoke", "profile.sft.epochs=2", "profile.sft.batch_size=3", "recipe.rewards.result.right=5"]
    configs = [load_config(None, order) for order in itertools.permutations(settings)]
    assert {config.digest() for config in configs} == {configs[0].digest()}
    profile = configs[0].profile
    assert (profile.name, profile.sft.epochs, profile.sft.batch_size) == ("smoke", 2.0, 3)
    assert profile.sft.checkpoint_steps == load_config(None, ["profile=smoke"]).profile.sft.checkpoint_steps
    assert configs[0].recipe.rewards["result"] == {"right": 5.0, "wrong": 0.0}


def test_the_later_setting_of_a_key_wins() -> None:
    assert load_config(None, ["seed=1", "seed=2"]).seed == 2


def test_a_value_may_hold_an_equals_sign() -> None:
    assert load_config(None, ["data=/data/a=b"]).data == "/data/a=b"


def test_settings_beat_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("profile: {name: smoke, sft: {epochs: 7, batch_size: 5}}\nseed: 3\ndata: /data/spider\n")
    config = load_config(file, ["profile.sft.epochs=9", "seed=4"])
    assert (config.profile.name, config.profile.sft.epochs, config.profile.sft.batch_size) == ("smoke", 9.0, 5)
    assert (config.seed, config.data) == (4, "/data/spider")
    assert load_config(file, ["profile=tiny"]).profile.name == "tiny"
    assert load_config(file, ["profile=tiny"]).profile.sft.epochs == 7  # the file's override stays


def test_a_profile_of_the_users_own_by_path(own_profile: Path) -> None:
    config = load_config(None, [f"profile={own_profile}", "profile.sft.epochs=2"])
    assert (config.profile.name, config.profile.sft.learning_rate, config.profile.sft.epochs) == ("mine", 0.5, 2.0)
    assert config.profile.grpo == load_config(None, ["profile=smoke"]).profile.grpo


@pytest.mark.parametrize(
    ("setting", "key", "suggestion"),
    [
        ("profile=smok", "unknown profile 'smok'", "did you mean 'smoke'?"),
        ("recipe=query_smith", "unknown recipe 'query_smith'", "did you mean 'querysmith'?"),
        ("sede=1", "unknown key 'sede'", "did you mean 'seed'?"),
        ("profile.sft.epoch=1", "unknown key 'profile.sft.epoch'", "did you mean 'profile.sft.epochs'?"),
        ("profile.sfd.epochs=1", "unknown key 'profile.sfd'", "did you mean 'profile.sft'?"),
        ("profile.model.architecture.hidden=8", "profile.model.architecture.hidden'", "architecture.hidden_size'?"),
        ("inputs.datasets=x", "unknown key 'inputs.datasets'", "did you mean 'inputs.dataset'?"),
        ("recipe.reward.format.right=1", "unknown key 'recipe.reward'", "did you mean 'recipe.rewards'?"),
    ],
)
def test_unknown_names_are_named_with_the_nearest_valid_one(setting: str, key: str, suggestion: str) -> None:
    message = error(setting)
    assert key in message
    assert suggestion in message


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    message = error("profile=qqqqqq")
    assert "did you mean" not in message
    assert all(name in message for name in available("profiles"))


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("profile.sft.epochs=0", "profile.sft.epochs"),
        ("profile.sft.learning_rate=-1", "profile.sft.learning_rate"),
        ("profile.sft.learning_rate=nan", "profile.sft.learning_rate"),
        ("profile.sft.learning_rate=inf", "profile.sft.learning_rate"),
        ("recipe.rewards.format.right=nan", "recipe.rewards.format.right"),
        ("profile.sft.batch_size=1.5", "profile.sft.batch_size"),
        ("profile.grpo.generations=1", "profile.grpo.generations"),
        ("profile.grpo.think_share=1.1", "profile.grpo.think_share"),
        ("profile.data.test_share=-0.1", "profile.data.test_share"),
        ("profile.data.max_train=-1", "profile.data.max_train"),
        ("profile.data.split_by=row", "profile.data.split_by"),
        ("profile.engine.timeout_s=0", "profile.engine.timeout_s"),
        ("profile.model.dtype=float16", "profile.model.dtype"),
        ("profile.sft=3", "profile.sft"),
        ("seed=-1", "seed"),
        ("seed=2147483648", "seed"),
        ("recipe.rewards.format.right=much", "recipe.rewards.format.right"),
    ],
)
def test_values_out_of_range_are_named_with_what_was_given(setting: str, key: str) -> None:
    message = error(setting)
    assert message.startswith(f"{key}: ")
    assert f"(got {setting.partition('=')[2]!r})" in message


def test_all_that_is_wrong_is_told_at_once() -> None:
    message = error("seed=-1", "profile.sft.epochs=0")
    assert "seed: " in message
    assert "profile.sft.epochs: " in message


def test_a_completion_must_leave_room_for_a_prompt() -> None:
    message = error("profile=smoke", "profile.model.max_length=192")
    assert "max_new_tokens (192)" in message
    assert "raise model.max_length" in message
    assert load_config(None, ["profile=smoke", "profile.model.max_length=193"]).profile.model.max_length == 193


def test_a_model_has_one_origin(tmp_path: Path) -> None:
    assert "either 'path'" in error("profile=smoke", "profile.model.path=Qwen/Qwen3-0.6B")
    file = tmp_path / "run.yaml"
    file.write_text("profile: {model: {path: ''}}\n")  # of tiny, which has no architecture
    assert "either 'path'" in error(file=file)
    assert load_config(file, ["profile.model.path=/models/x"]).profile.model.path == "/models/x"


def test_an_adapter_can_be_asked_for_at_the_command_line() -> None:
    asked = ["profile.model.adapter.rank=8", "profile.model.adapter.alpha=16"]
    adapter = load_config(None, asked).profile.model.adapter
    assert adapter is not None
    assert (adapter.rank, adapter.targets, adapter.quantize) == (8, "all-linear", "")
    assert load_config(None, []).profile.model.adapter is None
    assert "did you mean 'profile.model.adapter.targets'?" in error(*asked, "profile.model.adapter.target=q_proj")
    assert "profile.model.adapter.rank: " in error("profile.model.adapter.rank=0", "profile.model.adapter.alpha=1")
    assert "profile.model.adapter.alpha: " in error("profile.model.adapter.rank=8")
    assert "profile.model.adapter.quantize: " in error(*asked, "profile.model.adapter.quantize=8bit")
    assert "targets must not name lm_head" in error(*asked, "profile.model.adapter.targets=q_proj,lm_head")


def test_mixed_precision_is_on_float32_weights() -> None:
    assert "leave dtype at float32" in error("profile.model.mixed_precision=true", "profile.model.dtype=bfloat16")


def test_profiles_of_real_models_take_a_local_folder() -> None:
    asked = ["profile=qwen3-8b-1x24gb", "profile.model.path=/models/qwen3-8b"]
    assert load_config(None, asked).profile.model.path == "/models/qwen3-8b"


def test_attention_heads_must_be_shared_evenly() -> None:
    message = error("profile=smoke", "profile.model.architecture.kv_heads=3")
    assert "heads (4)" in message
    assert "kv_heads (3)" in message


@pytest.mark.parametrize("setting", ["profile", "=smoke", ""])
def test_a_setting_must_be_a_key_and_a_value(setting: str) -> None:
    assert f"--set {setting!r} is not of the form key=value" in error(setting)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"profile: [smoke", "not YAML"),
        (b"\xff\xfe\xff", "not YAML"),
        (b"- profile\n- smoke\n", "must hold a mapping of keys to values, not list"),
        (b"", "must hold a mapping of keys to values, not NoneType"),
        (b"profile: 3\n", "profile: must be a name"),
        (b"profile: null\n", "profile: must be a name"),
        (b"recipe: [querysmith]\n", "recipe: must be a name"),
        (b"3: smoke\n", "3: Keys should be strings"),
        (b"profile: {sft: {3: 4}}\n", "profile.sft.3"),
    ],
)
def test_a_malformed_file_is_named_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "run.yaml"
    file.write_bytes(content)
    assert reason in error(file=file)


def test_missing_files_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.yaml"
    assert f"{missing}: cannot be read" in error(file=missing)
    assert f"{missing}: cannot be read" in error(f"profile={missing}")
    assert f"{missing}: cannot be read" in error(f"recipe={missing}")


def test_the_digest_is_stable_and_sees_every_change() -> None:
    digest = load_config(None, ["profile=smoke"]).digest()
    assert digest == load_config(None, ["profile=smoke"]).digest()
    assert len(digest) == 16
    assert int(digest, 16) >= 0
    changes = [
        "seed=43",
        "profile.sft.epochs=2",
        "recipe.rewards.result.right=4",
        "data=/x",
        "inputs.model=models:/m-1",
    ]
    changed = [load_config(None, ["profile=smoke", change]).digest() for change in changes]
    assert len({digest, *changed}) == len(changes) + 1


def test_flat_names_every_value_for_mlflow_but_the_inputs() -> None:
    flat = load_config(None, ["profile=smoke", "inputs.model=models:/m-1"]).flat()
    assert flat["profile.sft.epochs"] == "3.0"
    assert flat["profile.model.architecture.hidden_size"] == "128"
    assert flat["recipe.rewards.result.wrong"] == "0.0"
    assert flat["data"] == "bundled"
    assert not any(key.startswith("inputs") for key in flat)
    assert all(isinstance(value, str) for value in flat.values())


def test_inputs_are_asked_for_by_name() -> None:
    config = load_config(None, ["inputs.model=models:/m-1"])
    assert config.inputs.require("model") == "models:/m-1"
    with pytest.raises(InputError, match=r"inputs\.dataset is not set.*--set inputs\.dataset=URI"):
        config.inputs.require("dataset")
    assert {"dataset", "model"} <= set(Inputs.model_fields)


def test_a_loaded_configuration_cannot_change() -> None:
    config = load_config(None, [])
    with pytest.raises(ValueError, match="frozen"):
        config.profile.sft.epochs = 1


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUERYSMITH_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("QUERYSMITH_HOME")
    monkeypatch.chdir(tmp_path)
    assert home() == tmp_path / ".querysmith"
