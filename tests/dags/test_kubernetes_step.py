"""The kubernetes runner: what it asks of Kubernetes, checked against the API's types, and what an end means.

The specs are compared with the files in snapshots/. A change must be meant; QUERYSMITH_UPDATE_SNAPSHOTS=1 writes them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = Path(__file__).parent / "snapshots"
RESULT = {"step": "sft", "run_id": "abc", "run_url": "http://mlflow/#/runs/abc", "uris": {"model": "models:/m-1"}}
BIG = ["sft", "--dag-run", "r1", "--set", "profile=qwen3-8b-8x80gb"]
SMALL = ["validate", "--dag-run", "r1", "--set", "profile=tiny"]
PRIMITIVES = {"str": str, "int": int, "float": (int, float), "bool": bool, "datetime": str, "object": object}


def strict(value: Any, kind: str, path: str) -> None:
    """Fails where a serialised object has a key that the API's type does not know, or a value of another type."""
    from kubernetes.client import models

    if match := re.fullmatch(r"list\[(.+)\]", kind):
        assert isinstance(value, list), path
        for index, item in enumerate(value):
            strict(item, match[1], f"{path}[{index}]")
    elif match := re.fullmatch(r"dict[[(]str, (.+)[])]", kind):
        assert isinstance(value, dict), path
        for key, item in value.items():
            strict(item, match[1], f"{path}.{key}")
    elif kind in PRIMITIVES:
        assert isinstance(value, PRIMITIVES[kind]), f"{path} is {value!r}, not {kind}"  # type: ignore[arg-type]
        assert not (kind == "int" and isinstance(value, bool)), path
    else:
        model = getattr(models, kind)
        names = {written: name for name, written in model.attribute_map.items()}
        assert isinstance(value, dict), path
        for key, item in value.items():
            assert key in names, f"{path} has {key}, which {kind} does not know"
            strict(item, model.openapi_types[names[key]], f"{path}.{key}")
        # The client's models refuse what the API requires and does not get.
        model(**{names[key]: item for key, item in value.items()})


def serialised(spec: Any, kind: str) -> dict[str, Any]:
    from kubernetes.client import ApiClient

    value: dict[str, Any] = ApiClient().sanitize_for_serialization(spec)
    strict(value, kind, kind)
    return value


