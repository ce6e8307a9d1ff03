"""Says what a server would refuse a LoRA for, before the server does, and what to do about it.

The rules are those of vLLM 0.32 (`vllm/lora/peft_helper.py`, `lora_model.py`): plain LoRA and rsLoRA on linear layers.
serving/lora_weights.py has those for the weights themselves.
What is not covered: whether the weights are any good; that is what the evaluation on its card is for.
"""

import json
import math
import re
import struct
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from serving.base_shape import shape_of
from serving.lora_weights import read_shapes, troubles_of
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
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
SAMPLE = 2**20  # bytes of each file that are compared when a base lies in two folders


def check(
    folder: Path, *, base: Path | str | None = None, max_rank: int = RANKS[-1], by_name: bool = True
) -> tuple[str, ...]:
    """A sentence for each reason for which the LoRA can't be served; none: it can.

    `base` is the model it is to be worn on; as a folder of a kind that is known, layers and sizes are compared, too.
    Not `by_name`, it may be called otherwise than the one it was made for.
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
        shape = shape_of(base)
    except (ValueError, OSError) as exc:
        return (f"{base}/config.json can't be read: {exc}. Copy the base again.",)
    of_settings = (*of_file(config), *of_kind(config), *of_rank(config, max_rank))
    named = of_base(config, base) if by_name else ()
    return (*of_settings, *named, *troubles_of(shapes, config, shape))


def of_file(config: Mapping[str, Any]) -> Iterator[str]:
    """What peft would have written otherwise."""
    if missing := [name for name in NEEDED if name not in config]:
        yield f"It does not say {listed(missing)}. Train or copy it again."
    alpha = config.get("lora_alpha", 0)
    if not isinstance(alpha, int | float) or not -math.inf < alpha < math.inf:
        yield f"Its lora_alpha is {alpha!r}, which is no number. Train or copy it again."
    if not isinstance(pattern := config.get("alpha_pattern") or {}, dict):
        yield f"Its alpha_pattern is {pattern!r}, which names no modules. Train or copy it again."
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
    if base and made_for and not same_model(str(made_for), str(base)):
        yield (
            f"It was made for {made_for}, and the base is {base}. Train it on this base, or name the other one. "
            f"If they are the same, write {base} into its {CONFIG} as base_model_name_or_path."
        )


def same_model(one: str, other: str) -> bool:
    """Two names of one model: equal, or folders that hold the same.

    Where one can't be looked into, the names decide: a folder and the one above it may have moved together
    (`models/base`, `/models/base`), and a name on the hub is a folder's last (`Qwen/Qwen3-8B`, `/models/Qwen3-8B`).
    """
    if one == other or not (one and other):
        return one == other
    if Path(one).is_dir() and Path(other).is_dir():
        return Path(one).samefile(other) or {} != sample(Path(one)) == sample(Path(other))
    from_hub = [bool(HUB_NAME.fullmatch(name)) and not Path(name).is_dir() for name in (one, other)]
    known = 1 if any(from_hub) and not all(from_hub) else 2
    return Path(one).parts[-known:] == Path(other).parts[-known:]


def sample(base: Path) -> dict[str, tuple[int, str]]:
    """Size and a hash of both ends of every file of weights: enough to tell two models apart without reading them."""
    found = {}
    for path in (*base.glob("*.safetensors"), *base.glob("*.bin")):
        size = path.stat().st_size
        with path.open("rb") as file:
            ends = file.read(SAMPLE)
            file.seek(max(0, size - SAMPLE))
            found[path.name] = size, sha256(ends + file.read()).hexdigest()
    return found
