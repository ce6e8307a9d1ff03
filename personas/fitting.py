"""Makes a scene fit a window: what goes first, how much at once, and without weighing everything again and again.

What is dropped, in this order: the oldest history, down to the last few things said; examples; the rest of the
history; recollections from the least likely; lore by priority. What a fan said now is never dropped, only shortened
with a mark that says so. Examples go after the old history because they stand in the first message: without them the
whole prompt would have to be read anew, and the persona would lose her voice to save a hundred tokens. Only where the
persona's own text takes more than half of a small window do they go first, and then in every turn. And only where her
text leaves no room for anything else, whatever goes, is it told in brief: without the scenario, without the
personality, at last without the end of `who`, until she takes half of the window and the talk has the other; her name,
her voice and what always holds stay.

History is dropped so that the next prompts begin like this one and an engine's prefix cache holds: of all starts that
leave the history between half and all of its room, the one whose id has the smallest hash. As the talk moves on, that
start stays the smallest for many turns (winnowing: Schleimer, Wilkerson, Aiken, 2003), whoever renders, wherever the
offered history begins, and with nothing to remember between turns.

An engine's own count may cost milliseconds or a request, so a scene is estimated by its length first. Two small counts
tell how many tokens a letter makes: one of the persona's own text, one of a handful of things said, picked by their ids
so that the next turns pick the same. What is too long by these is not counted; of the rest, and in the end, only a
count decides. Nothing is kept from one prompt to the next.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from operator import is_
from zlib import crc32

from personas.scene import Recollection, Scene
from personas.utterance import Utterance, persona_speaker
from serving import ChatMessage, PromptTooLong, Window

CUT = " […] "
RECENT = 6  # things said that are kept before examples are
LIKELY = 0.97  # an estimate by counted samples is hardly more than this above the truth
ROUGHLY = 0.75  # where small counts are guesses themselves, or little is said, it may be a third above
SNIPPET = 400  # letters
SHORTEST = 200  # letters that are left of who somebody is, and of what was heard
PICKED = 16  # of the things said before, at most so many are counted to estimate the rest
FRAME = 16  # letters; what a chat template puts around a message
LayOut = Callable[[Scene], tuple[ChatMessage, ...]]
Step = tuple[Scene, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages that fit, their length in tokens by the engine's own count, what was left out, and how many of the
    things said before are left.
    """

    messages: tuple[ChatMessage, ...]
    tokens: int
    dropped: tuple[str, ...]
    history: int


def fit(scene: Scene, lay_out: LayOut, *, window: Window, limit: int) -> Fitted:
    """The scene laid out in at most `limit` tokens; `PromptTooLong` if not even what was heard now fits."""
    scale = Scale(scene, lay_out, window, limit)
    for smaller, dropped in smaller_and_smaller(scene, scale):
        if fitted := scale.weighed(smaller, dropped):
            return fitted
    messages = lay_out(smaller)
    tokens = window.count(messages)
    if tokens <= limit:
        return Fitted(messages, tokens, dropped, len(smaller.history))
    raise PromptTooLong(tokens, limit)


