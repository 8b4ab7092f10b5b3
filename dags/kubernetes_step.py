"""A step as a pod on Kubernetes.

A pod is found again by its name in the task state store, like a container (see docker_step.py); while it runs, the task
waits in the triggerer and holds no worker. What the worker's and the triggerer's service account must be allowed stands
in docs/kubernetes.md, and a training over several pods in kubernetes_training.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.utils.container import get_container_status
from airflow.providers.cncf.kubernetes.utils.xcom_sidecar import PodDefaults
from airflow.sdk.exceptions import AirflowException
from containers import DATA, public_environment
from kubernetes.client import models as k8s
from resources import GIB, SMALL, profile_gpus
from settings import SETTINGS
from step_contract import KILL_GRACE_S, Ending, Step, parse_result

if TYPE_CHECKING:
    from airflow.sdk import Context

RESULT = f"{PodDefaults.XCOM_MOUNT_PATH}/return.json"
START_LIMIT_S = 1800  # an image of several GiB, on a node that may first have to be started


class KubernetesStep(Step, KubernetesPodOperator):
    """Runs a step in a pod: non-root, on a read-only file system, without capabilities and access to Kubernetes."""

    def __init__(
        self,
        *,
        arguments: list[str],
        settings: Mapping[str, str] | None = None,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        uid, gid = (int(number) for number in SETTINGS.step_user.split(":"))
        restricted = k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        )
        resources = SETTINGS.resources.get(arguments[0], SMALL)
        claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=SETTINGS.data_volume)
        shared_memory = k8s.V1EmptyDirVolumeSource(medium="Memory", size_limit=mebibytes(resources.shm_gib * GIB))
        super().__init__(
            name=f"querysmith-{arguments[0].replace('_', '-')}",
            namespace=SETTINGS.namespace,
            image=SETTINGS.step_image,
            arguments=arguments,
            labels={"app.kubernetes.io/name": "querysmith", "app.kubernetes.io/component": arguments[0]},
            service_account_name=SETTINGS.service_account,
            automount_service_account_token=False,
            security_context=k8s.V1PodSecurityContext(
                run_as_non_root=True,
                run_as_user=uid,
                run_as_group=gid,
                fs_group=gid,
                fs_group_change_policy="OnRootMismatch",
                seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
            ),
            container_security_context=restricted,
            xcom_sidecar_container_security_context=restricted,
            volumes=[
                k8s.V1Volume(name="data", persistent_volume_claim=claim),
                k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource()),
                k8s.V1Volume(name="shm", empty_dir=shared_memory),
            ],
            volume_mounts=[
                k8s.V1VolumeMount(name="data", mount_path=DATA),
                k8s.V1VolumeMount(name="tmp", mount_path="/tmp"),
                k8s.V1VolumeMount(name="shm", mount_path="/dev/shm"),
            ],
            pod_template_file=SETTINGS.pod_template or None,
            startup_timeout_seconds=START_LIMIT_S,
            termination_grace_period=KILL_GRACE_S,
            termination_message_policy="FallbackToLogsOnError",
            log_pod_spec_on_failure=False,
            do_xcom_push=True,
            durable=True,
            deferrable=deferrable,
            logging_interval=30,
            **kwargs,
        )
        self.settings = settings or {}
        self.result: dict[str, Any] | None = None
        self.defect = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Start the step, or find it running, and wait in the triggerer for its end."""
        super().execute(context)
        return self.final(context)

    def trigger_reentry(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Back from the triggerer: return the step's result; raises what tells Airflow to retry, fail or skip."""
        super().trigger_reentry(context, event)
        return self.final(context)

    def final(self, context: Context) -> dict[str, Any]:
        """The result of a step that succeeded."""
        if self.result is None:
            raise AirflowException("the step's pod was removed before its result was read; the next try reads it again")
        return self.conclude(context, Ending(0, self.result, self.defect))

    def extract_xcom(self, pod: k8s.V1Pod, *, ignore_kill_failure: bool = True) -> dict[str, Any]:
        """The step's result, checked like every runner's."""
        try:
            found = super().extract_xcom(pod, ignore_kill_failure=ignore_kill_failure)
        except ValueError as error:
            self.result, self.defect = {}, f"the step's result is not JSON: {error}"
        else:
            self.result, self.defect = parse_result(None if found is None else json.dumps(found).encode())
        return self.result

    def _push_xcom_with_fan_out(self, ti: Any, value: Any) -> None:
        """The provider's way to give a failed task a result. A failed step has none, it has an error line."""

    def cleanup(
        self,
        pod: k8s.V1Pod,
        remote_pod: k8s.V1Pod,
        xcom_result: dict[str, Any] | None = None,
        context: Context | None = None,
    ) -> None:
        """Remove the pod; where its step failed, say so as the step contract wants it."""
        failure: AirflowException | None = None
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        except AirflowException as error:
            failure = error
        ending = self.ending(remote_pod)
        if context is not None and ending is not None and (ending.exit_code or ending.defect):
            self.conclude(context, ending)
        if failure is not None:
            raise failure

    def ending(self, pod: k8s.V1Pod | None) -> Ending | None:
        """How the pod's step ended, None where that cannot be told."""
        status = get_container_status(pod, self.base_container_name) if pod else None
        ended = status.state.terminated if status and status.state else None
        if ended is None:
            return None
        code, remark = int(ended.exit_code), ""
        if ended.reason == "OOMKilled":
            step = self.arguments[0]
            remark = f"out of memory: give {step} more memory_gib in QUERYSMITH_RESOURCES, or choose a smaller profile"
        said = (ended.message or "").strip().splitlines()
        return Ending(
            128 - code if code > 128 else code, self.result or {}, self.defect, said[-1] if said else "", remark
        )

    def build_pod_request_obj(self, context: Context | None = None, *, dry_run: bool = False) -> k8s.V1Pod:
        """The pod for the rendered arguments."""
        self.prepare()
        pod = super().build_pod_request_obj(context, dry_run=dry_run)
        self.complete(pod.spec, ["python", *self.python_arguments(RESULT)])
        return pod

    def prepare(self) -> None:
        """What can only be told when the task runs: the profile's GPUs, and the worker's environment."""
        resources = SETTINGS.resources.get(self.arguments[0], SMALL)
        gpus = profile_gpus(self.arguments) if resources.gpu and SETTINGS.gpu_devices != "none" else 0
        memory = mebibytes(resources.memory_bytes(gpus))
        # CPUs are asked for but not limited: those that nobody else uses are free.
        cpus = {"cpu": f"{round(resources.cpus * 1000)}m"} if resources.cpus else {}
        self.container_resources = k8s.V1ResourceRequirements(
            requests={**cpus, "memory": memory},
            limits={"memory": memory, **({SETTINGS.gpu_resource: str(gpus)} if gpus else {})},
        )
        public = public_environment(os.environ, resources.threads(gpus))
        self.env_vars = [k8s.V1EnvVar(name=name, value=value) for name, value in public.items()]
        for name in SETTINGS.step_secrets:
            key = k8s.V1SecretKeySelector(name=SETTINGS.secret, key=name, optional=True)
            self.env_vars.append(k8s.V1EnvVar(name=name, value_from=k8s.V1EnvVarSource(secret_key_ref=key)))

    def complete(self, spec: k8s.V1PodSpec, command: list[str]) -> None:
        """Give a pod the step's command, and the container that holds its result an image that is there anyway."""
        for container in spec.containers:
            if container.name == self.base_container_name:
                # Kubernetes puts variables, and so secrets, in the place of $(NAME), also in what a form has said.
                container.args = [argument.replace("$", "$$") for argument in command]
            elif container.name == PodDefaults.SIDECAR_CONTAINER_NAME:
                container.image = self.image
                container.resources = k8s.V1ResourceRequirements(
                    requests={"cpu": "10m", "memory": "16Mi"}, limits={"memory": "64Mi"}
                )
        for volume in spec.volumes:
            if volume.name == PodDefaults.VOLUME.name:
                volume.empty_dir.size_limit = "1Mi"


def mebibytes(count: float) -> str:
    """So many bytes as Kubernetes writes them."""
    return f"{round(count / 2**20)}Mi"
