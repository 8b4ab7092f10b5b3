"""What all trainers share: the arguments that do not depend on the method, and training that survives SIGKILL."""

from __future__ import annotations

import json
import logging
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from pipeline.profile import ModelSettings
from pipeline.training.adapters import merge, require_bitsandbytes

if TYPE_CHECKING:
    import torch
    from transformers import Trainer

logger = logging.getLogger("querysmith")

SEAL = "ranks.json"


def common_arguments(model: ModelSettings, work: Path, checkpoint_steps: int, seed: int) -> dict[str, Any]:
    """Training arguments for this machine, CPU or GPU; checkpoints go under `work`.

    Raises:
        InputError: the settings need a package or a GPU that is not there.
    """
    import torch
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    on_gpu, state = torch.cuda.is_available(), PartialState()
    deepspeed = state.distributed_type == DistributedType.DEEPSPEED
    if model.optimizer == "adamw_8bit":
        require_bitsandbytes("profile.model.optimizer=adamw_8bit", "set it to adamw")
    checkpointing = model.gradient_checkpointing
    return {
        "output_dir": str(work),
        "bf16": model.mixed_precision or model.dtype == "bfloat16",
        "use_cpu": not on_gpu and not deepspeed,  # for accelerate, DeepSpeed on a CPU is no CPU training
        "ddp_backend": state.backend,
        "log_level": "info" if deepspeed else "passive",  # DeepSpeed's too, which tells the ZeRO stage
        "gradient_checkpointing": on_gpu if checkpointing == "gpu" else checkpointing == "always",
        "use_liger_kernel": on_gpu and find_spec("liger_kernel") is not None,
        **({"optim": model.optimizer} if model.optimizer != "adamw" else {}),
        "dataloader_pin_memory": on_gpu,
        "save_strategy": "steps",
        "save_steps": checkpoint_steps,
        "save_total_limit": 2,  # the newest may be cut short by a crash, then the one before it counts
        "report_to": "none",  # see reporting.py
        "disable_tqdm": True,
        "seed": seed,
    }


def batch_arguments(setting: str, batch: int, micro_batch: int) -> dict[str, Any]:
    """How `batch` samples are spread over the processes of this training, and over backward passes of each of them.

    Raises:
        InputError: the batch cannot be spread evenly; names `setting`, where the batch is set.
    """
    from accelerate import PartialState

    processes = PartialState().num_processes
    share, rest = divmod(batch, processes)
    size = min(micro_batch or share, share)
    if rest or not size or share % size:
        raise InputError(
            f"{setting}: {batch} samples cannot be spread over {processes} processes, {micro_batch or share} at a "
            f"time; choose a multiple of {processes * (micro_batch or 1)}"
        )
    return {"per_device_train_batch_size": size, "gradient_accumulation_steps": share // size}


def train(trainer: Trainer, work: Path) -> dict[str, float]:
    """Train, from the last complete checkpoint under `work` if there is one; returns the trainer's metrics.

    An adapter is merged into the model at the end.

    Raises:
        InputError: the checkpoint is that of another number of processes.
    """
    from accelerate.utils import is_peft_model
    from transformers import PrinterCallback

    from pipeline.training.seal import Seal, require_same_ranks
    from pipeline.training.shared_prompts import share_prompts, shares_prompts

    _score_learned_positions_only()
    model: Any = trainer.model
    base = model.get_base_model() if is_peft_model(model) else model
    if shares_prompts(base):
        share_prompts(base)
    trainer.remove_callback(PrinterCallback)  # it prints every log line, which the reporter has
    trainer.add_callback(Seal())
    with trainer.args.main_process_first(local=False):  # it alone removes what was cut short
        checkpoint = last_checkpoint(work)
    if checkpoint:
        require_same_ranks(Path(checkpoint), trainer.args.world_size)
        logger.info("resuming from %s", checkpoint)
    outcome = trainer.train(resume_from_checkpoint=checkpoint)
    assert trainer.model is not None
    merge(trainer.model)
    return {key: float(value) for key, value in outcome.metrics.items()}


def _score_learned_positions_only() -> None:
    """Let TRL's fused loss leave out the positions that nothing is learned at, on a CPU as it does on a GPU.

    It scores all of them wherever a changing number would mean another compilation, and counts every CPU among those.
    Prompts are most of a batch: with them a step of SFT took 1.3 times as long (`querysmith bench training`).
    """
    from trl.trainer import utils

    on_gpu = utils._use_triton  # its only use in that module is this choice
    if on_gpu.__module__ != __name__:

        def leaves_out(device: torch.device) -> bool:
            return device.type == "cpu" or bool(on_gpu(device))

        utils._use_triton = leaves_out


def last_checkpoint(folder: Path) -> str | None:
    """The newest complete `checkpoint-N` under `folder`, or None.

    The trainer writes `trainer_state.json` last, so a checkpoint without a readable one was cut short by a crash; it is
    removed, because the trainer would otherwise count it among those that it keeps. Of several processes only the first
    writes that file, while others may still be writing their parts: their checkpoints are complete with a seal.
    """
    found = [
        (int(match[1]), path) for path in folder.glob("*") if (match := re.fullmatch(r"checkpoint-(\d+)", path.name))
    ]
    for step, path in sorted(found, reverse=True):
        try:
            state = json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            state = {}
        parts = any(path.glob("rng_state_*.pth"))  # one process has rng_state.pth
        if state.get("global_step") == step and (not parts or (path / SEAL).is_file()):
            return str(path)
        shutil.rmtree(path)
    return None
