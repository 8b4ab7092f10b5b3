"""The bytes of all live tensors of a piece of work, seen at every operation."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveMemory(TorchDispatchMode):
    """Counts a storage from the operation that returns it until nothing holds it any more, views and in-place results
    once. What an operation needs inside itself is not seen."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.live: dict[int, Any] = {}
        self.now = self.peak = 0
        for tensor in [*model.parameters(), *model.buffers()]:
            self._see(tensor)

    def _see(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = id(storage), storage.nbytes()
        if key in self.live and self.live[key]() is storage:
            return
        self.live[key] = weakref.ref(storage, lambda _: self._forget(key, size))
        self.now += size
        self.peak = max(self.peak, self.now)

    def _forget(self, key: int, size: int) -> None:
        self.now -= size
        self.live.pop(key, None)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(found):
            if isinstance(tensor, torch.Tensor) and tensor.device.type != "meta":
                self._see(tensor)
        return found
