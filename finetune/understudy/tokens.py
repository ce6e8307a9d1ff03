"""The understudy's tokeniser: byte-level BPE on its own corpus, each fixed sentence of the prompt one token.

What `personas.prompt` prints in every prompt costs a handful of tokens instead of seventy, so the first token of a
reply comes sooner and training sees more conversation. Digits stand alone, so that numbers can be copied.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast as Tokeniser

from finetune.understudy.attributes import attributes
from finetune.understudy.corpus import Document, documents
from finetune.understudy.person import CHOICE, YOU, speak
from finetune.understudy.sayings import asking, crisis, fan_lines, tales, talk
from finetune.understudy.voices import voices
from personas.prompt import ALWAYS, NOTES, OPENING
from serving import ChatMessage

__all__ = ["Encoding", "Tokeniser", "load", "trained", "trained_on_corpus"]
VOCABULARY = 2048
WINDOW = 1024
PAD, BOS, SYSTEM, USER, ASSISTANT, END = "<|pad|>", "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"
SPECIAL = (PAD, BOS, SYSTEM, USER, ASSISTANT, END, *(f"<|reserved_{n}|>" for n in range(10)))
FIXED = (*ALWAYS.split("{name}"), *NOTES.split("{}"), OPENING, "\nyou remember:\n", "\nSometimes says: ", "\nVoice: ")
TEMPLATE = (
    "{{ '<|bos|>' }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}{{ '<|assistant|>' }}"
    "{% generation %}{{ message['content'] }}{{ '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ '<|' + message['role'] + '|>' }}{{ message['content'] }}{{ '<|end|>' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def trained(texts: Iterable[str], *, vocabulary: int = VOCABULARY) -> Tokeniser:
    """A tokeniser of exactly `vocabulary` tokens, special and fixed ones included."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(FIXED),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in FIXED])
    return Tokeniser(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=END,
        chat_template=TEMPLATE,
        model_max_length=WINDOW,
        clean_up_tokenization_spaces=False,
    )


def corpus_words(seed: int, count: int) -> Iterable[str]:
    """The corpus without its fixed sentences, which are tokens already."""
    for document in documents(seed, count):
        for message in document.messages:
            text = message.content
            for fixed in FIXED:
                text = text.replace(fixed, "\n")
            yield text


def written_lines() -> Iterable[str]:
    """Every line written by hand, so that real words win over the syllables of pseudo-words."""
    for voice in voices():
        for lines in voice.acts.values():
            yield from lines
    for topic in (*talk().values(), crisis()):
        yield from (*topic["asks"], *topic["says"])
    for lines in (*fan_lines().values(), *tales().values(), *asking().values()):
        yield from lines
    for attribute in attributes():
        yield from (" " + speak(line, YOU, v="it") for line in (*attribute.asks, *attribute.states))


def trained_on_corpus(seed: int, count: int, *, vocabulary: int = VOCABULARY) -> Tokeniser:
    """From `count` documents, and the hand-written lines a hundred times."""
    written = [CHOICE.sub(lambda sides: sides[1].replace("|", " "), line) for line in written_lines()]
    texts = chain(corpus_words(seed, count), *([written] * 100))
    return trained(texts, vocabulary=vocabulary)


def load(folder: Path) -> Tokeniser:
    return Tokeniser.from_pretrained(folder)


class Encoding:
    """Documents as token ids with a mask of what is learnt; equal to the chat template, and thirty times faster."""

    def __init__(self, tokenizer: Any) -> None:
        self._encode = tokenizer._tokenizer.encode_batch
        self._ids = {role: tokenizer.convert_tokens_to_ids(f"<|{role}|>") for role in ("system", "user", "assistant")}
        self._bos = tokenizer.convert_tokens_to_ids(BOS)
        self._end = tokenizer.convert_tokens_to_ids(END)

    def messages(self, messages: Sequence[ChatMessage]) -> tuple[list[int], list[bool]]:
        """Ids and, for each, whether it is an assistant's word or the end of an assistant's turn."""
        ids, learn = [self._bos], [False]
        pieces = self._encode([m.content for m in messages], add_special_tokens=False)
        for message, piece in zip(messages, pieces, strict=True):
            ids += [self._ids[message.role], *piece.ids, self._end]
            learn += [False, *[message.role == "assistant"] * (len(piece.ids) + 1)]
        return ids, learn

    def document(self, document: Document) -> tuple[list[int], list[bool]]:
        return self.messages(document.messages)
