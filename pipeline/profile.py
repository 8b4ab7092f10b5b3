"""How big and where: the settings of a profile, from a laptop to a cluster.

Unknown keys are refused, nothing changes after loading (see config_loading.py), no model library is imported here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class Settings(BaseModel):
    """Base of every group of settings: unknown keys are errors, numbers are finite, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Architecture(Settings):
    """A Qwen3-architecture model built from nothing; sizes in units of the transformer (Qwen3 technical report, 2)."""

    vocab_size: Positive
    hidden_size: Positive
    layers: Positive
    heads: Positive
    kv_heads: Positive
    intermediate_size: Positive

    @model_validator(mode="after")
    def heads_share_evenly(self) -> Architecture:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        return self


class AdapterSettings(Settings):
    """Low-rank adapters (LoRA, arXiv 2106.09685): only they are trained, and merged into the model at the end.

    `targets` is "all-linear" (every linear layer but the output) or names of layers, "q_proj,v_proj"; `quantize`
    "4bit" keeps the frozen weights in 4 bits (QLoRA, arXiv 2305.14314), which needs a GPU."""

    rank: Positive
    alpha: Annotated[float, Field(gt=0)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Annotated[str, Field(min_length=1)] = "all-linear"
    quantize: Literal["", "4bit"] = ""

    @model_validator(mode="after")
    def output_is_frozen(self) -> AdapterSettings:
        if "lm_head" in self.targets.split(","):
            raise ValueError("targets must not name lm_head, which the trainers read directly and would not train")
        return self


class ModelSettings(Settings):
    """The model that training starts from: `architecture` (built from nothing) or `path` (local folder, hub name, or
    "starter", the small model that comes with this package), and how it is held while it is trained.

    `dtype` is that of the weights. `mixed_precision`: arithmetic in bfloat16 on float32 weights; weights in bfloat16
    that are trained themselves round small updates away, unless DeepSpeed keeps a float32 copy (strategy zero2, zero3).
    `attention` "auto": FlashAttention where it is installed and the weights are bfloat16 on a GPU, else PyTorch's own.
    `gradient_checkpointing`: compute activations twice instead of keeping them ("gpu": only on a GPU)."""

    architecture: Architecture | None = None
    path: str = ""
    dtype: Literal["float32", "bfloat16"] = "float32"
    mixed_precision: bool = False
    max_length: Positive
    adapter: AdapterSettings | None = None
    attention: Literal["auto", "sdpa", "flash_attention_2", "flash_attention_3"] = "auto"
    gradient_checkpointing: Literal["gpu", "always", "never"] = "gpu"
    optimizer: Literal["adamw", "adamw_8bit"] = "adamw"

    @model_validator(mode="after")
    def one_origin(self) -> ModelSettings:
        if bool(self.path) == bool(self.architecture):
            raise ValueError("give either 'path' (a folder or hub name) or 'architecture', not both and not neither")
        if self.mixed_precision and self.dtype != "float32":
            raise ValueError("mixed_precision is bfloat16 arithmetic on float32 weights: leave dtype at float32")
        return self


class DataSettings(Settings):
    """How much data is used and how it is split; caps of 0 mean no cap."""

    questions_per_database: Positive
    split_by: Literal["question", "database"]
    dev_share: Share
    test_share: Share
    max_train: Annotated[int, Field(ge=0)]
    max_dev: Annotated[int, Field(ge=0)]
    max_test: Annotated[int, Field(ge=0)]
    max_bad_share: Share
    max_too_long_share: Share


class SftSettings(Settings):
    """Supervised fine-tuning (SFT) on the assistant turn only. `micro_batch`: samples in one backward pass on one GPU,
    gradients of which are added up to those of the batch (0: all of the GPU's share at once).

    `modes`: "fused" (each question without a thought, and once more with each thought it has), or one mode alone, as
    in the two cold starts of SQL-R1. `weighting`: each "token" counts the same, or each "sample", however long its
    thought. `packing`: several samples fill one row of model.max_length, none of them cut. `replay_share`: where
    training starts from a model of the registry, so many examples of that model's own data set are mixed in, as a share
    of the new ones, against forgetting."""

    modes: Literal["fused", "think", "no_think"] = "fused"
    weighting: Literal["token", "sample"] = "token"
    packing: bool = False
    replay_share: Annotated[float, Field(ge=0)] = 0.25
    epochs: Annotated[float, Field(gt=0)]
    batch_size: Positive
    micro_batch: Annotated[int, Field(ge=0)] = 0
    learning_rate: Annotated[float, Field(gt=0)]
    warmup_share: Share = 0.05
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    checkpoint_steps: Positive


class SelfDistillSettings(Settings):
    """Self-distillation in at most `rounds`: `samples` completions for each of `questions` training questions, and for
    those without a right one `completions` thoughts written in sight of the gold SQL (0: none)."""

    questions: Positive
    samples: Positive
    temperature: Annotated[float, Field(gt=0)]
    rounds: Annotated[int, Field(gt=0, le=3)] = 2
    completions: Annotated[int, Field(ge=0)] = 2
    keep_per_question: Positive = 2


class CollapseSettings(Settings):
    """What is taken for a collapse when it lasts for `patience` steps: an entropy (nats a token) below `entropy`,
    completions shorter than `shrinkage` times those of the first steps, more than `cut` of them cut at their limit,
    more than `zero_spread` of the groups without a spread."""

    patience: Positive = 10
    entropy: Annotated[float, Field(ge=0)] = 1e-3
    shrinkage: Share = 0.25
    cut: Share = 0.95
    zero_spread: Share = 0.99


class GrpoSettings(Settings):
    """Group relative policy optimisation: `steps` updates on `prompts_per_step` groups of `generations` rollouts.

    `micro_batch` as in SftSettings, in rollouts; `warmup_share` of the steps, in which the learning rate rises from
    nothing. `beta` weighs the KL term (0: no reference model); the ratio is kept within 1 - `epsilon` .. 1 +
    `epsilon_high` (None: `epsilon`); `loss_type`, `scale_rewards`, `importance_sampling` and `mask_truncated`
    (rollouts cut at their limit teach nothing) are TRL's. `vllm` writes the rollouts with vLLM: "colocate" in the
    training's processes, with `vllm_memory_share` of each GPU, "server" at `vllm_host`:`vllm_port`, "" without.
    `rollout_batch`: rollouts that each GPU writes at once (0: its share of the step); with a smaller one than that
    share, the memory reward learns only the last ones of each step. `curriculum` draws prompts by what they can teach
    (see pipeline/training/curriculum.py) instead of each as often as any other."""

    steps: Positive
    prompts_per_step: Positive
    generations: Annotated[int, Field(gt=1)]
    micro_batch: Annotated[int, Field(ge=0)] = 0
    learning_rate: Annotated[float, Field(gt=0)]
    warmup_share: Share = 0.0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    beta: Annotated[float, Field(ge=0)] = 0.0
    epsilon: Annotated[float, Field(gt=0)] = 0.2
    epsilon_high: Annotated[float, Field(gt=0)] | None = None
    loss_type: Literal["dapo", "grpo", "dr_grpo", "bnpo"] = "dapo"
    scale_rewards: Literal["group", "batch", "none"] = "group"
    importance_sampling: Literal["token", "sequence"] = "token"
    mask_truncated: bool = False
    rollout_batch: Annotated[int, Field(ge=0)] = 0
    vllm: Literal["", "colocate", "server"] = ""
    vllm_host: str = "127.0.0.1"
    vllm_port: Annotated[int, Field(gt=0, lt=65536)] = 8000
    vllm_memory_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    think_share: Share = 0.5
    curriculum: bool = True
    collapse: CollapseSettings = CollapseSettings()
    checkpoint_steps: Positive


class GenerationSettings(Settings):
    """Limits of what the model writes, in tokens, and how many prompts are decoded together. With `known_names`, greedy
    SQL names only tables and columns of its schema (pipeline/inference/known_names.py)."""

    max_new_tokens: Positive
    batch_size: Positive
    known_names: bool = False

    @property
    def greedy(self) -> str:
        """What greedy answers are called in the name of an evaluator."""
        return "greedy with known names" if self.known_names else "greedy"


class EngineSettings(Settings):
    """Limits under which model-written SQL runs."""

    workers: Positive
    timeout_s: Annotated[float, Field(gt=0)]
    max_rows: Positive
    memory_mb: Positive


class EvaluateSettings(Settings):
    """Latency protocol: median of `latency_repeats` interleaved runs after one warm-up."""

    latency_repeats: Positive


class PromoteSettings(Settings):
    """The gate lets a better challenger pass, and a faster one of which can be ruled out that its EX is below the
    champion's by `margin` (a share, 0.01 = one point) or more; with 0, only a better one."""

    margin: Share


class HardwareSettings(Settings):
    """What the profile is made for: so many GPUs with `memory_gb` GiB each; with 0 GPUs, a machine with that memory."""

    gpus: Annotated[int, Field(ge=0)] = 0
    memory_gb: Annotated[float, Field(gt=0)] = 8


class LaunchSettings(Settings):
    """In how many processes a model is trained. `processes`: on each node, one a GPU; how many nodes there are is told
    by the environment (see pipeline/training/nodes.py). `strategy` "single": in the step's own process; "ddp": each
    process holds the whole model; "zero2", "zero3" (DeepSpeed ZeRO, arXiv 1910.02054): gradients and the optimizer's
    state, or the weights too, are spread over all processes. `offload`: what is spread lies in the CPU's memory."""

    processes: Positive = 1
    strategy: Literal["single", "ddp", "zero2", "zero3"] = "single"
    offload: bool = False

    @model_validator(mode="after")
    def strategy_fits(self) -> LaunchSettings:
        if self.strategy == "single" and self.processes > 1:
            raise ValueError(f"{self.processes} processes need a strategy: ddp, zero2 or zero3")
        if self.offload and not self.strategy.startswith("zero"):
            raise ValueError(f"offload needs strategy zero2 or zero3, not {self.strategy}")
        return self


class Profile(Settings):
    """How big and where: everything that changes between a laptop and a cluster."""

    name: str
    description: str
    hardware: HardwareSettings = HardwareSettings()
    launch: LaunchSettings = LaunchSettings()
    model: ModelSettings
    data: DataSettings
    sft: SftSettings
    self_distill: SelfDistillSettings
    grpo: GrpoSettings
    generation: GenerationSettings
    engine: EngineSettings
    evaluate: EvaluateSettings
    promote: PromoteSettings

    @model_validator(mode="after")
    def completions_fit(self) -> Profile:
        if self.generation.max_new_tokens >= self.model.max_length:
            raise ValueError(
                f"generation.max_new_tokens ({self.generation.max_new_tokens}) leaves no room for a prompt within "
                f"model.max_length ({self.model.max_length}); raise model.max_length"
            )
        return self

    @model_validator(mode="after")
    def adapter_can_be_merged(self) -> Profile:
        if self.model.adapter and self.launch.strategy == "zero3":
            raise ValueError(
                "model.adapter cannot be merged into weights that launch.strategy=zero3 spreads; use zero2"
            )
        return self
