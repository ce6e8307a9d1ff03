"""Training throughput beside a bare TRL script: the same model, data, batches, looks and checkpoints.

python -m benchmarks.finetune_speed                       the understudy, Lord Goring of ../shared/data/pd_plays
python -m benchmarks.finetune_speed --shape 1b --recipe full   a random Llama of that shape (for a GPU)

Each side runs in a process of its own, in turns, so that neither warms the machine for the other. Tokens are those
that went through the model, padding left out; seconds are those of `trainer.train()`, looks and checkpoints included.
MFU is by the rule of 4N FLOPs a token for a LoRA (no gradients of frozen weights) and 6N for all weights.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PLAYS = Path(__file__).parents[2] / "shared" / "data" / "pd_plays" / "lines.jsonl"
WANTED = 0.95
PEAK_FLOPS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}  # dense bf16, as the makers give it
SHAPES = {
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32},
    "8b": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32},
}


def main() -> None:
    """Both sides in turns, then the ratio."""
    said = arguments()
    if said.side:
        print(json.dumps({"bare": bare, "greenroom": greenroom}[said.side](Path(said.workshop), said)))
        return
    with tempfile.TemporaryDirectory() as workshop:
        prepare(Path(workshop), said)
        runs: dict[str, list[dict[str, Any]]] = {"bare": [], "greenroom": []}
        for number in range(said.rounds):
            for side in sorted(runs, reverse=bool(number % 2)):
                runs[side].append(in_a_process(side, workshop, said))
                print(f"  {side:10}{rate(runs[side][-1]):10,.0f} tokens/s", file=sys.stderr)
        report(runs, said)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--recipe", default="understudy")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--packing", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=("bare", "greenroom"), help=argparse.SUPPRESS)
    parser.add_argument("--workshop", help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare(workshop: Path, said: argparse.Namespace) -> None:
    """The data set, the persona and, if a shape is asked for, a model of it."""
    from finetune.data_run import Ingredients, run

    persona = workshop / "goring.yaml"
    persona.write_text("id: goring\nname: Lord Goring\nwho: Lord Goring is a dandy who hides a kind heart.\n")
    asyncio.run(run(persona, Ingredients((PLAYS,)), speaker="Lord Goring", to=workshop / "data"))
    if said.shape:
        make_model(workshop / "base", said.shape)


def make_model(folder: Path, shape: str) -> None:
    """A Llama with random weights; its speed is that of a trained one."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from serving.settings import UNDERSTUDY_FOLDER

    config = LlamaConfig(**SHAPES[shape], num_key_value_heads=8, vocab_size=128256, max_position_embeddings=8192)
    torch.set_default_dtype(torch.bfloat16)
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(UNDERSTUDY_FOLDER).save_pretrained(folder)


def in_a_process(side: str, workshop: str, said: argparse.Namespace) -> dict[str, Any]:
    """One run of one side, from nothing."""
    command = [sys.executable, "-m", "benchmarks.finetune_speed", "--side", side, "--workshop", workshop]
    command += ["--recipe", said.recipe, "--epochs", str(said.epochs), "--tokens", str(said.tokens)]
    command += ["--shape", said.shape] if said.shape else []
    command += ["--packing"] if said.packing else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def changes(workshop: Path, said: argparse.Namespace) -> list[str]:
    """What both sides change in the recipe."""
    base = [f"base={json.dumps(str(workshop / 'base'))}"] if said.shape else []
    packing = [f"batches.packing={str(said.packing).lower()}"]
    return [f"epochs={said.epochs}", f"batches.tokens={said.tokens}", "stopping.looks=1", *packing, *base]


def greenroom(workshop: Path, said: argparse.Namespace) -> dict[str, Any]:
    """`greenroom finetune train`."""
    from finetune.recipe_file import read_recipe
    from finetune.train_run import train_run

    recipe = read_recipe(said.recipe, changes=changes(workshop, said))
    with tempfile.TemporaryDirectory() as run:
        record = train_run(workshop / "goring.yaml", data=workshop / "data", recipe=recipe, to=Path(run))
        return {"tokens": record.tokens, "seconds": record.seconds, "peak": record.peak_memory, **size(record.base)}


def bare(workshop: Path, said: argparse.Namespace) -> dict[str, Any]:
    """What one would write by hand with TRL, given the same settings."""
    import time

    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from finetune.recipe_file import read_recipe
    from finetune.train_arguments import arguments as settings_for
    from finetune.train_arguments import weights_in
    from finetune.train_learn import peak_memory
    from finetune.train_lora import peft_config
    from finetune.train_prepare import prepare as prepared

    recipe = read_recipe(said.recipe, changes=changes(workshop, said))
    ready = prepared(workshop / "goring.yaml", data=workshop / "data", recipe=recipe, seed=0, began_with=None)
    with tempfile.TemporaryDirectory() as run:
        settings = settings_for(recipe, ready.plan, Path(run), seed=0, held_out=True)
        assert isinstance(settings, SFTConfig)
        settings.model_init_kwargs = {"dtype": weights_in(recipe), "attn_implementation": "sdpa"}
        trainer = SFTTrainer(
            ready.base.name,
            args=settings,
            train_dataset=Dataset.from_list(list(ready.material.learnt)),
            eval_dataset=Dataset.from_list(list(ready.material.held_out)),
            peft_config=peft_config(recipe, steps=ready.plan.steps),
        )
        began = time.monotonic()
        trainer.train()
        seconds = time.monotonic() - began
        tokens = max(row.get("num_tokens", 0) for row in trainer.state.log_history)
    return {"tokens": tokens, "seconds": seconds, "peak": peak_memory(), **size(ready.base.name)}


def size(base: str) -> dict[str, Any]:
    """How many parameters the model has, and on what it ran."""
    import torch
    from transformers import AutoConfig

    from finetune.train_memory import shape_of

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return {"parameters": shape_of(AutoConfig.from_pretrained(base), None).parameters, "device": device}


def rate(run: dict[str, Any]) -> float:
    return float(run["tokens"] / run["seconds"])


def report(runs: dict[str, list[dict[str, Any]]], said: argparse.Namespace) -> None:
    """Medians side by side, the ratio, and MFU where the device's peak is known."""
    rates = {side: statistics.median(map(rate, of_side)) for side, of_side in runs.items()}
    ratio = rates["greenroom"] / rates["bare"]
    peaks = {side: max(run["peak"] for run in of_side) for side, of_side in runs.items()}
    first = runs["greenroom"][0]
    peak = next((flops for name, flops in PEAK_FLOPS.items() if name in first["device"]), None)
    mfu = {f"{rule}N": rates["greenroom"] * rule * first["parameters"] / peak for rule in (4, 6)} if peak else {}
    if said.json:
        print(json.dumps({"tokens_per_second": rates, "ratio": ratio, "peak_bytes": peaks, "mfu": mfu, "runs": runs}))
        return
    for side, value in rates.items():
        print(f"{side:12}{value:10,.0f} tokens/s   peak {peaks[side] / 2**30:5.2f} GiB")
    print(f"ratio       {ratio:10.3f}   (wanted: {WANTED} or more; {said.rounds} rounds of each, medians)")
    for rule, share in mfu.items():
        print(f"MFU by {rule}   {share:10.1%}")


if __name__ == "__main__":
    main()
