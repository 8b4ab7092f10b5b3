"""The docker runner against an engine that is made up where docker-py would speak to one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULT = {"step": "sft", "run_id": "abc", "run_url": "http://mlflow/#/runs/abc", "uris": {"model": "models:/m-1"}}
ARGUMENTS = ["sft", "--dag-run", "r1", "--set", "profile=smoke"]
API = "1.47"


class WorkerDied(BaseException):
    """SIGKILL for the Airflow worker: no `except Exception`, no cleaning up."""


def archive(content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A file as Docker hands it out."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        member = tarfile.TarInfo("result.json")
        member.type, member.size = kind, len(content) if kind == tarfile.REGTYPE else 0
        tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


@dataclass
class Script:
    """What a container does once it is started."""

    exit_code: int = 0
    archive: bytes | None = field(default_factory=lambda: archive(json.dumps(RESULT).encode()))
    log: tuple[str, ...] = ("starting", "done")
    oom: bool = False


@dataclass
class Container:
    body: dict[str, Any]
    script: Script
    status: str = "created"
    starts: int = 0


class Engine:
    """docker-py's APIClient, as far as the runner calls it. `dies_in`: the call during which the worker dies."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.found: dict[str, Container] = {}
        self.made: list[Container] = []
        self.calls: list[tuple[Any, ...]] = []
        self.dies_in = ""
        self.breaks_after = 0  # lines of a log, once

    def create_host_config(self, **options: Any) -> Any:
        from docker.types import HostConfig

        return HostConfig(version=API, **options)

    def create_container(self, **options: Any) -> dict[str, str]:
        from docker.errors import ImageNotFound
        from docker.types import ContainerConfig

        self.calls.append(("create",))
        if options["image"] == "missing":
            raise ImageNotFound("No such image: missing")
        name = f"c{len(self.made)}"
        self.found[name] = Container(json.loads(json.dumps(ContainerConfig(API, **options))), self.script)
        self.made.append(self.found[name])
        self._die("create")
        return {"Id": name}

    def start(self, name: str) -> None:
        self._die("start")
        container = self._get(name)
        container.status, container.starts = "running", container.starts + 1

    def logs(self, name: str, **options: Any) -> Iterator[bytes]:
        assert options == {"stream": True, "follow": True, "timestamps": True} | (
            {"since": options["since"]} if "since" in options else {}
        )
        container = self._get(name)
        for number, line in enumerate(container.script.log):
            if self.breaks_after and number == self.breaks_after:
                self.breaks_after = 0
                raise ConnectionError("reset by peer")
            if container.status == "running":
                self._die("logs")
            yield f"2026-01-02T03:04:05.{number:09d}Z {line}\n".encode()
        if container.status == "running":
            container.status = "exited"

    def inspect_container(self, name: str) -> dict[str, Any]:
        container = self._get(name)
        return {
            "State": {
                "Status": container.status,
                "Running": container.status == "running",
                "ExitCode": container.script.exit_code if container.status == "exited" else 0,
                "OOMKilled": container.script.oom,
            }
        }

    def get_archive(self, name: str, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        from docker.errors import NotFound

        assert path == "/result/result.json"
        content = self._get(name).script.archive
        if content is None:
            raise NotFound("no such file")
        return (content[at : at + 4096] for at in range(0, len(content), 4096)), {}

    def containers(self, all: bool, filters: dict[str, list[str]]) -> list[dict[str, Any]]:
        assert all
        wanted = dict(label.split("=", 1) for label in filters["label"])
        return [
            {"Id": name, "Status": container.status}
            for name, container in self.found.items()
            if wanted.items() <= container.body["Labels"].items()
        ]

    def stop(self, name: str, timeout: int) -> None:
        self.calls.append(("stop", name, timeout))
        self._get(name).status = "exited"

    def remove_container(self, name: str, v: bool, force: bool) -> None:
        assert v
        assert force
        self.calls.append(("remove", name))
        self._get(name)
        del self.found[name]

    def _get(self, name: str) -> Container:
        from docker.errors import NotFound

        if name not in self.found:
            raise NotFound(f"No such container: {name}")
        return self.found[name]

    def _die(self, call: str) -> None:
        if self.dies_in == call:
            self.dies_in = ""
            raise WorkerDied


class TaskInstance:
    """As far as a step needs one."""

    dag_id, run_id, task_id, map_index, stats_tags = "train", "manual__1", "sft", -1, {}  # type: ignore[var-annotated]

    def __init__(self, try_number: int = 1) -> None:
        self.try_number = try_number
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


class Store(dict[str, Any]):
    """The task state store: it outlives the tries."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


class Host:
    """A task's tries on one Docker host."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import docker_step

        self.module = docker_step
        self.engine, self.store = Engine(Script()), Store()
        self.monkeypatch, self.tries = monkeypatch, 0
        monkeypatch.setattr(docker_step, "POLL_S", 0)
        monkeypatch.setattr(docker_step.DockerStep, "cli", property(lambda task: self.engine))

    def settings(self, **fields: Any) -> None:
        import containers

        changed = replace(self.module.SETTINGS, **fields)
        for module in (containers, self.module):
            self.monkeypatch.setattr(module, "SETTINGS", changed)

    def attempt(self, arguments: list[str] | None = None, settings: dict[str, str] | None = None) -> Any:
        """The next try, by a new worker."""
        self.tries += 1
        self.ti = TaskInstance(self.tries)
        self.task = self.module.DockerStep(task_id="sft", arguments=arguments or ARGUMENTS, settings=settings)
        context = {"ti": self.ti, "task_state_store": self.store}
        return type(self.task).execute.__wrapped__(self.task, context)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def test_success_returns_the_result_and_leaves_no_container(host: Host) -> None:
    assert host.attempt() == RESULT
    assert host.task.mlflow_url == RESULT["run_url"]
    assert [container.starts for container in host.engine.made] == [1]
    assert host.engine.found == {}
    assert host.store == {"container_id": "c0"}
    assert host.ti.pushed == {}


def test_container_is_told_the_step(host: Host) -> None:
    host.attempt(settings={"benchmark.name": "{{ literal }}"})
    body = host.engine.made[0].body
    assert body["Image"] == "querysmith-pipeline:latest"
    assert body["Cmd"] == [
        *("python", "-m", "pipeline", *ARGUMENTS, "--set", "benchmark.name={{ literal }}"),
        *("--result", "/result/result.json"),
    ]
    assert body["Labels"] == {
        "querysmith.dag_id": "train",
        "querysmith.run_id": "manual__1",
        "querysmith.task_id": "sft",
        "querysmith.map_index": "-1",
        "querysmith.try": "1",
    }
    assert not body["Entrypoint"], "the image's own: tini"


def test_container_may_do_little(host: Host) -> None:
    host.attempt()
    body = host.engine.made[0].body
    limits = body["HostConfig"]
    assert body["User"] == "10001:10001"
    assert limits["ReadonlyRootfs"] is True
    assert limits["CapDrop"] == ["ALL"]
    assert limits["SecurityOpt"] == ["no-new-privileges"]
    assert limits["NetworkMode"] == "querysmith"
    assert limits["PidsLimit"] == 4096
    assert list(limits["Tmpfs"]) == ["/tmp"]
    assert [(mount["Type"], mount["Source"], mount["Target"]) for mount in limits["Mounts"]] == [
        ("volume", "querysmith-data", "/data"),
        ("volume", None, "/result"),
    ]
    for grants in ("Privileged", "CapAdd", "Binds", "Devices", "PidMode", "IpcMode", "DeviceRequests"):
        assert not limits.get(grants), grants
    assert "docker.sock" not in json.dumps(body)


def test_container_has_limits(host: Host) -> None:
    host.attempt()
    limits = host.engine.made[0].body["HostConfig"]
    assert limits["Memory"] == limits["MemorySwap"] == 8 * 2**30
    assert limits["ShmSize"] == 2 * 2**30
    assert (limits["CpuQuota"], limits["CpuPeriod"]) == (400_000, 100_000)
    assert limits["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "50m", "max-file": "2"}}


@pytest.mark.parametrize(
    ("devices", "profile", "requested"),
    [
        ("profile", "tiny", None),
        ("profile", "qwen3-8b-8x80gb", (8, [])),
        ("all", "tiny", (-1, [])),
        ("none", "qwen3-8b-8x80gb", None),
        ("0,2", "qwen3-0.6b-1x24gb", (0, ["0", "2"])),
    ],
)
def test_gpus_are_those_that_the_profile_is_made_for(
    host: Host, devices: str, profile: str, requested: tuple[int, list[str]] | None
) -> None:
    host.settings(gpu_devices=devices)
    host.attempt(["sft", "--set", f"profile={profile}"])
    found = host.engine.made[0].body["HostConfig"].get("DeviceRequests")
    expected = requested and [
        {"Driver": "", "Count": requested[0], "DeviceIDs": requested[1], "Capabilities": [["gpu"]], "Options": {}}
    ]
    assert found == expected


def test_steps_that_need_no_gpu_get_none(host: Host) -> None:
    host.settings(gpu_devices="all")
    host.attempt(["validate", "--set", "profile=qwen3-8b-8x80gb"])
    assert host.engine.made[0].body["HostConfig"].get("DeviceRequests") is None


def test_environment_is_what_the_step_needs(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.settings(tracking_uri="http://mlflow:5000", step_environment=("MY_REGION",))
    given = {
        "AIRFLOW__CORE__FERNET_KEY": "airflow-secret",
        "POSTGRES_PASSWORD": "airflow-secret",
        "QUERYSMITH_MYSQL_PASSWORD": "mysql-secret",
        "MLFLOW_TRACKING_PASSWORD": "mlflow-secret",
        "HF_HUB_OFFLINE": "1",
        "MY_REGION": "bern",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    host.attempt()
    told = dict(line.split("=", 1) for line in host.engine.made[0].body["Env"])
    assert "airflow-secret" not in told.values()
    assert told["QUERYSMITH_MYSQL_PASSWORD"] == "mysql-secret"
    assert told["MLFLOW_TRACKING_PASSWORD"] == "mlflow-secret"
    assert told["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert (told["QUERYSMITH_HOME"], told["HOME"], told["HF_HOME"]) == ("/data", "/tmp", "/data/huggingface")
    assert (told["HF_HUB_OFFLINE"], told["MY_REGION"]) == ("1", "bern")
    assert "secret" not in json.dumps(host.task.environment)


def test_secrets_are_shown_nowhere(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import DagSerialization

    monkeypatch.setenv("QUERYSMITH_MYSQL_PASSWORD", "mysql-secret")
    host.attempt()
    with DAG("secrets", schedule=None) as dag:
        host.module.DockerStep(task_id="sft", arguments=ARGUMENTS)
    assert "mysql-secret" not in json.dumps(DagSerialization.serialize_dag(dag))
    rendered = {name: getattr(host.task, name) for name in host.task.template_fields}
    assert rendered == {"arguments": ARGUMENTS}
    assert "mysql-secret" not in json.dumps([host.store, host.ti.pushed, host.engine.made[0].body["Cmd"]])


def test_secrets_that_a_step_prints_are_masked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowException
    from airflow.sdk.log import redact

    monkeypatch.setenv("QUERYSMITH_MYSQL_PASSWORD", "k7Qx-mysql")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "querysmith")
    host.engine.script = Script(1, None, log=("querysmith cannot log in with k7Qx-mysql",))
    with pytest.raises(AirflowException):
        host.attempt()
    assert host.ti.pushed == {"error": "querysmith cannot log in with ***"}
    assert redact("k7Qx-mysql") == "***", "as Airflow's logs do"


def test_secrets_are_masked_also_when_a_container_is_found_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[dict[str, str]] = []
    monkeypatch.setattr(host.module, "mask_secrets", masked.append)
    monkeypatch.setenv("QUERYSMITH_MYSQL_PASSWORD", "k7Qx-mysql")
    host.engine.dies_in = "logs"
    with pytest.raises(WorkerDied):
        host.attempt()
    masked.clear()
    host.attempt()
    assert masked[0]["QUERYSMITH_MYSQL_PASSWORD"] == "k7Qx-mysql"


def test_arguments_are_never_files(host: Host) -> None:
    from airflow.sdk import DAG

    with DAG("files", schedule=None) as dag:
        task = host.module.DockerStep(task_id="sft", arguments=["sft", "--set", "data=/etc/secrets.env"])
    task.resolve_template_files()
    task.render_template_fields({}, dag.get_template_env())
    assert task.arguments[-1] == "data=/etc/secrets.env"


def test_a_restart_finds_the_running_container(host: Host) -> None:
    host.engine.dies_in = "logs"
    with pytest.raises(WorkerDied):
        host.attempt()
    assert host.engine.found["c0"].status == "running"
    assert host.attempt() == RESULT
    assert [container.starts for container in host.engine.made] == [1], "one container, started once"
    assert host.engine.found == {}


def test_a_container_that_was_only_created_is_started(host: Host) -> None:
    host.engine.dies_in = "start"
    with pytest.raises(WorkerDied):
        host.attempt()
    assert host.attempt() == RESULT
    assert [container.starts for container in host.engine.made] == [1]


def test_a_container_that_nobody_knows_is_reaped(host: Host) -> None:
    host.engine.dies_in = "create"
    with pytest.raises(WorkerDied):
        host.attempt()
    assert host.store == {}
    assert host.attempt() == RESULT
    assert [container.starts for container in host.engine.made] == [0, 1]
    assert host.engine.found == {}
    assert host.engine.calls.index(("stop", "c0", 20)) < host.engine.calls.index(("create",), 1)


def test_reaping_leaves_other_tasks_alone(host: Host) -> None:
    other = {"querysmith.dag_id": "train", "querysmith.run_id": "manual__2", "querysmith.task_id": "sft"}
    host.engine.found["other"] = Container({"Labels": {**other, "querysmith.map_index": "-1"}}, Script(), "running")
    host.attempt()
    assert list(host.engine.found) == ["other"]


@pytest.mark.parametrize(("exit_code", "made"), [(0, 1), (2, 1), (99, 1), (1, 2), (137, 2)])
def test_what_ended_while_no_worker_watched(host: Host, exit_code: int, made: int) -> None:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    host.engine.script = Script(exit_code)
    host.engine.dies_in = "logs"
    with pytest.raises(WorkerDied):
        host.attempt()
    host.engine.found["c0"].status = "exited"
    host.engine.script = Script()
    expected = {2: AirflowFailException, 99: AirflowSkipException}.get(exit_code)
    if expected:
        with pytest.raises(expected):
            host.attempt()
    else:
        assert host.attempt() == RESULT
    assert len(host.engine.made) == made, "an end that is final is told, any other is tried again at once"
    assert host.engine.found == {}


def test_an_engine_that_fails_keeps_the_container(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
    from requests.exceptions import ConnectionError as Gone

    def gone(name: str, path: str) -> None:
        raise Gone("no route to the engine")

    with monkeypatch.context() as patch:
        patch.setattr(host.engine, "get_archive", gone)
        with pytest.raises(AirflowException, match="the next try finds the container: no route") as caught:
            host.attempt()
    assert not isinstance(caught.value, AirflowFailException)
    assert host.attempt() == RESULT
    assert [container.starts for container in host.engine.made] == [1]


def test_a_log_that_breaks_off_is_taken_up_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Log:
        def info(self, text: str, *values: Any) -> None:
            seen.append(text % values if values else text)

        warning = debug = lambda self, *values, **more: None

    monkeypatch.setattr(host.module.DockerStep, "log", property(lambda task: Log()))
    host.engine.script = Script(log=("one", "two", "three"))
    host.engine.breaks_after = 2
    assert host.attempt() == RESULT
    assert [line for line in seen if line in ("one", "two", "three")] == ["one", "two", "three"]


def test_a_container_that_somebody_removed_is_tried_again(host: Host) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    host.engine.script = Script(log=())
    host.engine.logs = lambda name, **options: host.engine.found.clear() or ()  # type: ignore[method-assign]
    with pytest.raises(AirflowException, match="c0 was removed from outside") as caught:
        host.attempt()
    assert not isinstance(caught.value, AirflowFailException)


def test_an_image_that_is_not_there_is_not_tried_again(host: Host) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    host.settings(step_image="missing")
    with pytest.raises(
        AirflowFailException, match="has no image missing: build it there, or set QUERYSMITH_STEP_IMAGE"
    ):
        host.attempt()


def failed(error: str) -> bytes:
    return archive(json.dumps({"run_url": "http://mlflow/#/runs/abc", "error": error}).encode())


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (Script(1, failed("the disk is full;\n free some")), "AirflowException", "the disk is full; free some"),
        (Script(1, None), "AirflowException", "done"),
        (Script(1, None, log=()), "AirflowException", "the step ended with exit code 1 and said nothing"),
        (Script(2, failed("data: no such folder")), "AirflowFailException", "data: no such folder"),
        (Script(99, failed("no new rows")), "AirflowSkipException", "no new rows"),
        (Script(137, None), "AirflowException", "the step was killed by signal 9 (Killed); out of memory?"),
        (
            Script(137, None, oom=True),
            "AirflowException",
            "the step was killed by signal 9 (Killed); out of memory: give sft more memory_gib in "
            "QUERYSMITH_RESOURCES, or choose a smaller profile",
        ),
        (Script(143, failed("Terminated: ")), "AirflowException", "the step was killed by signal 15 (Terminated)"),
    ],
)
def test_exit_codes(host: Host, script: Script, kind: str, message: str) -> None:
    from airflow.sdk import exceptions

    host.engine.script = script
    with pytest.raises(getattr(exceptions, kind)) as caught:
        host.attempt()
    assert type(caught.value).__name__ == kind
    assert str(caught.value) == message
    assert host.ti.pushed == {"error": message}
    assert host.engine.found == {}
    host.engine.script = Script()
    assert host.attempt() == RESULT, "a retry starts afresh"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "left no result file"),
        (archive(b"nonsense"), "is not JSON"),
        (archive(b"[1]"), "is a JSON list, not an object"),
        (archive(b"[" * 60_000), "is not JSON"),
        (archive(b"\x80\x04K\x01."), "is not JSON"),  # a pickle
        (archive(b" " * 70_000), "larger than 65536 bytes"),
        (archive(b" " * 5_000_000), "larger than 65536 bytes"),
        (archive(b"", tarfile.SYMTYPE), "no plain file"),
        (archive(b"", tarfile.DIRTYPE), "no plain file"),
        (b"", "cannot be copied"),
        (b"x" * 2000, "cannot be copied"),
    ],
)
def test_success_without_a_proper_result_is_a_defect(host: Host, content: bytes | None, message: str) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    host.engine.script = Script(archive=content)
    with pytest.raises(AirflowFailException, match=message):
        host.attempt()


def test_kill_stops_politely_then_removes(host: Host) -> None:
    host.engine.dies_in = "logs"
    with pytest.raises(WorkerDied):
        host.attempt()
    host.task.on_kill()
    assert host.engine.calls[-2:] == [("stop", "c0", 20), ("remove", "c0")]
    assert host.engine.found == {}
    host.task.on_kill()  # again, as for a task that is killed while it ends


def test_kill_before_there_is_a_container(host: Host) -> None:
    host.module.DockerStep(task_id="sft", arguments=ARGUMENTS).on_kill()
    assert host.engine.calls == []


PARSE = """
import importlib, sys, time

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "mlflow", "pipeline", "transformers", "kubernetes"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, "dags")
import airflow.sdk
started = time.perf_counter()
modules = [importlib.import_module(name) for name in ("train_text2sql", "benchmark_model")]
took = time.perf_counter() - started
from airflow.serialization.serialized_objects import DagSerialization
for module in modules:
    DagSerialization.serialize_dag(module.dag)
print(took, *sorted({type(task).__name__ for task in modules[0].dag.tasks}))
"""


def test_dag_files_parse_with_this_runner() -> None:
    environment = {**os.environ, "QUERYSMITH_RUNNER": "docker"}
    done = subprocess.run(
        [sys.executable, "-c", PARSE], capture_output=True, text=True, timeout=60, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    took, *operators = done.stdout.splitlines()[-1].split()
    assert operators == ["DockerStep", "OptionalApproval"]
    assert float(took) < 1.0
