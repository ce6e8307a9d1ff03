"""Makes a scene fit a window: what goes first, how much at once, and without weighing everything again and again.

What is dropped, in this order: the oldest history, down to the last few things said; examples; the rest of the
history; recollections from the least likely; lore by priority. What a fan said now is never dropped, only shortened
with a mark that says so. Examples go after the old history because they stand in the first message: without them the
whole prompt would have to be read anew, and the persona would lose her voice to save a hundred tokens. Only where the
persona's own text takes more than half of a small window do they go first, and then in every turn.

History is dropped so that the next prompts begin like this one and an engine's prefix cache holds: of all starts that
leave the history between half and all of its room, the one whose id has the smallest hash. As the talk moves on, that
start stays the smallest for many turns (winnowing: Schleimer, Wilkerson, Aiken, 2003), whoever renders, wherever the
offered history begins, and with nothing to remember between turns.

An engine's own count may cost milliseconds or a request, so a scene is estimated by its length first; the persona's
own text, the same for every turn, tells how many tokens that makes. What is surely too long is not counted; of the
rest, and in the end, only a count decides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from personas.scene import Recollection, Scene
from personas.utterance import Utterance, persona_speaker
from serving import ChatMessage, PromptTooLong, Window

CUT = " […] "
RECENT = 6  # things said that are kept before examples are
SURELY = 0.75  # an estimate is no more than a third above the truth
FRAME = 16  # letters; what a chat template puts around a message
LayOut = Callable[[Scene], tuple[ChatMessage, ...]]
Step = tuple[Scene, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages that fit, their length in tokens by the engine's own count, and what was left out."""

    messages: tuple[ChatMessage, ...]
    tokens: int
    dropped: tuple[str, ...]


def fit(scene: Scene, lay_out: LayOut, *, window: Window, limit: int) -> Fitted:
    """The scene laid out in at most `limit` tokens; `PromptTooLong` if not even what was heard now fits."""
    scale = Scale(lay_out, window, limit)
    for smaller, dropped in smaller_and_smaller(scene, scale):
        if fitted := scale.weighed(smaller, dropped):
            return fitted
    messages = lay_out(smaller)
    tokens = window.count(messages)
    if tokens <= limit:
        return Fitted(messages, tokens, dropped)
    raise PromptTooLong(tokens, limit)


class Scale:
    """Weighs scenes for one window; learns when its estimates are too low."""

    def __init__(self, lay_out: LayOut, window: Window, limit: int) -> None:
        self.limit = limit
        self._lay_out = lay_out
        self._window = window
        self._per_letter = 0.0

    def weighed(self, scene: Scene, dropped: tuple[str, ...]) -> Fitted | None:
        """The scene in words if it fits; what is surely too heavy is not counted."""
        if self._hopeless(scene):
            return None
        messages = self._lay_out(scene)
        estimate = self._estimated(messages)
        if estimate * SURELY > self.limit:
            return None
        tokens = self._window.count(messages)
        self._per_letter *= max(1.0, tokens / estimate)
        return Fitted(messages, tokens, dropped) if tokens <= self.limit else None

    def crowded(self, scene: Scene) -> bool:
        """Whether the persona's own text leaves less than half of the room to everything else."""
        return self._estimated(self._lay_out(replace(scene, history=()))[:1]) > self.limit / 2

    def first_kept(self, scene: Scene, share: float = 1.0) -> int:
        """The earliest start of a history that may take this share of the room the rest of the scene leaves."""
        rest = self._estimated(self._lay_out(replace(scene, history=())))
        room = (self.limit - rest) * share
        start = len(scene.history)
        while start and (room := room - self.tokens(scene.history[start - 1].text)) >= 0:
            start -= 1
        return start

    def tokens(self, text: str) -> float:
        """The estimated tokens of a message."""
        return letters(text) * self._per_letter

    def _hopeless(self, scene: Scene) -> bool:
        """Whether the history alone is too heavy; that is known before it is laid out."""
        self._per_letter = self._per_letter or self._learned(self._lay_out(replace(scene, history=()))[0])
        return sum(self.tokens(said.text) for said in scene.history) * SURELY > self.limit

    def _estimated(self, messages: Sequence[ChatMessage]) -> float:
        return sum(self.tokens(message.content) for message in messages)

    def _learned(self, about: ChatMessage) -> float:
        """Tokens in a letter, from what is the same in every turn."""
        told = (about, ChatMessage("user", "."))
        return self._window.count(told) / sum(letters(message.content) for message in told)


def letters(text: str) -> float:
    """The length of a message, where a Chinese sign weighs two letters."""
    beyond_ascii = len(text.encode("utf-8", errors="replace")) - len(text)
    return len(text) + beyond_ascii / 2 + FRAME


def smaller_and_smaller(scene: Scene, scale: Scale) -> Iterator[Step]:
    """The scene with less and less in mind, each with what was left out, in the order the module's head gives."""
    yield scene, ()
    dropped: tuple[str, ...] = ()
    if not scale.crowded(scene):
        yield from without_the_oldest(scene, scale, dropped)
    if scene.persona.examples:
        dropped = ("examples",)
        scene = replace(scene, persona=scene.persona.model_copy(update={"examples": ()}))
        yield scene, dropped
        yield from without_the_oldest(scene, scale, dropped)
    scene = replace(scene, history=scene.history[-RECENT:])
    while scene.history:
        scene = replace(scene, history=scene.history[1:])
        yield scene, (*dropped, kept(len(scene.history)))
    yield from with_less_in_mind(scene, (*dropped, kept(0)))


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
    while any(len(said.text) > 200 for said in scene.heard):
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
    if len(text) <= 200:
        return text
    keep = len(text) // 3
    return text[:keep] + CUT + text[-keep:]
