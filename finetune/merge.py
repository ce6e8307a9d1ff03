"""A LoRA folded into its base: one model that says the same, for engines that can't wear LoRAs; GGUF by another's tool.

A merged model is served alone and costs a whole model's memory for one character; the shelf is for LoRAs.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.candidate import Candidate
from finetune.errors import EvaluationRefused
from finetune.evaluate_asks import asked, asks, row
from finetune.evaluate_dresser import Dresser
from finetune.evaluate_likely import NOBODY

MERGED = "merged.json"
CONVERTER = "convert_hf_to_gguf.py"
COMPARED = 4  # exchanges whose logits are compared


@dataclass(frozen=True, slots=True)
class Merged:
    """`apart` is the largest difference between a logit of the merged model and of the base wearing the LoRA."""

    folder: Path
    apart: float


def merge(one: Candidate, base: str, to: Path) -> Merged:
    """Writes the merged model with its tokeniser in the base's own precision, and compares it in float32."""
    if to.exists() and any(to.iterdir()):
        raise EvaluationRefused(f"{to} is not empty. Name another folder with --to.")
    worn = Dresser(base)
    worn.add("lora", one.lora)
    model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
    precision = model.dtype
    folded = PeftModel.from_pretrained(model.float(), one.lora).merge_and_unload()
    apart = furthest(worn, folded)
    folded.to(precision).save_pretrained(to)
    AutoTokenizer.from_pretrained(base).save_pretrained(to)
    said = {"base": base, "lora": one.hashes, "apart": apart}
    (to / MERGED).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return Merged(to, apart)


def furthest(worn: Dresser, folded: torch.nn.Module) -> float:
    """The largest difference of a logit over a few exchanges, in float32."""
    distances: list[float] = []
    for fan, reply in asks().neutral[:COMPARED]:
        exchange = row(asked(NOBODY, fan), reply, "")
        ids = torch.tensor([worn.ids(exchange)])
        with torch.inference_mode():
            distances.append(float((folded(ids).logits[0] - worn.logits(exchange, "lora")).abs().max()))
    return max(distances)


def refuse_converter(converter: Path | None) -> Path:
    """llama.cpp's own converter, which no package on PyPI carries; where it is missing, says how to get it."""
    if converter is None or not converter.is_file():
        raise EvaluationRefused(
            f"GGUF is written by llama.cpp's {CONVERTER}, and {converter or 'it'} is not here. Get it with: "
            "git clone https://github.com/ggml-org/llama.cpp, and name the file with --converter."
        )
    return converter


def to_gguf(model: Path, file: Path, *, converter: Path | None, kind: str = "q8_0") -> Path:
    """One GGUF file, 8 bits a weight unless another `kind` is named. Raises `EvaluationRefused` without the tool."""
    tool = refuse_converter(converter)
    run([sys.executable, str(tool), str(model), "--outfile", str(file), "--outtype", kind])
    return file


def run(command: Sequence[str]) -> None:
    """Another's tool; what it says last when it fails becomes the error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
        raise EvaluationRefused(f"{Path(command[1]).name} failed: {last[0]}")
