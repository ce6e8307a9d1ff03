"""Mutated cards: no crash, no hang, nothing but a card error or a persona that can be played."""

import os
import random
import time
from pathlib import Path

import pytest

from personas.card_errors import CardError
from tests.personas.cards.house import House
from tests.personas.cards.test_round_trip import FILES, REAL

SEEDS = [*FILES.values(), *(file.read_bytes() for file in REAL)]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with a few of them changed, cut, doubled or moved."""
    made = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        at, size = chance.randrange(len(made) + 1), chance.choice([1, 2, 4, 100])
        match chance.randrange(5):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at : at + size]
            case 2:
                made[at:at] = made[at : at + size]
            case 3:
                made[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b'"}]', b"null", b"-1e9"])
            case _:
                del made[chance.randrange(len(made) + 1) :]
    return bytes(made)


def survives(house: House, data: bytes) -> bool:
    """Whether a mutated card came in, and then went out as it was."""
    try:
        imported = house.take_in(data, "card.bin")
    except CardError:
        return False
    assert house.export(imported.id).data == data
    return True


def test_a_few_hundred_mutated_cards_end_in_an_error_or_in_a_persona(house: House) -> None:
    chance = random.Random(1)

    outcomes = [survives(house, mutated(chance.choice(SEEDS[:12]), chance)) for _ in range(200)]

    assert set(outcomes) == {True, False}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_minutes_of_mutated_cards_end_in_errors_or_personas(tmp_path: Path) -> None:
    seconds = float(os.environ.get("GREENROOM_SOAK_SECONDS", "600"))
    seed = time.time_ns()
    print(f"seed {seed}")
    chance, until, slowest = random.Random(seed), time.monotonic() + seconds, 0.0
    outcomes = []

    while time.monotonic() < until:
        started = time.thread_time()
        outcomes.append(survives(House(tmp_path), mutated(chance.choice(SEEDS), chance)))
        slowest = max(slowest, time.thread_time() - started)

    print(f"{len(outcomes)} cards, {sum(outcomes)} of them playable, the slowest {slowest:.2f} s")
    assert set(outcomes) == {True, False}
