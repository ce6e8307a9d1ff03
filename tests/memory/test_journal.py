"""What the journal promises to whoever talks to a persona."""

import asyncio
import sqlite3
import traceback
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from memory.errors import JournalDamaged, JournalTooNew, JournalTrouble, JournalUnwritable, NotYours, UnknownTurn
from memory.journal import FILE, Journal
from memory.scope import Scope, Sharing
from memory.testing import journal_in_ram
from memory.turn import Turn
from personas import Place, Recollection, persona_speaker
from tests.memory.builders import DM, GUILD, NOON, WEB, bytes_in, chat, ids, said, take, turn
from tests.memory.conftest import emptied, needs_postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.slow, needs_postgres])])
async def journal(request: pytest.FixtureRequest) -> AsyncIterator[Journal]:
    """Every test with this journal is a promise that both databases keep."""
    if request.param == "sqlite":
        async with journal_in_ram() as opened:
            yield opened
    else:
        async with await Journal.open(await emptied(request.getfixturevalue("postgres_server"))) as opened:
            yield opened


async def test_a_second_delivery_is_known_and_changes_nothing(journal: Journal) -> None:
    once = said("My cat is called Miso.")

    first = await journal.hear(once, persona_id="mika")
    second = await journal.hear(replace(once, text="something else"), persona_id="mika")

    assert (first, second) == (True, False)
    assert await journal.overheard(WEB, "mika") == (once,)


async def test_two_personas_in_one_channel_each_hear_the_same_words(journal: Journal) -> None:
    words = said("Hello, both of you!", place=GUILD)

    heard = [await journal.hear(words, persona_id=persona) for persona in ("mika", "ren")]

    assert heard == [True, True]


async def test_a_deleted_message_does_not_come_back_with_a_second_delivery(journal: Journal) -> None:
    words = said("I should not have said that.", place=GUILD)
    await journal.hear(words, persona_id="mika")

    affected = await journal.unsay(words.id, place=GUILD)
    again = await journal.hear(words, persona_id="mika")

    assert affected == (Scope("mika", "web:kim", GUILD),)
    assert again is False
    assert await journal.overheard(GUILD, "mika") == ()


async def test_a_turn_comes_back_as_it_was_written(journal: Journal) -> None:
    memory = Recollection("m1", "My cat is called Miso.", "Kim", NOON - timedelta(days=3), 4.2, 0.9, source="u1")
    begun = replace(turn(said("What is my cat's name? 猫🐈")), recalled=(memory,), lore=("cats",))

    done = await take(journal, replace(begun, timings={"recall": 0.004}, trace={"why": ["likeness"]}), "Miso!")

    assert await journal.turn(begun.id) == done
    assert await journal.path(WEB, "mika") == (done,)


async def test_what_was_heard_and_never_got_a_turn_is_found_after_a_crash(journal: Journal) -> None:
    await chat(journal, "Hi")
    lost = said("Are you there?", minutes=5)
    await journal.hear(lost, persona_id="mika")
    await journal.overhear(said("not for you", by="discord:bo", place=GUILD), persona_id="mika")

    waiting = await journal.waiting()

    assert waiting == (("mika", lost),)


async def test_a_turn_that_was_never_finished_is_found_after_a_crash(journal: Journal) -> None:
    begun = turn(said("Sing for me!"))
    await journal.hear(begun.heard[0], persona_id="mika")
    await journal.begin(begun)

    unanswered = await journal.unanswered()

    assert unanswered == (begun,)
    await journal.finish(replace(begun, said="La la!", outcome="answered"))
    assert await journal.unanswered() == ()


async def test_history_is_the_newest_turns_oldest_first(journal: Journal) -> None:
    turns = await chat(journal, "one", "two", "three", "four")

    history = await journal.path(WEB, "mika", limit=2)
    earlier = await journal.path(WEB, "mika", before=history[0].id)

    assert ids(history) == ids(turns[2:])
    assert ids(earlier) == ids(turns[:2])


async def test_a_regenerated_reply_is_a_sibling_and_becomes_the_one_shown(journal: Journal) -> None:
    first, second = await chat(journal, "one", "two")
    again = await take(journal, replace(second, id="again", said=None, outcome="unanswered"), "Another reply")

    shown = await journal.path(WEB, "mika")

    assert ids(shown) == [first.id, "again"]
    assert ids(await journal.siblings(second.id)) == [second.id, "again"]
    assert await journal.variants([first.id, again.id]) == {first.id: (first.id,), "again": (second.id, "again")}


