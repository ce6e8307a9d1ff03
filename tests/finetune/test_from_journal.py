"""What happened on stage becomes data: of those who agreed, without what could find them, and of nobody else."""

import ast
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from finetune.cli import app
from finetune.conversation import prompt_for
from finetune.data_run import Ingredients, run
from finetune.errors import LinesUnreadable
from finetune.journal_reader import Staged, beginnings
from finetune.masking import identifies, masked
from finetune.masking_names import names_in, stand_ins
from memory.journal import Journal
from personas import Place, Recollection, load
from tests.finetune.stage import CANARY, agree, evenings, persona_file, talk, text_in
from tests.memory.builders import GUILD, NOON, WEB, said, take, turn

ROOM = Path(__file__).parents[2] / "finetune"


@pytest.fixture
async def journal() -> AsyncIterator[Journal]:
    async with await Journal.open("sqlite://", learns_from={"web", "discord"}) as opened:
        yield opened


async def staged(journal: Journal, folder: Path) -> list[str]:
    """Every prompt and reply that the journal gives, as text."""
    persona = load(persona_file(folder))
    found = Staged(persona).conversations(await journal.lessons.of("mika"))
    return [
        "\n".join([*(message.content for message in prompt_for(one, persona, "Mika")), f">> {one.reply}"])
        for one in found
    ]


async def test_a_turn_is_put_into_words_as_it_was_live(journal: Journal, tmp_path: Path) -> None:
    await talk(journal, ("Are you awake?", "Always, night owl."), ("Sing?", "Full spin!"))
    await agree(journal, "web:kim")

    first, second = await staged(journal, tmp_path)

    assert "Hello, night owl!" in first
    assert "Monday, 4 May 2026, 12h" in first
    assert second.endswith("Sing?\n>> Full spin!")
    assert "Always, night owl." in second


async def test_what_came_to_mind_then_stands_in_the_prompt(journal: Journal, tmp_path: Path) -> None:
    (first,) = await talk(journal, ("My cat is called Biscuit.", "Biscuit it is."))
    remembered = Recollection(first.heard[0].id, "My cat is called Biscuit.", "Kim", NOON, 1.0)
    later = replace(turn(said("Who is my cat?", place=Place("web:two"), minutes=99)), recalled=(remembered,))
    await take(journal, later, "Biscuit, of course.")
    await agree(journal, "web:kim")

    found = await staged(journal, tmp_path)

    assert "you remember:\n- 4 May 2026" in found[-1]
    assert "My cat is called Biscuit." in found[-1]


async def test_names_numbers_and_addresses_leave_masked(journal: Journal, tmp_path: Path) -> None:
    secrets = ("Kim Parkovic", "Annegret", "kim@example.org", "+49 170 1234567", "12 Baker Street", "kimmy#1234")
    words = "I'm Kim Parkovic, my sister Annegret too. kim@example.org, +49 170 1234567, 12 Baker Street, kimmy#1234"
    await talk(journal, (words, "Welcome, Kim Parkovic, and say hello to Annegret!"), name="Kim Parkovic")
    await agree(journal, "web:kim")

    (found,) = await staged(journal, tmp_path)

    assert [secret for secret in secrets if secret.casefold() in found.casefold()] == []
    assert "[MAIL]" in found
    assert "[NAME]" not in found


async def test_a_fan_goes_by_one_name_all_through_a_talk(journal: Journal, tmp_path: Path) -> None:
    await talk(journal, ("I'm Zebedee.", "Hello Zebedee!"), ("Who am I?", "zebedee, who else?"), name="Zebedee")
    await agree(journal, "web:kim")

    first, second = await staged(journal, tmp_path)

    name = first.rsplit("Hello ", 1)[1].rstrip("!")
    assert f">> {name}, who else?" in second


async def test_a_reply_that_held_a_number_is_not_learnt(journal: Journal, tmp_path: Path) -> None:
    await evenings(journal, 12)
    await talk(journal, ("Tell me my number", "It is +49 170 1234567, dear."), place=Place("web:number"))
    await agree(journal, "web:kim")
    talks = await journal.lessons.of("mika")

    sheet = await run(persona_file(tmp_path), Ingredients(talks=talks), speaker="", to=tmp_path / "out")

    assert sheet.left_out["personal data (phone)"] == 1


async def test_a_thumb_down_is_no_example_to_follow(journal: Journal, tmp_path: Path) -> None:
    one, _ = await talk(journal, ("Sing?", "No, never again."), ("Sing?", "Full spin!"))
    await journal.feedback(one.id, fan_id="web:kim", thumb="down")
    await agree(journal, "web:kim")

    (found,) = await staged(journal, tmp_path)

    assert found.endswith(">> Full spin!")


