"""Takes a run's weights to the place they are served from: bf16, with tokeniser, template and the layout they know."""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from finetune.understudy import layout, tokens

SERVED = Path("serving/understudy")
LARGEST = 25_000_000
TEMPERATURE = 0.3  # her second choice of a word is often a wrong one


def export(run: Path, folder: Path = SERVED, *, blend: Path | None = None, share: float = 1.0) -> None:
    """Writes the model folder. A file larger than 25 MB is a ValueError: every version stays in git's history.

    With `blend`, the folder of the model that the run began with, the weights are `share` of the run's and the rest
    of that model's: what a run unlearns while it learns something else mostly comes back (Wortsman et al.,
    "Robust fine-tuning of zero-shot models", 2022).
    """
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    model = AutoModelForCausalLM.from_pretrained(run / "model", dtype=torch.float32)
    if blend is not None:
        mix(model, AutoModelForCausalLM.from_pretrained(blend, dtype=torch.float32), share)
    model = model.to(torch.bfloat16)
    tokeniser = tokens.load(run / "model")
    model.generation_config = GenerationConfig(
        bos_token_id=tokeniser.bos_token_id,
        eos_token_id=tokeniser.eos_token_id,
        pad_token_id=tokeniser.pad_token_id,
        do_sample=True,
        temperature=TEMPERATURE,
        top_p=0.9,
        max_new_tokens=80,  # the lines for people in danger are the longest
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokeniser.save_pretrained(folder)
    name_plainly(folder / "tokenizer_config.json")
    (folder / "model.safetensors").chmod(0o644)
    layout.write(folder, corpus=about["corpora"][-1][1])
    size = (folder / "model.safetensors").stat().st_size
    if size > LARGEST:
        raise ValueError(
            f"The weights have {size / 1e6:.1f} MB; git keeps every version, so {LARGEST / 1e6:.0f} MB is the most."
        )


@torch.no_grad()
def mix(model: PreTrainedModel, other: PreTrainedModel, share: float) -> None:
    """Makes the model's weights `share` of themselves and the rest the other's."""
    for own, its in zip(model.parameters(), other.parameters(), strict=True):
        own.lerp_(its, 1 - share)


def name_plainly(config: Path) -> None:
    """The tokeniser's class by the name that older transformers and every server know."""
    written = json.loads(config.read_text(encoding="utf-8"))
    kept = {key: value for key, value in written.items() if key not in ("backend", "is_local", "local_files_only")}
    kept["tokenizer_class"] = "PreTrainedTokenizerFast"
    config.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
