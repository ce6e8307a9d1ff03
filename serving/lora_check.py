"""Says what a server would refuse a LoRA for, before the server does, and what to do about it.

The rules are those of vLLM 0.32 (`vllm/lora/peft_helper.py`, `lora_model.py`): plain LoRA and rsLoRA on linear layers.
What is not covered: whether the weights are any good; that is what the evaluation on its card is for.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving.shelf import CONFIG, WEIGHTS

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # what vLLM's --max-lora-rank may be
NEEDED = ("r", "lora_alpha", "target_modules")
UNSERVED = {
    "use_dora": "It is a DoRA, which no server mixes with others. Train it with use_dora: false.",
    "use_qalora": "It is a QALoRA, which no server knows. Train it with use_qalora: false.",
    "use_bdlora": "Its matrices are block-diagonal, which no server knows. Train it without use_bdlora.",
    "lora_bias": "Its LoRA layers have biases. Train it with lora_bias: false.",
    "layer_replication": "It repeats layers of its base. Train it without layer_replication.",
    "alora_invocation_tokens": "It wakes up at certain tokens (aLoRA). Train it without alora_invocation_tokens.",
    "trainable_token_indices": "It trains single tokens. Train it without trainable_token_indices.",
}
CONVERT_FIRST = ("pissa", "olora", "corda", "loftq")
PLAIN_STARTS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")  # the base stays as it is
CONVERT = "Convert it with peft's save_pretrained(path_initial_model_for_weight_conversion=…)."
Names = dict[str, list[int]]


def check(folder: Path, *, base: Path | str | None = None, max_rank: int = RANKS[-1]) -> tuple[str, ...]:
    """A sentence for each reason for which the LoRA can't be served; none: it can.

    `base` is the model it is to be worn on; as a folder, its sizes are compared as well.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        shapes = read_shapes(folder / WEIGHTS)
    except FileNotFoundError as exc:
        return (f"{exc.filename} is missing. A LoRA is what peft's save_pretrained writes.",)
    except (ValueError, OSError, struct.error) as exc:
        return (f"{folder} can't be read: {exc}. Train or copy it again.",)
    if not isinstance(config, dict):
        return (f"{folder / CONFIG} holds no settings. Train or copy it again.",)
    try:
        hidden = hidden_size(base)
    except (ValueError, OSError) as exc:
        return (f"{base}/config.json can't be read: {exc}. Copy the base again.",)
    of_settings = (*of_file(config), *of_kind(config), *of_rank(config, max_rank), *of_base(config, base))
    return (*of_settings, *of_weights(shapes, hidden))


def read_shapes(weights: Path) -> Names:
    """Every tensor's shape by its name, from the head of a safetensors file; the weights stay unread."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > weights.stat().st_size:
            raise ValueError(f"{weights.name} is cut short")
        head = json.loads(file.read(length))
    try:
        tensors = {name: said for name, said in head.items() if name != "__metadata__"}
        end = max((int(said["data_offsets"][1]) for said in tensors.values()), default=0)
        shapes = {name: [int(size) for size in said["shape"]] for name, said in tensors.items()}
    except (AttributeError, LookupError, TypeError) as exc:
        raise ValueError(f"{weights.name} is no safetensors file") from exc
    if weights.stat().st_size != 8 + length + end:
        raise ValueError(f"{weights.name} is cut short")
    return shapes


def of_file(config: Mapping[str, Any]) -> Iterator[str]:
    """What peft would have written otherwise."""
    if missing := [name for name in NEEDED if name not in config]:
        yield f"It does not say {listed(missing)}. Train or copy it again."
    if not isinstance(config.get("lora_alpha", 0), int | float):
        yield f"Its lora_alpha is {config['lora_alpha']!r}, which is no number. Train or copy it again."
    start = config.get("init_lora_weights")
    if isinstance(start, str) and not (start.lower() in PLAIN_STARTS or start.lower().startswith(CONVERT_FIRST)):
        yield f"It began as {start}, which no server knows. {CONVERT}"


def of_kind(config: Mapping[str, Any]) -> Iterator[str]:
    """Kinds of fine-tune that look like a LoRA and are none that a server can mix."""
    if config.get("peft_type") != "LORA":
        yield f"It is a {config.get('peft_type')}, and only LORA can be served. Train it again as a LoRA."
    yield from (sentence for name, sentence in UNSERVED.items() if config.get(name))
    if config.get("bias", "none") != "none":
        yield f"It trains biases ({config['bias']}). Train it with bias: none."
    if modules := config.get("modules_to_save"):
        yield f"It carries whole modules ({listed(modules)}). Train it without modules_to_save."
    start = str(config.get("init_lora_weights", "")).lower()
    if start.startswith(CONVERT_FIRST):
        yield f"It began as {start}, so its weights belong to a changed base. {CONVERT}"


def listed(names: object) -> str:
    return ", ".join(map(str, names)) if isinstance(names, list) else str(names)


def ranks_of(folder: Path) -> list[int]:
    """Every rank that a LoRA's configuration names; none where it can't be read, of which `check` tells."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [rank for rank in ranks_in(config) if is_rank(rank)] if isinstance(config, dict) else []


