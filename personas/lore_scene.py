"""Brings a persona's lorebooks, and the instructions that came with her card, to mind for one turn.

What lasts from turn to turn (sticky, cooldown, "once") is found again by going through the history it is given
(`lore_replay`), so an edited or regenerated message undoes it by itself.
What is not covered: messages are counted from where the given history begins.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from personas.card_errors import CardError
from personas.errors import PersonaError, PersonaUnknown
from personas.labels import Labels, plain
from personas.lore_activation import Lore
from personas.lore_file import read_lore
from personas.lore_moment import Activation, Moment, Said
from personas.lore_replay import Replay
from personas.lorebook import Lorebook
from personas.macros import Setting, expand
from personas.persona import Persona
from personas.place import is_private
from personas.scene import LoreNote, Scene
from personas.spelling import own_texts
from personas.utterance import Utterance, persona_speaker

log = structlog.get_logger()
FAN = "the fan"
SHARE = 4  # lore may take a quarter of the window
MOST_READY = 256  # books with `{{user}}` in a key are made ready for every fan
USER = re.compile(r"\{\{\s*user\s*\}\}", re.IGNORECASE)


@dataclass(slots=True)
class Lorekeeper:
    """`file_of` says where a persona's file lies.

    In its calls, `window` is how many tokens a prompt may have, None if nobody knows: then books without a budget of
    their own have none. `near` are the keys of vectorised entries near to what was said, None if nobody compared.
    """

    file_of: Callable[[str], Path]
    _read: "dict[str, Books]" = field(default_factory=dict)
    _ready: dict[tuple[str, int | None, str], tuple[object, Replay]] = field(default_factory=dict)

    def notes(
        self,
        persona: Persona,
        history: Sequence[Utterance],
        heard: Sequence[Utterance],
        *,
        window: int | None = None,
        near: Collection[str] | None = None,
    ) -> tuple[LoreNote, ...]:
        """What comes to mind of a persona's lore, and her card's instructions, when she answers what was heard."""
        if not persona.lore and persona.card is None:
            return ()
        labels = Labels(persona, private=is_private(heard[-1].place)).given((*history, *heard))
        said = tuple(as_said(persona, one, labels) for one in (*history, *heard))
        return self.of(persona, said, window=window, near=near, now=heard[-1].at.astimezone()).notes

    def of(
        self,
        persona: Persona,
        said: Sequence[Said],
        *,
        window: int | None = None,
        near: Collection[str] | None = None,
        now: datetime | None = None,
    ) -> Activation:
        """What comes to mind at the end of a conversation, and for every entry why or why not."""
        replay = self._replay(persona, window, fan_in(said))
        near = None if near is None else frozenset(near)
        moment = replace(self._moment(persona, window, said, now), state=replay.state(said), near=near)
        found = replay.lore.activate(moment)
        if found.late:
            log.warning("lore_pattern_slow", persona=persona.id, patterns=list(found.late)[:5])
        return with_instructions(found, persona, moment.setting, len(said))

    def lore(self, persona: Persona) -> Lore:
        """The persona's books made ready, anew only when a file changed."""
        return self._replay(persona, None, FAN).lore

    def vectorized(self, persona: Persona) -> Mapping[str, str]:
        """The texts of the entries that also fire when they are near to the newest words, by the entries' keys."""
        return self.lore(persona).vectorized if persona.lore else {}

    def _replay(self, persona: Persona, window: int | None, user: str) -> Replay:
        books = self._books(persona)
        key = persona.id, window, user if books.name_the_fan else FAN
        kept = self._ready.get(key)
        if kept is None or kept[0] != books.stamp:
            lore = Lore(books.read, setting=Setting(called(persona), key[-1]))
            kept = books.stamp, Replay(lore, partial(self._moment, persona, window))
            while len(self._ready) >= MOST_READY:
                self._ready.pop(next(iter(self._ready)))
            self._ready[key] = kept
        return kept[1]

    def _books(self, persona: Persona) -> "Books":
        """The persona's books, read anew only when a file changed; as they were if she left the cast meanwhile."""
        kept = self._read.get(persona.id)
        try:
            own = self.file_of(persona.id)
        except PersonaUnknown:
            return kept or Books(None, ())
        if kept and not own.is_file():
            return kept
        files = [own.parent / name for name in persona.lore]
        stamp = tuple((file, file.stat().st_mtime_ns if file.is_file() else 0) for file in files), persona.version
        if kept is None or kept.stamp != stamp:
            kept = self._read[persona.id] = Books(stamp, tuple(books_in(files)))
        return kept

    def _moment(
        self, persona: Persona, window: int | None, said: Sequence[Said], now: datetime | None = None
    ) -> Moment:
        """All that decides what comes to mind after these messages, but the state."""
        return Moment(
            said,
            setting=setting_of(persona, said, user=fan_in(said), now=now),
            seed=persona.id,
            greeting=greeting_in(persona, said),
            sources=sources(persona),
            budget=window // SHARE if window else None,
        )


