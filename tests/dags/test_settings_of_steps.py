"""The settings of containers and pods: every wrong value is named in one line, and the table of resources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("runner", ["process", "docker", "kubernetes"])
def test_runners(runner: str) -> None:
    from settings import Settings

    assert Settings.from_environment({"QUERYSMITH_RUNNER": runner}).runner == runner


def test_defaults() -> None:
    from settings import SECRETS, Settings

    settings = Settings.from_environment({"QUERYSMITH_DATA_VOLUME": ""})
    assert settings.data_volume == "querysmith-data", "an empty variable counts as not set"
    assert settings.step_user == "10001:10001"
    assert settings.step_secrets == SECRETS
    assert (settings.docker_url, settings.gpu_devices, settings.nodes) == ("", "profile", 1)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("QUERYSMITH_RUNNER", "cloud", "process, docker, kubernetes"),
        ("QUERYSMITH_STEP_IMAGE", "-it", "an image's name"),
        ("QUERYSMITH_STEP_USER", "root", "UID:GID, neither of them 0"),
        ("QUERYSMITH_STEP_USER", "0:0", "UID:GID, neither of them 0"),
        ("QUERYSMITH_STEP_USER", "1000:0", "UID:GID, neither of them 0"),
        ("QUERYSMITH_DATA_VOLUME", "/srv/data", "a name of"),
        ("QUERYSMITH_DOCKER_NETWORK", "container:airflow", "a name of"),
        ("QUERYSMITH_DOCKER_URL", "localhost", "tcp://HOST:PORT or unix://PATH"),
        ("QUERYSMITH_GPU_DEVICES", "two", "profile, all, none, or ids separated by commas"),
        ("QUERYSMITH_STEP_SECRETS", "A B", "names of variables"),
        ("QUERYSMITH_STEP_ENVIRONMENT", "A=B", "names of variables"),
        ("QUERYSMITH_GPU_RESOURCE", "gpu", "DOMAIN/NAME"),
        ("QUERYSMITH_NODES", "0", "a whole number from 1 to 1000"),
        ("QUERYSMITH_NODES", "1.5", "a whole number from 1 to 1000"),
        ("QUERYSMITH_RETRY_DELAY_S", "nan", "a number of seconds from 0 to 86400"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(name: str, value: str, allowed: str) -> None:
    from settings import Settings

    with pytest.raises(ValueError) as caught:
        Settings.from_environment({name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}; allowed: {allowed}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["all", "none", "0", "0,1,2", "GPU-6f2a,GPU-77e1"])
def test_gpu_devices(value: str) -> None:
    from settings import Settings

    assert Settings.from_environment({"QUERYSMITH_GPU_DEVICES": value}).gpu_devices == value


def test_names_of_variables() -> None:
    from settings import Settings

    assert Settings.from_environment({"QUERYSMITH_STEP_SECRETS": "A, B_2"}).step_secrets == ("A", "B_2")


def test_table_has_the_steps_of_the_product() -> None:
    from resources import RESOURCES, TRAINING_STEPS

    from pipeline.steps.contract import STEPS

    assert set(RESOURCES) == {*STEPS, "preflight"}
    assert TRAINING_STEPS == ("sft", "self_distill", "grpo")


def test_the_name_of_a_profile_tells_its_gpus() -> None:
    from resources import profile_gpus
    from settings import PROFILES

    from pipeline.config_loading import load_config

    for name in PROFILES:
        needed = load_config(None, [f"profile={name}"]).profile.hardware.gpus
        assert profile_gpus(["sft", "--set", f"profile={name}", "--set", "seed=1"]) == needed, name


def test_resources_are_overridden_key_by_key() -> None:
    from resources import GIB, RESOURCES
    from settings import Settings

    changed = {"grpo": {"memory_gib": 24, "cpus": 0}, "validate": {"gpu": True}}
    found = Settings.from_environment({"QUERYSMITH_RESOURCES": json.dumps(changed)}).resources
    assert (found["grpo"].memory_gib, found["grpo"].cpus, found["grpo"].shm_gib) == (24, 0, RESOURCES["grpo"].shm_gib)
    assert found["validate"].gpu
    assert found["sft"] == RESOURCES["sft"]
    assert found["grpo"].memory_bytes(2) == (24 + 2 * found["grpo"].gpu_memory_gib) * GIB
    assert found["grpo"].threads(0) == 0, "no limit, so nothing to say"


def test_threads_are_shared_by_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    import resources

    monkeypatch.setattr(resources.os, "cpu_count", lambda: 64)
    assert [resources.Resources(cpus=32).threads(gpus) for gpus in (0, 1, 8, 64)] == [32, 32, 4, 1]
    monkeypatch.setattr(resources.os, "cpu_count", lambda: 2)
    assert resources.Resources(cpus=32).threads(0) == 2, "no more than the machine has"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "QUERYSMITH_RESOURCES is not JSON"),
        ("[]", "QUERYSMITH_RESOURCES is a JSON list; allowed"),
        ('{"sfd": {}}', "QUERYSMITH_RESOURCES names the step 'sfd'; allowed: validate, sft"),
        ('{"sft": 3}', "QUERYSMITH_RESOURCES, sft is 3; allowed: an object"),
        ('{"sft": {"memory": 3}}', "QUERYSMITH_RESOURCES, sft has 'memory'; allowed: cpus, memory_gib"),
        ('{"sft": {"memory_gib": "8g"}}', "QUERYSMITH_RESOURCES, sft, memory_gib is '8g'; allowed: a number above 0"),
        ('{"sft": {"memory_gib": 0}}', "QUERYSMITH_RESOURCES, sft, memory_gib is 0; allowed: a number above 0"),
        ('{"sft": {"memory_gib": NaN}}', "QUERYSMITH_RESOURCES, sft, memory_gib is nan; allowed: a number above 0"),
        ('{"sft": {"cpus": -1}}', "QUERYSMITH_RESOURCES, sft, cpus is -1; allowed: a number, not below 0"),
        ('{"sft": {"gpu": 1}}', "QUERYSMITH_RESOURCES, sft, gpu is 1; allowed: true or false"),
    ],
)
def test_wrong_resources_are_named(value: str, message: str) -> None:
    from settings import Settings

    with pytest.raises(ValueError) as caught:
        Settings.from_environment({"QUERYSMITH_RESOURCES": value})
    assert str(caught.value).startswith(message)


def test_every_variable_that_is_read_is_documented() -> None:
    import inspect
    import re

    import settings

    source = inspect.getsource(settings)
    documented = set(re.findall(r"^    ((?:QUERYSMITH|MLFLOW)_\w+)  ", settings.__doc__ or "", re.MULTILINE))
    read = set(re.findall(r'read\.\w+\(\s*"(\w+)"', source)) | {"QUERYSMITH_RESOURCES"}
    assert read == documented