async def test_choosing_an_earlier_variant_shows_what_followed_it(journal: Journal) -> None:
    first, second, third = await chat(journal, "one", "two", "three")
    await take(journal, turn(said("two, in other words", minutes=9), id="edited", after=first.id), "Fine")

    leaf = await journal.choose(second.id)

    assert leaf == third.id
    assert ids(await journal.path(WEB, "mika")) == ids([first, second, third])


async def test_the_owner_of_a_turn_is_the_fan_it_answers(journal: Journal) -> None:
    (done,) = await chat(journal, "mine")

    owners = [await journal.owner(done.id), await journal.owner("no such turn")]

    assert owners == ["web:kim", None]


async def test_a_turn_of_another_place_is_not_handed_out(journal: Journal) -> None:
    (done,) = await chat(journal, "mine")

    with pytest.raises(UnknownTurn):
        await journal.path(Place("web:another"), "mika", leaf=done.id)
    with pytest.raises(UnknownTurn):
        await journal.path(Place("web:another"), "mika", before=done.id)


async def test_nobody_speaks_in_another_fans_private_talk(journal: Journal) -> None:
    await chat(journal, "mine")
    intruder = said("Let me in", by="web:mallory")

    with pytest.raises(NotYours):
        await journal.hear(intruder, persona_id="mika")
    with pytest.raises(NotYours):
        await journal.begin(turn(intruder))
    with pytest.raises(NotYours):
        await journal.new_talk(WEB, "mika", fan_id="web:mallory")


async def test_a_talk_is_called_by_its_first_words_until_it_is_named(journal: Journal) -> None:
    await chat(journal, "Good morning! " + "la " * 40)
    (before,) = await journal.talks("web:kim", "mika")

    await journal.title(WEB, "mika", "  Morning\nsongs ")

    (after,) = await journal.talks("web:kim", "mika")
    assert before.title.startswith("Good morning!")
    assert len(before.title) <= 60
    assert after.title == "Morning songs"


async def test_a_fan_sees_only_their_own_talks_the_latest_first(journal: Journal) -> None:
    await chat(journal, "a", place=Place("web:1"))
    await chat(journal, "b", "c", place=Place("web:2"))
    await chat(journal, "d", by="web:lee", place=Place("web:3"))

    talks = await journal.talks("web:kim")

    assert [(talk.place, talk.turns) for talk in talks] == [("web:2", 2), ("web:1", 1)]


async def test_a_new_talk_is_there_before_anything_is_said(journal: Journal) -> None:
    begun = await journal.new_talk(Place("web:fresh"), "mika", fan_id="web:kim")

    assert begun == await journal.talk(Place("web:fresh"), "mika")
    assert (begun.fan_id, begun.turns, begun.title) == ("web:kim", 0, "")


async def test_what_was_overheard_since_the_last_turn_is_found_once(journal: Journal) -> None:
    beside = said("Nice weather.", by="discord:bo", place=GUILD)
    await journal.overhear(beside, persona_id="mika")
    to_her = said("Mika?", by="discord:kim", place=GUILD, minutes=1)
    await journal.hear(to_her, persona_id="mika")

    before = await journal.overheard(GUILD, "mika")
    await take(journal, turn(beside, to_her), "Yes?")

    assert before == (beside, to_her)
    assert await journal.overheard(GUILD, "mika") == ()


async def test_a_turn_is_begun_with_the_words_that_hold_now(journal: Journal) -> None:
    words = said("I like tea", by="discord:kim", place=GUILD)
    await journal.hear(words, persona_id="mika")
    await journal.rephrase(words.id, place=GUILD, text="I like coffee")

    begun = await journal.begin(turn(words))
    (standing,) = await journal.standing([words], persona_id="mika")

    assert not begun
    assert standing == replace(words, text="I like coffee")
    assert await journal.begin(turn(standing))


