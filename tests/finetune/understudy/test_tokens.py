"""The tokeniser: agrees with its chat template, keeps every character, and spends little on what never changes."""

from pathlib import Path

from finetune.understudy import tokens
from finetune.understudy.corpus import documents
from personas.prompt import ALWAYS


def test_documents_are_encoded_as_the_chat_template_does_it_mask_included(tokeniser: tokens.Tokeniser) -> None:
    encoding = tokens.Encoding(tokeniser)

    for document in documents(1, 60):
        ids, learn = encoding.document(document)
        chat = [{"role": m.role, "content": m.content} for m in document.messages]
        rendered = tokeniser.apply_chat_template(chat, return_dict=True, return_assistant_tokens_mask=True)
        assert rendered["input_ids"] == ids
        assert rendered["assistant_masks"] == [int(word) for word in learn]


def test_the_end_of_a_turn_is_learnt(tokeniser: tokens.Tokeniser) -> None:
    (document,) = documents(1, 1)

    ids, learn = tokens.Encoding(tokeniser).document(document)

    assert ids[-1] == tokeniser.eos_token_id
    assert learn[-1]


def test_nothing_is_lost_on_the_way_to_tokens_and_back(tokeniser: tokens.Tokeniser) -> None:
    text = 'Zörb 42 🐈 “quoted” 你好\n  {"a": [1]}'

    assert tokeniser.decode(tokeniser.encode(text)) == text


def test_the_sentences_of_every_prompt_cost_a_handful_of_tokens(tokeniser: tokens.Tokeniser) -> None:
    assert len(tokeniser.encode(ALWAYS.format(name="Kim"))) <= 6


def test_digits_stand_alone_so_that_numbers_can_be_copied(tokeniser: tokens.Tokeniser) -> None:
    assert len(tokeniser.encode("4711")) == 4


def test_the_vocabulary_has_the_size_that_was_asked_for(tokeniser: tokens.Tokeniser) -> None:
    assert len(tokeniser) == 1024


def test_a_saved_tokeniser_is_the_same_after_loading(tokeniser: tokens.Tokeniser, tmp_path: Path) -> None:
    tokeniser.save_pretrained(tmp_path)

    loaded = tokens.load(tmp_path)

    assert loaded.encode("[notes]\nhello\n[/notes]") == tokeniser.encode("[notes]\nhello\n[/notes]")
    assert loaded.chat_template == tokeniser.chat_template
