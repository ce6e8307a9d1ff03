"""Copy drills: dense little exercises in looking a rare value up, before there is any conversation to hold.

Without them a model of this size talks fluently and ignores its prompt (`docs/log.md` has the numbers).
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from random import Random

from finetune.understudy.attributes import NAME, Attribute, attributes
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


def given(value: str) -> str:
    """The bare value, never first in a reply: without a space before it the tokeniser spells a word otherwise."""
    return f"It's {value}."


UNKNOWN = "I don't know yet."
NEUTRAL = ("greet", "thanks", "compliment", "happy", "tired", "bored", "congrats", "luck", "doing")


def look_up(rng: Random) -> Rehearsal:
    """Several questions about one card, one in four about what isn't on it."""
    role = pupil(rng, attribute_values(rng, rng.choice((2, 4, 6, 8)), unseen=False))
    stage = on_stage(role, rng)
    for attribute, value in rng.sample([*role.known.items()], min(6, len(role.known))):
        if rng.random() < 0.25:
            stage.fan(sentence(another(role.known, rng).ask(YOU, rng), "?"))
            stage.persona(UNKNOWN)
        stage.fan(rng.choice((f"{attribute.keys[0]}?", sentence(attribute.ask(YOU, rng), "?"))))
        stage.persona(given(value))
    return finished(stage, rng)


def another(known: Collection[Attribute], rng: Random) -> Attribute:
    """An attribute that shares no key with those."""
    taken = {key for a in known for key in a.keys}
    return rng.choice([a for a in attributes() if not taken & set(a.keys)])


def tell_back(rng: Random) -> Rehearsal:
    """The fan tells some facts, takes some back, and asks; between them the persona's own of the same kind."""
    told = attribute_values(rng, rng.choice((1, 2, 3, 4)), unseen=False)
    own = {a: draw(a.kind, rng) for a in told if rng.random() < 0.3}
    own |= {another([*told, *own], rng): word(rng) for _ in range(rng.choice((0, 1, 2)))}
    role = pupil(rng, own)
    stage = on_stage(role, rng)
    talking = Conversation(role, rng)
    for attribute, value in told.items():
        tell(stage, attribute.tell(value, rng), value)
    for attribute in [a for a in told if rng.random() < 0.4]:
        told[attribute] = draw(attribute.kind, rng)
        tell(stage, "actually, " + attribute.tell(told[attribute], rng), told[attribute])
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        stage.fan(talking.act(rng.choice(NEUTRAL))[0])
        stage.persona("Okay.")
    asked = [(a.ask(I, rng), given(v)) for a, v in told.items()] + [(a.ask(YOU, rng), given(v)) for a, v in own.items()]
    asked += [(another([*told, *own], rng).ask(who, rng), UNKNOWN) for who in rng.choice(((), (I,), (YOU,), (I, YOU)))]
    asked += [(a.ask(YOU, rng), UNKNOWN) for a in told if a not in own and rng.random() < 0.2]
    for question, answer in rng.sample(asked, len(asked)):
        stage.fan(sentence(question, "?"))
        stage.persona(answer)
    return finished(stage, rng)


def tell(stage: Stage, text: str, value: str) -> None:
    stage.fan(sentence(text))
    stage.persona(given(value))


def repeat(rng: Random) -> Rehearsal:
    """Lists said back, of words of every kind."""
    stage = on_stage(pupil(rng, {}), rng)
    for _ in range(rng.choice((1, 2, 3))):
        items = [rng.choice((word(rng), draw(rng.choice([*KINDS]), rng))) for _ in range(rng.randint(1, 5))]
        text = rng.choice((", ", " ", "; ")).join(items)
        stage.fan(f"repeat: {text}")
        stage.persona(given(text))
    return finished(stage, rng)


def memory_look_up(rng: Random) -> Rehearsal:
    """One question about the memory block, now and then about what isn't in it."""
    role = pupil(rng, {})
    stage = on_stage(role, rng)
    talking = Conversation(role, rng, fan_name=stage.fan_name)
    recollections = memories(talking, stage, facts=rng.choice((1, 2, 3, 5)))
    attribute = rng.choice([*talking.noted]) if rng.random() < 0.8 else another([*talking.noted, NAME], rng)
    stage.fan(sentence(attribute.ask(I, rng), "?"))
    stage.persona(given(talking.noted[attribute]) if attribute in talking.noted else UNKNOWN)
    return finished(stage, rng, recollections=recollections)


def finished(stage: Stage, rng: Random, *, recollections: tuple[Recollection, ...] = ()) -> Rehearsal:
    *history, heard, reply = stage.said
    scene = Scene(stage.role.persona, stage.place, (heard,), tuple(history), recollections)
    return Rehearsal(scene, reply.text, Conversation(stage.role, rng))


DRILLS: tuple[Callable[[Random], Rehearsal], ...] = (
    look_up,
    tell_back,
    tell_back,
    repeat,
    memory_look_up,
    memory_look_up,
)