async def test_a_thumb_can_be_given_changed_and_taken_back(journal: Journal) -> None:
    (done,) = await chat(journal, "mine")

    await journal.feedback(done.id, fan_id="web:kim", thumb="up")
    await journal.feedback(done.id, fan_id="web:kim", thumb="down", reason="too long")

    assert await journal.thumbs("web:kim", [done.id]) == {done.id: "down"}
    await journal.feedback(done.id, fan_id="web:kim", thumb=None)
    assert await journal.thumbs("web:kim", [done.id]) == {}
    with pytest.raises(NotYours):
        await journal.feedback(done.id, fan_id="web:mallory", thumb="up")


async def test_an_edited_message_is_read_in_its_new_words(journal: Journal) -> None:
    (done,) = await chat(journal, "I like tea", by="discord:kim", place=GUILD)

    scopes = await journal.rephrase(done.heard[0].id, place=GUILD, text="I like coffee")

    assert scopes == (Scope("mika", "discord:kim", GUILD),)
    assert (await journal.turn(done.id)).heard[0].text == "I like coffee"


async def test_turns_elsewhere_stay_in_their_audience_unless_the_fan_shares(journal: Journal) -> None:
    (secret,) = await chat(journal, "secret", by="discord:kim", place=DM)
    (public,) = await chat(journal, "public", by="discord:kim", place=Place("discord:guild-1/music"))
    await chat(journal, "far", by="discord:kim", place=Place("discord:guild-2/general"))
    here = Scope("mika", "discord:kim", GUILD)

    closed = await journal.elsewhere(here)
    await journal.share(here, Sharing(private_to_public=True))
    shared = await journal.elsewhere(here)

    assert ids(closed) == [public.id]
    assert ids(shared) == [secret.id, public.id]


async def test_a_turn_finished_after_its_fan_was_forgotten_stays_gone(journal: Journal) -> None:
    begun = turn(said("hello"))
    await journal.hear(begun.heard[0], persona_id="mika")
    await journal.begin(begun)
    await journal.erase_fan("web:kim")

    kept = await journal.finish(replace(begun, said="Hi!", outcome="answered"))

    assert kept is False
    assert await journal.path(WEB, "mika") == ()


async def test_a_turn_of_two_that_ends_after_one_was_forgotten_keeps_nothing_of_its_reply(journal: Journal) -> None:
    kim, lee = said("I am Kim", by="discord:kim", place=GUILD), said("I am Lee", by="discord:lee", place=GUILD)
    begun = turn(lee, kim)
    for one in begun.heard:
        await journal.hear(one, persona_id="mika")
    await journal.begin(begun)
    await journal.erase_fan("discord:kim")

    mind = Recollection("r1", "Kim's secret", "Kim", NOON, score=1.0)
    kept = await journal.finish(replace(begun, said="Hello Kim!", outcome="answered", recalled=(mind,)))

    left = await journal.turn(begun.id)
    assert kept is False
    assert (left.heard, left.said, left.outcome, left.recalled) == ((lee,), None, "at_a_loss", ())


async def test_what_was_erased_while_it_waited_begins_no_turn(journal: Journal) -> None:
    kim, lee = said("I am Kim", by="discord:kim", place=GUILD), said("I am Lee", by="discord:lee", place=GUILD)
    for one in (kim, lee):
        await journal.hear(one, persona_id="mika")
    await journal.erase_fan("discord:kim")

    assert not await journal.begin(turn(kim, lee, id="both"))
    assert await journal.standing((kim, lee), persona_id="mika") == (lee,)
    assert await journal.begin(turn(lee, id="one"))
    assert ids(await journal.path(GUILD, "mika")) == ["one"]
    assert await journal.left("discord:kim") == 0


async def test_forgetting_one_of_two_in_a_room_leaves_the_other_their_words(journal: Journal) -> None:
    kim, lee = said("I am Kim", by="discord:kim", place=GUILD), said("I am Lee", by="discord:lee", place=GUILD)
    both = await take(journal, turn(kim, lee), "Hello Kim and Lee")
    alone = said("only me", by="discord:kim", place=GUILD, minutes=1)
    only_kim = await take(journal, turn(alone, after=both.id), "Yes Kim")
    last = said("and me", by="discord:lee", place=GUILD, minutes=2)
    only_lee = await take(journal, turn(last, after=only_kim.id), "Yes Lee")

    erased = await journal.erase_fan("discord:kim")

    branch = await journal.path(GUILD, "mika")
    assert ids(branch) == [both.id, only_lee.id]
    assert branch[0].heard == (lee,)
    assert branch[0].said is None
    assert (erased.turns, erased.utterances) == (2, 2)
    assert await journal.left("discord:kim") == 0


