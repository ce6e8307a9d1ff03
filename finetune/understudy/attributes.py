"""What a fan or a persona can have (a cat, a hometown), with the ways to ask for it and to tell it."""

from dataclasses import dataclass
from functools import cache
from random import Random

from finetune.understudy.person import YOU, Grammar, I, speak
from finetune.understudy.values import CLOSED, KINDS, word
from finetune.understudy.written import lines, read, words

BY_NOUN = (
    "do you know", "tell me", "what was", "can you tell me", "say", "what about", "and", "I'd like to know",
    "remind me of", "any idea of", "please tell me", "do you happen to know", "talk about", "I want to hear",
    "give me", "name", "what's", "so what is", "I wonder about", "would you tell me", "do you recall", "let me hear",
    "what do you call", "have you got", "can you name", "I asked about", "one question:", "just wondering about",
    "what would you say is", "help me with",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attribute:
    """`noun`, `asks` and `states` are templates for `person.speak`; `keys` are what a card may call it.

    `tells` are further ways in which a fan says it of themselves.
    """

    noun: str
    kind: str
    keys: tuple[str, ...]
    asks: tuple[str, ...]
    states: tuple[str, ...]
    tells: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether there are values that training has never seen."""
        return self.kind not in CLOSED

    def ask(self, who: Grammar, rng: Random) -> str:
        """The question; now and then by the noun alone: "do you know my job"."""
        if rng.random() < 0.25:
            return f"{rng.choice(BY_NOUN)} {self.called(who)}"
        return speak(rng.choice(self.asks), who)

    def tell(self, value: str, rng: Random) -> str:
        """As a fan tells it."""
        return speak(rng.choice((*self.states, *self.tells)), I, v=value)

    def state(self, who: Grammar, value: str, rng: Random) -> str:
        return speak(rng.choice(self.states), who, v=value)

    def called(self, who: Grammar = YOU) -> str:
        return speak(self.noun, who)


NAME = Attribute(
    "{my} name",
    "person",
    ("name",),
    ("what's {my} name", "who {am} {I}", "what {am} {I} called", "say {my} name"),
    ("{my} name is {v}", "{I} {am} {v}", "{I} {am} called {v}", "{my} friends call {me} {v}"),
    ("call me {v}", "it's {v}", "{v}", "you can call me {v}", "the name's {v}", "I go by {v}", "people call me {v}"),
)


@cache
def attributes() -> tuple[Attribute, ...]:
    """Everything in `attributes.yaml` and `favourites.yaml`."""
    written = [
        Attribute(
            a["noun"], a["kind"], tuple(a["keys"]), lines(a["asks"]), lines(a["states"]), lines(a.get("tells", ""))
        )
        for a in read("attributes.yaml")
    ]
    return (*written, *(favourite(thing, kind) for thing, kind in read("favourites.yaml").items()))


def favourite(thing: str, kind: str) -> Attribute:
    asks = (
        f"what's {{my}} favourite {thing}",
        f"what's {{my}} favorite {thing}",
        f"which {thing} {{do}} {{I}} like best",
        f"what {thing} {{do}} {{I}} like most",
        f"what's the {thing} {{I}} <love> most",
    )
    states = (
        f"{{my}} favourite {thing} is {{v}}",
        f"of every {thing}, {{I}} <like> {{v}} best",
        f"the {thing} {{I}} <love> most is {{v}}",
    )
    return Attribute(f"{{my}} favourite {thing}", kind, (f"favourite {thing}", thing), asks, states)


def odd(rng: Random) -> Attribute:
    """A key that nobody wrote down before: `lantern: Zimba`, `first song: the hollow tower`, `velmo: 412`."""
    noun = rng.choice(words("nouns" if rng.random() < 0.4 else "keys"))
    key = rng.choice((noun, noun, f"{rng.choice(words('ordinals'))} {noun}", word(rng)))
    asks = (
        f"what's {{my}} {key}",
        f"who's {{my}} {key}",
        f"what about {{my}} {key}",
        f"tell me about {{my}} {key}",
        f"what's {{my}} {key} called",
        f"what's the name of {{my}} {key}",
        f"what can you tell me about {{my}} {key}",
    )
    kind = rng.choice([k for k in KINDS if k != "dream"])
    return Attribute(f"{{my}} {key}", kind, (key,), asks, (f"{{my}} {key} is {{v}}",))