def ranks_in(config: Mapping[str, Any]) -> list[Any]:
    """The rank, and those of single modules, as they are written."""
    pattern = config.get("rank_pattern") or {}
    return [*([config["r"]] if "r" in config else []), *(pattern.values() if isinstance(pattern, dict) else [pattern])]


def is_rank(said: object) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and said > 0


def of_rank(config: Mapping[str, Any], max_rank: int) -> Iterator[str]:
    ranks = ranks_in(config)
    yield from (f"Its rank is {rank!r}, which can't be." for rank in ranks if not is_rank(rank))
    largest = max(filter(is_rank, ranks), default=0)
    if largest > max_rank:
        remedy = f"Serve with --max-lora-rank {allowed(largest)}."
        yield f"Its rank is {largest}, and the server takes {max_rank}. {remedy}"


def allowed(rank: int) -> int:
    """The smallest --max-lora-rank that takes it."""
    return next((size for size in RANKS if size >= rank), RANKS[-1])


def of_base(config: Mapping[str, Any], base: Path | str | None) -> Iterator[str]:
    made_for = config.get("base_model_name_or_path")
    if base is not None and made_for and not same_model(str(made_for), str(base)):
        yield f"It was made for {made_for}, and the base is {base}. Train it on this base, or name the other one."


def same_model(one: str, other: str) -> bool:
    """Two names of one model: equal, or paths that end alike (a folder may have been moved)."""
    return one == other or Path(one).name == Path(other).name


def of_weights(shapes: Names, hidden: int | None) -> Iterator[str]:
    strangers = [name for name in shapes if ".lora_A." not in name and ".lora_B." not in name]
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        yield f"It holds {strangers[0]}{more}, which is no LoRA weight. Train linear layers only."
    if not shapes:
        yield "It holds no weights at all."
    wrong = [name for name, shape in shapes.items() if hidden and reads_hidden(name) and shape[-1:] != [hidden]]
    if wrong:
        width = listed(shapes[wrong[0]][-1:])
        yield f"It was made for a model of another size: {wrong[0]} is {width} wide, the base {hidden}."


def reads_hidden(name: str) -> bool:
    """True for the halves whose width is the model's own, in every architecture of Llama's kind."""
    return ".lora_A." in name and any(
        f".{part}." in name for part in ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
    )


def hidden_size(base: Path | str | None) -> int | None:
    """Of a base that lies in a folder; None of one that is only a name. Raises ValueError for what is no JSON."""
    path = Path(base) / "config.json" if base is not None else None
    if path is None or not path.is_file():
        return None
    config = json.loads(path.read_text(encoding="utf-8"))
    size = config.get("hidden_size") if isinstance(config, dict) else None
    return size if isinstance(size, int) else None
