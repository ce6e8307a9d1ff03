"""The figures say what happened: whoever got no turn makes no turn look short."""

from bots.meters import Meters
from bots.testing import answer_to, house_in_ram
from serving import Admission, Budget
from serving.testing import ScriptedEngine


async def test_who_was_turned_away_makes_no_turn_look_short() -> None:
    meters, budget = Meters(), Budget(each_fan=1)
    async with house_in_ram(
        ScriptedEngine("Hi!"), meters=meters, admission=Admission(at_once=1, budget=budget)
    ) as house:
        await answer_to(house, "Hello!")
        for text in ("Again!", "And again!"):
            await answer_to(house, text)

    assert value(meters, "greenroom_turned_away_total") == 2
    assert value(meters, "greenroom_turn_seconds_count") == 1
    assert value(meters, "greenroom_recall_seconds_count") == 1


def value(meters: Meters, name: str) -> float:
    """The sum of a sample's series."""
    lines = meters.text().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0] == name)
