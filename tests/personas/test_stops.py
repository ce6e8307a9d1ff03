"""A reply ends where somebody else's line would begin, whatever the model goes on to write."""

import re
from dataclasses import replace
from random import Random

from personas import Utterance
from personas.stops import stops
from serving.stopping import StopStrings
from tests.personas.scenes import NOVA, PUBLIC, own, said, scene


def bram_says(number: int) -> Utterance:
    return replace(said(number, "evening all", name="Bram", place=PUBLIC), speaker_id="persona:bram")


CROWD = scene(
    place=PUBLIC,
    history=(said(0, "hi", by="fan:1", name="Kim", place=PUBLIC), own(1, "hello", place=PUBLIC)),
    heard=(said(2, "hi too", by="fan:2", name="Kim", place=PUBLIC), bram_says(3)),
)


def test_a_reply_stops_before_anybody_elses_line() -> None:
    found = stops(CROWD)

    assert found[:3] == ("\nBram:", "\nKim (2):", "\nKim:")
    assert {"\nFan:", "\nUser:", "[notes]", "[/notes]"} <= set(found)
    assert "\nNova:" not in found


def test_a_personas_own_stop_strings_come_first() -> None:
    sampling = NOVA.plays.sampling.model_copy(update={"stop": ("THE END",)})
    persona = NOVA.model_copy(update={"plays": NOVA.plays.model_copy(update={"sampling": sampling})})

    assert stops(scene(persona=persona))[0] == "THE END"


def test_in_five_hundred_replies_of_a_model_that_never_stops_nobody_else_speaks() -> None:
    rng = Random(5)

    replies = [delivered(rambling(rng), rng) for _ in range(500)]

    foreign = re.compile(r"\n(?:Kim|Kim \(2\)|Bram|Fan|User):|\[/?notes\]")
    assert not [reply for reply in replies if foreign.search(reply)]
    assert all(reply.startswith("Glow") for reply in replies)


def rambling(rng: Random) -> str:
    """What a small model writes: a line of hers, then everybody else's."""
    speakers = ("Kim", "Kim (2)", "Bram", "Fan", "User")
    lines = [f"\n{rng.choice(speakers)}: and then I said {n}" for n in range(rng.randint(1, 4))]
    return "Glow " * rng.randint(1, 9) + rng.choice(("", "\nStill me.", "\n")) + "".join(lines) + "\n[notes]"


def delivered(text: str, rng: Random) -> str:
    """The text as an engine's stream brings it, in pieces of any size, up to the first stop string."""
    held, shown = StopStrings(stops(CROWD)), ""
    while text:
        size = rng.randint(1, 7)
        shown, text = shown + held.feed(text[:size]), text[size:]
    return shown + held.flush()
