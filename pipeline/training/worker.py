"""One rank of a training in several processes: `python -m pipeline.training.worker JOB.json`, by `accelerate launch`.

Without a GPU the ranks talk through gloo. Nothing is compiled at run time: DeepSpeed does without its shared-memory
operator, and its optimizer is PyTorch's (`zero_force_ds_cpu_optimizer` in accelerate/*.json), because an image need not
have a compiler. DeepSpeed's own optimizer for offloaded states would be faster.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from pathlib import Path

from pipeline.errors import InputError, QuerysmithError
from pipeline.registry.runs import translated_errors
from pipeline.training.failures import leave
from pipeline.training.job import Job, run
from pipeline.training.launch import FAILURES, METRICS_FILE


def main(job_file: Path) -> int:
    threading.Thread(target=_end_with_the_step, daemon=True).start()
    rank = int(os.environ["RANK"])
    _log_for_people(rank)
    import torch

    try:
        job = Job.model_validate_json(job_file.read_text(encoding="utf-8"))
        _meet()
        with translated_errors():
            metrics = run(job)
        if rank == 0:
            (job_file.parent / METRICS_FILE).write_text(json.dumps(metrics), encoding="utf-8")
        torch.distributed.destroy_process_group()
    except Exception as error:
        leave(job_file.parent / FAILURES, rank, error)
        traceback.print_exc()
        return error.exit_code if isinstance(error, QuerysmithError) else 1
    return 0


def _end_with_the_step() -> None:
    """End this process when the step has ended, in whatever way: then standard input, its pipe, is at its end."""
    while os.read(0, 1):
        pass
    os._exit(1)


def _log_for_people(rank: int) -> None:
    """In the command line's format, by which launch.py knows what to pass on; of the first rank only."""
    logging.basicConfig(
        level=logging.WARNING if rank == 0 else logging.ERROR,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    if rank == 0:
        logging.getLogger("querysmith").setLevel(logging.INFO)


def _meet() -> None:
    """Let all ranks of the training find each other, before anything asks how many they are.

    Raises:
        InputError: there are more processes than GPUs.
    """
    import torch

    on_gpu, zero = torch.cuda.is_available(), os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true"
    if on_gpu and int(os.environ["LOCAL_RANK"]) >= torch.cuda.device_count():
        raise InputError(
            f"profile.launch.processes is {os.environ['LOCAL_WORLD_SIZE']}, but this node has "
            f"{torch.cuda.device_count()} GPUs, and each process needs its own"
        )
    if zero:
        _set_up_deepspeed(on_gpu)
    from accelerate import PartialState

    PartialState(cpu=not (on_gpu or zero), backend=None if on_gpu else "gloo")


def _set_up_deepspeed(on_gpu: bool) -> None:
    if not on_gpu:
        os.environ["DS_ACCELERATOR"] = "cpu"
    import deepspeed.ops

    if not on_gpu:  # it would compile the operator that it thinks is possible here
        vars(deepspeed.ops)["__compatible_ops__"] = {}
    told = logging.getLogger("DeepSpeed")  # it says what it does, as the ZeRO stage, where few look: in the log
    told.setLevel(logging.INFO)
    for handler in told.handlers:
        handler.setLevel(logging.INFO)


if __name__ == "__main__":
    if code := main(Path(sys.argv[1])):
        sys.stderr.flush()
        os._exit(code)  # at an orderly end, communication could wait for ranks that wait for this one
