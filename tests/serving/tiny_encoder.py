"""Encoders and rerankers of random weights, made in a second, in each of the families that are exported."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)

TEXT = [
    "my cat is called miso",
    "i bake bread in town",
    "我的猫叫味噌",
    "猫の名前は味噌です",
    "query passage hello world",
]
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 80,
}


def make_encoder(folder: Path, *, family: str = "bert", pooling: str | None = "mean", seed: int = 1) -> Path:
    """A sentence-transformers folder; without a pooling it says nothing of how it pools."""
    torch.manual_seed(seed)
    size = make_tokenizer(folder)
    if family == "bert":
        BertModel(BertConfig(vocab_size=size, **SIZES)).save_pretrained(folder)
    else:
        config = XLMRobertaConfig(vocab_size=size, type_vocab_size=1, pad_token_id=1, **SIZES)
        XLMRobertaModel(config).save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 24}))
    if pooling:
        (folder / "1_Pooling").mkdir()
        modes = {f"pooling_mode_{mode}": mode.startswith(pooling) for mode in ("mean_tokens", "cls_token", "lasttoken")}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **modes}))
    return folder


def make_reranker(folder: Path, *, labels: int = 1) -> Path:
    """A cross-encoder."""
    torch.manual_seed(3)
    config = BertConfig(vocab_size=make_tokenizer(folder), num_labels=labels, **SIZES)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def make_tokenizer(folder: Path) -> int:
    """A WordPiece tokenizer of a few words; returns how many pieces it knows."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = ["[UNK]", "[PAD]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=300, special_tokens=specials))
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    folder.mkdir(parents=True, exist_ok=True)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    fast.save_pretrained(folder)
    return tokenizer.get_vocab_size()
