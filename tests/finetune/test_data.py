"""A creator's scripts become conversations: nothing crosses a block, and nothing is learnt that shouldn't be."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.cleaning import clean
from finetune.conversation import Conversation, conversations, prompt_for
from finetune.dataset import read_part, write_dataset
from finetune.errors import LinesUnreadable
from finetune.line import Line
from finetune.masking import identifies, masked
from finetune.reader_chats import read_chats
from finetune.reader_scripts import read_fountain, read_play
from finetune.readers import read_file
from finetune.splitting import parts_of, split
from personas import Persona
from personas.persona import FromCard

PLAYS = Path(__file__).parents[2].parent / "shared" / "data" / "pd_plays" / "lines.jsonl"
GORING = Persona(id="goring", name="Lord Goring", who="Lord Goring is a dandy.")

PLAY = """FIRST ACT

MABEL. How very bad of you! [Laughs.]

GORING. I am always bad, Miss Mabel,
and I never mend.

MABEL. (aside) He never mends.
"""

FOUNTAIN = """INT. LAUNDROMAT - NIGHT

A washing machine hums.

MIKA
(softly)
Full spin, little moon.

KIM (O.S.)
Is anybody there?

CUT TO:
"""


def test_a_play_is_read_speech_by_speech_without_its_directions() -> None:
    lines = list(read_play(PLAY))

    assert [(line.speaker, line.text) for line in lines] == [
        ("MABEL", "How very bad of you!"),
        ("GORING", "I am always bad, Miss Mabel, and I never mend."),
        ("MABEL", "He never mends."),
    ]


def test_a_screenplay_is_read_without_slugs_directions_and_transitions() -> None:
    lines = list(read_fountain(FOUNTAIN))

    assert [(line.speaker, line.text) for line in lines] == [
        ("MIKA", "Full spin, little moon."),
        ("KIM", "Is anybody there?"),
    ]


@pytest.mark.parametrize(
    "chat",
    [
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]},
        {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]},
        {
            "messages": [
                {"author": {"name": "user"}, "content": "hi"},
                {"author": {"name": "assistant"}, "content": "hello"},
            ]
        },
    ],
    ids=["openai", "sharegpt", "discord"],
)
def test_chats_of_three_kinds_are_read_alike(chat: dict[str, object]) -> None:
    lines = list(read_chats(json.dumps(chat), where="chat.json"))

    assert [(line.speaker, line.text) for line in lines] == [("user", "hi"), ("assistant", "hello")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", ":1:2: this is no JSON"),
        ('{"a": 1}', "expected 'messages'"),
        ('{"messages": [1]}', "message 1"),
        ("3", "objects"),
    ],
)
def test_a_chat_that_cannot_be_read_is_named_with_its_place(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text(content)

    with pytest.raises(LinesUnreadable, match=said):
        read_file(path)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_at_all_upsets_the_readers_of_scripts(text: str) -> None:
    for line in (*read_play(text), *read_fountain(text)):
        assert line.speaker


def lines_of(*said: tuple[str, str], block: int = 0) -> list[Line]:
    return [Line(speaker, text, "act", block, number) for number, (speaker, text) in enumerate(said)]


def test_a_conversation_never_crosses_the_edge_of_a_block() -> None:
    lines = [
        *lines_of(("Mabel", "Good evening."), ("Goring", "Is it?")),
        *lines_of(("Goring", "I came early."), ("Mabel", "You are late."), ("Goring", "Always."), block=1),
    ]

    found = list(conversations(lines, "Goring"))

    assert [(one.before[-1].text, one.reply) for one in found] == [
        ("Good evening.", "Is it?"),
        ("You are late.", "Always."),
    ]


@pytest.mark.parametrize("blocks", [1, 2, 3, 4, 5, 7, 20, 100])
def test_a_block_is_in_one_part_only_and_always_in_the_same(blocks: int) -> None:
    ones = split([Conversation((), f"reply {n}", f"block {n % blocks}") for n in range(3 * blocks)])

    parts = {one.block: {other.part for other in ones if other.block == one.block} for one in ones}

    assert all(len(found) == 1 for found in parts.values())
    assert split(ones[::-1]) == ones[::-1]


@pytest.mark.parametrize("play", range(40))
def test_a_short_play_holds_enough_back_to_be_measured_with(play: int) -> None:
    parts = Counter(parts_of({f"play {play}, block {n}" for n in range(8)}).values())

    assert parts["test"] >= 2
    assert parts["validation"] >= 1
    assert parts["train"] >= 4


def test_a_block_keeps_its_part_while_a_play_grows() -> None:
    blocks = [f"block {n}" for n in range(400)]

    few, many = parts_of(set(blocks[:100])), parts_of(set(blocks))

    assert few == {block: many[block] for block in few}


def test_what_was_made_up_is_only_learnt_from() -> None:
    ones = [Conversation((), f"reply {n}", f"block {n}", source="replay") for n in range(50)]

    assert {one.part for one in split(ones)} == {"train"}


def test_the_prompt_of_a_script_is_laid_out_as_a_live_one() -> None:
    before = tuple(lines_of(("Mabel", "Good evening."), ("Goring", "Is it?"), ("Mabel", "It was.")))

    system, first, own, last = prompt_for(Conversation(before, "Charming.", "b"), GORING, "Goring")

    assert system.role == "system"
    assert "Lord Goring is a dandy." in system.content
    assert [(m.role, m.content) for m in (first, own, last)] == [
        ("user", "Good evening."),
        ("assistant", "Is it?"),
        ("user", "It was."),
    ]


def test_the_instructions_of_an_imported_card_are_trained_with_where_they_are_served() -> None:
    card = FromCard(post_history_instructions="{{char}} answers {{user}} in epigrams.")
    before = tuple(
        lines_of(
            ("Mabel", "Good evening."),
        )
    )

    *_, last = prompt_for(Conversation(before, "Is it?", "b"), GORING.model_copy(update={"card": card}), "Goring")

    assert "Lord Goring answers Mabel in epigrams." in last.content


def test_with_several_people_everyone_but_the_persona_carries_a_name() -> None:
    before = tuple(lines_of(("Mabel", "Good evening."), ("Caversham", "Humph.")))

    *_, last = prompt_for(Conversation(before, "Father!", "b"), GORING, "Goring")

    assert last.content == "Mabel: Good evening.\nCaversham: Humph."


def test_what_should_not_be_learnt_is_left_out_for_a_reason() -> None:
    replies = ["Yes.", "A trivial comedy for serious people.", "A trivial comedy for serious people!",
               "Write to me at goring@example.org please.", "Well.\nMABEL: How rude of you."]  # fmt: skip

    kept, report = clean([Conversation((), reply, "b") for reply in replies], others=["Mabel"])

    assert [one.reply for one in kept] == ["A trivial comedy for serious people."]
    assert dict(report.left_out) == {
        "too short": 1,
        "near-duplicate": 1,
        "personal data (mail)": 1,
        "another character's line": 1,
    }


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("mail kim.park+idol@mail.example.org now", "MAIL"),
        ("call +49 170 1234567 tonight", "PHONE"),
        ("I live at 12 Baker Street, come by", "ADDRESS"),
        ("ich wohne Hauptstraße 12", "ADDRESS"),
        ("my card is 4111 1111 1111 1111", "CARD"),
        ("DE89 3704 0044 0532 0130 00 is my account", "ACCOUNT"),
        ("ask <@123456789012345678>", "ID"),
        ("write @kim_park on there", "HANDLE"),
    ],
)
def test_what_could_find_somebody_is_masked(said: str, kind: str) -> None:
    assert identifies(said) is not None
    assert f"[{kind}]" in masked(said)


def test_a_speakers_own_name_is_masked_whatever_its_case() -> None:
    assert masked("KIM said Kim's cat and a kimono", ["Kim"]) == "[NAME] said [NAME]'s cat and a kimono"


def test_ordinary_talk_is_left_alone() -> None:
    assert masked("I have 3 cats, it is 10:30 and I scored 1500 points!") == (
        "I have 3 cats, it is 10:30 and I scored 1500 points!"
    )


def test_a_frozen_data_set_that_was_touched_is_refused(tmp_path: Path) -> None:
    ones = [Conversation(tuple(lines_of(("Mabel", "Well?"))), f"reply number {n} of many", f"b{n}") for n in range(40)]
    kept, report = clean(ones, others=[])
    sheet = write_dataset(tmp_path, split(kept), GORING, "Goring", report)
    assert sum(sheet.conversations.values()) == len(kept)
    assert len(read_part(tmp_path, "train")) == sheet.conversations["train"]

    with (tmp_path / "train.jsonl").open("a") as file:
        file.write("{}\n")

    with pytest.raises(LinesUnreadable, match="changed after it was frozen"):
        read_part(tmp_path, "train")


@pytest.mark.skipif(not PLAYS.exists(), reason="needs ../shared/data/pd_plays, which is not here")
def test_a_real_play_gives_conversations_for_its_hero() -> None:
    lines = read_file(PLAYS)

    found = list(conversations(lines, "Lord Goring"))
    kept, report = clean(found, others=sorted({line.speaker for line in lines} - {"Lord Goring"}))

    assert 150 < len(kept) <= len(found) <= 252
    assert report.kept == len(kept)
    assert {one.part for one in split(kept)} == {"train", "validation", "test"}
