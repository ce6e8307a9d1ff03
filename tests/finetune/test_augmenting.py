"""What is added to a data set is added to what is learnt alone, says what it is, and can be left out again."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finetune.augmenting import Augmenting, augmented, less_context, protective, read_scenes, replay
from finetune.conversation import Conversation, conversations, prompt_for
from finetune.data_run import Ingredients, run
from finetune.ensemble import company, ensemble
from finetune.line import Line
from finetune.masking import identifies
from finetune.paraphrasing import Paraphrasing
from finetune.splitting import split
from personas import Boundaries, Persona, Place, Recollection, Scene, Utterance, Voice
from serving.testing import HashingEncoder, ScriptedEngine
from tests.finetune.stage import persona_file

MIKA = Persona(id="mika", name="Mika", who="Mika sings.", voice=Voice(says=("Full spin!",)))
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def play(count: int) -> list[Conversation]:
    """Conversations of three lines before each reply, all of them in the part that is learnt."""
    return [
        Conversation(
            (Line("Kim", f"First {n}"), Line("Mika", f"Then {n}"), Line("Kim", f"What about the lamp number {n}?")),
            f"The lamp {n} hums with machine {n * 7}",
            f"block {n}",
        )
        for n in range(count)
    ]


def lines_file(folder: Path) -> Path:
    """A script of many blocks, as a creator would have it."""
    rows = [
        {"speaker": speaker, "text": text, "block": block, "n": number}
        for block in range(60)
        for number, (speaker, text) in enumerate(
            (("Kim", f"What of lantern {block}?"), ("Mika", f"Lantern {block} hums with the dryer {block * 3}."),
             ("Kim", f"And harbour {block}?"), ("Mika", f"Harbour {block} sleeps beside the washer {block * 5}."))
        )
    ]  # fmt: skip
    file = folder / "lines.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


@pytest.mark.parametrize(
    "wanted",
    [Augmenting(less_context=0.5), Augmenting(protective=0.3), Augmenting(replay=0.3), Augmenting(1, 1, 1)],
    ids=["less context", "protective", "replay", "all"],
)
async def test_what_is_held_out_is_the_same_whatever_is_added(wanted: Augmenting, tmp_path: Path) -> None:
    mika, files = persona_file(tmp_path), (lines_file(tmp_path),)

    plain = await run(mika, Ingredients(files), speaker="Mika", to=tmp_path / "plain")
    more = await run(mika, Ingredients(files, augmenting=wanted), speaker="Mika", to=tmp_path / "more")

    assert (more.hashes["validation"], more.hashes["test"]) == (plain.hashes["validation"], plain.hashes["test"])
    assert more.conversations["train"] > plain.conversations["train"]
    assert sum(more.sources.values()) - more.sources["script"] == (
        more.conversations["train"] - plain.conversations["train"]
    )


async def test_the_same_seed_adds_the_same_and_another_seed_something_else(tmp_path: Path) -> None:
    kept = play(30)

    one, two, other = [await augmented(kept, MIKA, "Mika", Augmenting(0.5, 0.5, 0.5, seed=seed)) for seed in (1, 1, 2)]

    assert one == two
    assert one != other


def test_less_context_keeps_the_reply_and_what_it_answers() -> None:
    (one,) = play(1)

    (shorter,) = less_context([one], share=1, rng=random.Random(0))

    assert shorter.reply == one.reply
    assert shorter.before[-1] == one.before[-1]
    assert len(shorter.before) < len(one.before)


def test_less_context_takes_from_a_scene_what_came_to_mind() -> None:
    said = Utterance("u", "web:kim", "Kim", Place("web:t"), "Who is my cat?", NOON)
    old = tuple(replace(said, id=str(n), text=f"old {n}") for n in range(6))
    remembered = tuple(Recollection(str(n), f"fact {n}", "Kim", NOON, 1.0) for n in range(8))
    scene = Scene(MIKA, said.place, (said,), old, remembered)
    whole = Conversation((), "Biscuit, of course.", "b", "journal", scene)

    shorter = [next(less_context([whole], share=1, rng=random.Random(seed))) for seed in range(5)]

    assert all(one.scene and one.scene.heard == (said,) for one in shorter)
    assert all(one.scene and len(one.scene.recollections) < 8 for one in shorter)
    assert {one.part for one in shorter} == {"train"}


def test_a_protective_scene_is_answered_as_the_persona_herself() -> None:
    found = list(protective(play(20), MIKA, "Mika", share=3, rng=random.Random(0)))

    assert len(found) == 60
    assert all("{" not in one.reply and "{" not in one.before[-1].text for one in found)
    assert any("Mika" in one.reply for one in found)
    assert {len(one.before) for one in found} == {1, 3}
    system, *_ = prompt_for(found[0], MIKA, "Mika")
    assert "You are Mika" in system.content


def test_a_persona_declines_harm_in_her_own_words_too() -> None:
    mika = MIKA.model_copy(update={"boundaries": Boundaries(refusals=("Not in my laundromat.",))})

    found = protective(play(40), mika, "Mika", share=10, rng=random.Random(0))

    assert "Not in my laundromat." in {one.reply for one in found}


def test_plain_talk_carries_no_persona() -> None:
    found = list(replay(20, share=0.5, rng=random.Random(0)))

    assert len(found) == 10
    assert {len(prompt_for(one, MIKA, "Mika")) for one in found} == {1}
    assert len({one.reply for one in found}) == 10


def test_the_scenes_that_ship_are_whole_and_name_nobody() -> None:
    plain, guarded = read_scenes("neutral"), read_scenes("protective")

    assert len(plain) >= 60
    assert all(isinstance(asked, str) and isinstance(said, str) for asked, said in plain)
    assert len({ask for scene in guarded for ask in scene["asks"]}) >= 55
    assert all(len(scene["says"]) >= 2 for scene in guarded)
    assert [said for scene in guarded for said in scene["says"] if identifies(said)] == []


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("What about lamp number {n}, then?", True),
        ("Bananas are yellow.", False),
        ("What about the lamp number {n}?", False),
        ("Mail me at kim@example.org about the lamp number {n}?", False),
        ("One.\nTwo.", False),
    ],
    ids=["a paraphrase", "another meaning", "the same words", "an address", "more than a line"],
)
async def test_a_paraphrase_must_mean_the_same_in_other_words(answer: str, kept: bool) -> None:
    (one,) = play(1)
    number = one.before[0].text.split()[-1]
    paraphrasing = Paraphrasing(ScriptedEngine(answer.replace("{n}", number)), HashingEncoder(), share=1)

    found = await paraphrasing.of([one], rng=random.Random(0))

    assert [two.before[-1].text for two in found] == ([answer.replace("{n}", number)] if kept else [])
    assert [two.reply for two in found] == ([one.reply] if kept else [])
    assert paraphrasing.refused == (not kept)


def quay() -> list[Line]:
    """Three roles in twelve scenes of one play, and somebody of another play."""
    said = [
        Line(who, f"{who} says thing {scene} about the {word}.", "the quay", scene, number)
        for scene in range(12)
        for number, (who, word) in enumerate([("Kim", "lamp"), ("Mika", "tide"), ("Orla", "gull"), ("Mika", "rope")])
    ]
    return [
        *said,
        Line("Kim", "Elsewhere it rains.", "the hill", 0, 0),
        Line("Zed", "So it does, Kim.", "the hill", 0, 1),
    ]


def test_the_others_of_her_scenes_are_learnt_under_their_own_names() -> None:
    lines = quay()
    kept = split(list(conversations(lines, "Mika")))
    learnt = [one for one in kept if one.part == "train"]

    found = company(lines, "Mika")
    added = ensemble(found, kept, share=0.5, rng=random.Random(0))

    assert set(found) == {"Kim", "Orla"}  # nobody of another play, and not herself
    assert len(added) == round(0.5 * len(learnt))
    assert {one.source for one in added} == {"ensemble"}
    for one in added:
        assert one.part == "train"
        assert one.reply.split()[0] in one.prompt[0].content.splitlines()[0]
        assert "Mika" not in one.prompt[0].content.splitlines()[0]


def test_no_role_is_learnt_from_a_scene_that_measures() -> None:
    lines = quay()
    kept = split(list(conversations(lines, "Mika")))
    measures = {one.block for one in kept if one.part != "train"}

    added = ensemble(company(lines, "Mika"), kept, share=4, rng=random.Random(0))

    assert measures
    assert not {one.block for one in added} & measures
    assert {one.part for one in added} == {"train"}
