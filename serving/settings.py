"""What an operator may say about engines: in greenroom.yaml under `serving`, or in the environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from serving.encoder_settings import ENCODER, EncoderSettings, RerankerSettings
from serving.settings_file import RoomSettings

UNDERSTUDY_FOLDER = Path(__file__).parent / "understudy"


class ClusterSettings(BaseModel):
    """An engine on Ray Serve: how many copies of it, and when there are more or fewer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field("", description="Ray's; 'auto' is the cluster this machine belongs to. [a small one, here]")
    at_least: int = Field(1, ge=1, description="Copies there always are.")
    at_most: int = Field(4, ge=1, description="Copies there are under load.")
    per_replica: int = Field(16, ge=1, description="Replies each of them gives at a time before there are more.")
    gpus_each: float = Field(0, ge=0, description="GPUs, or the part of one, that each copy takes.")

    @model_validator(mode="after")
    def grows(self) -> Self:
        if self.at_most < self.at_least:
            raise ValueError("at_most is smaller than at_least")
        return self


class EngineSettings(BaseModel):
    """One engine. `local` needs a `model` (a folder, or a name on the hub); `remote` a `base_url` and a `model`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["local", "remote"] = Field(description="In this process, or a server that speaks OpenAI's API.")
    model: str = Field(description="Local: a model's folder, or its name on the hub. Remote: its name on the server.")
    base_url: str | None = Field(None, description="Remote: where the server is, ending in /v1.")
    window: int | None = Field(None, ge=256, description="Tokens it can read, if the server doesn't say.")
    device: str = Field("cpu", description="Local: cpu, cuda, cuda:1 …")
    rows: int = Field(16, ge=1, description="Local: replies that are said at the same time; more wait.")
    first_token_seconds: float = Field(
        25, gt=0, description="Remote: how long the first word may take; below half of bots: patience, others step in."
    )
    next_token_seconds: float = Field(30, gt=0, description="Remote: how long any other word may take.")
    replicas: tuple[str, ...] = Field((), description="Remote: more addresses of the same; personas spread over them.")
    rest_after: int = Field(3, ge=1, description="Failures in a row after which a replica is left alone for a while.")
    hedge_seconds: float | None = Field(None, gt=0, description="Silence after which a second one is asked. [never]")
    cluster: ClusterSettings | None = Field(None, description="Copies of it on Ray Serve (extra: cluster). [none]")
    replies_at_once: int | None = Field(None, ge=1, description="More wait their turn. [rows, or 64 for each address]")
    waiting: int = Field(256, ge=0, description="How many may wait; the rest are told at once to come back later.")
    waiting_per_fan: int = Field(4, ge=1, description="How many of these may be one fan's.")
    prompt_price: float = Field(0, ge=0, description="What a million tokens read cost you, for the figures.")
    completion_price: float = Field(0, ge=0, description="What a million tokens said cost you.")

    @model_validator(mode="after")
    def says_where(self) -> Self:
        if self.kind == "remote" and not self.base_url:
            raise ValueError("a remote engine needs a base_url, such as http://127.0.0.1:8001/v1")
        if self.replicas and self.kind == "local":
            raise ValueError("only a remote engine has replicas")
        if len(set(self.addresses)) < len(self.addresses):
            raise ValueError("an address stands twice among base_url and replicas")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the servers are; none for an engine in this process."""
        return (self.base_url, *self.replicas) if self.base_url else ()

    @property
    def at_once(self) -> int:
        """Replies at the same time."""
        if self.cluster and not self.replies_at_once:
            return self.cluster.at_most * self.cluster.per_replica
        return self.replies_at_once or (self.rows if self.kind == "local" else 64 * len(self.addresses))