async def test_a_silence_ends_a_block_and_no_prompt_reaches_over_it(journal: Journal, tmp_path: Path) -> None:
    (first,) = await talk(journal, ("Before the silence", "Good night."))
    late = said("After the silence", minutes=120)
    await take(journal, turn(late, after=first.id), "Good morning.")
    await agree(journal, "web:kim")
    (lessons,) = await journal.lessons.of("mika")

    assert len({first.id for first in beginnings(lessons[-1]).values()}) == 2
    assert "Before the silence" not in (await staged(journal, tmp_path))[1]


async def test_the_journal_fills_all_three_parts_of_a_data_set(journal: Journal, tmp_path: Path) -> None:
    await evenings(journal, 40)
    await agree(journal, "web:kim")
    talks = await journal.lessons.of("mika")

    sheet = await run(persona_file(tmp_path), Ingredients(talks=talks), speaker="", to=tmp_path / "out")

    assert all(sheet.conversations.values())
    assert sheet.sources == {"journal": sum(sheet.conversations.values())}
    assert "web:kim" not in text_in([tmp_path / "out"])


async def test_without_anybody_who_agreed_there_is_a_sentence_and_no_data_set(journal: Journal, tmp_path: Path) -> None:
    await evenings(journal, 3)

    with pytest.raises(LinesUnreadable, match="Fans must agree"):
        await run(persona_file(tmp_path), Ingredients(talks=await journal.lessons.of("mika")), speaker="", to=tmp_path)


async def a_night_with_everybody(data: Path) -> None:
    """Kim agrees, Lee does not; they meet in private and in public, and Lee's canary is in every place."""
    async with await Journal.in_folder(data) as journal:
        (liked_one, *_), *_ = await evenings(journal, 14)
        await journal.feedback(liked_one.id, fan_id="web:kim", thumb="up")
        await evenings(journal, 4, by="discord:kim")
        await talk(journal, (CANARY, f"I'll remember that {CANARY}"), by="web:lee", name="Lee", place=Place("web:l"))
        liked = await talk(journal, (f"again {CANARY}", CANARY), by="web:lee", name="Lee", place=Place("web:l2"))
        await journal.feedback(liked[0].id, fan_id="web:lee", thumb="up")
        one = await take(journal, turn(said("first words", by="web:kim", place=GUILD)), "A reply before that")
        two = await take(journal, turn(said(CANARY, by="web:lee", place=GUILD, minutes=1), after=one.id), CANARY)
        late = turn(said("what was that?", by="web:kim", place=GUILD, minutes=2), after=two.id)
        three = await take(journal, late, f"Lee said {CANARY}")
        await journal.feedback(three.id, fan_id="web:kim", thumb="up")
        remembered = Recollection(three.id + ":said", CANARY, "Mika", NOON, 1.0)
        private = replace(turn(said("and?", place=Place("web:k"), minutes=3)), recalled=(remembered,))
        await take(journal, private, f"It was {CANARY}")
        await agree(journal, "web:kim", "discord:kim")


def test_what_somebody_said_who_did_not_agree_appears_in_no_output_of_the_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    for platform in ("WEB", "TERMINAL", "DISCORD"):
        monkeypatch.setenv(f"GREENROOM_MEMORY__LEARNING__{platform}", "true")
    data, out = tmp_path / "data", tmp_path / "out"
    asyncio.run(a_night_with_everybody(data))
    mika, typed = str(persona_file(tmp_path)), ["--data", str(data)]
    shown = [
        CliRunner().invoke(app, words)
        for words in (
            ["data", mika, "--from-journal", "--to", str(out / "set"), "--less-context", "1", *typed],
            ["data", mika, "--from-journal", "--to", str(out / "again"), "--json", *typed],
            ["review", "list", "mika", *typed],
            ["review", "list", "mika", "--json", *typed],
            ["review", "approve", "mika", "--all", *typed],
            ["review", "export", mika, "--to", str(out / "likings"), *typed],
        )
    ]  # fmt: skip

    assert [one.output for one in shown if one.exit_code] == []
    everything = text_in([out]) + "".join(one.output for one in shown)
    assert "hums along" in everything
    for word in ("canarywort", "grandmother", "Lee"):
        assert word not in everything


def test_discord_gives_nothing_while_its_own_switch_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setenv("GREENROOM_MEMORY__LEARNING__WEB", "true")

    async def on_discord() -> None:
        async with await Journal.in_folder(tmp_path / "data") as journal:
            await talk(journal, ("hello there", "Hello from a guild"), by="discord:kim", place=GUILD)
            await agree(journal, "discord:kim")

    asyncio.run(on_discord())
    typed = ["--from-journal", "--data", str(tmp_path / "data"), "--to", str(tmp_path / "out")]
    refused = CliRunner().invoke(app, ["data", str(persona_file(tmp_path)), *typed])

    assert refused.exit_code == 1
    assert "Fans must agree" in refused.output
    assert not (tmp_path / "out").exists()


