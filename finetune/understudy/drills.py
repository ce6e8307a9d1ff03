"""Copy drills: dense little exercises in looking a rare value up, before there is any conversation to hold.

Without them a model of this size talks fluently and ignores its prompt (`docs/log.md` has the numbers).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from finetune.understudy.attributes import Attribute
from finetune.understudy.conversation import Conversation
from finetune.understudy.drawn import Role, attribute_values, name_of
from finetune.understudy.person import YOU, I, sentence
from finetune.understudy.scenes import Rehearsal, Stage, memories, person_named
from finetune.understudy.values import KINDS, draw, word
from finetune.understudy.voices import voice
from personas import Persona, Place, Recollection, Scene, Voice

TONE = "only the answer"


def pupil(rng: Random, known: dict[Attribute, str], *, unseen: bool = False) -> Role:
    """A persona that answers with the bare value."""
    name = name_of(rng, unseen=unseen)
    facts = {a.keys[0]: v for a, v in known.items()}
    persona = Persona(id="drill", name=name, who=f"{name} answers.", facts=facts, voice=Voice(tone=TONE))
    return Role(persona, voice("terse"), known)


def on_stage(role: Role, rng: Random) -> Stage:
    now = datetime(2026, rng.randint(1, 12), rng.randint(1, 28), 12, tzinfo=UTC)
    return Stage(role, Place("web:1"), person_named(rng, unseen=False), now)


def drill(rng: Random) -> Rehearsal:
    return rng.choice(DRILLS)(rng)


def look_up(rng: Random) -> Rehearsal:
    """Several questions about one card."""
    role = pupil(rng, attribute_values(rng, rng.choice((2, 4, 6, 8)), unseen=False))
    stage = on_stage(role, rng)
    for attribute, value in rng.sample([*role.known.items()], min(5, len(role.known))):
        stage.fan(rng.choice((f"{attribute.keys[0]}?", sentence(attribute.ask(YOU, rng), "?"))))
        stage.persona(value)
    return finished(stage, rng)


def tell_back(rng: Random) -> Rehearsal:
    """The fan tells some facts, takes some back, and asks."""
    role = pupil(rng, {})
    stage = on_stage(role, rng)
    told = attribute_values(rng, rng.choice((2, 3, 4)), unseen=False)
    for attribute, value in told.items():
        stage.fan(sentence(attribute.state(I, value, rng)))
        stage.persona(value)
        if rng.random() < 0.4:
            told[attribute] = draw(attribute.kind, rng)
            stage.fan("Actually, " + sentence(attribute.state(I, told[attribute], rng)))
            stage.persona(told[attribute])
    for attribute, value in rng.sample([*told.items()], len(told)):
        stage.fan(sentence(attribute.ask(I, rng), "?"))
        stage.persona(value)
    return finished(stage, rng)


def repeat(rng: Random) -> Rehearsal:
    """Lists said back, of words of every kind."""
    stage = on_stage(pupil(rng, {}), rng)
    for _ in range(rng.choice((1, 2, 3))):
        items = [rng.choice((word(rng), draw(rng.choice([*KINDS]), rng))) for _ in range(rng.randint(1, 5))]
        text = rng.choice((", ", " ", "; ")).join(items)
        stage.fan(f"repeat: {text}")
        stage.persona(text)
    return finished(stage, rng)


def memory_look_up(rng: Random) -> Rehearsal:
    """One question about the memory block."""
    role = pupil(rng, {})
    stage = on_stage(role, rng)
    talking = Conversation(role, rng, fan_name=stage.fan_name)
    recollections = memories(talking, stage, facts=rng.choice((1, 2, 3, 5)))
    attribute = rng.choice([*talking.noted])
    stage.fan(sentence(attribute.ask(I, rng), "?"))
    stage.persona(talking.noted[attribute])
    return finished(stage, rng, recollections=recollections)


def finished(stage: Stage, rng: Random, *, recollections: tuple[Recollection, ...] = ()) -> Rehearsal:
    *history, heard, reply = stage.said
    scene = Scene(stage.role.persona, stage.place, (heard,), tuple(history), recollections)
    return Rehearsal(scene, reply.text, Conversation(stage.role, rng))


DRILLS: tuple[Callable[[Random], Rehearsal], ...] = (look_up, look_up, tell_back, tell_back, repeat, memory_look_up)
