"""A step as a container beside Airflow, on one Docker host.

The container outlives its Airflow worker: its id is kept in the task state store, and a retry, or a try after the
scheduler's restart, goes on watching that container instead of starting a second one. Of the Docker API this needs,
and a proxy before the socket must allow: GET _ping, version, containers/json, containers/ID/{json,logs,archive}; POST
containers/create, containers/ID/{start,stop}; DELETE containers/ID.

Not covered: images are never pulled; several hosts.
"""

from __future__ import annotations

import os
import tarfile
import time
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import ResumableJobMixin
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from containers import DATA, mask_secrets, public_environment, secret_environment
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import DeviceRequest, LogConfig, Mount
from requests.exceptions import RequestException
from resources import SMALL, profile_gpus
from settings import SETTINGS
from step_contract import EXIT_INPUT, EXIT_NOTHING_TO_DO, KILL_GRACE_S, RESULT_LIMIT_BYTES, Ending, Step, parse_result
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from airflow.sdk import Context
    from pydantic import JsonValue

RESULT = "/result/result.json"
POLL_S = 1.0
CPU_PERIOD_US = 100_000
ARCHIVE_LIMIT_BYTES = RESULT_LIMIT_BYTES + 32 * 1024  # the file, and a tar archive's headers and padding
ENGINE_ERRORS = (DockerException, RequestException, HTTPError, OSError)


