"""What one GPU's memory holds during a training, in bytes, worked out from the architecture and the settings.

The activations are counted tensor by tensor as transformers' Qwen2 and Qwen3 keep them for the backward pass (checked
against the live storage of a real training in tests/training/test_footprint.py). Not covered: fragmentation of the
allocator beyond RUNTIME, Liger kernels and FlashAttention (both need less), DeepSpeed's smaller buffers.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.profile import LaunchSettings, ModelSettings
from pipeline.training.sizes import Sizes

GIB = 2**30
# The CUDA context, cuBLAS workspaces and the allocator's rounding; and what NCCL takes where there are several GPUs.
RUNTIME, NCCL = 0.8 * GIB, 1.0 * GIB
# The trainers compute log-probabilities in tiles of so many tokens and entries of the vocabulary (TRL's kernel), and
# without a GPU with so many float32 copies of a tile.
TILE_TOKENS, TILE_VOCABULARY, TILE_COPIES = 4096, 32768, 8
# NormalFloat-4 with doubly quantised constants: 4 bits, one byte for 64 weights, four bytes for 256 of those.
FOUR_BIT = 0.5 + 1 / 64 + 4 / (64 * 256)
# ZeRO-3 keeps at most so many gathered parameters (DeepSpeed's stage3_max_live_parameters).
LIVE_PARAMETERS = 1_000_000_000


class Footprint(dict[str, float]):
    """Bytes by what takes them, at one moment."""

    def __or__(self, other: dict[str, float]) -> Footprint:  # type: ignore[override]
        return Footprint({**self, **other})

    @property
    def total(self) -> float:
        return sum(self.values())


@dataclass(frozen=True)
class Held:
    """How a model is held by each process: numbers per parameter in bytes, `arithmetic` and `stream` (the residual
    stream, which has the weights' type) per activation; `trained` parameters of which each process keeps `share`."""

    sizes: Sizes
    model: ModelSettings
    launch: LaunchSettings
    on_gpu: bool

    @property
    def zero(self) -> bool:
        return self.launch.strategy.startswith("zero")

    @property
    def arithmetic(self) -> int:
        return 2 if self.model.mixed_precision or self.model.dtype == "bfloat16" else 4

    @property
    def stream(self) -> int:
        """DeepSpeed turns the weights into the arithmetic's type, and keeps float32 ones with the optimizer."""
        return self.arithmetic if self.zero or self.model.dtype == "bfloat16" else 4

    @property
    def adapter_bytes(self) -> int:
        """peft keeps adapters in float32, but TRL those of quantised weights in bfloat16."""
        return 2 if self.model.adapter and self.model.adapter.quantize else 4

    @property
    def trained(self) -> int:
        adapter = self.model.adapter
        return self.sizes.adapter_parameters(adapter) if adapter else self.sizes.parameters

    @property
    def trained_bytes(self) -> int:
        return self.adapter_bytes if self.model.adapter else self.stream

    @property
    def checkpointed(self) -> bool:
        wanted = self.model.gradient_checkpointing
        return wanted == "always" or (wanted == "gpu" and self.on_gpu)

    @property
    def casts(self) -> float:
        """Autocast's copies in bfloat16 of float32 weights."""
        if self.arithmetic == self.stream:
            return self.trained * 2 if self.model.adapter and self.adapter_bytes > self.arithmetic else 0
        return self.sizes.linear_parameters * 2

    def weights(self) -> float:
        sizes, adapter = self.sizes, self.model.adapter
        plain: float = sizes.parameters * self.stream
        if adapter and adapter.quantize:
            plain = sizes.linear_parameters * FOUR_BIT + (sizes.parameters - sizes.linear_parameters) * self.stream
        whole = plain + (self.trained * self.adapter_bytes if adapter else 0)
        if self.launch.strategy != "zero3":
            return whole
        live = min(sizes.parameters, LIVE_PARAMETERS) + sizes.embedding_parameters
        return live * self.stream + (0 if self.launch.offload else whole / self.launch.processes)

    def gradients(self) -> float:
        size = self.trained * self.trained_bytes
        if self.zero:
            return 0 if self.launch.offload else size / self.launch.processes
        return size * (2 if self.launch.strategy == "ddp" else 1)  # DDP's buckets hold them once more

    def optimizer(self) -> float:
        """Two moments; in 8 bits with a float32 constant for each 256; under ZeRO in float32, with float32 weights."""
        if self.launch.offload:
            return 0
        if self.model.optimizer == "adamw_8bit":
            return self.trained * 2 * (1 + 4 / 256)
        if self.zero:
            master = 4 if self.arithmetic < 4 else 0
            return self.trained * (8 + master) / self.launch.processes
        return self.trained * 2 * self.trained_bytes

    def runtime(self) -> float:
        return (RUNTIME + (NCCL if self.launch.processes > 1 else 0)) if self.on_gpu else 0

    def always(self) -> Footprint:
        return Footprint({"weights": self.weights(), "optimizer": self.optimizer(), "runtime": self.runtime()})


def kept_per_token(held: Held, masked_to: int = 0) -> float:
    """Bytes that one block keeps for the backward pass per token, without checkpointing.

    `masked_to`: the length to which sequences of different lengths are padded; 0 where none is, so that no mask is
    needed and keys and values are not repeated for every head.
    """
    sizes, number, stream = held.sizes, held.arithmetic, held.stream
    adapter = held.model.adapter
    hidden, query, key, inner = sizes.hidden, sizes.query, sizes.key, sizes.intermediate
    copied = adapter is not None and held.adapter_bytes > number  # each adapter casts its input for itself
    apart = copied or (adapter is None and stream > number)  # so does each linear layer under autocast
    # Norms: the input in float32 with a factor per row, and before the weight is applied, if that is trained.
    norms = 2 * (4 * hidden + 4 + (0 if adapter else stream * hidden))
    if sizes.qk_norm:
        norms += (4 + (0 if adapter else number)) * (query + key) + 4 * (sizes.heads + sizes.kv_heads)
    inputs = number * hidden * (5 if apart else 2)  # of query, key, value; of gate and up
    heads = 2 * query + 2 * (query if masked_to else key)  # query and output, keys and values
    attention = number * (heads + masked_to) + 4 * sizes.heads + (number * query if copied else 0)
    mlp = number * inner * 4
    ranks = number * adapter.rank * len(sizes.linears()) if adapter else 0
    return norms + inputs + attention + mlp + ranks


def training(held: Held, batch: int, tokens: int, scored: int, accumulates: bool, masked: bool) -> Footprint:
    """One backward pass and the optimizer's step, at the moment that needs most.

    `batch` sequences of `tokens` tokens, `scored` of each in the loss; `accumulates`: several passes make one step,
    so that gradients of earlier ones are there.
    """
    sizes, number = held.sizes, batch * tokens
    block = kept_per_token(held, tokens if masked else 0) * number
    checkpoints = sizes.layers * held.stream * sizes.hidden * number
    kept = checkpoints if held.checkpointed else sizes.layers * block
    casts = 0 if held.checkpointed else held.casts  # a block that is computed twice drops its own
    # The backward pass of a block: gradients of the MLP's inner values, and casts of an adapter's input.
    wide = 3 * held.arithmetic + (4 if held.model.adapter and held.adapter_bytes > held.arithmetic else 0)
    backward = wide * sizes.intermediate * number + (block if held.checkpointed else 0)

    gradients = held.gradients()
    before = gradients if accumulates else 0
    output = sizes.vocab * sizes.hidden * held.trained_bytes if held.model.adapter is None else 0
    again = output if sizes.tied else 0  # the embedding's gradient, added to the output's
    always = held.always()
    step = 4 * held.trained / held.launch.processes if held.zero and not held.launch.offload else 0
    moments = [
        Footprint(gradients=before, activations=kept + casts, logits=logits(held, batch * scored)),
        Footprint(gradients=max(before, output), activations=kept + casts + backward),
        Footprint(gradients=gradients + again, activations=backward),
        Footprint(gradients=gradients + step),
    ]
    return max((always | moment for moment in moments), key=lambda moment: moment.total)


def logits(held: Held, number: int) -> float:
    """One tile of the logits of `number` tokens, and the gradients of what they are computed from."""
    sizes = held.sizes
    rows, columns = min(number, TILE_TOKENS), min(sizes.vocab, TILE_VOCABULARY)
    tile = rows * TILE_VOCABULARY * held.arithmetic + (0 if held.on_gpu else TILE_COPIES * 4 * rows * columns)
    weight = 4 * sizes.vocab * sizes.hidden if held.model.adapter is None else 0
    return tile + 4 * number * sizes.hidden + weight


def rollouts(held: Held, batch: int, prompt: int, new: int) -> Footprint:
    """`batch` completions of `new` tokens to prompts of `prompt` tokens, decoded together by transformers, at the
    moment that needs most: when the prompts are read, or when the last tokens are written."""
    sizes, always = held.sizes, held.always()
    if held.launch.strategy == "zero3":
        always["weights"] += sizes.parameters * held.stream  # gathered, so that every process can generate
    if held.launch.strategy == "ddp":
        always["gradients"] = held.gradients() / 2  # the buckets
    cache = batch * sizes.layers * sizes.key * (held.stream + held.arithmetic)  # per token; keys have the stream's type
    # Reading: the residual stream with its norm, and one block's MLP, or its attention with heads repeated; the mask.
    block = max(3 * sizes.intermediate, 4 * sizes.query) * held.arithmetic
    reading = batch * prompt * (3 * held.stream * sizes.hidden + block + prompt)
    casts = held.casts + (2 * sizes.vocab * sizes.hidden if held.casts and not held.model.adapter else 0)
    # Writing: a block's cache is copied to become longer; the logits of the last tokens are copied to be sampled from.
    longer, last = cache * (prompt + new), 4 * 4 * batch * sizes.vocab
    moments = [
        always | {"KV cache": cache * prompt, "activations": reading + casts},
        always | {"KV cache": longer * (1 + 1 / sizes.layers), "activations": casts, "logits": last},
    ]
    return max(moments, key=lambda moment: moment.total)