class Scale:
    """Weighs scenes for one window, whose histories are all ends of the first one; learns when it guesses too low."""

    def __init__(self, scene: Scene, lay_out: LayOut, window: Window, limit: int) -> None:
        self.limit = limit
        self._lay_out = lay_out
        self._window = window
        self._first = scene
        self._behind = list(accumulate((letters(said.text) for said in reversed(scene.history)), initial=0.0))
        self._mistaken = 1.0
        self._weighed_parts: tuple[object, ...] = (None,) * 4
        self._weight = (0.0, 0.0)

    def weighed(self, scene: Scene, dropped: tuple[str, ...]) -> Fitted | None:
        """The scene in words if it fits; what is surely too heavy is neither laid out nor counted."""
        estimate = self._estimated(scene)
        if estimate * (LIKELY if scene.history and not self._window.rough else ROUGHLY) > self.limit:
            return None
        messages = self._lay_out(scene)
        tokens = self._window.count(messages)
        self._mistaken *= max(1.0, tokens / estimate)
        return Fitted(messages, tokens, dropped, len(scene.history)) if tokens <= self.limit else None

    def crowded(self, scene: Scene) -> bool:
        """Whether the persona's own text leaves less than half of the room to everything else."""
        return self._bare(scene)[0] * self._own_rate * self._mistaken > self.limit / 2

    def full(self, scene: Scene) -> bool:
        """Whether what is answered, with all that comes to mind at it, leaves less than half of the room."""
        return self._bare(scene)[1] * self._talk_rate * self._mistaken > self.limit / 2

    def first_kept(self, scene: Scene, share: float = 1.0) -> int:
        """The earliest start of a history that may take this share of the room the rest of the scene leaves."""
        rest = self._estimated(replace(scene, history=()))
        room = (LIKELY * self.limit - rest) * share / (self._talk_rate * self._mistaken)
        return len(scene.history) - max(0, bisect_right(self._behind, room, hi=len(scene.history) + 1) - 1)

    def _estimated(self, scene: Scene) -> float:
        """The estimated tokens of a scene, from the lengths of its parts."""
        about, now = self._bare(scene)
        talk = now + self._behind[len(scene.history)]
        return (about * self._own_rate + talk * self._talk_rate) * self._mistaken

    def _bare(self, scene: Scene) -> tuple[float, float]:
        """The letters of the persona's own text, and of what she answers with all that comes to mind at it."""
        parts = (scene.persona, scene.heard, scene.recollections, scene.lore)
        if not all(map(is_, parts, self._weighed_parts)):
            about, *now = self._lay_out(replace(scene, history=()))
            self._weighed_parts, self._weight = parts, (letters(about.content), sum(letters(m.content) for m in now))
        return self._weight

    @cached_property
    def _own_rate(self) -> float:
        """Tokens in a letter of the persona's own text."""
        about = self._lay_out(replace(self._first, history=()))[0]
        return self._rate((about, ChatMessage("user", ".")))

    @cached_property
    def _talk_rate(self) -> float:
        """Tokens in a letter of what is said."""
        history, heard = sample(self._first.history), snippets(self._first.heard)
        return self._rate(
            self._lay_out(replace(self._first, history=history, heard=heard, recollections=(), lore=()))[1:]
        )

    def _rate(self, messages: Sequence[ChatMessage]) -> float:
        return self._window.count(messages) / sum(letters(message.content) for message in messages)


