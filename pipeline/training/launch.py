"""Trains a job where its profile says: in this process, or in several that `accelerate launch` starts on each node.

The ranks' whole output goes to a file; what the first one tells people is passed on. Every rank ends when this process
does, however it ends: it watches its standard input, whose other end only this process holds.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pipeline
from pipeline.data.dataset import write_jsonl
from pipeline.errors import InputError
from pipeline.profile import LaunchSettings
from pipeline.training.failures import failure
from pipeline.training.job import Job, run
from pipeline.training.nodes import Node, announced, this_node

logger = logging.getLogger("querysmith")

CONFIGURATIONS = Path(__file__).parent / "accelerate"
JOB_FILE, METRICS_FILE, LOG_FILE, FAILURES = "job.json", "metrics.json", "training.log", "failures"
_OF_OURS = re.compile(rb"\d\d:\d\d:\d\d (INFO|WARNING|ERROR) ")  # as the worker formats what people should read
_END_S = 10.0
# Training on a CPU asks for the same large pieces of memory again and again. By default glibc gives them back each
# time, and a sixth of the time goes into clearing new pages; so it keeps them. Other C libraries ignore it.
_KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
    "MALLOC_TOP_PAD_": str(1 << 28),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def train(job: Job, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Train `job` on `rows`, from its last complete checkpoint if there is one; the model is then in `job.output`.

    Returns what job.run returns.

    Raises:
        InputError: as job.run; or there are several nodes, but the profile has no strategy for them.
        InfrastructureError: as job.run; or a process was killed.
    """
    job.work.mkdir(parents=True, exist_ok=True)
    write_jsonl(job.rows, [dict(row) for row in rows])
    launch, node = job.config.profile.launch, this_node()
    if launch.strategy == "single":
        if node.count > 1:
            raise InputError(
                f"the environment names {node.count} nodes (NNODES); set profile.launch.strategy to ddp, zero2 or zero3"
            )
        return run(job)
    metrics_file, job_file = job.work / METRICS_FILE, job.work / JOB_FILE
    metrics_file.unlink(missing_ok=True)
    shutil.rmtree(job.work / FAILURES, ignore_errors=True)
    job_file.write_text(job.model_dump_json(), encoding="utf-8")
    _free_gpu_memory()
    logger.info("training with %s in %d processes", launch.strategy, launch.processes * node.count)
    with announced(job_file, launch, node):
        run_ranks(job_file, launch, node)
    metrics: dict[str, float] = json.loads(metrics_file.read_text(encoding="utf-8"))
    return metrics


def command(job_file: Path, launch: LaunchSettings, node: Node, threads: int) -> list[str]:
    """The command that starts this node's ranks, each with so many CPU threads.

    On one node the launcher looks for a free port itself, so that two trainings do not meet by chance.
    """
    kind = ["--config_file", str(CONFIGURATIONS / "ddp.yaml")]
    if launch.strategy != "ddp":
        settings = f"{launch.strategy}{'_offload' if launch.offload else ''}.json"
        kind = ["--config_file", str(CONFIGURATIONS / "deepspeed.yaml")]
        kind += ["--deepspeed_config_file", str(CONFIGURATIONS / settings)]
    several = ["--machine_rank", str(node.rank), "--main_process_ip", node.address] if node.count > 1 else []
    return [
        *(sys.executable, "-m", "accelerate.commands.launch", *kind),
        *("--num_machines", str(node.count), "--num_processes", str(launch.processes * node.count), *several),
        *("--main_process_port", str(node.port if node.count > 1 else 0)),
        *("--num_cpu_threads_per_process", str(threads)),
        *("-m", "pipeline.training.worker", str(job_file)),
    ]


def run_ranks(job_file: Path, launch: LaunchSettings, node: Node) -> None:
    """Start this node's ranks and wait for their end.

    Raises:
        InputError: as a rank has said.
        InfrastructureError: as a rank has said, or one was killed.
    """
    threads = int(os.environ.get("OMP_NUM_THREADS") or max(len(os.sched_getaffinity(0)) // launch.processes, 1))
    # The ranks must find this very package wherever they are started.
    path = os.pathsep.join(filter(None, [str(Path(pipeline.__file__).parent.parent), os.environ.get("PYTHONPATH")]))
    log_file = job_file.with_name(LOG_FILE if node.rank == 0 else f"node-{node.rank}-{LOG_FILE}")
    written = log_file.stat().st_size if log_file.exists() else 0
    process = subprocess.Popen(
        command(job_file, launch, node, threads),
        env={**_KEEP_MEMORY, **os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a Ctrl-C at the terminal is for this process, which then ends them
    )
    assert process.stdin is not None
    assert process.stdout is not None
    reader = threading.Thread(target=_pass_on, args=(process.stdout, log_file))
    reader.start()
    try:
        code = process.wait()
    finally:
        process.stdin.close()  # now the ranks end, whether or not there still is a launcher to end them
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        reader.join(_END_S)  # it ends with the last rank
    if code:
        raise failure(job_file.parent / FAILURES, log_file, written)


def _pass_on(output: IO[bytes], log_file: Path) -> None:
    """Keep all that launcher and ranks write, and show what is meant for people."""
    with output, log_file.open("ab", buffering=0) as log:
        for line in output:
            log.write(line)
            if _OF_OURS.match(line):
                sys.stderr.write(line.decode("utf-8", "replace"))


def _free_gpu_memory() -> None:
    """What the step itself has used of a GPU is now the ranks'."""
    import torch

    torch.cuda.empty_cache()