async def test_leaving_one_persona_keeps_the_talk_with_another(journal: Journal) -> None:
    await chat(journal, "to mika", place=Place("web:1"))
    await chat(journal, "to ren", place=Place("web:2"), persona="ren")

    await journal.erase_fan("web:kim", persona_id="mika")

    assert await journal.left("web:kim", persona_id="mika") == 0
    assert [talk.persona_id for talk in await journal.talks("web:kim")] == ["ren"]
    assert len(await journal.path(Place("web:2"), "ren")) == 1


async def test_an_export_holds_a_fans_words_and_nobody_elses(journal: Journal) -> None:
    await chat(journal, "kim's secret", place=Place("web:1"))
    await chat(journal, "lee's secret", by="web:lee", place=Place("web:2"))

    export = await journal.export("web:kim")

    assert [row["text"] for row in export["utterances"]] == ["kim's secret"]
    assert [row["said"] for row in export["turns"]] == ["Reply to kim's secret"]
    assert "lee" not in str(export)


async def test_a_reply_that_is_forgotten_is_forgotten_by_the_personas_who_overheard_it(journal: Journal) -> None:
    kim = said("my code is 4711", by="discord:kim", place=GUILD)
    await take(journal, turn(kim, id="told"), "So your code is 4711!")
    beside = said("So your code is 4711!", id="told:said", by=persona_speaker("mika"), place=GUILD)
    await journal.overhear(beside, persona_id="ren")

    await journal.forget(Scope("mika", "discord:lee", GUILD), "told:said")
    assert await journal.overheard(GUILD, "ren") == (beside,)

    await journal.forget(Scope("mika", "discord:kim", GUILD), "told:said")
    assert await journal.overheard(GUILD, "ren") == ()


async def a_turn_of_two(journal: Journal) -> Turn:
    """Abe talks to nobody, then Bea to Mika, and what comes to mind is Bea's."""
    abe = said("nice weather", id="abe-1", by="discord:abe", place=GUILD, minutes=1)
    bea = said("Mika, about June?", id="bea-1", by="discord:bea", place=GUILD, minutes=2)
    mind = Recollection("bea-0", "the divorce is final in June", "Bea", NOON, score=1.0)
    begun = replace(turn(abe, bea, id="shared"), recalled=(mind,), lore=("june",), trace={"mood": "sad"})
    return await take(journal, begun, "Soon it is over.")


async def test_what_came_to_mind_is_exported_to_whoever_spoke_last_only(journal: Journal) -> None:
    await a_turn_of_two(journal)

    overheard, answered = await journal.export("discord:abe"), await journal.export("discord:bea")

    assert [(row["said"], row["heard"]) for row in overheard["turns"]] == [("Soon it is over.", ["abe-1"])]
    assert "divorce" not in str(overheard)
    assert [(row["recalled"], row["lore"], row["trace"]) for row in overheard["turns"]] == [([], [], {})]
    assert "divorce" in str(answered)


async def test_words_taken_back_leave_nothing_of_ones_mind_to_those_who_are_still_heard(journal: Journal) -> None:
    await a_turn_of_two(journal)

    await journal.unsay("bea-1", place=GUILD)

    kept = await journal.turn("shared")
    assert [one.speaker_id for one in kept.heard] == ["discord:abe"]
    assert (kept.recalled, kept.lore, kept.trace) == ((), (), {})
    assert "divorce" not in str(await journal.export("discord:abe"))


async def test_memories_follow_the_branch_that_is_shown(journal: Journal) -> None:
    first, second = await chat(journal, "one", "two")
    await take(journal, turn(said("two, edited", minutes=3), id="edited", after=first.id), "Fine")

    edited = [record.text for record in await journal.memories("mika", "web:kim")]
    await journal.choose(second.id)
    chosen = [record.text for record in await journal.memories("mika", "web:kim")]

    assert edited == ["one", "Reply to one", "two, edited", "Fine"]
    assert chosen == ["one", "Reply to one", "two", "Reply to two"]