def sample(history: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """About eight to sixteen of the things said, all if there are fewer; a longer talk keeps most of them."""
    one_in = 1 << (len(history) // PICKED).bit_length()
    return snippets(said for said in history if crc32(said.id.encode(errors="replace")) % one_in == 0)


def snippets(said: Iterable[Utterance]) -> tuple[Utterance, ...]:
    """The beginnings of things said."""
    return tuple(replace(one, text=one.text[:SNIPPET]) for one in said)


def letters(text: str) -> float:
    """The length of a message, where a Chinese sign weighs two letters."""
    beyond_ascii = len(text.encode("utf-8", errors="replace")) - len(text)
    return len(text) + beyond_ascii / 2 + FRAME


def smaller_and_smaller(scene: Scene, scale: Scale) -> Iterator[Step]:
    """The scene with less and less in mind, each with what was left out, in the order the module's head gives."""
    yield from with_less_and_less(scene, scale, ())
    brief, dropped = in_brief(scene, scale)
    if dropped:
        yield from with_less_and_less(brief, scale, dropped)


def in_brief(scene: Scene, scale: Scale) -> Step:
    """The scene with so much of the persona's own text that it takes half of the window at most, if that can be, and
    without lore where that would take the other half.
    """
    dropped: tuple[str, ...] = ()
    for name in ("scenario", "personality"):
        if scale.crowded(scene) and getattr(scene.persona, name):
            scene, dropped = with_persona(scene, **{name: ""}), (*dropped, name)
    if scale.crowded(scene) and len(scene.persona.who) > SHORTEST:
        dropped = (*dropped, "the end of who she is")
    while scale.crowded(scene) and len(who := scene.persona.who) > SHORTEST:
        scene = with_persona(scene, who=begun(who))
    if dropped and scene.lore and scale.full(scene):
        scene, dropped = replace(scene, lore=()), (*dropped, "lore")
    return scene, dropped


def with_persona(scene: Scene, **texts: object) -> Scene:
    """The scene with other texts of the persona's."""
    return replace(scene, persona=scene.persona.model_copy(update=texts))


def begun(text: str) -> str:
    """The first three quarters of a text, with a mark for the rest."""
    return text.removesuffix(CUT.rstrip())[: len(text) * 3 // 4].rstrip() + CUT.rstrip()


def with_less_and_less(scene: Scene, scale: Scale, dropped: tuple[str, ...]) -> Iterator[Step]:
    """The scene as it is, then without history, examples, and the rest of what it has in mind."""
    yield scene, dropped
    if not scale.crowded(scene):
        yield from without_the_oldest(scene, scale, dropped)
    if scene.persona.examples:
        dropped = (*dropped, "examples")
        scene = with_persona(scene, examples=())
        yield scene, dropped
        yield from without_the_oldest(scene, scale, dropped)
    before = dropped
    scene = replace(scene, history=scene.history[-RECENT:])
    while scene.history:
        scene = replace(scene, history=scene.history[1:])
        dropped = (*before, kept(len(scene.history)))
        yield scene, dropped
    yield from with_less_in_mind(scene, dropped)


def without_the_oldest(scene: Scene, scale: Scale, dropped: tuple[str, ...]) -> Iterator[Step]:
    """Later and later starts of the history, as long as the last few things said remain."""
    history, last = scene.history, len(scene.history) - RECENT
    start = 0
    while start <= last:
        earliest, middle = scale.first_kept(scene), scale.first_kept(scene, 0.5)
        start = steady_start(history, max(start, earliest), max(start, min(middle, last)))
        if start > last:
            return
        left_out = (*dropped, kept(len(history) - start)) if start else dropped
        yield replace(scene, history=history[start:]), left_out
        start += 1


def with_less_in_mind(scene: Scene, dropped: tuple[str, ...]) -> Iterator[Step]:
    """Without recollections, then lore, one by one; at last with what was heard cut short."""
    if scene.recollections:
        dropped += ("recollections",)
    for number in range(len(scene.recollections) - 1, -1, -1):
        yield replace(scene, recollections=best(scene.recollections)[:number]), dropped
    scene = replace(scene, recollections=())
    if scene.lore:
        dropped += ("lore",)
    for note in sorted(scene.lore, key=lambda note: note.priority):
        scene = replace(scene, lore=tuple(other for other in scene.lore if other is not note))
        yield scene, dropped
    while any(len(said.text) > SHORTEST for said in scene.heard):
        scene = replace(scene, heard=tuple(replace(said, text=shortened(said.text)) for said in scene.heard))
        yield scene, (*dropped, "the middle of what was heard")


def steady_start(history: Sequence[Utterance], earliest: int, latest: int) -> int:
    """The index between `earliest` and `latest` where a history best begins, the same for as many turns as can be."""
    starts = range(earliest, min(latest, len(history) - 1) + 1)
    openings = [n for n in starts if opens(history, n)] or list(starts)
    return min(openings, key=lambda n: blake2b(history[n].id.encode(), digest_size=8).digest(), default=earliest)


def steady(history: Sequence[Utterance], *, at_least: int) -> tuple[Utterance, ...]:
    """A history that was cut off somewhere, cut where the next turns will cut it too; `at_least` so many are kept."""
    start = steady_start(history, 0, max(0, len(history) - at_least))
    return tuple(history[start:])


def opens(history: Sequence[Utterance], number: int) -> bool:
    """Whether a fan speaks there after the persona: a history that begins so needs nothing put before it."""
    own = persona_speaker("")
    before = history[number - 1].speaker_id.startswith(own) if number else True
    return before and not history[number].speaker_id.startswith(own)


def kept(number: int) -> str:
    """How much of the history is left, in words."""
    return f"all but the last {number} things said before" if number else "what was said before"


def best(recollections: Sequence[Recollection]) -> tuple[Recollection, ...]:
    """The likeliest first."""
    return tuple(sorted(recollections, key=lambda recollection: -recollection.score))


def shortened(text: str) -> str:
    """The text without its middle, with a mark in its place."""
    if len(text) <= SHORTEST:
        return text
    keep = len(text) // 3
    return text[:keep] + CUT + text[-keep:]