class BudgetSettings(BaseModel):
    """Tokens that may be spent in a day (UTC), read and said together. What is left out has no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    each_fan: int | None = Field(None, ge=1, description="By one fan.")
    each_persona: int | None = Field(None, ge=1, description="By one persona.")
    everybody: int | None = Field(None, ge=1, description="By the whole house.")


class ServerSettings(BaseModel):
    """The vLLM that `greenroom serve` starts. What is left out is chosen from the shelf and the machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field("", description="The base: a folder, or a name on the hub.")
    name: str = Field("base", description="What the base is called in requests.")
    host: str = Field("127.0.0.1", description="Where fans' traffic arrives; anything but loopback needs a key.")
    port: int = Field(8001, ge=0, le=65535, description="The port of fans' traffic; 0 takes a free one.")
    python: Path | None = Field(None, description="The Python that has vLLM. [.venv-vllm's, or this one]")
    window: int | None = Field(None, ge=256, description="Tokens the server reads at most. [what the model can]")
    replies_at_once: int = Field(64, ge=1, description="Replies in one batch; more wait.")
    stream_interval: int = Field(1, ge=1, description="Tokens in one piece of a stream, after the first.")
    max_loras: int | None = Field(None, ge=1, description="LoRAs in one batch. [one for each on the shelf, up to 32]")
    max_cpu_loras: int | None = Field(None, ge=1, description="LoRAs kept in memory. [twice max_loras]")
    max_lora_rank: int | None = Field(None, ge=1, le=512, description="The largest rank. [the shelf's, at least 16]")
    memory: float | None = Field(None, gt=0, description="GPU: the part that may be used; CPU: GiB of KV cache.")
    quantization: str | None = Field(None, description="fp8, awq, compressed-tensors … [what the model's files say]")
    arguments: tuple[str, ...] = Field((), description="More words for vLLM's own command line.")
    log: Path = Field(Path("data/vllm.log"), description="Where vLLM's own words go.")
    start_seconds: float = Field(900, gt=0, description="How long a start may take before it counts as failed.")


class ServingSettings(RoomSettings):
    """The engines by name, and who steps in when one is away.

    Environment: GREENROOM_SERVING__FALLBACK='["understudy"]', and so on; GREENROOM_ENGINE_KEYS='{"gpu": "…"}' has the
    keys, which are read from nowhere else.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="GREENROOM_SERVING__", env_nested_delimiter="__"
    )

    part: ClassVar[str] = "serving"

    engines: Mapping[str, EngineSettings] = Field(
        default_factory=dict, description="The engines by name; 'understudy' is always among them."
    )
    fallback: tuple[str, ...] = Field(
        ("understudy",), description="Who is asked, in this order, when a persona's own engine does not answer."
    )
    budget: BudgetSettings = Field(BudgetSettings(), description="Tokens that may be spent in a day.")
    encoder: EncoderSettings = Field(
        EncoderSettings(), description="What turns memories into vectors; 'multilingual' names one for many languages."
    )
    reranker: RerankerSettings | None = Field(None, description="Reads question and memory together. [none]")
    server: ServerSettings = Field(ServerSettings(), description="The vLLM that `greenroom serve` starts.")
    shelf: Path = Field(Path("shelf"), description="The folder of trained LoRAs.")
    # a field of its own name in the environment, so that a key can't be written into greenroom.yaml by mistake
    keys: Mapping[str, SecretStr] = Field(
        default_factory=dict,
        validation_alias="GREENROOM_ENGINE_KEYS",
        description="Each engine's key, by its name; 'encoder' has the embedder's.",
    )

    @field_validator("engines", mode="after")
    @classmethod
    def with_the_understudy(cls, engines: Mapping[str, EngineSettings]) -> Mapping[str, EngineSettings]:
        return {"understudy": EngineSettings(kind="local", model=str(UNDERSTUDY_FOLDER)), **engines}

    @model_validator(mode="after")
    def names_engines(self) -> Self:
        for name in (*self.fallback, *(self.keys.keys() - {ENCODER})):
            if name not in self.engines:
                raise ValueError(f"there is no engine {name!r}, only {', '.join(self.engines)}")
        return self

    @property
    def for_work(self) -> Self:
        """The same for who judges, concludes or paraphrases: there a trouble is better than another's guess."""
        return self.model_copy(update={"fallback": ()})
