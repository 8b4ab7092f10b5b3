"""A training over several nodes as an Indexed Job of Kubernetes.

The provider's operator for Jobs starts a second Job when its worker has died, looks for the pods once, and waits for
all of them: so it builds the Job here, and no more. While the Job runs, its task holds a worker.

Not covered: starting all nodes of a Job at once or not at all (that is a queue's work, such as Kueue's).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
from airflow.sdk import ResumableJobMixin
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException
from kubernetes_step import RESULT, START_LIMIT_S, KubernetesStep
from resources import profile_gpus
from settings import SETTINGS

if TYPE_CHECKING:
    from airflow.sdk import Context
    from pydantic import JsonValue

POLL_S = 5.0
JOB_LIFE_S = 24 * 3600  # of one that has ended while no Airflow was there to remove it
RENDEZVOUS_PORT = 29500
COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
# All pods of a Job have one command: the first node runs the step, the others take part in what it announces.
NODE = 'if [ "$JOB_COMPLETION_INDEX" = 0 ]; then exec python "$@"; else exec python -m pipeline.training.join; fi'


class KubernetesTraining(ResumableJobMixin, KubernetesStep, KubernetesJobOperator):
    """Runs a training step over several pods, which find each other as torchrun's nodes do.

    The first pod runs the step; its end is the task's. The Job lasts no longer: what other pods then still wait for
    will not come.
    """

    external_id_key = "job_name"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            subdomain=SETTINGS.nodes_service,
            completion_mode="Indexed",
            backoff_limit=0,  # one node less ends the training; Airflow tries again, from the last checkpoint
            ttl_seconds_after_finished=JOB_LIFE_S,
            deferrable=False,
            **kwargs,
        )

    def execute(self, context: Context) -> dict[str, Any]:
        """Start the Job, or find it running, and return the step's result; raises as every step does."""
        self.execute_resumable(context)
        ending = self.ending(self.pod_manager.read_pod(self.first_pod()))
        self.delete_job(self.job_name)
        if ending is not None and ending.exit_code:
            self.conclude(context, ending)
        return self.final(context)

    def submit_job(self, context: Context) -> str:
        """Create the Job and return its name, once those of earlier tries are gone."""
        self.job_request_obj = self.build_job_request_obj(context)
        of_this_task = self._get_ti_pod_labels(context, include_try_number=False)
        selector = ",".join(f"{key}={value}" for key, value in of_this_task.items())
        for orphan in self.job_client.list_namespaced_job(SETTINGS.namespace, label_selector=selector).items:
            self.log.warning("Removing job %s of an earlier try", orphan.metadata.name)
            self.delete_job(orphan.metadata.name)
        self.job = self.create_job(self.job_request_obj)
        return self.job_name

    @property
    def job_name(self) -> str:
        assert self.job is not None
        return str(self.job.metadata.name)

    def get_job_status(self, external_id: JsonValue, context: Context) -> str:
        """One of "active", "failed", "gone"."""
        try:
            self.job = self.hook.get_job(str(external_id), SETTINGS.namespace)
        except ApiException as error:
            if error.status != 404:
                raise
            return "gone"
        return "failed" if self.job.metadata.deletion_timestamp or self.hook.is_job_failed(self.job) else "active"

    def is_job_active(self, status: str) -> bool:
        return status == "active"

    def is_job_succeeded(self, status: str) -> bool:
        return False  # told apart when the first pod's result is read

    def poll_until_complete(self, external_id: JsonValue, context: Context) -> None:
        """Show the first pod's log until its step has ended, and read its result."""
        first = self.first_pod()
        self.await_pod_start(first)
        self.await_pod_completion(first)
        try:
            self.pod_manager.await_xcom_sidecar_container_start(first)
            self.extract_xcom(first)
        except AirflowException as error:
            self.log.warning("The step's result cannot be read: %s", error)

    def get_job_result(self, external_id: JsonValue, context: Context) -> None:
        """Left to `execute`: a Job that is found again ends like one that was just started."""

    def first_pod(self) -> k8s.V1Pod:
        """The Job's first pod; raises AirflowException where none appears in time."""
        name, deadline = self.job_name, time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            pods = self.client.list_namespaced_pod(SETTINGS.namespace, label_selector=f"job-name={name}").items
            for pod in pods:
                if (pod.metadata.annotations or {}).get(COMPLETION_INDEX) == "0":
                    return pod
            if self.hook.is_job_failed(self.hook.get_job(name, SETTINGS.namespace)):
                break
            time.sleep(POLL_S)
        raise AirflowException(f"job {name} has no first pod; see its events in Kubernetes")

    def delete_job(self, name: str) -> None:
        """Delete a Job with its pods."""
        try:
            self.job_client.delete_namespaced_job(name, SETTINGS.namespace, propagation_policy="Background")
        except ApiException as error:
            if error.status != 404:
                raise

    def build_job_request_obj(self, context: Context | None = None) -> k8s.V1Job:
        """The Job for the rendered arguments: one pod where the profile has no use for more."""
        self.prepare()
        nodes = SETTINGS.nodes if profile_gpus(self.arguments) > 1 else 1
        self.parallelism = self.completions = nodes
        job = super().build_job_request_obj(context)
        job.metadata.labels = {**(job.metadata.labels or {}), **self._get_ti_pod_labels(context)}
        self.complete(job.spec.template.spec, ["/bin/sh", "-c", NODE, "node", *self.python_arguments(RESULT)])
        meeting = {
            "NNODES": str(nodes),
            "MASTER_ADDR": f"{job.metadata.name}-0.{SETTINGS.nodes_service}",
            "MASTER_PORT": str(RENDEZVOUS_PORT),
        }
        job.spec.template.spec.containers[0].env += [k8s.V1EnvVar(name=k, value=v) for k, v in meeting.items()]
        return job
