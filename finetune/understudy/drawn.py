"""Personas drawn at random, each laid out in one of eight ways: the model learns to read cards, not one card."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from finetune.understudy.attributes import Attribute, attributes, odd
from finetune.understudy.person import HE, SHE, THEY, YOU, Grammar, I, named, sentence, speak
from finetune.understudy.sayings import talk
from finetune.understudy.values import draw, held_out, proper, with_article, word
from finetune.understudy.voices import Voice, chosen, voices
from finetune.understudy.written import lines, read, words
from personas import Example, Persona
from personas import Voice as Written

FULL = 0.3  # as people write who take their time: three times as long, with examples and much that nobody asks for


@dataclass(frozen=True)
class Role:
    """A drawn persona: what is written of it, what it knows of itself, and how it talks."""

    persona: Persona
    voice: Voice
    known: dict[Attribute, str]
    likes: tuple[str, ...] = ()
    phrases: tuple[str, ...] = field(default=())


def drawn(rng: Random, *, unseen: bool = False, facts: int | None = None) -> Role:
    """A persona with up to eight facts; with `unseen` its name, values and catch-phrases are held-out ones."""
    voice, full = rng.choice(voices()), rng.random() < FULL
    name, pronoun = name_of(rng, unseen=unseen), rng.choice((SHE, SHE, HE, THEY))
    count = rng.choice((0, 1, 2, 3, 3, 4, 4, 5, 6, 8)) if facts is None else facts
    known = attribute_values(rng, count, unseen=unseen)
    likes = tuple(
        liking(rng, full=full, unseen=unseen) for _ in range(rng.choice((3, 4, 5) if full else (0, 0, 1, 2, 3)))
    )
    phrases = tuple(phrase(rng, unseen=unseen) for _ in range(rng.choice((1, 2, 3) if full else (0, 1, 1, 2))))
    card = Card(name, pronoun, voice, known, likes, phrases, full)
    return Role(LAYOUTS[rng.randrange(len(LAYOUTS))](card, rng), voice, known, likes, phrases)


def name_of(rng: Random, *, unseen: bool) -> str:
    """A name, of one word or two."""
    while True:
        name = proper(rng) if unseen or rng.random() < 0.75 else rng.choice(words("first_names"))
        if rng.random() < 0.15:
            name = f"{name} {rng.choice((proper(rng), the_so_and_so(rng)))}"
        if held_out(name) is unseen:
            return name


def the_so_and_so(rng: Random) -> str:
    return f"the {rng.choice(words('adjectives')).title()}"


def attribute_values(rng: Random, count: int, *, unseen: bool) -> dict[Attribute, str]:
    """So many different attributes, some of them odd ones, each with a value."""
    pool = [a for a in attributes() if a.open or not unseen]
    some: list[Attribute] = []
    while len(some) < count:
        one = odd(rng) if rng.random() < 0.25 else rng.choice(pool)
        if not {key for a in some for key in a.keys} & set(one.keys):
            some.append(one)
    return {a: draw(a.kind, rng, unseen=unseen) for a in some}


def liking(rng: Random, *, full: bool, unseen: bool) -> str:
    """Something to like; on a full card often with how, when or why."""
    liked = draw(rng.choice(("food", "hobby", "thing", "drink", "title")), rng, unseen=unseen)
    return f"{liked} {rng.choice(words('likings'))}" if full and rng.random() < 0.6 else liked


def phrase(rng: Random, *, unseen: bool) -> str:
    """A catch-phrase; half of them hold a pseudo-word."""
    made = f"{word(rng).capitalize()}{rng.choice(('!', '-loo!', ', friends!', ' forever!', ' and glory!', '.'))}"
    if unseen:
        return made if held_out(made) else phrase(rng, unseen=True)
    return made if rng.random() < 0.5 and not held_out(made) else rng.choice(words("phrases"))


@dataclass(frozen=True)
class Card:
    """What a layout has to put on the card."""

    name: str
    pronoun: Grammar
    voice: Voice
    known: dict[Attribute, str]
    likes: tuple[str, ...]
    phrases: tuple[str, ...]
    full: bool = False

    def stated(self, who: Grammar, rng: Random) -> str:
        """All facts as sentences in one grammatical person."""
        return " ".join(sentence(a.state(who, v, rng)) for a, v in self.known.items())


def written(card: Card, rng: Random, *, tone: str | None = None, told: str = "", **more: Any) -> Persona:
    """The persona with what every layout shares: name, role, who, tone, catch-phrases, now and then examples."""
    role = rng.choice(words("roles"))
    return Persona(
        id=f"drawn-{rng.randrange(10**9)}",
        name=card.name,
        role=rng.choice((role, with_article(role), "")),
        who=f"{intro(card, role, rng)} {beside(card, rng)} {told}".replace("  ", " ").strip(),
        likes=card.likes,
        voice=Written(
            tone=tone_of(card.voice, rng) if tone is None else tone,
            says=card.phrases,
            never=tuple(rng.sample(words("nevers"), rng.choice((0, 0, 0, 1, 2)))),
        ),
        **{"examples": examples(card, rng), "scenario": scene(card, rng), "personality": character(card, rng)} | more,
    )


def intro(card: Card, role: str, rng: Random) -> str:
    """A sentence or two about the persona."""
    trait = rng.choice(words("traits"))
    habit = rng.choice(words("habits"))
    return rng.choice(
        (
            f"{card.name} is {with_article(trait)} {role}.",
            f"{card.name} is {with_article(trait)} {role} who {habit}.",
            f"{card.name} is {with_article(role)}, {trait} and {rng.choice(words('traits'))}, and {habit}.",
            f"{with_article(role).capitalize()} with {with_article(trait)} heart. {card.name} {habit}.",
            f"{trait.capitalize()} {role}. {card.name} {habit}.",
        )
    )


def beside(card: Card, rng: Random) -> str:
    """Sentences of prose that nobody asks for: up to three, and up to nine on a full card."""
    return told_of(card, rng, rng.choice((3, 5, 7, 9) if card.full else (0, 0, 1, 2, 3)))


def character(card: Card, rng: Random) -> str:
    """What a full card says of somebody's character."""
    if not card.full:
        return ""
    return f"{', '.join(rng.sample(words('traits'), 3)).capitalize()}. {told_of(card, rng, rng.choice((1, 2, 3)))}"


