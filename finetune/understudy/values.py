"""Values nobody can learn by heart: pseudo-words and rare pairs, of which training and evaluation never share one.

A tiny model copies a fact from its prompt only if it could not have memorised it; so most values are made of syllables.
A tenth of all values, chosen by their hash, is held out: training never sees them, evaluation sees only them.
"""

from collections.abc import Callable
from hashlib import sha256
from random import Random

from finetune.understudy.written import words

Drawer = Callable[[Random], str]


def held_out(value: str) -> bool:
    """Whether a value belongs to the tenth that training never sees; case does not matter."""
    return sha256(value.lower().encode()).digest()[0] % 10 == 0


def word(rng: Random) -> str:
    """A pseudo-word in small letters, of two syllables or three."""
    count = rng.choice((2, 2, 2, 3))
    return "".join(
        rng.choice(words("onsets")) + rng.choice(words("vowels")) + rng.choice(words("codas")) for _ in range(count)
    )


def proper(rng: Random) -> str:
    """A pseudo-name."""
    return word(rng).capitalize()


def mixed(rng: Random, real: str, made: Drawer, share: float = 0.35) -> str:
    """A real value now and then, so that the model also copies the words people really use."""
    return rng.choice(words(real)) if rng.random() < share else made(rng)


def one_of(real: str, made: Drawer, share: float = 0.35) -> Drawer:
    return lambda rng: mixed(rng, real, made, share)


def person(rng: Random) -> str:
    name = mixed(rng, "first_names", proper)
    return f"{rng.choice(words('titles'))} {name}" if rng.random() < 0.08 else name


def place(rng: Random) -> str:
    return mixed(rng, "cities", lambda r: f"{r.choice(('', '', '', 'New ', 'Port ', 'Upper ', 'Old '))}{proper(r)}")


def odd(rng: Random, *others: str) -> str:
    """A pseudo-word, or a word of one of the other lists."""
    return rng.choice((word(rng), *(rng.choice(words(name)) for name in others)))


def dish(*kinds: str) -> Drawer:
    """`velmo soup`, `crooked lantern soup`: a known thing that something rare belongs to."""

    def made(rng: Random) -> str:
        first = (word(rng), word(rng), rng.choice(words("adjectives")), thing(rng))
        return f"{rng.choice(first)} {rng.choice(kinds)}"

    return made


def thing(rng: Random) -> str:
    return f"{rng.choice(words('adjectives'))} {rng.choice(words('nouns'))}"


def with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def title(rng: Random) -> str:
    return rng.choice(
        (
            f"the {thing(rng)}",
            thing(rng).title(),
            proper(rng),
            f"The {rng.choice(words('nouns')).title()} of {proper(rng)}",
            f"{rng.choice(words('nouns'))} {word(rng)}".title(),
        )
    )


def rare(*others: str, of: str) -> Drawer:
    """A rare word before one of a list: `velmo fox`."""
    return lambda rng: f"{odd(rng, *others)} {rng.choice(words(of))}"


def long(rng: Random) -> str:
    """As people write on cards: `a crooked kettle, held together with velmo tape`, `412, each with a name`."""
    first = (thing(rng), with_article(thing(rng)), proper(rng), word(rng), str(rng.randint(2, 999)))
    return rng.choice(words("longer")).format(
        rng.choice(first), rng.choice((thing(rng), word(rng))), rng.choice(words("nouns")), proper(rng)
    )


KINDS: dict[str, Drawer] = {
    "person": person,
    "pet": one_of("pets", proper),
    "place": place,
    "food": one_of("foods", dish("soup", "cake", "pie", "noodles", "bread", "rolls", "stew")),
    "drink": one_of("drinks", dish("tea", "juice", "coffee", "cider", "milk", "soda")),
    "job": one_of("jobs", rare("nouns", of="trades")),
    "colour": one_of("colours", rare("nouns", of="colours"), 0.4),
    "hobby": one_of("hobbies", rare(of="pastimes")),
    "instrument": one_of("instruments", rare(of="horns")),
    "animal": one_of("animals", rare("adjectives", of="animals")),
    "flower": one_of("flowers", rare("adjectives", of="flowers")),
    "thing": one_of("things", lambda rng: with_article(f"{odd(rng, 'adjectives')} {rng.choice(words('nouns'))}")),
    "things": rare("adjectives", "colours", of="many"),
    "subject": one_of("subjects", rare(of="subjects")),
    "dream": lambda rng: rng.choice(words("dreams")).format(proper(rng)),
    "title": title,
    "number": lambda rng: str(rng.choice((rng.randint(2, 99), rng.randint(2, 99), rng.randint(100, 9999)))),
    "long": long,
    "height": lambda rng: f"{rng.randint(20, 240)} cm",
    "date": lambda rng: f"{rng.randint(1, 28)} {rng.choice(words('months'))}",
}
CLOSED = {"season": "seasons", "weekday": "days", "month": "months", "weather": "weather"}


def draw(kind: str, rng: Random, *, unseen: bool = False) -> str:
    """A value of a kind; with `unseen` one of the held-out tenth. Closed kinds (days, seasons) have no unseen ones."""
    if kind in CLOSED:
        return rng.choice(words(CLOSED[kind]))
    while held_out(value := KINDS[kind](rng)) is not unseen:
        pass
    return value
