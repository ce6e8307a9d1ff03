"""What may be learnt from: nothing that anybody heard in it has not agreed to, and nothing that stays when they go."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from memory import Scope, Thumb, Turn, UnknownReview
from memory.forgetting import forget_fan
from memory.journal import Journal, utc_now
from memory.opening import open_journal
from memory.settings import MemorySettings
from memory.testing import StoreInRam
from personas import Place, Recollection
from tests.memory.builders import DM, GUILD, NOON, WEB, bytes_in, chat, ids, said, take, turn
from tests.memory.conftest import emptied, needs_postgres

KIM = Scope("mika", "web:kim", WEB)
KIM_THERE = Scope("mika", "discord:kim", GUILD)
LEE_THERE = Scope("mika", "discord:lee", GUILD)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.slow, needs_postgres])])
async def journal(request: pytest.FixtureRequest) -> AsyncIterator[Journal]:
    """Both databases keep the same promises."""
    if request.param == "sqlite":
        url = "sqlite://"
    else:
        url = await emptied(request.getfixturevalue("postgres_server"))
    async with await Journal.open(url, learns_from={"web", "discord"}) as opened:
        yield opened


async def learnt(journal: Journal, persona: str = "mika") -> list[str]:
    """The replies that may be learnt."""
    return [lesson.turn.said or "" for talk in await journal.lessons.of(persona) for lesson in talk]


async def test_nobody_has_agreed_until_they_say_so(journal: Journal) -> None:
    await chat(journal, "I sing in the rain")

    assert not await journal.lessons.allowed(KIM)
    assert await learnt(journal) == []


async def test_who_agrees_is_learnt_from_with_what_came_before(journal: Journal) -> None:
    turns = await chat(journal, "one", "two")

    await journal.lessons.allow(KIM)

    (talk,) = await journal.lessons.of("mika")
    assert [lesson.turn.id for lesson in talk] == ids(turns)
    assert [one.id for one in talk[1].before] == [turns[0].id]


async def test_a_consent_holds_for_one_persona_only(journal: Journal) -> None:
    await chat(journal, "to Mika")
    await chat(journal, "to Orla", persona="orla", place=Place("web:talk-2"))

    await journal.lessons.allow(KIM)

    assert await learnt(journal, "orla") == []


async def test_a_platform_that_the_operator_did_not_switch_on_is_not_learnt_from() -> None:
    async with await Journal.open("sqlite://", learns_from={"web"}) as journal:
        await chat(journal, "in a direct message", by="discord:kim", place=DM)
        await journal.lessons.allow(KIM_THERE)

        assert not journal.lessons.asked_on(DM)
        assert await learnt(journal) == []


async def test_discord_is_off_until_it_is_switched_on_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENROOM_MEMORY__LEARNING__WEB", "true")
    async with await open_journal(tmp_path, MemorySettings.read()) as journal:
        assert journal.lessons.asked_on(WEB)
        assert not journal.lessons.asked_on(GUILD)

    monkeypatch.setenv("GREENROOM_MEMORY__LEARNING__DISCORD", "true")
    async with await open_journal(tmp_path, MemorySettings.read()) as journal:
        assert journal.lessons.asked_on(GUILD)


async def test_all_that_follows_a_voice_that_did_not_agree_is_left_out(journal: Journal) -> None:
    first = said("I am Kim", by="discord:kim", place=GUILD)
    second = said("canary of Lee", by="discord:lee", place=GUILD, minutes=1)
    third = said("what did Lee say?", by="discord:kim", place=GUILD, minutes=2)
    one = await take(journal, turn(first), "Hello Kim")
    two = await take(journal, turn(second, after=one.id), "Lee said canary")
    await take(journal, turn(third, after=two.id), "Lee said canary of Lee")

    await journal.lessons.allow(KIM_THERE)
    alone = await learnt(journal)
    await journal.lessons.allow(LEE_THERE)

    assert alone == ["Hello Kim"]
    assert len(await learnt(journal)) == 3


async def test_another_persona_in_the_room_ends_what_may_be_learnt(journal: Journal) -> None:
    one = await take(journal, turn(said("hi", by="discord:kim", place=GUILD)), "Hello")
    heard = (said("a thing of Lee's", by="persona:orla", place=GUILD), said("go on", by="discord:kim", place=GUILD))
    await take(journal, turn(*heard, after=one.id), "Orla told me a thing of Lee's")

    await journal.lessons.allow(KIM_THERE)

    assert await learnt(journal) == ["Hello"]


async def recalling(journal: Journal, begun: Turn, memory_id: str) -> None:
    recollection = Recollection(memory_id, "something", "Mika", NOON, 1.0)
    await take(journal, replace(begun, recalled=(recollection,)), "I remember")


async def test_a_turn_that_recalled_a_reply_to_somebody_else_is_left_out(journal: Journal) -> None:
    both = (
        said("canary of Lee", by="discord:lee", place=GUILD),
        said("oh?", by="discord:kim", place=GUILD, minutes=1),
    )
    public = await take(journal, turn(*both), "Lee said canary")
    await recalling(journal, turn(said("well?", by="discord:kim", place=DM, minutes=2)), public.id + ":said")

    await journal.lessons.allow(KIM_THERE)

    assert await learnt(journal) == []


async def test_a_turn_that_recalled_what_the_same_fan_said_elsewhere_is_a_lesson(journal: Journal) -> None:
    (before,) = await chat(journal, "my cat is Biscuit")
    later = turn(said("who is my cat?", place=Place("web:talk-2"), minutes=9))
    await recalling(journal, later, before.heard[0].id)

    await journal.lessons.allow(KIM)

    assert await learnt(journal) == ["Reply to my cat is Biscuit", "I remember"]


async def test_only_the_branch_that_is_shown_is_learnt(journal: Journal) -> None:
    (first,) = await chat(journal, "sing")
    await take(journal, turn(*first.heard), "La la")

    await journal.lessons.allow(KIM)

    assert await learnt(journal) == ["La la"]


async def thumb(journal: Journal, done: Turn, thumb: Thumb) -> None:
    await journal.feedback(done.id, fan_id="web:kim", thumb=thumb)


async def liked(journal: Journal) -> list[tuple[str, str | None, str | None]]:
    """What is found to be liked, in words."""
    found = await journal.lessons.preferences("mika")
    return [(one.kind, words(one.chosen), words(one.rejected)) for one in found]


def words(turn: Turn | None) -> str | None:
    return turn.said if turn else None


async def two_replies(journal: Journal) -> tuple[Turn, Turn]:
    (first,) = await chat(journal, "sing")
    second = await take(journal, replace(turn(*first.heard), trace={"again": first.id}), "La la")
    await journal.lessons.allow(KIM)
    return first, second


async def test_a_thumb_up_and_a_thumb_down_on_two_replies_make_a_pair(journal: Journal) -> None:
    first, second = await two_replies(journal)
    await thumb(journal, first, "up")
    await thumb(journal, second, "down")

    assert await liked(journal) == [("thumbs", "Reply to sing", "La la")]


async def test_a_reply_asked_for_again_loses_once_the_fan_goes_on_with_the_new_one(journal: Journal) -> None:
    _, second = await two_replies(journal)
    before = await liked(journal)
    await take(journal, turn(said("more", minutes=5), after=second.id), "La la la")

    assert before == []
    assert await liked(journal) == [("again", "La la", "Reply to sing")]


async def test_a_fan_who_turns_back_to_the_first_reply_prefers_nothing(journal: Journal) -> None:
    first, _ = await two_replies(journal)
    await journal.choose(first.id)
    await take(journal, turn(said("more", minutes=5), after=first.id), "La la la")

    assert await liked(journal) == []


async def test_a_thumb_alone_says_good_or_bad(journal: Journal) -> None:
    one, two = await chat(journal, "sing", "dance")
    await journal.lessons.allow(KIM)
    await thumb(journal, one, "up")
    await thumb(journal, two, "down")

    assert await liked(journal) == [("up", "Reply to sing", None), ("down", None, "Reply to dance")]


async def test_an_operators_better_words_win_over_the_reply_they_replace(journal: Journal) -> None:
    (first,) = await chat(journal, "sing")
    await take(journal, replace(turn(*first.heard), trace={"again": first.id, "finish": "rewritten"}), "Better words")
    await journal.lessons.allow(KIM)

    assert await liked(journal) == [("edited", "Better words", "Reply to sing")]


async def test_a_longer_reply_says_nothing_against_the_shorter_one(journal: Journal) -> None:
    (first,) = await chat(journal, "sing")
    longer = await take(journal, replace(turn(*first.heard), trace={"continues": first.id}), "Reply to sing, on and on")
    await take(journal, turn(said("more", minutes=5), after=longer.id), "La")
    await journal.lessons.allow(KIM)

    assert await liked(journal) == []


async def test_a_verdict_is_kept_and_what_is_new_waits(journal: Journal) -> None:
    one, two = await chat(journal, "sing", "dance")
    await journal.lessons.allow(KIM)
    await thumb(journal, one, "up")
    (review,) = await journal.lessons.reviews("mika")

    await journal.lessons.decide("mika", review.preference.id, "approved")
    await thumb(journal, two, "up")

    assert [one.verdict for one in await journal.lessons.reviews("mika")] == ["approved", "waiting"]


async def test_a_verdict_on_nothing_is_an_error(journal: Journal) -> None:
    with pytest.raises(UnknownReview, match="Nothing called"):
        await journal.lessons.decide("mika", "nonsense", "approved")


async def test_who_changes_their_mind_takes_lessons_and_reviews_along(journal: Journal) -> None:
    (one,) = await chat(journal, "sing")
    await journal.lessons.allow(KIM)
    await thumb(journal, one, "up")
    await journal.lessons.reviews("mika")

    await journal.lessons.withdraw(KIM)

    assert await learnt(journal) == []
    assert await journal.lessons.reviews("mika") == ()
    assert (await journal.export("web:kim"))["reviews"] == []


async def test_a_fan_may_take_back_every_consent_at_once(journal: Journal) -> None:
    for persona in ("mika", "orla"):
        await journal.lessons.allow(Scope(persona, "web:kim", WEB))

    await journal.lessons.withdraw_all("web:kim")

    assert not await journal.lessons.allowed(KIM)
    assert not await journal.lessons.allowed(Scope("orla", "web:kim", WEB))


async def test_consents_and_reviews_go_with_the_fan_and_the_receipt_counts_them(tmp_path: Path) -> None:
    async with await Journal.in_folder(tmp_path, learns_from={"web"}) as journal:
        (one,) = await chat(journal, "canary of Kim's song")
        await journal.lessons.allow(KIM)
        await thumb(journal, one, "up")
        await journal.lessons.reviews("mika")

        receipt = await forget_fan(journal, StoreInRam().erase, "web:kim", None, folder=tmp_path, now=utc_now())

        assert (receipt.consents, receipt.reviews, receipt.complete) == (1, 1, True)
        assert not await journal.lessons.allowed(KIM)
        assert b"web:kim" not in bytes_in(tmp_path)


async def test_a_fan_who_leaves_takes_along_what_others_said_to_the_same_reply(journal: Journal) -> None:
    heard = (said("one", by="discord:lee", place=GUILD), said("two", by="discord:kim", place=GUILD, minutes=1))
    done = await take(journal, turn(*heard), "Both of you")
    for scope in (KIM_THERE, LEE_THERE):
        await journal.lessons.allow(scope)
    await journal.feedback(done.id, fan_id="discord:kim", thumb="up")
    assert len(await journal.lessons.reviews("mika")) == 1

    await journal.erase_fan("discord:lee")

    assert await journal.lessons.reviews("mika") == ()


async def test_a_consent_can_be_taken_along_and_brought_back(journal: Journal) -> None:
    await chat(journal, "sing")
    await journal.lessons.allow(KIM)
    kept = await journal.export("web:kim")
    await journal.erase_fan("web:kim")

    await journal.bring_back("web:kim", kept)

    assert await journal.lessons.allowed(KIM)