def told_of(card: Card, rng: Random, count: int) -> str:
    return " ".join(sentence(speak(line, card.pronoun)) for line in rng.sample(prose(), count))


@cache
def prose() -> tuple[str, ...]:
    return lines(read("prose.yaml")["lines"])


def tone_of(voice: Voice, rng: Random) -> str:
    tones = rng.sample(voice.tones, rng.choice((1, 1, 2, 3)))
    riders = rng.sample(words("riders"), rng.choice((0, 0, 1)))
    if rng.random() < 0.12:  # the first word leads; a second register only colours it on the card
        tones.append(rng.choice(rng.choice(voices()).tones))
    return rng.choice((", ", ", ", " and ", "; ")).join(tones + riders)


def scene(card: Card, rng: Random) -> str:
    if card.full:
        return "; ".join(rng.sample(words("scenes"), rng.choice((1, 2))))
    return rng.choice(words("scenes")) if rng.random() < 0.25 else ""


def examples(card: Card, rng: Random, share: float = 0.35) -> tuple[Example, ...]:
    """Exchanges in the persona's voice; a full card has some of them about anything at all."""
    if rng.random() > share and not card.full:
        return ()
    acts = rng.sample([*FAN_SAYS], rng.choice((1, 2)))
    topics = rng.sample([*talk().values()], rng.choice((0, 1, 2)) if card.full else 0)
    about = [(chosen(rng.choice(t["asks"]), rng), rng.choice(t["says"]).format(name=card.name)) for t in topics]
    return (
        *(Example(fan=FAN_SAYS[act], says=card.voice.say(act, rng)) for act in acts),
        *(Example(fan=sentence(asks), says=card.voice.shaped(says, rng)) for asks, says in about),
    )


FAN_SAYS = {
    "greet": "Hi!",
    "thanks": "Thank you!",
    "how_are_you": "How are you?",
    "sad": "I'm sad.",
    "bye": "Good night!",
    "doing": "What are you doing?",
    "tired": "I'm so tired.",
    "bored": "I'm bored.",
}


def as_facts(card: Card, rng: Random) -> Persona:
    return written(card, rng, facts={rng.choice(a.keys): v for a, v in card.known.items()})


def as_prose(card: Card, rng: Random) -> Persona:
    return written(card, rng, told=card.stated(card.pronoun, rng))


def as_named_prose(card: Card, rng: Random) -> Persona:
    return written(card, rng, personality=card.stated(named(card.name), rng))


def as_second_person(card: Card, rng: Random) -> Persona:
    return written(card, rng, personality=card.stated(YOU, rng))


def as_own_words(card: Card, rng: Random) -> Persona:
    return written(card, rng, personality=f'In {card.pronoun.words["my"]} own words: "{card.stated(I, rng)}"')


def as_brackets(card: Card, rng: Random) -> Persona:
    """As community cards are often written."""
    inside = "; ".join(f"{rng.choice(a.keys)}: {v}" for a, v in card.known.items())
    traits = ", ".join(rng.sample(words("traits"), 2))
    tone = tone_of(card.voice, rng)
    return written(card, rng, personality=f"[{card.name}: {traits}; {inside}]" if inside else f"[{traits}; {tone}]")


def as_list(card: Card, rng: Random) -> Persona:
    """As a list of traits and facts, the tone among them."""
    rows = [f"- {rng.choice(a.keys)} = {v}" for a, v in card.known.items()]
    tone = f"- talks in a {tone_of(card.voice, rng)} way"
    return written(card, rng, tone="" if rng.random() < 0.5 else None, personality="\n".join([*rows, tone]))


def as_half_and_half(card: Card, rng: Random) -> Persona:
    """Half of the facts by key, the others in a sentence or in an example."""
    known = list(card.known.items())
    cut = (len(known) + 1) // 2
    shown = tuple(
        Example(fan=sentence(a.ask(YOU, rng), "?"), says=card.voice.say("own", rng, fact=said(a, v, rng), v=v))
        for a, v in known[cut : cut + 2]
    )
    told = " ".join(sentence(a.state(card.pronoun, v, rng)) for a, v in known[cut + 2 :])
    return written(
        card,
        rng,
        facts={rng.choice(a.keys): v for a, v in known[:cut]},
        examples=shown,
        **({"scenario": told} if told else {}),
    )


def said(attribute: Attribute, value: str, rng: Random, who: Grammar = I) -> str:
    """The fact as a sentence."""
    return sentence(attribute.state(who, value, rng))


LAYOUTS: tuple[Callable[[Card, Random], Persona], ...] = (
    as_facts,
    as_facts,
    as_prose,
    as_named_prose,
    as_second_person,
    as_own_words,
    as_brackets,
    as_list,
    as_half_and_half,
)
