"""Places are given fairly, overload is told at once, and a day's tokens are a day's tokens."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from serving import EngineBusy
from serving.admission import Admission
from serving.budget import Budget, BudgetSpent


async def speak(
    admission: Admission, heard: list[str], fan: str, persona: str = "mira", priority: int = 0, seconds: float = 0.002
) -> None:
    async with admission.enter(fan=fan, persona=persona, priority=priority):
        heard.append(f"{fan}:{persona}")
        await asyncio.sleep(seconds)


async def together(*speaking: "asyncio.Future[None] | object") -> None:
    await asyncio.gather(*speaking)  # type: ignore[arg-type]


async def test_no_more_speak_at_once_than_there_are_places() -> None:
    admission, most = Admission(at_once=3, waiting_per_fan=50), 0

    async def watched(n: int) -> None:
        nonlocal most
        async with admission.enter(fan=f"fan-{n}", persona="mira"):
            most = max(most, admission.running)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(watched(n) for n in range(30)))

    assert most == 3
    assert (admission.running, admission.waiting) == (0, 0)


async def test_a_fan_with_many_tabs_takes_turns_with_everybody_else() -> None:
    admission, heard = Admission(at_once=2, waiting_per_fan=50), list[str]()

    greedy = [speak(admission, heard, "greedy") for _ in range(10)]
    await together(*greedy, speak(admission, heard, "ann"), speak(admission, heard, "bob"))

    assert {"ann:mira", "bob:mira"} <= set(heard[:5])


async def test_a_fan_with_many_tabs_takes_turns_even_for_a_single_place() -> None:
    admission, heard = Admission(at_once=1, waiting_per_fan=50), list[str]()

    greedy = [speak(admission, heard, "greedy") for _ in range(10)]
    await together(*greedy, *(speak(admission, heard, "ann") for _ in range(3)))

    assert [name.split(":")[0] for name in heard[:6]] == ["greedy", "ann", "greedy", "ann", "greedy", "ann"]


async def test_who_was_away_has_no_credit_for_it() -> None:
    admission, heard = Admission(at_once=1, waiting_per_fan=50), list[str]()
    for _ in range(9):
        await speak(admission, heard, "ann")
    heard.clear()

    newcomer = [speak(admission, heard, "bob") for _ in range(4)]
    await together(*newcomer, *(speak(admission, heard, "ann") for _ in range(4)))

    assert heard[:4].count("ann:mira") >= 1


async def test_a_popular_persona_does_not_starve_the_others() -> None:
    admission, heard = Admission(at_once=2), list[str]()

    crowd = [speak(admission, heard, f"fan-{n}", "mira") for n in range(12)]
    await together(*crowd, speak(admission, heard, "ann", "noor"))

    assert "ann:noor" in heard[:4]


async def test_a_higher_priority_goes_first() -> None:
    admission, heard = Admission(at_once=1), list[str]()

    await together(
        speak(admission, heard, "first"),
        speak(admission, heard, "second"),
        speak(admission, heard, "paying", priority=1),
    )

    assert heard == ["first:mira", "paying:mira", "second:mira"]


async def test_equals_are_served_in_the_order_in_which_they_came() -> None:
    admission, heard = Admission(at_once=1), list[str]()

    await together(*(speak(admission, heard, f"{n}") for n in range(5)))

    assert heard == [f"{n}:mira" for n in range(5)]


async def test_a_full_house_says_so_at_once_and_when_to_come_back() -> None:
    admission = Admission(at_once=1, waiting=2)
    inside = [asyncio.create_task(speak(admission, [], f"{n}", seconds=0.05)) for n in range(3)]
    await asyncio.sleep(0.01)

    with pytest.raises(EngineBusy) as caught:
        await speak(admission, [], "late")

    assert caught.value.retry_after >= 1
    await together(*inside)
    await speak(admission, [], "later")


async def test_one_fan_may_not_fill_the_queue() -> None:
    admission = Admission(at_once=1, waiting=100, waiting_per_fan=2)
    inside = [asyncio.create_task(speak(admission, [], "greedy", seconds=0.02)) for _ in range(3)]
    await asyncio.sleep(0.005)

    with pytest.raises(EngineBusy):
        await speak(admission, [], "greedy")
    await speak(admission, [], "ann")

    await together(*inside)


async def test_who_leaves_the_queue_makes_room() -> None:
    admission, heard = Admission(at_once=1, waiting=1), list[str]()
    speaking = asyncio.create_task(speak(admission, heard, "first", seconds=0.05))
    await asyncio.sleep(0)
    leaving = asyncio.create_task(speak(admission, heard, "leaving"))
    await asyncio.sleep(0.01)

    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await speak(admission, heard, "next")
    await speaking

    assert heard == ["first:mira", "next:mira"]
    assert (admission.running, admission.waiting) == (0, 0)


async def test_a_reply_that_fails_gives_its_place_back() -> None:
    admission = Admission(at_once=1)

    with pytest.raises(RuntimeError):
        async with admission.enter(fan="ann", persona="mira"):
            raise RuntimeError

    await speak(admission, [], "bob")


async def spend(admission: Admission, tokens: int, fan: str, persona: str = "mira") -> None:
    async with admission.enter(fan=fan, persona=persona) as spent:
        spent(tokens)


@pytest.mark.parametrize(
    ("limit", "whom_it_stops", "whom_not"),
    [
        ({"each_fan": 100}, ("ann", "noor"), ("bob", "mira")),
        ({"each_persona": 100}, ("bob", "mira"), ("ann", "noor")),
    ],
)
async def test_a_days_tokens_are_one_fans_or_one_personas(
    limit: dict[str, int], whom_it_stops: tuple[str, str], whom_not: tuple[str, str]
) -> None:
    admission = Admission(at_once=4, budget=Budget(**limit))  # type: ignore[arg-type]
    await spend(admission, 120, "ann", "mira")

    with pytest.raises(BudgetSpent):
        await spend(admission, 1, *whom_it_stops)
    await spend(admission, 1, *whom_not)


async def test_who_waited_while_others_spent_the_day_hears_so_and_leaves_the_place() -> None:
    admission, answered = Admission(at_once=1, budget=Budget(everybody=100)), list[int]()

    async def ask(n: int) -> None:
        async with admission.enter(fan=f"fan-{n}", persona="mira") as spent:
            await asyncio.sleep(0.001)
            spent(60)
            answered.append(n)

    told = await asyncio.gather(*(ask(n) for n in range(20)), return_exceptions=True)

    assert answered == [0, 1]
    assert all(isinstance(one, BudgetSpent) for one in told[2:])
    assert (admission.running, admission.waiting) == (0, 0)


async def test_tomorrow_is_another_day() -> None:
    today = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    moment = [today]
    admission = Admission(at_once=4, budget=Budget(everybody=100, now=lambda: moment[0]))
    await spend(admission, 100, "ann")

    with pytest.raises(BudgetSpent) as caught:
        await spend(admission, 1, "bob")
    moment[0] = today + timedelta(hours=1)
    await spend(admission, 1, "bob")

    assert caught.value.retry_after == 3600
