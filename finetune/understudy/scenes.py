"""Turns a drawn conversation into a `Scene`, so that `personas.prompt.render` lays out what the understudy learns from.

Only the last message carries notes, in training as on stage; every earlier answer must do without.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from finetune.understudy.attributes import NAME, Attribute, attributes
from finetune.understudy.beats import next_beat
from finetune.understudy.conversation import Conversation
from finetune.understudy.drawn import Role, drawn
from finetune.understudy.person import I, named, sentence
from finetune.understudy.sayings import fan_line
from finetune.understudy.values import draw, person
from finetune.understudy.written import words
from personas import MOODS, Place, Recollection, Scene, Utterance, persona_speaker

FAN = "web:fan"
OTHER = "web:other"
DENSE = 0.7
BRIEF = 0.45  # of those with memories: only the last message may ask for one, so short talks ask more often
LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 8)
DENSE_LENGTHS = (3, 5, 6, 8, 9, 10)


@dataclass(frozen=True)
class Rehearsal:
    """A scene with the answer to give: one training document, or one item to be asked."""

    scene: Scene
    reply: str
    conversation: Conversation


@dataclass
class Stage:
    """Collects what is said, in order, with the times and ids that utterances need."""

    role: Role
    place: Place
    fan_name: str
    now: datetime
    said: list[Utterance] = field(default_factory=list)

    def fan(self, text: str, *, speaker: str = FAN, name: str = "") -> Utterance:
        return self._heard(speaker, name or self.fan_name, text)

    def persona(self, text: str) -> Utterance:
        return self._heard(persona_speaker(self.role.persona.id), self.role.persona.name, text)

    def _heard(self, speaker: str, name: str, text: str) -> Utterance:
        at = self.now - timedelta(minutes=30) + timedelta(seconds=40 * len(self.said))
        utterance = Utterance(f"u{len(self.said)}", speaker, name, self.place, text, at)
        self.said.append(utterance)
        return utterance


def rehearsal(rng: Random, *, unseen: bool = False) -> Rehearsal:
    """A whole conversation of one to eight exchanges with a persona drawn at random."""
    role = drawn(rng, unseen=unseen)
    public, remembers = rng.random() < 0.2, rng.random() < 0.7
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(24 * 1000))
    place = Place("discord:1/2") if public else Place("web:1")
    stage = Stage(role, place, person_named(rng, unseen=unseen), now)
    timed = rng.random() < 0.6
    talking = Conversation(
        role,
        rng,
        unseen,
        fan_name=stage.fan_name if public or remembers else None,
        moment=(f"{now:%A, %-d %B %Y}", f"{now:%H}h") if timed else None,
        mood=rng.choice(MOODS) if rng.random() < 0.3 else "",
    )
    recollections = memories(talking, stage) if remembers else ()
    if public:
        talking.told[NAME] = stage.fan_name
    if rng.random() < 0.4:
        stage.persona(opening(role, rng))
        if not public and NAME not in talking.noted and rng.random() < 0.4:
            introduce(talking, stage)
    dense = rng.random() < DENSE
    brief = bool(recollections) and rng.random() < BRIEF
    for _ in range(rng.choice((0, 0, 1, 2) if brief else DENSE_LENGTHS if dense else LENGTHS)):
        heard, reply = next_beat(talking, last=False, dense=dense)
        stage.fan(heard)
        stage.persona(reply)
    first = len(stage.said)
    if public and rng.random() < 0.4:
        overheard(talking, stage)
    heard, reply = next_beat(talking, last=True, dense=dense)
    stage.fan(heard)
    scene = Scene(
        persona=role.persona,
        place=place,
        history=tuple(stage.said[:first]),
        heard=tuple(stage.said[first:]),
        recollections=recollections,
        mood=talking.mood,
        now=now if timed else None,
    )
    return Rehearsal(scene, reply, talking)


def opening(role: Role, rng: Random) -> str:
    """The persona's own greeting: a line of its voice, often with a gesture, its name and a question."""
    name = role.persona.name
    gesture = rng.choice(("", "", "*waves* ", "*looks up* ", "*spins around* ", "*smiles* ", "*pours tea* "))
    after = rng.choice(("", "", f" I'm {name}. What should I call you?", f" I'm {name}.", " What do they call you?"))
    return gesture + role.voice.say("greet", rng) + after


def introduce(talking: Conversation, stage: Stage) -> None:
    """The fan answers the greeting with a name."""
    if talking.fan_name is None:
        talking.fan_name = stage.fan_name
    heard, reply = talking.tells(about_name=True)
    stage.fan(heard)
    stage.persona(reply)


def person_named(rng: Random, *, unseen: bool) -> str:
    return draw("person", rng, unseen=unseen)


def overheard(talking: Conversation, stage: Stage) -> None:
    """Somebody else says something just before; what they tell of themselves is not the fan's."""
    rng = talking.rng
    name = person(rng)
    if rng.random() < 0.5:
        stage.fan(rng.choice(words("chatter")), speaker=OTHER, name=name)
        return
    attribute = rng.choice([a for a in attributes() if a.open])
    talking.others.add(attribute)
    value = draw(attribute.kind, rng, unseen=talking.unseen)
    stage.fan(sentence(attribute.state(I, value, rng)), speaker=OTHER, name=name)


def memories(talking: Conversation, stage: Stage, *, facts: int | None = None) -> tuple[Recollection, ...]:
    """What comes to mind, oldest first; `talking.noted` learns what it says. Of two that differ the newer holds."""
    rng = talking.rng
    count = rng.choice((0, 1, 1, 2, 2, 3, 4)) if facts is None else facts
    pool = [a for a in attributes() if a.open or not talking.unseen]
    texts: list[tuple[str, str]] = []
    for attribute in rng.sample(pool, count):
        if rng.random() < 0.2:
            texts.append(remembered(attribute, draw(attribute.kind, rng, unseen=talking.unseen), stage, rng))
        talking.noted[attribute] = draw(attribute.kind, rng, unseen=talking.unseen)
        texts.append(remembered(attribute, talking.noted[attribute], stage, rng))
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        texts.insert(rng.randint(0, len(texts)), distraction(talking, stage))
    if texts and rng.random() < 0.2:
        talking.noted[NAME] = stage.fan_name
    days = sorted((rng.randint(1, 700) for _ in texts), reverse=True)
    return tuple(
        Recollection(f"r{i}", text, speaker, stage.now - timedelta(days=day), score=1 - i / 10)
        for i, ((speaker, text), day) in enumerate(zip(texts, days, strict=True))
    )


def remembered(attribute: Attribute, value: str, stage: Stage, rng: Random) -> tuple[str, str]:
    """Speaker and words: mostly what the fan said then, else a fact in the third person."""
    if rng.random() < 0.65:
        before = rng.choice(("", "", "", "by the way, ", "you know, ", "actually, ", "I told you that "))
        return stage.fan_name, typed(before + attribute.tell(value, rng), rng)
    return stage.fan_name, sentence(attribute.state(named(stage.fan_name), value, rng))


def distraction(talking: Conversation, stage: Stage) -> tuple[str, str]:
    rng = talking.rng
    act = rng.choice(("sad", "happy", "tired", "congrats", "angry", "bored"))
    if rng.random() < 0.7:
        return stage.fan_name, typed(fan_line(act, rng), rng)
    return talking.role.persona.name, talking.role.voice.say(act, rng)


def typed(text: str, rng: Random) -> str:
    return sentence(text) if rng.random() < 0.6 else text
