"""Which node of a training this is, and where the nodes meet: told by the environment, as torchrun and Kubernetes do.

    count   NNODES, PET_NNODES                              default 1
    rank    NODE_RANK, PET_NODE_RANK, JOB_COMPLETION_INDEX  needed for several; the last is an Indexed Job's
    meeting MASTER_ADDR, MASTER_PORT (PET_ as well)         the first node's; the port defaults to 29500

The first node runs the step; the others run `python -m pipeline.training.join`, which takes part in what the first one
announces here. All nodes see one `QUERYSMITH_HOME`. Not covered: nodes that come and go during a training.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import home
from pipeline.errors import InfrastructureError, InputError
from pipeline.profile import LaunchSettings

_DEFAULT_PORT = 29500


@dataclass(frozen=True)
class Node:
    """Number `rank` of `count` nodes, which meet at `address`:`port`, the first node's."""

    count: int = 1
    rank: int = 0
    address: str = ""
    port: int = _DEFAULT_PORT


def this_node(environment: Mapping[str, str] = os.environ) -> Node:
    """The node that `environment` describes.

    Raises:
        InputError: there are several, but not which one this is or where they meet; or a number is none.
    """
    count = _number(environment, "NNODES", "PET_NNODES") or 1
    if count == 1:
        return Node()
    rank = _number(environment, "NODE_RANK", "PET_NODE_RANK", "JOB_COMPLETION_INDEX")
    address = environment.get("MASTER_ADDR") or environment.get("PET_MASTER_ADDR", "")
    if rank is None or not address:
        missing = "NODE_RANK" if rank is None else "MASTER_ADDR"
        raise InputError(f"the environment names {count} nodes (NNODES), but {missing} is not set")
    if rank >= count:
        raise InputError(f"NODE_RANK is {rank}, but of {count} nodes (NNODES) the last one has {count - 1}")
    return Node(count, rank, address, _number(environment, "MASTER_PORT", "PET_MASTER_PORT") or _DEFAULT_PORT)


def _number(environment: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        if text := environment.get(name, ""):
            if not text.isdecimal():
                raise InputError(f"{name} must be a whole number, it is {text!r}")
            return int(text)
    return None


@contextmanager
def announced(job: Path, launch: LaunchSettings, node: Node) -> Iterator[None]:
    """Tell the other nodes, if there are any, which job to take part in; withdrawn at the end."""
    if node.count == 1:
        yield
        return
    file = _announcement(node)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps({"job": str(job), "launch": launch.model_dump()}), encoding="utf-8")
    temporary.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def await_announcement(node: Node, limit_s: float) -> tuple[Path, LaunchSettings]:
    """The job that the first node announces.

    Raises:
        InfrastructureError: it announces none within `limit_s` seconds.
    """
    file, deadline = _announcement(node), time.monotonic() + limit_s
    while not file.is_file():
        if time.monotonic() > deadline:
            raise InfrastructureError(
                f"the first node ({node.address}) has announced no training within {limit_s:.0f} s"
            )
        time.sleep(0.2)
    content = json.loads(file.read_text(encoding="utf-8"))
    return Path(content["job"]), LaunchSettings.model_validate(content["launch"])


def _announcement(node: Node) -> Path:
    return home() / "nodes" / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', node.address)}-{node.port}.json"
