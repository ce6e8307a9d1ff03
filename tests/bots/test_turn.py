"""One turn, whatever happens to memory and engine, ends in one finished turn."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bots.cue import Cue
from bots.house import House
from bots.meters import Meters
from bots.settings import BotsSettings
from bots.testing import MIKA, PlainCast, PlainMemory, answer_to, house_in_ram, said
from bots.turn import take_turn
from bots.why import prompt_of
from memory import RecallError, Scope, Turn
from memory.memory import Memory
from memory.testing import StoreInRam, journal_in_ram
from personas import LoreNote, Place
from serving import Delta, EngineAway, EngineRefused, FallbackEngine, Price, Sampling, ShelfError, Window
from serving.settings import EngineSettings
from serving.testing import HashingEncoder, ScriptedEngine


async def test_a_turn_ends_in_a_recorded_turn_with_its_trace() -> None:
    async with house_in_ram(ScriptedEngine("I am *happy* to see you!")) as house:
        turn = await answer_to(house, "Hello!")

        assert turn.said == "I am *happy* to see you!"
        assert turn.outcome == "answered"
        assert (turn.model, turn.persona_version) == ("scripted", MIKA.version)
        assert turn.prompt_tokens > 0
        assert turn.completion_tokens == 6
        assert turn.trace["mood"] == "joy"
        assert {"recall", "render", "first_token", "total"} <= turn.timings.keys()
        assert await house.journal.turn(turn.id) == turn


async def test_what_was_said_is_remembered_right_away_and_recalled_in_the_next_turn() -> None:
    async with house_in_ram(ScriptedEngine(["Aww.", "Biscuit!"])) as house:
        await answer_to(house, "My cat is called Biscuit.", place="web:last-week")

        turn = await answer_to(house, "What is my cat called?")

        assert "My cat is called Biscuit." in [recollection.text for recollection in turn.recalled]


async def test_a_forgetful_persona_still_speaks() -> None:
    memory = PlainMemory(RecallError("The index is on fire."))
    async with house_in_ram(ScriptedEngine("Hi!"), memory=memory) as house:
        turn = await answer_to(house, "Hello!")

        assert (turn.said, turn.outcome) == ("Hi!", "answered")
        assert turn.trace["forgetful"] == "The index is on fire."


async def test_a_memory_that_hangs_does_not_hold_up_the_reply() -> None:
    class Asleep(PlainMemory):
        async def recall(self, *_: object, **__: object) -> tuple[()]:
            await asyncio.sleep(60)
            return ()

    async with house_in_ram(ScriptedEngine("Hi!"), memory=Asleep()) as house:
        steps = [step async for step in take_turn(a_cue(house), on=replace(house.stage, memory_patience=0.01))]

        assert isinstance(steps[-1], Turn)
        assert steps[-1].said == "Hi!"


async def test_an_engine_that_fails_at_once_leaves_the_persona_at_a_loss_in_her_own_words() -> None:
    async with house_in_ram(ScriptedEngine(fail_after=0, failure=EngineRefused("Wrong key."))) as house:
        turn = await answer_to(house, "Hello!")

        assert (turn.said, turn.outcome) == (MIKA.at_a_loss, "at_a_loss")
        assert turn.trace["failure"] == "Wrong key."


async def test_what_is_said_at_a_loss_is_no_memory() -> None:
    async with house_in_ram(ScriptedEngine(fail_after=0)) as house:
        turn = await answer_to(house, "Hello!")

        kept = await house.memory.show(Scope("mika", "web:kim", turn.place))
        assert [recollection.text for recollection in kept] == ["Hello!"]


async def test_a_stream_that_dies_midway_is_finished_in_character_and_marked() -> None:
    async with house_in_ram(ScriptedEngine("One two three four", fail_after=2)) as house:
        turn = await answer_to(house, "Count!")

        assert turn.said == f"One two… {MIKA.at_a_loss}"
        assert turn.outcome == "cut_short"
        assert (turn.prompt_tokens > 0, turn.completion_tokens) == (True, 2)


async def test_an_engine_that_falls_silent_counts_as_away() -> None:
    async with house_in_ram(ScriptedEngine("Hi!", delay=30), patience=0.05) as house:
        turn = await answer_to(house, "Hello!")

        assert turn.outcome == "at_a_loss"
        assert turn.trace["family"] == "EngineAway"


def test_an_engine_that_falls_silent_is_given_up_while_there_is_time_for_another() -> None:
    engine = EngineSettings(kind="remote", model="base", base_url="http://127.0.0.1:8001/v1")

    assert 2 * engine.first_token_seconds < BotsSettings().patience


async def test_an_engine_that_says_nothing_leaves_the_persona_at_a_loss() -> None:
    async with house_in_ram(ScriptedEngine("Fan: I speak for you")) as house:
        turn = await answer_to(house, "Hello!")

        assert (turn.said, turn.outcome) == (MIKA.at_a_loss, "at_a_loss")


async def test_a_reply_never_contains_the_fans_lines_and_the_engine_stops_working_on_them() -> None:
    engine = ScriptedEngine("Hello you!\nKim: I love it here\nMika: me too " + "la " * 50)
    async with house_in_ram(engine) as house:
        turn = await answer_to(house, "Hello!")

        assert turn.said == "Hello you!"
        assert (engine.running, engine.cancelled) == (0, 1)


async def test_a_reply_that_a_rule_of_ours_ended_is_paid_for_and_counts_for_its_lora() -> None:
    engine = ScriptedEngine("Hello you!\nKim: I love it here\n" + "la " * 50)
    meters = Meters(prices={"scripted": Price(1e6, 1e6)})
    persona = MIKA.model_copy(update={"plays": MIKA.plays.model_copy(update={"lora": "mika"})})
    async with house_in_ram(engine, cast=PlainCast(persona), meters=meters) as house:
        turn = await answer_to(house, "Hello!")

    assert (turn.said, turn.lora, turn.trace["finish"]) == ("Hello you!", "mika", "stop")
    assert turn.completion_tokens >= 3
    assert f"}} {float(turn.prompt_tokens + turn.completion_tokens)}" in next(
        line for line in meters.text().decode().splitlines() if line.startswith("greenroom_cost_total")
    )


async def test_an_engine_nobody_knows_is_told_to_the_operator_and_not_to_the_fan() -> None:
    class Nobody:
        async def __call__(self, _: object) -> ScriptedEngine:
            raise EngineRefused("There is no such engine.")

    async with house_in_ram() as house:
        steps = [step async for step in take_turn(a_cue(house), on=replace(house.stage, engine=Nobody()))]

        assert isinstance(steps[-1], Turn)
        assert steps[-1].said == MIKA.at_a_loss


async def test_asked_in_earnest_she_owns_up_even_where_the_model_denies_it() -> None:
    async with house_in_ram(ScriptedEngine("Of course I'm a real girl!")) as house:
        turn = await answer_to(house, "Honestly now, are you a real person?")

        assert turn.said == f"Of course I'm a real girl! {MIKA.owns_up}"
        assert turn.trace["owned_up"] is True


async def test_a_model_that_owns_up_itself_is_left_alone() -> None:
    async with house_in_ram(ScriptedEngine("I'm an AI, and your biggest fan.")) as house:
        turn = await answer_to(house, "are you a bot?")

        assert turn.said == "I'm an AI, and your biggest fan."
        assert "owned_up" not in turn.trace


async def test_no_word_of_a_reply_that_points_to_no_help_reaches_a_fan_who_may_harm_themselves() -> None:
    async with house_in_ram(ScriptedEngine("Then a quest! Name your steed, and we ride!")) as house:
        performance = await house.hall.hear(said("I don't want to live anymore"), persona_id="mika")
        heard = "".join([step.text async for step in performance.follow() if isinstance(step, Delta)])

        turn = await performance.ended()
        assert heard == turn.said == MIKA.reaches_out
        assert turn.trace["reached_out"] is True
        assert turn.completion_tokens > 0


async def test_a_model_that_points_to_help_itself_speaks_for_itself() -> None:
    async with house_in_ram(ScriptedEngine("I'm here. Is there somebody you trust who can come?")) as house:
        turn = await answer_to(house, "I want to kill myself")

        assert turn.said == "I'm here. Is there somebody you trust who can come?"
        assert "reached_out" not in turn.trace


@pytest.mark.parametrize("fail_after", [0, 3])
async def test_a_fan_who_may_harm_themselves_is_answered_even_where_the_engine_fails(fail_after: int) -> None:
    async with house_in_ram(ScriptedEngine("Then a quest! Name your steed!", fail_after=fail_after)) as house:
        turn = await answer_to(house, "I want to kill myself")

        assert turn.said == MIKA.reaches_out


async def test_a_reply_has_room_in_a_small_window() -> None:
    engine = ScriptedEngine("Hi!", window=400)
    async with house_in_ram(engine) as house:
        turn = await answer_to(house, "word " * 1000)

        assert turn.outcome == "answered"
        assert turn.prompt_tokens + engine.samplings[0].max_tokens <= 400


async def test_the_personas_sampling_and_lora_reach_the_engine() -> None:
    plays = MIKA.plays.model_copy(update={"lora": "mika-v1", "sampling": Sampling(temperature=0.1, max_tokens=7)})
    persona = MIKA.model_copy(update={"plays": plays})
    engine = ScriptedEngine("Hi!")
    async with house_in_ram(engine) as house:
        [step async for step in take_turn(replace(a_cue(house), persona=persona), on=house.stage)]

        assert engine.loras == ["mika-v1"]
        assert (engine.samplings[0].temperature, engine.samplings[0].max_tokens) == (0.1, 7)


async def test_a_shelf_that_can_not_be_read_costs_nobody_their_reply() -> None:
    async def unreadable(*_: object) -> str | None:
        raise ShelfError("The card can't be read.")

    persona = MIKA.model_copy(update={"plays": MIKA.plays.model_copy(update={"lora": "mika"})})
    engine = ScriptedEngine("Hi!")
    async with house_in_ram(engine) as house:
        cue = replace(a_cue(house), persona=persona)
        *_, turn = [step async for step in take_turn(cue, on=replace(house.stage, wears=unreadable))]

        assert isinstance(turn, Turn)
        assert (turn.said, engine.loras) == ("Hi!", ["mika"])


async def test_a_window_that_was_not_known_while_the_engine_started_is_learnt_as_soon_as_it_can_be() -> None:
    class Starting(ScriptedEngine):
        """Tells its window to whoever asks whether it is ready, as a server does."""

        async def ready(self) -> None:
            await super().ready()
            self._window = Window(512, self._window.count)

    starting = Starting("From the server.", fail_after=0)
    async with house_in_ram(FallbackEngine([starting, ScriptedEngine("I step in.")])) as house:
        first = await answer_to(house, "word " * 1000)
        starting.fail_after = None
        second = await answer_to(house, "words " * 1000)

        assert (first.said, second.said) == ("I step in.", "From the server.")
        assert second.prompt_tokens <= 512


async def test_an_engine_that_does_not_say_whether_it_is_ready_holds_up_the_first_turn_only() -> None:
    class Silent(ScriptedEngine):
        """Fails after a while when it is asked first, and says nothing afterwards."""

        asked = 0

        async def ready(self) -> None:
            self.asked += 1
            if self.asked > 1:
                await asyncio.Event().wait()
            raise EngineAway("gone")

    silent = Silent("Never said.", fail_after=0)
    async with house_in_ram(FallbackEngine([silent, ScriptedEngine("I step in.")])) as house:
        said = [(await answer_to(house, f"Line {n}")).said for n in range(3)]

    assert said == ["I step in."] * 3
    assert silent.asked == 2


async def test_the_prompt_of_a_past_turn_can_be_rebuilt_exactly() -> None:
    engine = ScriptedEngine(["Aww!", "Biscuit, of course."])
    note = LoreNote("laundry", "The dryers hum.")
    async with house_in_ram(engine, lore=lambda _: (note,)) as house:
        await answer_to(house, "My cat is called Biscuit.")
        turn = await answer_to(house, "What is my cat called?")

        assert await prompt_of(turn, house) == engine.prompts[-1]
        assert turn.lore == ("laundry",)


def a_cue(house: House) -> Cue:
    """A cue whose turn does not stand in the journal."""
    heard = (said("Hello!"),)
    return Cue(Turn("t", None, "mika", MIKA.version, Place("web:t"), heard, datetime.now(UTC)), MIKA)


async def test_no_failure_of_an_engine_is_anything_but_a_serving_error() -> None:
    async with house_in_ram(ScriptedEngine("Hi!", fail_after=1, failure=EngineAway("gone"))) as house:
        turn = await answer_to(house, "Hello!")

        assert turn.trace["family"] == "EngineAway"


async def test_a_fan_who_is_forgotten_in_mid_reply_stays_forgotten() -> None:
    async with journal_in_ram() as journal, Memory(journal, StoreInRam(), HashingEncoder()) as memory:
        engine = ScriptedEngine("la " * 40, delay=0.01)
        async with house_in_ram(engine, journal=journal, memory=memory) as house:
            performance = await house.hall.hear(said("My secret is canary-7."), persona_id="mika")
            async with aclosing(performance.follow()) as steps:
                async for step in steps:
                    if isinstance(step, Delta):
                        break

            receipt = await memory.forget_fan("web:kim")
            await performance.ended()

            assert receipt.complete
            assert await journal.left("web:kim") == 0
            assert await memory.show(Scope("mika", "web:kim", Place("web:t"))) == ()


async def test_a_reply_that_was_replaced_is_forgotten_with_it() -> None:
    async with journal_in_ram() as journal, Memory(journal, StoreInRam(), HashingEncoder()) as memory:
        engine = ScriptedEngine(["I adore turnips.", "I adore plums."])
        async with house_in_ram(engine, journal=journal, memory=memory) as house:
            first = await answer_to(house, "What do you adore?")
            await (await house.hall.again(first.id)).ended()

            kept = [memory.text for memory in await memory.show(Scope("mika", "web:kim", Place("web:t")))]
            assert kept == ["What do you adore?", "I adore plums."]
