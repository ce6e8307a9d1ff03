"""`greenroom finetune merge | reduce | quantise`: other shapes of a finished LoRA, each with what it costs."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from finetune.data_cli import plainly
from finetune.evaluate_cli import AsJson, Data, OnBase, Run

To = Annotated[Path, typer.Option(help="The folder for what is made; it must be empty.")]


def add_to(app: typer.Typer) -> None:
    """Hangs the commands into the room's own."""
    app.command(epilog="Example: greenroom finetune merge runs/mika --to models/mika")(merge)
    app.command(epilog="Example: greenroom finetune reduce runs/mika --rank 4 --to runs/mika-r4")(reduce)
    app.command(epilog="Example: greenroom finetune quantise models/mika --how int8 --to models/mika-int8")(quantise)


def merge(
    run: Run,
    to: To,
    base: OnBase = None,
    gguf: Annotated[Path | None, typer.Option(help="Write this GGUF file, too, by llama.cpp's tool.")] = None,
    converter: Annotated[Path | None, typer.Option(help="llama.cpp's convert_hf_to_gguf.py.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fold a LoRA into its base: one model for one character, for engines that can't wear LoRAs."""
    with plainly():
        from finetune import merge as merging
        from finetune.candidate import base_of, candidate

        if gguf:
            merging.refuse_converter(converter)
        one = candidate(run)
        made = merging.merge(one, base_of(one, base), to)
        row: dict[str, Any] = {"model": str(made.folder), "largest logit difference": made.apart}
        if gguf:
            row["gguf"] = str(merging.to_gguf(made.folder, gguf, converter=converter))
    show(row, as_json)


def reduce(
    run: Run,
    to: To,
    rank: Annotated[int, typer.Option(help="The new rank.", min=1)],
    data: Data = None,
    base: OnBase = None,
    as_json: AsJson = False,
) -> None:
    """Cut a LoRA to a lower rank, as near as that rank can be, and say what it costs on held-out lines."""
    with plainly():
        from finetune.candidate import base_of, candidate
        from finetune.reduce import reduce as reduced
        from finetune.variant_cost import rank_cost

        one = candidate(run)
        judged_by = one.data(data)
        made = reduced(one, rank, to)
        cost = rank_cost(one, made.folder, base_of(one, base), judged_by)
        row = {"lora": str(made.folder), "rank": made.rank, "kept": made.kept, "bytes": made.bytes, **of(cost)}
    show(row, as_json)


def quantise(
    model: Annotated[Path, typer.Argument(help="A model's folder; a merged one, or a base.")],
    to: To,
    how: Annotated[Literal["int8", "fp8", "w4a16"], typer.Option(help="int8 for CPUs; the others on a GPU.")] = "int8",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write a model in fewer bits, for vLLM, and say what it costs on the data set's held-out lines."""
    with plainly():
        from finetune.quantise import quantise as quantised
        from finetune.variant_cost import rounding_cost

        made = quantised(model, how, to, examples=data)
        row = {"model": str(made.folder), "bytes before": made.before, "bytes": made.after}
        if data and how == "int8":
            row |= of(rounding_cost(model, made.folder, data))
    show(row, as_json)


def of(cost: Any) -> dict[str, Any]:
    """A cost as columns: nats per token of held-out lines, above zero is worse."""
    return {"costs": cost.value, "from": cost.low, "to": cost.high, "p": cost.p}


def show(row: dict[str, Any], as_json: bool) -> None:
    """One result, for a person or for a program."""
    if as_json:
        typer.echo(json.dumps(row))
        return
    for name, value in row.items():
        typer.echo(f"{name:26}{value:.6g}" if isinstance(value, float) else f"{name:26}{value}")
