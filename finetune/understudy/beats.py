"""What happens next in a conversation: the weights that make small talk, and the denser ones that teach looking up.

In plain talk a fact is asked for now and then. In dense talk nearly every beat tells, corrects or asks one, the fan's
and the persona's of the same kind side by side: without it the understudy learnt to say "you haven't told me" to
whatever was told turns ago (23% right, `docs/log.md`).
"""

from collections.abc import Callable

from finetune.understudy.conversation import Conversation, Exchange
from finetune.understudy.written import words

Beat = tuple[float, Callable[[], Exchange]]


def next_beat(talking: Conversation, *, last: bool, dense: bool = False) -> Exchange:
    """One exchange; those that need the notes come last, because only the last message carries them."""
    beats = looking_up(talking) if dense else chatting(talking)
    beats += needing_notes(talking) if last else []
    beat = talking.rng.choices([beat for _, beat in beats], [weight for weight, _ in beats])[0]
    return beat()


def chatting(talking: Conversation) -> list[Beat]:
    """Mostly what needs no fact."""
    beats: list[Beat] = [
        (14, lambda: talking.act(talking.rng.choice(words("acts")))),
        (9, talking.small_talk),
        (9, talking.tells),
        (6, talking.asks_unknown_of_persona),
        (7, talking.asks_untold),
        (2, talking.likes),
        (3, lambda: talking.act("human")),
        (2, talking.asks_likes),
        (1.2, talking.story),
        (0.5, talking.in_danger),
    ]
    beats += [(12, talking.asks_own)] if talking.role.known else []
    beats += [(2.5, talking.asks_role)] if talking.role.persona.role else []
    beats += [(20, talking.asks_told), (6, talking.corrects)] if talking.told else []
    return beats


def looking_up(talking: Conversation) -> list[Beat]:
    """Mostly facts: told, taken back, asked for once, and asked for in vain."""
    own, told = talking.fresh(mine=True), talking.fresh(mine=False)
    beats: list[Beat] = [
        (7, lambda: talking.act(talking.rng.choice(words("acts")))),
        (5, talking.small_talk),
        (10 if told else 26, talking.tells),
        (13, talking.asks_unknown_of_persona),
        (13, talking.asks_untold),
        (3, lambda: talking.act("human")),
    ]
    beats += [(28 if own else 2, talking.asks_own)] if talking.role.known else []
    beats += [(24 if told else 2, talking.asks_told), (7, talking.corrects)] if talking.told else []
    return beats


def needing_notes(talking: Conversation) -> list[Beat]:
    """What only the notes can answer."""
    beats: list[Beat] = [(1, talking.asks_what_is_remembered), (1.5 if talking.moment else 0.2, talking.clock)]
    beats += [(160, talking.asks_noted), (60, talking.asks_untold)] if talking.noted else []
    beats += [(2, lambda: talking.act("how_are_you"))] if talking.mood else []
    return beats