def imported(path: Path) -> set[str]:
    """Every module a file imports."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_only_one_file_of_the_room_opens_the_journal_and_it_takes_lessons_alone() -> None:
    inside = {"memory.journal", "memory.memory", "memory.opening", "memory.backup", "memory.reflection"}
    openers = {
        path.name
        for path in ROOM.rglob("*.py")
        if any(module in inside or module.startswith(("memory.journal_", "memory.chroma")) for module in imported(path))
    }
    weigh_thumbs = {"publish_canary.py"}  # whether a LoRA on trial is liked; no words, and nothing learns from it
    tree = ast.parse((ROOM / "journal_opening.py").read_text())
    taken = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "journal"
    }

    assert openers - weigh_thumbs == {"journal_opening.py"}
    assert {path.name for path in ROOM.rglob("*.py") if "finetune.publish_canary" in imported(path)} <= {
        "evaluate_cli.py"
    }
    assert taken == {"lessons"}


def test_nobody_but_the_lessons_reads_who_agreed() -> None:
    memory = ROOM.parent / "memory"
    readers = {path.name for path in memory.glob("*.py") if "CONSENTS" in path.read_text()}

    owns = {"journal_erasure.py", "journal_export.py", "journal_import.py"}  # a fan's own rows, whatever they are
    assert readers == {"journal_lessons.py", "journal_tables.py", *owns}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ring me on (212) 736-5000 today", "PHONE"),
        ("我的手机是13812345678", "PHONE"),
        ("my number is 536-90-4399", "ID"),
        ("passport L01234567", "ID"),
        ("kim [at] foo [dot] com", "MAIL"),
        ("I was born on 3 May 1990", "BIRTHDAY"),
        ("12 rue de la Paix", "ADDRESS"),
        ("上海市南京西路1266号", "ADDRESS"),
        ("join discord.gg/abcdef", "LINK"),
        ("I am kimmy#1234", "HANDLE"),
    ],
)
def test_more_of_what_could_find_somebody_is_masked(said: str, kind: str) -> None:
    assert f"[{kind}]" in masked(said)
    assert identifies(masked(said)) == kind


@pytest.mark.parametrize(
    "text", ["We met at 10:30 on 2026-11-25.", "I scored 1500 points in 3 games", "Version 2 is better than 1"]
)
def test_dates_hours_and_scores_are_nobodys_secret(text: str) -> None:
    assert masked(text) == text


def test_those_who_are_introduced_are_known_by_name() -> None:
    said = [
        "Hi, I'm Anna from Leeds",
        "my sister Clara is ill",
        "call me Kit",
        "我叫小林，你好",
        "Tom, my brother, sang",
    ]

    assert list(names_in(said)) == ["Anna", "Clara", "Kit", "小林", "Tom"]


def test_nobody_is_given_the_name_of_somebody_who_is_there() -> None:
    names = stand_ins({"Kim", "Robin", "Sasha", "小林"}, spared=("Mika",), salt="talk")

    assert set(names) == {"Kim", "Robin", "Sasha", "小林"}
    assert not {name.casefold() for name in names.values()} & {"kim", "robin", "sasha", "mika"}
    assert len(set(names.values())) == 4


def test_a_nickname_that_is_a_word_is_masked_only_where_it_is_a_name() -> None:
    assert masked("Will says I will sing", stand_ins({"Will"}, spared=(), salt="t")).endswith("says I will sing")
    assert "Will" not in masked("Will says I will sing", {"will": "Noor"})


def test_the_sheet_says_where_each_row_comes_from(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Sing?"}, {"role": "assistant", "content": "Full spin, little moon, hum!"}]
    (tmp_path / "chat.jsonl").write_text(json.dumps({"messages": chat}))
    typed = ["data", str(persona_file(tmp_path)), str(tmp_path / "chat.jsonl"), "--to", str(tmp_path / "out"), "--json"]

    told = CliRunner().invoke(app, typed)

    assert json.loads(told.stdout)["sources"] == {"script": 1}


async def test_public_talk_keeps_its_labels_apart(journal: Journal, tmp_path: Path) -> None:
    both = (said("Evening!", by="discord:a", name="Aurelia", place=GUILD),
            said("Sing!", by="discord:b", name="Balthasar", place=GUILD))  # fmt: skip
    await take(journal, turn(*both), "Which of you two?")
    await agree(journal, "discord:a", "discord:b")

    (found,) = await staged(journal, tmp_path)

    *_, one, two, reply = found.splitlines()
    assert one.endswith(": Evening!")
    assert two.endswith(": Sing!")
    assert one.split(":")[0] != two.split(":")[0]
    assert "Aurelia" not in found
    assert reply == ">> Which of you two?"
    assert WEB not in found
