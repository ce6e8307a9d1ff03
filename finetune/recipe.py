"""A fine-tune's settings as people write them; every default is the one measured or argued for in docs/log.md.

One recipe describes every way of teaching there is here, so that two recipes can be compared key by key.
"""

from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from personas.persona import Written

Optimisers: TypeAlias = Literal[
    "adamw", "adafactor", "sgd", "rmsprop", "adagrad", "ademamix", "lion", "adamw_8bit", "paged_adamw_8bit"
]
Scalar: TypeAlias = int | float | str | bool
Watcher: TypeAlias = Literal["tensorboard", "wandb"]


class Lora(Written):
    """Low-rank adaptation (Hu et al. 2021); the last five keys are there because other trainers have them."""

    rank: int = Field(16, ge=1, description="One that vLLM has slots for: 1, 8, 16, 32, 64, 128, 256, 320 or 512.")
    alpha: float = Field(32, gt=0, description="The difference is scaled by alpha/rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Of what goes into the LoRA. 0 keeps fused kernels.")
    targets: str | tuple[str, ...] = Field("all-linear", description="Which layers; all linear ones but the head.")
    rslora: bool = Field(False, description="Scale by alpha/sqrt(rank) (Kalajdzievski 2023), for high ranks.")
    init: str = Field("default", description="default, gaussian or orthogonal: how the weights begin.")
    use_dora: bool = Field(False, description="No server mixes DoRA with others; a run with it is refused.")
    bias: Literal["none", "all", "lora_only"] = Field("none", description="Servers take none.")
    modules_to_save: tuple[str, ...] = Field((), description="Servers take none.")


class AdaLora(Written):
    """Ranks given to the layers that need them (Zhang et al. 2023); exported as a plain LoRA."""

    initial_rank: int = Field(16, ge=2, description="Of every layer at the start.")
    final_rank: int = Field(8, ge=1, description="On average over the layers at the end.")
    before: float = Field(0.1, ge=0, lt=1, description="Share of the steps before ranks are taken away.")
    after: float = Field(0.3, ge=0, lt=1, description="Share of the steps after the last was taken.")
    every: int = Field(2, ge=1, description="Steps between two allocations.")
    orthogonality: float = Field(0.5, ge=0, description="Weight of the penalty that keeps P and Q orthogonal.")

    @model_validator(mode="after")
    def goes_down(self) -> Self:
        if self.final_rank > self.initial_rank:
            raise ValueError(f"final_rank {self.final_rank} is above initial_rank {self.initial_rank}")
        if self.before + self.after >= 1:
            raise ValueError("before and after leave no steps in which ranks could be taken away")
        return self


class Optimiser(Written):
    """How a step is made of gradients."""

    name: Optimisers = Field("adamw", description="lion, ademamix and the 8bit ones need bitsandbytes.")
    rate: float = Field(2e-4, gt=0, description="At its height; about ten times a full fine-tune's.")
    schedule: Literal["cosine", "linear", "constant"] = Field("cosine", description="From its height to the end.")
    warmup: float = Field(0.05, ge=0, lt=1, description="Share of the steps in which the rate rises.")
    weight_decay: float = Field(0.0, ge=0, description="Of the trained weights.")
    clip: float = Field(1.0, gt=0, description="Longest gradient.")


class Batches(Written):
    """What is learnt from in one step. A step sees `size` conversations on however many machines."""

    size: int = Field(16, ge=1, description="Conversations in a step, over all processes and accumulated ones.")
    at_once: int = Field(4, ge=1, description="Conversations in memory at once, on one device.")
    tokens: int = Field(1024, ge=16, description="Longest conversation; of longer ones the oldest turns go.")
    packing: bool = Field(False, description="Several conversations in a row of `tokens`; wants FlashAttention.")

    @model_validator(mode="after")
    def divides(self) -> Self:
        if self.size % self.at_once:
            raise ValueError(f"size {self.size} is no multiple of at_once {self.at_once}")
        return self