class Books:
    """A persona's lorebooks, as they were at the time of the stamp."""

    def __init__(self, stamp: object, read: Sequence[Lorebook]) -> None:
        self.stamp = stamp
        self.read = read
        keys = (key for book in read for entry in book.entries for key in (*entry.keys, *entry.secondary_keys))
        self.name_the_fan = any(USER.search(key) for key in keys)


def books_in(files: Sequence[Path]) -> list[Lorebook]:
    """The books that can be read; one that can't is said, and the persona speaks without it."""
    books = []
    for file in files:
        try:
            books.append(read_lore(file)[1])
        except (PersonaError, CardError, OSError) as exc:
            log.warning("lorebook_unreadable", file=str(file), reason=str(exc))
    return books


def instructed(scene: Scene) -> Scene:
    """The scene with her card's instructions and no lore, for whoever has no files of hers at hand."""
    if scene.persona.card is None:
        return scene
    labels = Labels(scene.persona, private=is_private(scene.place)).given((*scene.history, *scene.heard))
    said = tuple(as_said(scene.persona, one, labels) for one in (*scene.history, *scene.heard))
    setting = setting_of(scene.persona, said, user=fan_in(said), now=scene.now)
    return replace(scene, lore=tuple(instructions(scene.persona, setting, frozenset(), len(said))))


def as_said(persona: Persona, one: Utterance, labels: Labels) -> Said:
    """An utterance as the engine scans it."""
    called = labels.name(one.speaker_id, one.speaker_name)
    return Said(called, one.text, own=one.speaker_id == persona_speaker(persona.id))


def fan_in(said: Sequence[Said]) -> str:
    """What `{{user}}` stands for: whichever fan spoke last."""
    return next((one.name for one in reversed(said) if not one.own and one.name), FAN)


def greeting_in(persona: Persona, said: Sequence[Said]) -> int | None:
    """Which of the persona's greetings the conversation began with, from 0 on; None if it began otherwise."""
    opening = said[0].text if said and said[0].own else None
    names = [one.name for one in said if not one.own and one.name]
    setting = Setting(called(persona), names[0] if names else FAN, seed=persona.id)
    known = (persona.greeting, *persona.greetings)
    return next((number for number, text in enumerate(known) if text and expand(text, setting) == opening), None)


def called(persona: Persona) -> str:
    """What `{{char}}` stands for."""
    return (persona.card.nickname if persona.card else "") or persona.name


def sources(persona: Persona) -> Mapping[str, str]:
    """The texts that `match_…` rules look into."""
    card = persona.card
    return {
        "character_description": persona.who,
        "character_personality": persona.personality,
        "character_depth_prompt": card.depth_prompt.prompt if card else "",
        "scenario": persona.scenario,
        "creator_notes": card.creator_notes if card else "",
    }


def setting_of(persona: Persona, said: Sequence[Said] = (), *, user: str = FAN, now: datetime | None = None) -> Setting:
    """What macros in a persona's texts stand for; what was said comes in on one line, so that it passes for nothing
    else.
    """
    own = next((one.text for one in reversed(said) if one.own), "")
    others = next((one.text for one in reversed(said) if not one.own), "")
    words = {"lastmessage": said[-1].text if said else "", "lastusermessage": others, "lastcharmessage": own}
    words = {name: plain(text) for name, text in words.items()}
    texts = own_texts(persona)
    return Setting(called(persona), user, texts=texts, words=words, now=now, seed=persona.id, turn=len(said))


def with_instructions(found: Activation, persona: Persona, setting: Setting, total: int) -> Activation:
    """The lore with the card's instructions around it, unless an entry silences them."""
    setting = replace(setting, outlets=found.outlets)
    notes = [replace(n, text=expand(n.text, setting)) if "{{outlet" in n.text else n for n in found.notes]
    return replace(found, notes=(*notes, *instructions(persona, setting, found.silenced, total)))


def instructions(persona: Persona, setting: Setting, silenced: frozenset[str], total: int) -> list[LoreNote]:
    """What the card's creator wants said before and after the conversation, and in it."""
    card = persona.card
    if card is None:
        return []
    notes = []
    if card.system_prompt and "system_prompt" not in silenced:
        text = expand(card.system_prompt, setting)
        notes.append(LoreNote("card:system_prompt", text, "before_char", order=-1e9, priority=1e9))
    if card.depth_prompt.prompt:
        depth = min(card.depth_prompt.depth, total)
        text, role = expand(card.depth_prompt.prompt, setting), card.depth_prompt.role
        notes.append(LoreNote("card:depth_prompt", text, "depth", depth, role, order=1e8, priority=1e9))
    if card.post_history_instructions and "post_history_instructions" not in silenced:
        text = expand(card.post_history_instructions, setting)
        notes.append(LoreNote("card:post_history_instructions", text, "depth", order=1e9, priority=1e9))
    return [note for note in notes if note.text.strip()]
