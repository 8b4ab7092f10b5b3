"""The figures of an architecture that decide what a training costs, and the parameters that follow from them.

Known are the published models that the profiles name, any local folder with a config.json, and what a profile builds
itself; no model library is imported. Not covered: architectures other than Qwen2 and Qwen3 (no mixture of experts).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import located
from pipeline.errors import InputError
from pipeline.profile import AdapterSettings, Architecture, ModelSettings


@dataclass(frozen=True)
class Sizes:
    """A decoder with grouped-query attention and a gated MLP. `tied`: the output is the embedding's weight; `biases`:
    queries, keys and values have some (Qwen2); `qk_norm`: queries and keys are normalised per head (Qwen3)."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    tied: bool
    biases: bool
    qk_norm: bool

    @property
    def query(self) -> int:
        """Width of all queries together."""
        return self.heads * self.head_dim

    @property
    def key(self) -> int:
        """Width of all keys, or values, together."""
        return self.kv_heads * self.head_dim

    def linears(self) -> dict[str, tuple[int, int]]:
        """Width of input and output of each linear layer of one block, by name."""
        wide, kv, hidden, inner = self.query, self.key, self.hidden, self.intermediate
        attention = {"q_proj": (hidden, wide), "k_proj": (hidden, kv), "v_proj": (hidden, kv), "o_proj": (wide, hidden)}
        mlp = {"gate_proj": (hidden, inner), "up_proj": (hidden, inner), "down_proj": (inner, hidden)}
        return attention | mlp

    @property
    def linear_parameters(self) -> int:
        """Weights of the linear layers of all blocks: what four-bit quantisation shrinks."""
        return self.layers * sum(a * b for a, b in self.linears().values())

    @property
    def embedding_parameters(self) -> int:
        """Weights of the embedding, and of the output where it has its own."""
        return self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        """All parameters."""
        norms = 2 * self.hidden + (2 * self.head_dim if self.qk_norm else 0)
        biases = self.query + 2 * self.key if self.biases else 0
        return self.linear_parameters + self.embedding_parameters + self.layers * (norms + biases) + self.hidden

    def adapter_parameters(self, adapter: AdapterSettings) -> int:
        """Parameters of an adapter: two matrices of its rank for each targeted layer."""
        chosen = None if adapter.targets == "all-linear" else adapter.targets.split(",")
        widths = [a + b for name, (a, b) in self.linears().items() if chosen is None or name in chosen]
        return self.layers * adapter.rank * sum(widths)


def _qwen3(hidden: int, layers: int, heads: int, intermediate: int, tied: bool) -> Sizes:
    return Sizes(hidden, layers, heads, 8, 128, intermediate, 151936, tied, biases=False, qk_norm=True)


def _qwen2(hidden: int, layers: int, heads: int, kv_heads: int, intermediate: int, vocab: int, tied: bool) -> Sizes:
    return Sizes(hidden, layers, heads, kv_heads, 128, intermediate, vocab, tied, biases=True, qk_norm=False)


# From each model's published config.json.
PUBLISHED = {
    "Qwen3-0.6B": _qwen3(1024, 28, 16, 3072, tied=True),
    "Qwen3-1.7B": _qwen3(2048, 28, 16, 6144, tied=True),
    "Qwen3-4B": _qwen3(2560, 36, 32, 9728, tied=True),
    "Qwen3-8B": _qwen3(4096, 36, 32, 12288, tied=False),
    "Qwen2.5-Coder-3B": _qwen2(2048, 36, 16, 2, 11008, 151936, tied=True),
    "Qwen2.5-Coder-7B": _qwen2(3584, 28, 28, 4, 18944, 152064, tied=False),
}


def sizes_of(model: ModelSettings) -> Sizes:
    """The sizes of a profile's model: built by the profile, of a local folder, or published.

    Raises:
        InputError: the sizes are not known, or the folder's config.json is not of a known architecture.
    """
    if model.architecture:
        return _built(model.architecture)
    file = Path(located(model.path)) / "config.json"
    if file.is_file():
        return _read(file)
    name = model.path.rpartition("/")[2].removesuffix("-Instruct")
    if name not in PUBLISHED:
        raise InputError(
            f"profile.model.path={model.path}: its sizes are not known; give a local folder with a config.json, "
            f"or one of: {', '.join(PUBLISHED)}"
        )
    return PUBLISHED[name]


def _built(architecture: Architecture) -> Sizes:
    a = architecture
    return Sizes(
        a.hidden_size,
        a.layers,
        a.heads,
        a.kv_heads,
        a.hidden_size // a.heads,
        a.intermediate_size,
        a.vocab_size,
        tied=True,
        biases=False,
        qk_norm=True,
    )


def _read(file: Path) -> Sizes:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        family = found["model_type"]
        if family not in ("qwen2", "qwen3"):
            raise InputError(f"{file}: model_type is {family!r}; only qwen2 and qwen3 can be planned")
        return Sizes(
            found["hidden_size"],
            found["num_hidden_layers"],
            found["num_attention_heads"],
            found["num_key_value_heads"],
            found.get("head_dim") or found["hidden_size"] // found["num_attention_heads"],
            found["intermediate_size"],
            found["vocab_size"],
            tied=found.get("tie_word_embeddings", False),
            biases=family == "qwen2" or found.get("attention_bias", False),
            qk_norm=family == "qwen3",
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: not the config.json of a model ({error!r})") from None
