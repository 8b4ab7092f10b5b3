"""The step contract: how a step is run, what it is given, what it leaves, and with which code it ends.

A step is a module of this package with `run(config, context) -> Result`. `execute` gives it one MLflow run (found again
after a crash), a working folder that outlives a crash, and turns what happens into a status and an exit code.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib
import json
import logging
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from pydantic import BaseModel

from pipeline.config import RunConfig, home
from pipeline.errors import InfrastructureError, NothingToDo, QuerysmithError, Terminated
from pipeline.registry import runs

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

logger = logging.getLogger("querysmith")

CHAIN = ("validate", "sft", "self_distill", "grpo", "evaluate", "promote")  # from data to a promoted model
STEPS = (*CHAIN, "benchmark")
# With these a DAG run is over (each benchmark of a DAG run says so anew), and so is the parent run.
LAST_STEPS = ("promote", "benchmark")
RESULT_ARTIFACT = "result.json"
_FULL_BYTES = 2**20  # a disk with less left is full

# What these read can change while their configuration does not (the data folder, the champion): never taken as done.
ALWAYS_REPEATED = ("validate", "evaluate", "benchmark")


class Result(BaseModel):
    """The one small JSON that a step leaves: MLflow URIs and headline numbers, never data."""

    step: str = ""
    run_id: str = ""
    run_url: str = ""
    uris: dict[str, str] = {}
    metrics: dict[str, float] = {}
    notes: dict[str, str] = {}
    error: str = ""


@dataclass(frozen=True)
class Context:
    """What a step works with: its MLflow child run (active while it runs), the parent's id, and its folder on disk."""

    step: str
    dag_run: str
    client: MlflowClient
    run: Run
    parent_id: str
    work: Path

    @property
    def run_id(self) -> str:
        return str(self.run.info.run_id)

    def headline(self, metrics: dict[str, float]) -> None:
        """Log metrics to this step's run and to the parent, where people compare DAG runs."""
        for run_id in (self.run_id, self.parent_id):
            runs.log_figures(self.client, run_id, metrics)


def execute(step: str, config: RunConfig, dag_run: str, result_file: Path | None) -> Result:
    """Run one step under its MLflow run and write its result file (also, with `error`, when it fails).

    A step that already finished with the same configuration is not repeated: its recorded result is returned, so a
    retried or cleared task never trains or registers twice. A changed configuration starts afresh, in a folder of its
    own, because a checkpoint of other settings must not be resumed.

    Raises:
        QuerysmithError: with the exit code that the command must end with.
    """
    result = Result(step=step)
    try:
        with _disk_errors():
            client = runs.connect()
            with runs.translated_errors():
                experiment = runs.experiment_id(client, config.experiment)
                parent = runs.find_or_create(client, experiment, dag_run, runs.PARENT_STEP)
                # One DAG run measures a model on several benchmarks, each in a run of its own.
                name = f"{step} {config.benchmark.name}" if step == "benchmark" else step
                run = runs.find_or_create(client, experiment, dag_run, name, parent.info.run_id)
                result.run_id, result.run_url = run.info.run_id, runs.run_url(run)
                finished = _recorded(client, run, config)
                if finished is not None:
                    logger.info(
                        "%s has finished with this configuration in MLflow run %s: not repeated", step, run.info.run_id
                    )
                    result = finished
                    return result
                work = home() / "work" / _folder_name(dag_run) / f"{step}-{config.digest()}"
                context = Context(step, dag_run, client, run, parent.info.run_id, work)
                with _alone(context), _active_run(context, config):
                    done: Result = importlib.import_module(f"pipeline.steps.{step}").run(config, context)
                    result = done.model_copy(update={"step": step, "run_id": result.run_id, "run_url": result.run_url})
                    client.log_dict(run.info.run_id, result.model_dump(), RESULT_ARTIFACT)
    except BaseException as error:
        result.error = str(error) if isinstance(error, QuerysmithError) else f"{type(error).__name__}: {error}"
        raise
    finally:
        if result_file is not None:
            write_result(result_file, result)
    return result


@contextmanager
def _alone(context: Context) -> Iterator[None]:
    """Hold the step's folder: a retry must not train beside an earlier try whose Airflow worker alone has died.

    The lock goes with the process that holds it.

    Raises:
        InfrastructureError: the earlier try is still at work.
    """
    context.work.mkdir(parents=True, exist_ok=True)
    with (context.work / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InfrastructureError(
                f"an earlier try of {context.step} in {context.dag_run} is still running "
                f"(process {file.read().strip()}); wait for it, or stop that process"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _active_run(context: Context, config: RunConfig) -> Iterator[None]:
    """Make the child run the active one, tag it, and close it (and on failure or at the last step the parent) with
    the status that is true: FINISHED, FAILED, or KILLED when the process was asked to end."""
    import mlflow
    from mlflow.entities import RunTag

    client, run_id = context.client, context.run_id
    tags = {runs.DIGEST: config.digest(), **runs.provenance()}
    for owner in (context.parent_id, run_id):
        client.update_run(owner, status="RUNNING")
        client.log_batch(owner, tags=[RunTag(key, value) for key, value in tags.items()])
    for run in (client.get_run(context.parent_id), context.run):
        runs.log_params(client, run, config.flat())
    previous = signal.signal(signal.SIGTERM, _terminate)
    status = "FAILED"
    try:
        mlflow.start_run(run_id=run_id, log_system_metrics=True)
        yield
        status = "FINISHED"
    except NothingToDo:
        status = "FINISHED"
        raise
    except (Terminated, KeyboardInterrupt):
        status = "KILLED"
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)
        mlflow.end_run(status)
        if status != "FINISHED" or context.step in LAST_STEPS:
            client.set_terminated(context.parent_id, status)


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn a full, read-only or forbidden disk into one line."""
    try:
        yield
    except QuerysmithError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            where, why = error.filename or home(), error.strerror
        # What torch and safetensors raise is no OSError, and need not say why a file could not be written.
        elif os.strerror(errno.ENOSPC) in str(error) or _full(home()):
            where, why = home(), os.strerror(errno.ENOSPC)
        else:
            raise
        raise InfrastructureError(
            f"{where}: cannot be written ({why}); free space there or set QUERYSMITH_HOME"
        ) from error


def _full(folder: Path) -> bool:
    return folder.exists() and shutil.disk_usage(folder).free < _FULL_BYTES


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise Terminated


def _recorded(client: MlflowClient, run: Run, config: RunConfig) -> Result | None:
    """The result that this step recorded, if it finished with this very configuration."""
    step, digest = run.data.tags[runs.STEP], run.data.tags.get(runs.DIGEST)
    if step.partition(" ")[0] in ALWAYS_REPEATED or run.info.status != "FINISHED" or digest != config.digest():
        return None
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Result.model_validate(mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/{RESULT_ARTIFACT}"))
    except MlflowException:  # it ended before it recorded anything (nothing to do)
        return None


def _folder_name(dag_run: str) -> str:
    """`dag_run` as a folder name; a short hash keeps names apart that differ only in replaced characters."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', dag_run)[:80]}-{hashlib.sha256(dag_run.encode()).hexdigest()[:8]}"


def write_result(path: Path, result: Result) -> None:
    """Write beside, then rename: a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(result.model_dump(exclude_defaults=True)), encoding="utf-8")
    temporary.replace(path)
