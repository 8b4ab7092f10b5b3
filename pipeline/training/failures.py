"""What a rank leaves when it fails, and what the step makes of it: one line, with the exit code that is due.

When one rank fails, the others fail after it, for want of it: the first to fail is the one that knows why.
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
from pathlib import Path

from pipeline.errors import InfrastructureError, InputError, QuerysmithError

logger = logging.getLogger("querysmith")

_KILLED = re.compile(rb"exitcode *: -9")  # the launcher about a rank that could not say anything itself


def leave(folder: Path, rank: int, error: Exception) -> None:
    """Write down in `folder` that and how this rank has failed."""
    expected = isinstance(error, QuerysmithError)
    content = {
        "at": time.time(),
        "rank": rank,
        "input": isinstance(error, InputError),
        "message": str(error) if expected else " ".join(f"{type(error).__name__}: {error}".split())[:300],
        "traceback": "" if expected else "".join(traceback.format_exception(error)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".rank-{rank}"
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(folder / f"rank-{rank}.json")


def failure(folder: Path, log: Path, since: int) -> QuerysmithError:
    """Why a training in several processes has failed; `log` holds all that they have written, from byte `since` on."""
    left = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("rank-*.json")]
    first = min(left, key=lambda content: content["at"], default=None)
    if first is None or (first["traceback"] and _KILLED.search(log.read_bytes(), since)):
        return InfrastructureError(
            f"a training process was ended from outside, which the system does when memory runs out (see {log}); use a "
            "smaller profile.sft.micro_batch or profile.grpo.micro_batch, or profile.launch.strategy=zero3 with offload"
        )
    if first["input"]:
        return InputError(first["message"])
    if first["traceback"]:
        logger.error("training process %d:\n%s", first["rank"], first["traceback"].rstrip())
        return InfrastructureError(f"training process {first['rank']} failed: {first['message']} (see {log})")
    return InfrastructureError(first["message"])