async def test_what_a_persona_says_at_a_loss_is_no_memory(journal: Journal) -> None:
    await take(journal, turn(said("hello")), "I lost my train of thought.", outcome="at_a_loss")

    memories = await journal.memories("mika", "web:kim")

    assert [record.text for record in memories] == ["hello"]


async def test_many_fans_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        places = [Place(f"web:{number}") for number in range(12)]
        await asyncio.gather(*(chat(journal, "a", "b", by=f"web:{place}", place=place) for place in places))

        lengths = [len(await journal.path(place, "mika")) for place in places]

    assert lengths == [2] * 12


async def test_a_journal_is_read_again_after_a_restart(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        turns = await chat(journal, "one", "two")

    async with await Journal.in_folder(tmp_path) as journal:
        again = await journal.path(WEB, "mika")

    assert again == tuple(turns)


async def test_a_file_that_is_no_journal_is_told_with_the_way_back_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite3"
    file.write_bytes(b"no journal at all " * 500)

    with pytest.raises(JournalDamaged, match="greenroom memory restore BACKUP"):
        await Journal.open(f"sqlite:///{file}")

    assert file.read_bytes() == b"no journal at all " * 500


async def test_a_journal_of_a_newer_greenroom_is_refused_untouched(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        await journal.database.write(Connection.exec_driver_sql, "UPDATE alembic_version SET version_num = '9999'")
    before = (tmp_path / FILE).read_bytes()

    with pytest.raises(JournalTooNew, match="newer greenroom"):
        await Journal.in_folder(tmp_path)

    assert (tmp_path / FILE).read_bytes() == before


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(JournalUnwritable, match="file"):
        await Journal.in_folder(tmp_path / "file" / "data")


async def test_an_address_without_a_driver_is_named() -> None:
    with pytest.raises(JournalUnwritable, match="oracle"):
        await Journal.open("oracle://somewhere/journal")


async def test_a_broken_journal_is_a_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database at all" * 100)

    with pytest.raises(JournalTrouble, match=FILE):
        await Journal.in_folder(tmp_path)

    assert (tmp_path / FILE).read_bytes() == b"this is no database at all" * 100


async def test_forgetting_leaves_no_byte_of_a_fans_words_in_the_file(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path) as journal:
        await chat(journal, *(f"the canary zanzibar-{n} sings" for n in range(30)))
        await chat(journal, "others stay", by="web:lee", place=Place("web:2"))

        await journal.erase_fan("web:kim")

        left = bytes_in(tmp_path)
    assert b"zanzibar" not in left
    assert b"others stay" in left


async def test_odd_words_come_back_as_they_were(journal: Journal) -> None:
    odd = ["", "🐈" * 500, "\u202eright to left", "<script>alert(1)</script>", "a" * 100_000, "tab\tand\nline"]
    await chat(journal, *odd)

    texts = [done.heard[0].text for done in await journal.path(WEB, "mika")]

    assert texts == odd


async def test_half_a_character_is_kept_as_a_mark_wherever_it_stands(journal: Journal) -> None:
    heard = replace(said("half \ud83d of it"), speaker_name="K\udcffim")
    await journal.hear(heard, persona_id="mika")
    begun = turn(heard)
    await journal.begin(begun)
    await journal.finish(replace(begun, said="\ud83d!", outcome="answered", trace={"so_far": "\ude00"}))

    (done,) = await journal.path(WEB, "mika")

    assert (done.heard[0].text, done.heard[0].speaker_name) == ("half ? of it", "K?im")
    assert (done.said, done.trace["so_far"]) == ("?!", "?")


async def test_an_error_of_the_database_does_not_repeat_what_was_said(tmp_path: Path) -> None:
    secret = said("My secret is Biscuit.")  # said here: a traceback quotes the line of the call
    async with await Journal.in_folder(tmp_path) as journal:
        with closing(sqlite3.connect(tmp_path / FILE)) as beside, beside:
            beside.execute("DROP TABLE utterances")

        with pytest.raises(JournalTrouble) as raised:
            await journal.hear(secret, persona_id="mika")

    told = "".join(traceback.format_exception(raised.value))
    assert "utterances" in told
    assert "Biscuit" not in told