class Stopping(Written):
    """When to look at the held-out lines, and when to stop. A checkpoint is written at each look."""

    looks: int = Field(4, ge=1, description="At the held-out lines, in each epoch.")
    patience: int = Field(4, ge=0, description="Looks without a better loss before it stops; 0: never stop early.")


class Preferences(Written):
    """Learning from what people preferred (DPO, Rafailov et al. 2023; KTO, Ethayarajh et al. 2024)."""

    beta: float = Field(0.1, gt=0, description="How closely to stay with the model one began with.")
    sft_weight: float = Field(0.1, ge=0, description="DPO: weight of plain learning of the chosen replies.")
    liked_weight: float = Field(1.0, gt=0, description="KTO: what a thumb up counts.")
    disliked_weight: float = Field(1.0, gt=0, description="KTO: what a thumb down counts.")


class Range(Written):
    """What a search may choose for one key: from low to high, both included, or one of a list."""

    low: float | None = None
    high: float | None = None
    log: bool = Field(False, description="Try 0.001 as often as 0.01.")
    among: tuple[Scalar, ...] = Field((), description="Instead of low and high.")

    @model_validator(mode="after")
    def is_one_of_two(self) -> Self:
        if self.among:
            if self.low is not None or self.high is not None:
                raise ValueError("it has low and high, or among, not both")
        elif self.low is None or self.high is None or self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError(f"low {self.low} and high {self.high} make no range")
        return self


class Search(Written):
    """Ranges of other keys to look for the lowest held-out loss in."""

    trials: int = Field(12, ge=1, description="How many runs, those that are cut short included.")
    over: dict[str, Range] = Field(
        default_factory=dict, description="Keys by their path, each with what to choose from."
    )


class Recipe(Written):
    """All settings of one fine-tune."""

    name: str = Field("lora", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="Names the run's folder.")
    base: str = Field("", description="The model to teach: a folder, or a name on the hub. Empty: the understudy.")
    objective: Literal["sft", "dpo", "kto"] = Field("sft", description="Learn replies, pairs, or thumbs.")
    method: Literal["lora", "adalora", "full"] = Field("lora", description="What is trained of the model.")
    quantisation: Literal["none", "nf4"] = Field(
        "none", description="nf4: QLoRA (Dettmers et al. 2023), with bitsandbytes."
    )
    lora: Lora = Lora()
    adalora: AdaLora = AdaLora()
    optimiser: Optimiser = Optimiser()
    batches: Batches = Batches()
    stopping: Stopping = Stopping()
    preferences: Preferences = Preferences()
    epochs: float = Field(3.0, gt=0, description="Times through the data, at most.")
    neftune: float = Field(0.0, ge=0, description="Noise on the embeddings (Jain et al. 2023); 5 is usual, 0 is none.")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: bfloat16 where a GPU can, float32 elsewhere."
    )
    gradient_checkpointing: bool = Field(False, description="Compute twice, remember less: for large models.")
    sharding: Literal["none", "fsdp"] = Field("none", description="fsdp: each process holds a part of the model.")
    chat_template: str = Field("", description="A Jinja file, where the model's own has no {% generation %}.")
    watchers: tuple[Watcher, ...] = Field((), description="tensorboard, wandb: besides the terminal and loss.png.")
    search: Search | None = Field(None, description="For `greenroom finetune search`.")

    @model_validator(mode="after")
    def can_be(self) -> Self:
        if self.quantisation != "none" and self.method != "lora":
            raise ValueError(f"quantisation {self.quantisation} goes with method lora, not {self.method}")
        if self.method == "adalora" and self.objective != "sft":
            raise ValueError("method adalora goes with objective sft; use method lora for preferences")
        if self.objective == "kto" and self.batches.at_once < 2:
            raise ValueError("objective kto compares replies within a batch: batches.at_once must be 2 or more")
        return self

    @property
    def rank(self) -> int:
        """The highest rank a layer may have while it is trained."""
        return self.adalora.initial_rank if self.method == "adalora" else self.lora.rank