class DockerStep(Step, ResumableJobMixin, DockerOperator):
    """Runs a step in a container: non-root, on a read-only file system, without capabilities and the Docker socket."""

    external_id_key = "container_id"

    def __init__(self, *, arguments: list[str], settings: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(
            image=SETTINGS.step_image,
            docker_url=SETTINGS.docker_url or None,
            network_mode=SETTINGS.docker_network,
            user=SETTINGS.step_user,
            mounts=[
                Mount(DATA, SETTINGS.data_volume, type="volume"),
                # Of the container alone, and removed with it. A tmpfs would be gone before the result can be copied.
                Mount(RESULT.rpartition("/")[0], None, type="volume"),
            ],
            mount_tmp_dir=False,
            **kwargs,
        )
        self.arguments = arguments
        self.settings = settings or {}
        self.last_line = self.read_until = ""

    def execute(self, context: Context) -> dict[str, Any]:  # type: ignore[override]
        """Start the step, or find it running; return its result; raises what tells Airflow to retry, fail or skip."""
        self._private_environment = secret_environment(os.environ)
        mask_secrets(self._private_environment)
        try:
            self.execute_resumable(context)
            ending = self.ending()
            self.remove(self.container["Id"])  # only now: until its end is known, a retry can still take it over
        except ImageNotFound as error:
            raise AirflowFailException(
                f"the Docker host has no image {self.image}: build it there, or set QUERYSMITH_STEP_IMAGE"
            ) from error
        except ENGINE_ERRORS as error:
            raise AirflowException(f"the Docker engine failed; the next try finds the container: {error}") from error
        return self.conclude(context, ending)

    def submit_job(self, context: Context) -> str:
        """Create the container and return its id. It is started once the id is stored, so that none runs unknown."""
        labels = labels_of(context)
        self.reap(labels)
        step = self.arguments[0]
        resources = SETTINGS.resources.get(step, SMALL)
        gpus = profile_gpus(self.arguments) if resources.gpu else 0
        memory = resources.memory_bytes(gpus)
        self.environment = public_environment(os.environ, resources.threads(gpus))
        container = self.cli.create_container(
            image=self.image,
            command=["python", *self.python_arguments(RESULT)],
            environment={**self.environment, **self._private_environment},
            user=self.user,
            labels={**labels, "querysmith.try": str(context["ti"].try_number)},
            host_config=self.cli.create_host_config(
                network_mode=self.network_mode,
                mounts=self.mounts,
                # Programs that DeepSpeed and Triton compile are loaded from there.
                tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777"},
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                pids_limit=4096,
                mem_limit=memory,
                memswap_limit=memory,  # no swap: a step that thrashes is worse than one that is killed
                shm_size=round(resources.shm_gib * 2**30),
                # A quota: Docker refuses a number of CPUs that the host does not have.
                **(
                    {"cpu_period": CPU_PERIOD_US, "cpu_quota": round(resources.cpus * CPU_PERIOD_US)}
                    if resources.cpus
                    else {}
                ),
                device_requests=device_requests(gpus) if resources.gpu else None,
                log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "50m", "max-file": "2"}),
            ),
        )
        return str(container["Id"])

    def get_job_status(self, external_id: JsonValue, context: Context) -> str:
        """Docker's word for the container's state, "gone" where there is none; an exit is told with its code."""
        try:
            state = self.cli.inspect_container(external_id)["State"]
        except NotFound:
            return "gone"
        return f"exited {state['ExitCode']}" if state["Status"] in ("exited", "dead") else str(state["Status"])

    def is_job_active(self, status: str) -> bool:
        """Also when it has ended, where that end is this task's; a container that failed is replaced at once."""
        final = (0, EXIT_INPUT, EXIT_NOTHING_TO_DO)
        return status in ("created", "running", "paused", "restarting", *(f"exited {code}" for code in final))

    def is_job_succeeded(self, status: str) -> bool:
        return False  # told apart when its result is read

    def poll_until_complete(self, external_id: JsonValue, context: Context) -> None:
        """Start the container if it is new, and show its log until it has ended."""
        self.container = {"Id": external_id}
        if self.state()["Status"] == "created":
            self.log.info("Starting container %s", external_id)
            self.cli.start(external_id)
        self.follow_log()
        while self.state()["Running"]:
            time.sleep(POLL_S)
            self.follow_log()

    def get_job_result(self, external_id: JsonValue, context: Context) -> None:
        """Left to `execute`: a container that is found again ends like one that was just started."""

    def state(self) -> dict[str, Any]:
        """The container's state; raises AirflowException where somebody else has removed it."""
        try:
            return dict(self.cli.inspect_container(self.container["Id"])["State"])
        except NotFound as error:
            raise AirflowException(
                f"the step's container {self.container['Id'][:12]} was removed from outside"
            ) from error

    def follow_log(self) -> None:
        """Pass on the container's log, from where it was left, until the container ends or the connection breaks."""
        container, seen = self.container["Id"], self.read_until
        since = {"since": int(datetime.fromisoformat(seen).timestamp())} if seen else {}
        try:
            for entry in self.cli.logs(container, stream=True, follow=True, timestamps=True, **since):
                moment, _, line = entry.decode("utf-8", "replace").partition(" ")
                if moment > seen:  # Docker writes all moments with nine digits, in UTC
                    self.read_until, self.last_line = moment, line.rstrip()
                    self.log.info("%s", self.last_line)
        except ENGINE_ERRORS as error:
            self.log.warning("The container's log broke off: %s", error)

    def ending(self) -> Ending:
        """How the container's step ended."""
        state = self.state()
        result, defect = self.read_result()
        code = int(state["ExitCode"])
        remark = ""
        if state.get("OOMKilled"):
            step = self.arguments[0]
            remark = f"out of memory: give {step} more memory_gib in QUERYSMITH_RESOURCES, or choose a smaller profile"
        return Ending(128 - code if code > 128 else code, result, defect, self.last_line, remark)

    def read_result(self) -> tuple[dict[str, Any], str]:
        """The result in the ended container and what is wrong with it; read as JSON, and never more than is allowed."""
        try:
            chunks, _ = self.cli.get_archive(self.container["Id"], RESULT)
        except NotFound:
            return parse_result(None)
        archive = bytearray()
        for chunk in chunks:
            archive += chunk
            if len(archive) > ARCHIVE_LIMIT_BYTES:
                break
        try:
            with tarfile.open(fileobj=BytesIO(archive), mode="r:") as tar:
                member = tar.next()
                file = tar.extractfile(member) if member is not None and member.isreg() else None
                if file is None:
                    return {}, "the step's result is no plain file"
                return parse_result(file.read(RESULT_LIMIT_BYTES + 1))
        except tarfile.TarError as error:
            return {}, f"the step's result cannot be copied from its container: {error}"

    def reap(self, labels: Mapping[str, str]) -> None:
        """Stop and remove what earlier tries of this task have left."""
        filters = {"label": [f"{key}={value}" for key, value in labels.items()]}
        for orphan in self.cli.containers(all=True, filters=filters):
            self.log.warning("Removing container %s of an earlier try (%s)", orphan["Id"][:12], orphan.get("Status"))
            self.stop(orphan["Id"])

    def stop(self, container: str) -> None:
        """Ask the step to end, so that it can close its MLflow run; then kill it and remove the container."""
        try:
            self.cli.stop(container, timeout=KILL_GRACE_S)  # Docker itself kills it after that
        except NotFound:
            return
        except APIError as error:
            self.log.warning("Container %s could not be stopped: %s", container[:12], error)
        self.remove(container)

    def remove(self, container: str) -> None:
        """Remove the container with the volume of its result; one that cannot be removed is the next try's to reap."""
        try:
            self.cli.remove_container(container, v=True, force=True)
        except NotFound:
            pass
        except APIError as error:
            self.log.warning("Container %s could not be removed: %s", container[:12], error)

    def on_kill(self) -> None:
        """The task was ended from outside: its container ends, too."""
        if self.container is not None:
            self.stop(self.container["Id"])


def labels_of(context: Context) -> dict[str, str]:
    """By these a task's container is found again; the same for all its tries."""
    ti = context["ti"]
    return {
        "querysmith.dag_id": ti.dag_id,
        "querysmith.run_id": ti.run_id,
        "querysmith.task_id": ti.task_id,
        "querysmith.map_index": str(ti.map_index),
    }


def device_requests(gpus: int) -> list[DeviceRequest] | None:
    """The GPUs of a container, for a profile that is made for so many."""
    devices, capabilities = SETTINGS.gpu_devices, [["gpu"]]
    if devices == "none" or (devices == "profile" and not gpus):
        return None
    if devices == "profile":
        return [DeviceRequest(count=gpus, capabilities=capabilities)]
    if devices == "all":
        return [DeviceRequest(count=-1, capabilities=capabilities)]
    return [DeviceRequest(device_ids=devices.split(","), capabilities=capabilities)]