def compared(value: dict[str, Any], name: str) -> None:
    """The spec is the one in snapshots/, but for its random name and the version of Airflow."""
    text = json.dumps(value, indent=2, sort_keys=True) + "\n"
    text = re.sub(r"(querysmith-[a-z-]+)-[a-z0-9]{8}\b", r"\1-xxxxxxxx", text)
    text = re.sub(r'("airflow_version": )"[^"]+"', r'\1"x.y.z"', text)
    path = SNAPSHOTS / f"{name}.json"
    if os.environ.get("QUERYSMITH_UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), f"the spec differs from {path.name}; is that meant?"


class TaskInstance:
    """As far as a step needs one."""

    dag_id, run_id, task_id, map_index, try_number = "train_text2sql", "manual__1", "sft", -1, 1
    stats_tags: dict[str, str] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


class Store(dict[str, Any]):
    """The task state store: it outlives the tries."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


def container_status(exit_code: int | None, reason: str = "", message: str = "") -> Any:
    from kubernetes.client import models as k8s

    ended = (
        None
        if exit_code is None
        else k8s.V1ContainerStateTerminated(exit_code=exit_code, reason=reason, message=message)
    )
    running = k8s.V1ContainerStateRunning() if ended is None else None
    state = k8s.V1ContainerState(terminated=ended, running=running)
    return k8s.V1ContainerStatus(name="base", image="i", image_id="i", ready=False, restart_count=0, state=state)


def ended_pod(exit_code: int | None, reason: str = "", message: str = "") -> Any:
    from kubernetes.client import models as k8s

    phase = {None: "Running", 0: "Succeeded"}.get(exit_code, "Failed")
    status = k8s.V1PodStatus(phase=phase, container_statuses=[container_status(exit_code, reason, message)])
    return k8s.V1Pod(metadata=k8s.V1ObjectMeta(name="p", namespace="querysmith", labels={}), status=status)


class Cluster:
    """The calls that the runner makes of Kubernetes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import containers
        import kubernetes_step
        import kubernetes_training

        self.monkeypatch = monkeypatch
        self.modules = (kubernetes_step, kubernetes_training, containers)
        self.operators = (kubernetes_step.KubernetesStep, kubernetes_training.KubernetesTraining)
        self.ti, self.store = TaskInstance(), Store()
        for name in (*containers.PASSED_ON, *kubernetes_step.SETTINGS.step_secrets):
            monkeypatch.delenv(name, raising=False)
        import resources

        monkeypatch.setattr(resources.os, "cpu_count", lambda: 64)
        self.settings(tracking_uri="http://mlflow:5000")

    @property
    def context(self) -> Any:
        return {
            "ti": self.ti,
            "run_id": self.ti.run_id,
            "dag": SimpleNamespace(),
            "task_state_store": self.store,
        }

    def settings(self, **fields: Any) -> None:
        changed = replace(self.modules[0].SETTINGS, **fields)
        for module in self.modules:
            self.monkeypatch.setattr(module, "SETTINGS", changed)

    def task(self, arguments: list[str], several: bool = False, **more: Any) -> Any:
        task = self.operators[several](task_id=arguments[0], arguments=arguments, **more)
        task.hook = SimpleNamespace(
            is_in_cluster=True,
            get_xcom_sidecar_container_image=lambda: None,
            get_xcom_sidecar_container_resources=lambda: None,
            get_xcom_sidecar_container_security_context=lambda: None,
        )
        return task


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(monkeypatch)


def test_the_check_is_strict() -> None:
    strict({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}, "V1Pod", "pod")
    with pytest.raises(AssertionError, match=r"pod\.spec has container, which V1PodSpec does not know"):
        strict({"spec": {"container": []}}, "V1Pod", "pod")
    with pytest.raises(AssertionError, match="is '8', not int"):
        strict({"spec": {"completions": "8"}}, "V1Job", "job")
    with pytest.raises(ValueError, match="containers"):
        strict({"spec": {"hostname": "a"}}, "V1Pod", "pod")


def test_pod_of_a_small_step(cluster: Cluster) -> None:
    pod = cluster.task(SMALL).build_pod_request_obj(cluster.context)
    compared(serialised(pod, "V1Pod"), "pod_validate")


def test_pod_of_a_training(cluster: Cluster) -> None:
    pod = cluster.task(BIG, settings={"sft.note": "{{ literal }} & 'quoted'"}).build_pod_request_obj(cluster.context)
    value = serialised(pod, "V1Pod")
    compared(value, "pod_sft")
    step = value["spec"]["containers"][0]
    assert step["args"][-4:] == ["--set", "sft.note={{ literal }} & 'quoted'", "--result", "/airflow/xcom/return.json"]
    assert not step.get("command"), "the image's own entry point: tini"
    assert step["resources"] == {
        "requests": {"cpu": "4000m", "memory": f"{(8 + 8 * 48) * 1024}Mi"},
        "limits": {"memory": f"{(8 + 8 * 48) * 1024}Mi", "nvidia.com/gpu": "8"},
    }


def test_job_of_a_training_over_nodes(cluster: Cluster) -> None:
    cluster.settings(nodes=2)
    job = cluster.task(BIG, several=True).build_job_request_obj(cluster.context)
    value = serialised(job, "V1Job")
    compared(value, "job_sft")
    assert (value["spec"]["completions"], value["spec"]["parallelism"]) == (2, 2)
    assert (value["spec"]["completionMode"], value["spec"]["backoffLimit"]) == ("Indexed", 0)
    assert value["spec"]["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("several", [False, True])
def test_containers_may_do_little(cluster: Cluster, several: bool) -> None:
    cluster.settings(nodes=2)
    task = cluster.task(BIG, several=several)
    if several:
        spec = serialised(task.build_job_request_obj(cluster.context), "V1Job")["spec"]["template"]["spec"]
    else:
        spec = serialised(task.build_pod_request_obj(cluster.context), "V1Pod")["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert not spec.get("hostNetwork")
    assert len(spec["containers"]) == 2
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"] == "querysmith-pipeline:latest", "no image from elsewhere"
    kinds = {volume["name"]: set(volume) - {"name"} for volume in spec["volumes"]}
    assert kinds == {
        "xcom": {"emptyDir"},
        "data": {"persistentVolumeClaim"},
        "tmp": {"emptyDir"},
        "shm": {"emptyDir"},
    }


def test_secrets_are_references(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYSMITH_MYSQL_PASSWORD", "mysql-secret")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "airflow-secret")
    cluster.settings(step_environment=("QUERYSMITH_MYSQL_PASSWORD",))
    task = cluster.task(SMALL)
    value = serialised(task.build_pod_request_obj(cluster.context), "V1Pod")
    environment = {entry["name"]: entry for entry in value["spec"]["containers"][0]["env"]}
    assert environment["QUERYSMITH_MYSQL_PASSWORD"]["valueFrom"] == {
        "secretKeyRef": {"name": "querysmith-step", "key": "QUERYSMITH_MYSQL_PASSWORD", "optional": True}
    }
    assert "-secret" not in json.dumps(value)
    assert {name: getattr(task, name) for name in task.template_fields} == {"arguments": SMALL}


def test_a_template_adds_where_pods_run(cluster: Cluster, tmp_path: Path) -> None:
    template = tmp_path / "pod.yaml"
    template.write_text(
        "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {pool: gpu}\n  containers: [{name: base, image: other}]\n"
    )
    cluster.settings(pod_template=str(template))
    value = serialised(cluster.task(SMALL).build_pod_request_obj(cluster.context), "V1Pod")
    assert value["spec"]["nodeSelector"] == {"pool": "gpu"}
    assert value["spec"]["containers"][0]["image"] == "querysmith-pipeline:latest"
    assert value["spec"]["containers"][0]["args"][:4] == ["python", "-m", "pipeline", "validate"]


def test_a_form_cannot_read_secrets_into_arguments(cluster: Cluster) -> None:
    task = cluster.task([*SMALL, "--set", "experiment=$(QUERYSMITH_MYSQL_PASSWORD) $5"])
    arguments = task.build_pod_request_obj(cluster.context).spec.containers[0].args
    assert "experiment=$$(QUERYSMITH_MYSQL_PASSWORD) $$5" in arguments, "to Kubernetes, $$ is a plain $"


@pytest.mark.parametrize(
    ("index", "said"),
    [("0", ["-m", "pipeline", "sft", "--set", "a=it's $(one) word"]), ("1", ["-m", "pipeline.training.join"])],
)
def test_the_first_node_runs_the_step_the_others_join(tmp_path: Path, index: str, said: list[str]) -> None:
    from kubernetes_training import NODE

    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": index}
    command = ["/bin/sh", "-c", NODE, "node", "-m", "pipeline", "sft", "--set", "a=it's $(one) word"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10)
    assert done.stdout.splitlines() == said


@pytest.mark.parametrize("profile", ["qwen3-8b-8x80gb", "tiny"])
def test_the_package_understands_where_the_nodes_meet(cluster: Cluster, profile: str) -> None:
    from pipeline.training.nodes import Node, this_node

    cluster.settings(nodes=3)
    job = cluster.task(["sft", "--set", f"profile={profile}"], several=True).build_job_request_obj(cluster.context)
    environment = {entry.name: entry.value for entry in job.spec.template.spec.containers[0].env if entry.value}
    node = this_node({**environment, "JOB_COMPLETION_INDEX": "2"})
    address = f"{job.metadata.name}-0.querysmith-nodes"
    assert node == (Node(3, 2, address, 29500) if profile != "tiny" else Node()), "a profile of one GPU has one node"
    assert job.spec.completions == node.count
    assert job.spec.template.spec.subdomain == "querysmith-nodes"
    assert len(f"{job.metadata.name}-0") <= 63, "it is a host name"


def read_as(cluster: Cluster, task: Any, content: str) -> None:
    """The result as the sidecar of a pod gives it."""
    task.pod_manager = SimpleNamespace(extract_xcom=lambda pod, ignore_kill_failure: checked(content))


def checked(content: str) -> str:
    json.loads(content if content != "__airflow_xcom_result_empty__" else "null")  # as PodManager does
    return content


def finished(cluster: Cluster, task: Any, exit_code: int | None, content: str, **status: str) -> Any:
    """What follows when a pod has ended, as the operator does it for a task with and without the triggerer."""
    pod = ended_pod(exit_code, **status)
    read_as(cluster, task, content)
    task.extract_xcom(pod=pod)
    for name in ("is_istio_enabled", "process_pod_deletion", "patch_already_checked"):
        setattr(task, name, lambda *values, **named: False)
    task._read_pod_container_states = task._read_pod_events = lambda *values, **named: None
    task.cleanup(pod, pod, task.result, cluster.context)
    return task.final(cluster.context)


def test_success_returns_the_result(cluster: Cluster) -> None:
    task = cluster.task(SMALL)
    assert finished(cluster, task, 0, json.dumps(RESULT)) == RESULT
    assert task.mlflow_url == RESULT["run_url"]


@pytest.mark.parametrize(
    ("exit_code", "content", "status", "kind", "message"),
    [
        (1, '{"error": "the disk is full"}', {}, "AirflowException", "the disk is full"),
        (1, "{}", {"message": "starting\nno route\n"}, "AirflowException", "no route"),
        (2, '{"error": "data: no such folder"}', {}, "AirflowFailException", "data: no such folder"),
        (99, '{"error": "no new rows"}', {}, "AirflowSkipException", "no new rows"),
        (
            137,
            "{}",
            {"reason": "OOMKilled"},
            "AirflowException",
            "signal 9 (Killed); out of memory: give validate more",
        ),
        (143, "{}", {}, "AirflowException", "the step was killed by signal 15 (Terminated)"),
        (0, "[1]", {}, "AirflowFailException", "the step's result is a JSON list, not an object"),
        (0, "nonsense", {}, "AirflowFailException", "the step's result is not JSON"),
        (0, json.dumps({"a": "x" * 70_000}), {}, "AirflowFailException", "larger than 65536 bytes"),
        (0, "__airflow_xcom_result_empty__", {}, "AirflowFailException", "the step left no result file"),
    ],
)
def test_exit_codes(
    cluster: Cluster, exit_code: int, content: str, status: dict[str, str], kind: str, message: str
) -> None:
    from airflow.sdk import exceptions

    with pytest.raises(getattr(exceptions, kind)) as caught:
        finished(cluster, cluster.task(SMALL), exit_code, content, **status)
    assert type(caught.value).__name__ == kind
    assert message in str(caught.value)
    assert message in cluster.ti.pushed["error"]


def test_a_pod_that_vanished_is_tried_again(cluster: Cluster) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
    from kubernetes.client.exceptions import ApiException

    def gone(name: str, namespace: str) -> None:
        raise ApiException(status=404)

    task = cluster.task(SMALL)
    task.hook.get_pod = gone
    event = {"name": "p", "namespace": "querysmith", "status": "success"}
    with pytest.raises(AirflowException, match="removed before its result was read") as caught:
        task.trigger_reentry(cluster.context, event)
    assert not isinstance(caught.value, AirflowFailException)


def test_a_running_pod_is_found_again(cluster: Cluster) -> None:
    """The provider's own durability, which the runner relies on."""
    running = ended_pod(None)
    cluster.store["pod_identifier"] = {"name": "p", "namespace": "querysmith"}
    task = cluster.task(SMALL)
    task.hook.get_pod = lambda name, namespace: running
    task.log_matching_pod = lambda pod, context: None
    assert task.deferrable
    assert task.get_or_create_pod(task.build_pod_request_obj(cluster.context), cluster.context) is running


class Jobs:
    """A cluster's jobs; the first pod of each ends at once."""

    def __init__(self, cluster: Cluster, task: Any, exit_code: int = 0, content: str = json.dumps(RESULT)) -> None:
        self.found: dict[str, Any] = getattr(cluster, "jobs", {})
        cluster.jobs = self.found  # type: ignore[attr-defined]
        self.created: list[str] = []
        self.dies = False
        task.hook.create_job = self.create
        task.hook.get_job = self.read
        task.hook.is_job_failed = lambda job: job.status.failed if job.status else False
        task.job_client = SimpleNamespace(list_namespaced_job=self.list, delete_namespaced_job=self.delete)
        task.client = SimpleNamespace(list_namespaced_pod=self.pods)
        self.pod = ended_pod(exit_code)
        self.pod.metadata.annotations = {"batch.kubernetes.io/job-completion-index": "0"}
        task.await_pod_start = task.await_pod_completion = self.watch
        read_as(cluster, task, content)
        task.pod_manager.read_pod = lambda pod: pod
        task.pod_manager.await_xcom_sidecar_container_start = lambda pod: None

    def watch(self, pod: Any) -> None:
        if self.dies:
            raise KeyboardInterrupt

    def create(self, job: Any) -> None:
        self.created.append(job.metadata.name)
        self.found[job.metadata.name] = job

    def read(self, name: str, namespace: str) -> Any:
        from kubernetes.client.exceptions import ApiException

        if name not in self.found:
            raise ApiException(status=404)
        return self.found[name]

    def list(self, namespace: str, label_selector: str) -> Any:
        wanted = dict(label.split("=", 1) for label in label_selector.split(","))
        items = [job for job in self.found.values() if wanted.items() <= job.metadata.labels.items()]
        return SimpleNamespace(items=items)

    def delete(self, name: str, namespace: str, propagation_policy: str = "") -> None:
        self.read(name, namespace)
        del self.found[name]

    def pods(self, namespace: str, label_selector: str) -> Any:
        assert label_selector.removeprefix("job-name=") in self.found
        other = ended_pod(None)
        other.metadata.annotations = {"batch.kubernetes.io/job-completion-index": "1"}
        return SimpleNamespace(items=[other, self.pod])


def run_job(cluster: Cluster, task: Any) -> Any:
    return type(task).execute.__wrapped__(task, cluster.context)


def test_job_returns_the_first_nodes_result_and_is_removed(cluster: Cluster) -> None:
    cluster.settings(nodes=2)
    task = cluster.task(BIG, several=True)
    jobs = Jobs(cluster, task)
    assert run_job(cluster, task) == RESULT
    assert len(jobs.created) == 1
    assert jobs.found == {}
    assert cluster.store == {"job_name": jobs.created[0]}


def test_a_running_job_is_found_again(cluster: Cluster) -> None:
    cluster.settings(nodes=2)
    task = cluster.task(BIG, several=True)
    Jobs(cluster, task).dies = True
    task.await_pod_start = Jobs.watch.__get__(SimpleNamespace(dies=True))
    with pytest.raises(KeyboardInterrupt):
        run_job(cluster, task)
    again = cluster.task(BIG, several=True)
    jobs = Jobs(cluster, again)
    assert len(jobs.found) == 1
    assert run_job(cluster, again) == RESULT
    assert jobs.created == []
    assert jobs.found == {}


def test_a_failed_job_is_replaced(cluster: Cluster) -> None:
    from kubernetes.client import models as k8s

    cluster.settings(nodes=2)
    task = cluster.task(BIG, several=True)
    jobs = Jobs(cluster, task)
    old = task.build_job_request_obj(cluster.context)
    old.status = k8s.V1JobStatus(failed=1)
    jobs.found[old.metadata.name] = old
    cluster.store["job_name"] = old.metadata.name
    assert run_job(cluster, task) == RESULT
    assert len(jobs.created) == 1
    assert jobs.created != [old.metadata.name]
    assert jobs.found == {}


@pytest.mark.parametrize(
    ("exit_code", "kind"), [(1, "AirflowException"), (2, "AirflowFailException"), (99, "AirflowSkipException")]
)
def test_exit_codes_of_the_first_node(cluster: Cluster, exit_code: int, kind: str) -> None:
    from airflow.sdk import exceptions

    cluster.settings(nodes=2)
    task = cluster.task(BIG, several=True)
    jobs = Jobs(cluster, task, exit_code, '{"error": "its words"}')
    with pytest.raises(getattr(exceptions, kind), match="its words") as caught:
        run_job(cluster, task)
    assert type(caught.value).__name__ == kind
    assert jobs.found == {}


def test_kill_deletes_the_job(cluster: Cluster) -> None:
    cluster.settings(nodes=2)
    task = cluster.task(BIG, several=True)
    jobs = Jobs(cluster, task)
    task.submit_job(cluster.context)
    deleted: list[dict[str, Any]] = []
    task.job_client.delete_namespaced_job = lambda **named: deleted.append(named)
    task.on_kill()
    assert deleted == [
        {
            "name": jobs.created[0],
            "namespace": "querysmith",
            "propagation_policy": "Foreground",
            "grace_period_seconds": 20,
        }
    ]


PARSE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "mlflow", "pipeline", "transformers", "docker"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, "dags")
from airflow.serialization.serialized_objects import DagSerialization
import benchmark_model, train_text2sql
for module in (benchmark_model, train_text2sql):
    DagSerialization.serialize_dag(module.dag)
print(*(type(task).__name__ for task in train_text2sql.dag.tasks))
"""


@pytest.mark.parametrize(("nodes", "training"), [("1", "KubernetesStep"), ("2", "KubernetesTraining")])
def test_dag_files_parse_with_this_runner(nodes: str, training: str) -> None:
    environment = {**os.environ, "QUERYSMITH_RUNNER": "kubernetes", "QUERYSMITH_NODES": nodes}
    done = subprocess.run(
        [sys.executable, "-c", PARSE], capture_output=True, text=True, timeout=120, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    operators = done.stdout.splitlines()[-1].split()
    assert operators == ["KubernetesStep", *[training] * 3, "KubernetesStep", "OptionalApproval", "KubernetesStep"]


def documented(block: int) -> list[dict[str, Any]]:
    """The objects of a YAML block in the documentation."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "kubernetes.md").read_text(), re.DOTALL)
    return list(yaml.safe_load_all(blocks[block]))


def test_documented_objects_are_valid_and_those_that_the_runner_names() -> None:
    from settings import Settings

    settings = Settings.from_environment({})
    found = {}
    for value in documented(0):
        strict(value, f"V1{value['kind']}", value["kind"])
        assert value["metadata"]["namespace"] == settings.namespace
        found[value["kind"]] = value["metadata"]["name"]
    assert found["ServiceAccount"] == settings.service_account
    assert found["PersistentVolumeClaim"] == settings.data_volume
    assert found["Service"] == settings.nodes_service


def test_documented_values_name_the_accounts_that_the_role_is_bound_to() -> None:
    from settings import Settings

    (values,) = documented(1)
    (binding,) = (value for value in documented(0) if value["kind"] == "RoleBinding")
    accounts = {values[part]["serviceAccount"]["name"] for part in ("scheduler", "triggerer")}
    assert {subject["name"] for subject in binding["subjects"]} == accounts
    settings = Settings.from_environment({entry["name"]: entry["value"] for entry in values["env"]})
    assert (settings.runner, settings.resources["grpo"].cpus) == ("kubernetes", 16)
