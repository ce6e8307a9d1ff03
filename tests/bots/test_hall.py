"""The hall: in order within a place, side by side between places, and nothing lost or doubled."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bots.performance import Performance, Queued, TurnFailed
from bots.recovery import first_on, recover
from bots.testing import MIKA, PlainCast, answer_to, house_in_ram, said
from memory import Turn
from memory.testing import journal_in_ram
from personas import PersonaError, Place, Utterance
from personas.persona import Translation
from serving import Delta
from serving.testing import ScriptedEngine

CHANNEL = "discord:1/2"


async def collected(performance: Performance) -> str:
    """What a reader hears."""
    return "".join([step.text async for step in performance.follow() if isinstance(step, Delta)])


async def until(performance: Performance, kind: type[Turn] | type[Delta]) -> None:
    """Reads until a step of a kind comes, and leaves."""
    async with aclosing(performance.follow()) as steps:
        async for step in steps:
            if isinstance(step, kind):
                return


async def test_two_messages_at_once_are_answered_in_the_order_they_arrived() -> None:
    engine = ScriptedEngine(["To the first.", "To the second."], delay=0.01)
    async with house_in_ram(engine) as house:
        first, second = await asyncio.gather(
            *(
                house.hall.hear(said(t, place=CHANNEL, fan=f"discord:{t}"), persona_id="mika")
                for t in ("first", "second")
            )
        )

        turns = [await first.ended(), await second.ended()]
        assert [(t.heard[0].text, t.said) for t in turns] == [("first", "To the first."), ("second", "To the second.")]
        assert turns[1].after == turns[0].id


async def test_words_in_line_whose_fan_is_forgotten_meanwhile_get_no_turn_and_do_not_come_back() -> None:
    engine = ScriptedEngine(["la " * 20, "To Lee."], delay=0.01)
    async with journal_in_ram() as journal, house_in_ram(engine, journal=journal) as house:
        playing = await house.hall.hear(said("Hi", place=CHANNEL, fan="discord:lee"), persona_id="mika")
        await until(playing, Delta)
        secret = await house.hall.hear(said("My street is Elm.", place=CHANNEL, fan="discord:kim"), persona_id="mika")
        after = await house.hall.hear(said("And now?", place=CHANNEL, fan="discord:lee"), persona_id="mika")

        await journal.erase_fan("discord:kim")

        with pytest.raises(TurnFailed):
            await secret.ended()
        assert [heard.text for heard in (await after.ended()).heard] == ["And now?"]
        assert await journal.left("discord:kim") == 0
        assert "Elm" not in str(engine.prompts)


async def test_what_is_delivered_again_leads_to_its_turn_on_whatever_branch_that_stands() -> None:
    async with house_in_ram(ScriptedEngine(["To the first.", "To another beginning."])) as house:
        heard = said("Hello")
        first = await (await house.hall.hear_after(heard, persona_id="mika", after=None)).ended()
        await (await house.hall.hear_after(said("Hey"), persona_id="mika", after=None)).ended()

        again = await (await house.hall.hear_after(heard, persona_id="mika", after=None)).ended()

        assert again.id == first.id


async def test_an_edit_that_the_page_sends_twice_is_one_turn() -> None:
    async with house_in_ram(ScriptedEngine("Hi.")) as house:
        first = await (await house.hall.hear(said("Hello"), persona_id="mika")).ended()
        changed = said("Hello there")

        once = await (await house.hall.edit(first.id, changed)).ended()
        again = await (await house.hall.edit(first.id, changed)).ended()

        assert once.id == again.id
        assert len(await house.journal.siblings(first.id)) == 2


async def test_a_burst_from_one_fan_is_answered_once() -> None:
    async with house_in_ram(ScriptedEngine(["la la la la la la", "All three!"], delay=0.05)) as house:
        first = await house.hall.hear(said("Hi"), persona_id="mika")
        await until(first, Turn)
        burst = [await house.hall.hear(said(text), persona_id="mika") for text in ("and", "another", "thing")]

        await first.ended()
        turns = {(await performance.ended()).id for performance in burst}
        assert len(turns) == 1
        turn = await burst[0].ended()
        assert ([u.text for u in turn.heard], turn.said) == (["and", "another", "thing"], "All three!")


async def test_a_burst_settles_before_it_is_answered() -> None:
    async with house_in_ram(ScriptedEngine("Hello!")) as house:
        one = await house.hall.hear(said("one"), persona_id="mika", settle=0.05)
        two = await house.hall.hear(said("two"), persona_id="mika", settle=0.05)

        assert one is two
        assert [u.text for u in (await one.ended()).heard] == ["one", "two"]


async def test_other_places_run_on() -> None:
    engine = ScriptedEngine(lambda prompt: "slow " * 50 if "slow" in prompt[-1].content else "Quick!", delay=0.02)
    async with house_in_ram(engine) as house:
        slow = await house.hall.hear(said("slow", place="web:a"), persona_id="mika")

        quick = await answer_to(house, "quick", place="web:b")

        assert quick.said == "Quick!"
        assert not slow.over


async def test_what_is_heard_stands_in_the_journal_before_it_is_answered() -> None:
    async with house_in_ram(ScriptedEngine("Hi", delay=5)) as house:
        await house.hall.hear(said("Remember this"), persona_id="mika")

        waiting = [u.text for _, u in await house.journal.waiting()]
        begun = [u.text for t in await house.journal.unanswered() for u in t.heard]
        assert [*waiting, *begun] == ["Remember this"]


async def test_a_second_delivery_leads_to_the_same_turn() -> None:
    engine = ScriptedEngine("Once.", delay=0.01)
    async with house_in_ram(engine) as house:
        first, again = await asyncio.gather(*(house.hall.hear(said("Hi"), persona_id="mika") for _ in range(2)))
        turn = await first.ended()
        later = await (await house.hall.hear(said("Hi"), persona_id="mika")).ended()

        assert (await again.ended()).id == turn.id == later.id
        assert len(engine.prompts) == 1


async def test_a_reader_that_leaves_does_not_end_the_reply_and_may_come_back() -> None:
    async with house_in_ram(ScriptedEngine("one two three", delay=0.01)) as house:
        performance = await house.hall.hear(said("Hi"), persona_id="mika")
        await until(performance, Delta)

        assert await collected(performance) == "one two three"
        assert (await performance.ended()).outcome == "answered"


async def test_a_late_reader_hears_a_reply_from_its_start() -> None:
    async with house_in_ram(ScriptedEngine("one two three", delay=0.01)) as house:
        performance = await house.hall.hear(said("Hi"), persona_id="mika")
        await until(performance, Delta)

        assert await collected(performance) == "one two three"
        assert await collected(performance) == "one two three"


async def test_stop_ends_the_reply_and_the_engines_work_and_keeps_what_was_said() -> None:
    engine = ScriptedEngine("la " * 500, delay=0.01)
    async with house_in_ram(engine) as house:
        performance = await house.hall.hear(said("Sing!"), persona_id="mika")
        await until(performance, Delta)

        assert await house.hall.stop(performance.id)
        turn = await performance.ended()
        assert turn.outcome == "cut_short"
        assert turn.trace["finish"] == "stopped"
        assert turn.said
        assert turn.said.startswith("la")
        assert turn.completion_tokens == engine.said
        assert (engine.running, engine.cancelled) == (0, 1)
        assert not await house.hall.stop(performance.id)


async def test_a_turn_that_waits_can_be_stopped_too() -> None:
    async with house_in_ram(ScriptedEngine(["la " * 20, "never"], delay=0.005)) as house:
        first = await house.hall.hear(said("Sing!", place=CHANNEL), persona_id="mika")
        await asyncio.sleep(0)
        second = await house.hall.hear(said("No, wait", place=CHANNEL, fan="discord:lee"), persona_id="mika")

        await house.hall.stop(second.id)

        assert (await first.ended()).outcome == "answered"
        assert ((await second.ended()).said, (await second.ended()).outcome) == ("", "cut_short")


async def test_who_waits_hears_how_many_are_ahead() -> None:
    async with house_in_ram(ScriptedEngine("la la la", delay=0.2)) as house:
        await until(await house.hall.hear(said("a", place=CHANNEL, fan="discord:a"), persona_id="mika"), Turn)
        await house.hall.hear(said("b", place=CHANNEL, fan="discord:b"), persona_id="mika")
        third = await house.hall.hear(said("c", place=CHANNEL, fan="discord:c"), persona_id="mika")

        ahead = [step.ahead async for step in third.follow() if isinstance(step, Queued)]

        assert ahead[0] == 2
        assert ahead == sorted(ahead, reverse=True)


async def test_a_reader_who_blinks_hears_in_one_piece_what_was_said_meanwhile_and_the_end_at_once() -> None:
    async with house_in_ram(ScriptedEngine("one two three four", delay=0.01)) as house:
        performance = await house.hall.hear(said("Count!"), persona_id="mika")

        pieces = [step.text async for step in performance.follow(every=3600) if isinstance(step, Delta)]

        assert pieces == ["one", " two three four"]


async def test_again_makes_another_reply_beside_the_first() -> None:
    async with house_in_ram(ScriptedEngine(["First.", "Second."])) as house:
        first = await answer_to(house, "Hi")

        second = await (await house.hall.again(first.id)).ended()

        assert (second.said, second.after, second.heard) == ("Second.", first.after, first.heard)
        assert [turn.id for turn in await house.journal.siblings(first.id)] == [first.id, second.id]
        assert [turn.id for turn in await house.journal.path(Place("web:t"), "mika")] == [second.id]


async def test_again_for_a_later_turn_knows_what_was_said_before_it_and_not_after() -> None:
    engine = ScriptedEngine(["One.", "Two.", "Three.", "Two, again."])
    async with house_in_ram(engine) as house:
        await answer_to(house, "a")
        second = await answer_to(house, "b")
        await answer_to(house, "c")

        await (await house.hall.again(second.id)).ended()

        said_before = [message.content for message in engine.prompts[-1][1:-1]]
        assert said_before == ["a", "One."]


async def test_edit_answers_other_words_beside_the_first() -> None:
    engine = ScriptedEngine(["To cat.", "To dog."])
    async with house_in_ram(engine) as house:
        first = await answer_to(house, "cat")

        second = await (await house.hall.edit(first.id, said("dog"))).ended()

        assert (second.said, [u.text for u in second.heard], second.after) == ("To dog.", ["dog"], None)
        assert "cat" not in engine.prompts[-1][-1].content


async def test_going_on_makes_the_same_reply_longer() -> None:
    engine = ScriptedEngine(["Once upon", " a time."])
    async with house_in_ram(engine) as house:
        first = await answer_to(house, "Tell me a story")

        longer = await (await house.hall.go_on(first.id)).ended()

        assert longer.said == "Once upon a time."
        assert engine.prompts[-1][-2].content == "Once upon"


async def test_a_persona_nobody_knows_is_refused_before_anything_is_written() -> None:
    async with house_in_ram() as house:
        with pytest.raises(PersonaError):
            await house.hall.hear(said("Hi"), persona_id="nobody")

        assert await house.journal.waiting() == ()


async def test_what_was_overheard_in_a_channel_is_known_in_the_next_turn() -> None:
    engine = ScriptedEngine("Blue!")
    async with house_in_ram(engine) as house:
        place = "discord:1/2"
        await house.hall.overhear(said("I like blue", place=place, fan="discord:7", name="Lee"), persona_id="mika")

        turn = await answer_to(house, "Mika, what does Lee like?", place=place, fan="discord:8", name="Kim")

        assert [u.text for u in turn.heard] == ["I like blue", "Mika, what does Lee like?"]
        assert "Lee: I like blue\nKim: Mika, what does Lee like?" in engine.prompts[0][-1].content


async def test_a_fault_of_ours_ends_one_turn_and_the_next_is_answered() -> None:
    class Faulty(ScriptedEngine):
        def stream(self, *args: object, **how: object):  # type: ignore[no-untyped-def]
            if not self.prompts:
                self.prompts.append(())
                raise ZeroDivisionError("a bug")
            return super().stream(*args, **how)  # type: ignore[arg-type]

    async with house_in_ram(Faulty("Fine.")) as house:
        broken = await house.hall.hear(said("one"), persona_id="mika")
        with pytest.raises(TurnFailed), capture_logs() as lines:
            await broken.ended()

        assert [(line["event"], line["platform"]) for line in lines] == [("turn_failed", "web")]
        assert "web:kim" not in str(lines)
        assert (await answer_to(house, "two")).said == "Fine."
        assert [t.heard[0].text for t in await house.journal.unanswered()] == ["one"]


async def test_a_turn_that_was_never_answered_is_answered_as_itself_when_asked_again() -> None:
    async with journal_in_ram() as journal:
        async with house_in_ram(ScriptedEngine("late", delay=30), journal=journal) as house:
            lost = await house.hall.hear(said("Hi"), persona_id="mika")
            await until(lost, Turn)
        async with house_in_ram(ScriptedEngine("Here I am."), journal=journal) as house:
            turn = await (await house.hall.again(lost.id)).ended()

            assert (turn.id, turn.said) == (lost.id, "Here I am.")


async def test_after_a_crash_every_message_is_answered_once() -> None:
    engine = ScriptedEngine("Here I am.")
    async with journal_in_ram() as journal:
        async with house_in_ram(ScriptedEngine("late", delay=30), journal=journal) as house:
            begun = await house.hall.hear(said("begun"), persona_id="mika")
            await until(begun, Turn)
            await house.hall.hear(said("in line"), persona_id="mika")
        async with house_in_ram(engine, journal=journal) as house:
            found = await recover(house.hall, journal, now=datetime.now(UTC), not_older_than=timedelta(minutes=5))
            while house.hall.busy:  # noqa: ASYNC110 - nothing tells when a hall is quiet
                await asyncio.sleep(0.001)

            path = await journal.path(Place("web:t"), "mika")
            assert found == 2
            assert [(t.heard[0].text, t.said) for t in path] == [("begun", "Here I am."), ("in line", "Here I am.")]
            assert path[0].id == begun.id
            assert len(engine.prompts) == 2


async def test_what_another_house_is_answering_is_not_answered_again() -> None:
    async with journal_in_ram() as journal, first_on(("web", "api"), journal) as ours:
        async with first_on(("web", "terminal"), journal) as theirs:
            assert (ours, theirs) == (["web", "api"], ["terminal"])
        async with house_in_ram(ScriptedEngine("late", delay=30), journal=journal) as house:
            await until(await house.hall.hear(said("begun"), persona_id="mika"), Turn)
            found = await recover(
                house.hall, journal, now=datetime.now(UTC), not_older_than=timedelta(minutes=5), platforms=theirs
            )

    assert found == 0


async def test_a_house_that_was_first_and_closed_leaves_it_to_the_next() -> None:
    async with journal_in_ram() as journal:
        async with first_on(("web",), journal) as ours:
            assert ours == ["web"]
        async with first_on(("web",), journal) as ours:
            assert ours == ["web"]


async def test_the_reply_that_a_fan_has_read_stays_when_another_house_gives_one_to_the_same_turn() -> None:
    async with journal_in_ram() as journal, house_in_ram(ScriptedEngine("Paris."), journal=journal) as house:
        turn = await answer_to(house, "Where do you live?")

        assert not await journal.finish(replace(turn, said="Rome."))
        assert (await journal.turn(turn.id)).said == "Paris."


async def test_two_characters_who_heard_the_same_line_both_answer_it() -> None:
    cast = PlainCast(MIKA, MIKA.model_copy(update={"id": "bram"}))
    async with house_in_ram(ScriptedEngine("la " * 30, delay=0.01), cast=cast) as house:
        line = said("Sing, both of you!", place=CHANNEL)
        mika = await house.hall.hear(line, persona_id="mika")
        await until(mika, Delta)
        bram = await house.hall.hear(line, persona_id="bram")

        assert mika.id != bram.id
        assert [(await one.ended()).persona_id for one in (mika, bram)] == ["mika", "bram"]


async def test_what_is_too_old_after_a_crash_is_left_for_a_retry() -> None:
    async with house_in_ram() as house:
        old = datetime.now(UTC) - timedelta(days=7)
        heard = (Utterance("web:1", "web:kim", "Kim", Place("web:t"), "good morning", old),)
        await house.journal.begin(Turn("old", None, "mika", MIKA.version, Place("web:t"), heard, old))

        assert await recover(house.hall, house.journal, now=datetime.now(UTC), not_older_than=timedelta(minutes=5)) == 0
        assert [turn.id for turn in await house.journal.unanswered()] == ["old"]


async def test_the_greeting_the_fan_has_seen_opens_the_conversation_in_private_only() -> None:
    from bots.testing import PlainCast

    engine = ScriptedEngine("Hi!")
    greets = MIKA.model_copy(update={"greeting": "You came!"})
    async with house_in_ram(engine, cast=PlainCast(greets)) as house:
        await answer_to(house, "Hello")
        await answer_to(house, "Hello all", place="discord:1/2")

        assert any(message.content == "You came!" for message in engine.prompts[0])
        assert not any("You came!" in message.content for message in engine.prompts[1])


async def test_a_fan_who_reads_chinese_is_answered_by_the_persona_worded_in_chinese() -> None:
    persona = MIKA.model_copy(update={"translations": {"zh": Translation(who="米卡唱歌。", greeting="你好!")}})
    engine = ScriptedEngine(["一。", "二。"])
    async with house_in_ram(engine, cast=PlainCast(persona)) as house:
        first = await (await house.hall.hear(said("嗨"), persona_id="mika", language="zh-CN")).ended()
        again = await (await house.hall.again(first.id)).ended()

        prompts = ["\n".join(message.content for message in asked) for asked in engine.prompts]
        assert all("米卡唱歌。" in prompt and "你好!" in prompt for prompt in prompts)
        assert first.persona_version == again.persona_version == persona.version


async def test_as_many_turns_are_offered_as_the_operator_says() -> None:
    engine = ScriptedEngine([f"answer {n}" for n in range(5)])
    async with house_in_ram(engine, remembers_turns=2) as house:
        for n in range(5):
            await (await house.hall.hear(said(f"line {n}"), persona_id="mika")).ended()

        before = [message.content for message in engine.prompts[-1][1:-1]]
        assert "answer 3" in before
        assert "answer 1" not in before


async def test_what_no_longer_fits_the_prompt_can_be_remembered_while_the_talk_goes_on() -> None:
    engine = ScriptedEngine("Oh, how nice that is to hear!", window=400)
    async with house_in_ram(engine) as house:
        await answer_to(house, "Biscuit is my cat.", key="cat")
        turns = [await answer_to(house, f"Number {number} of the things I did today.") for number in range(20)]
        asked = await answer_to(house, "Who is Biscuit?")

    shown = [turn.trace["window"]["history"] for turn in turns]  # type: ignore[index]
    assert shown[:3] == [2, 4, 6]
    assert max(shown) < 40
    assert "cat" in {one.id for one in asked.recalled}
    words = [message.content for message in engine.prompts[-1]]
    assert sum("Biscuit is my cat." in one for one in words) == 1


async def test_what_the_prompt_shows_is_not_remembered_besides() -> None:
    engine = ScriptedEngine("Oh, how nice that is to hear!", window=400)
    async with house_in_ram(engine) as house:
        turns = [await answer_to(house, f"Number {number} of the things I did today.") for number in range(30)]

    for turn, prompt in zip(turns, engine.prompts, strict=True):
        talk = "\n".join(message.content for message in prompt[1:])
        before, _, notes = talk.partition("[notes]")
        assert not [one.text for one in turn.recalled if one.text in before and one.text in notes]
