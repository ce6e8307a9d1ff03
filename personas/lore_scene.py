"""Brings a persona's lorebooks, and the instructions that came with her card, to mind for one turn.

What lasts from turn to turn (sticky, cooldown, "once") is found again by going through the history it is given
(`lore_replay`), so an edited or regenerated message undoes it by itself.
What is not covered: messages are counted from where the given history begins.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import structlog

from personas.card_errors import CardError
from personas.errors import PersonaError
from personas.labels import plain
from personas.lore_activation import Lore
from personas.lore_file import read_lore
from personas.lore_moment import Activation, Moment, Said
from personas.lore_replay import Replay
from personas.lorebook import Lorebook
from personas.macros import Setting, expand
from personas.persona import Persona
from personas.scene import LoreNote
from personas.utterance import Utterance, persona_speaker

log = structlog.get_logger()
FAN = "the fan"
SHARE = 4  # lore may take a quarter of the window


@dataclass(slots=True)
class Lorekeeper:
    """`file_of` says where a persona's file lies.

    In its calls, `window` is how many tokens a prompt may have, None if nobody knows: then books without a budget of
    their own have none. `near` are the keys of vectorised entries near to what was said, None if nobody compared.
    """

    file_of: Callable[[str], Path]
    _ready: dict[tuple[str, int | None], tuple[object, Replay]] = field(default_factory=dict)

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
        said = tuple(as_said(persona, one) for one in (*history, *heard))
        return self.of(persona, said, window=window, near=near).notes

    def of(
        self,
        persona: Persona,
        said: Sequence[Said],
        *,
        window: int | None = None,
        near: Collection[str] | None = None,
    ) -> Activation:
        """What comes to mind at the end of a conversation, and for every entry why or why not."""
        replay = self._replay(persona, window)
        near = None if near is None else frozenset(near)
        moment = replace(self._moment(persona, window, said), state=replay.state(said), near=near)
        found = replay.lore.activate(moment)
        if found.late:
            log.warning("lore_pattern_slow", persona=persona.id, patterns=list(found.late)[:5])
        return with_instructions(found, persona, moment.setting, len(said))

    def lore(self, persona: Persona) -> Lore:
        """The persona's books made ready, anew only when a file changed."""
        return self._replay(persona, None).lore

    def vectorized(self, persona: Persona) -> Mapping[str, str]:
        """The texts of the entries that also fire when they are near to the newest words, by the entries' keys."""
        return self.lore(persona).vectorized if persona.lore else {}

    def _replay(self, persona: Persona, window: int | None) -> Replay:
        folder = self.file_of(persona.id).parent
        files = [folder / name for name in persona.lore]
        stamp = tuple((file, file.stat().st_mtime_ns if file.is_file() else 0) for file in files)
        kept = self._ready.get((persona.id, window))
        if kept is None or kept[0] != (stamp, persona.version):
            lore = Lore(books_in(files), setting=Setting(called(persona)))
            kept = ((stamp, persona.version), Replay(lore, partial(self._moment, persona, window)))
            self._ready[persona.id, window] = kept
        return kept[1]

    def _moment(self, persona: Persona, window: int | None, said: Sequence[Said]) -> Moment:
        """All that decides what comes to mind after these messages, but the state."""
        names = [one.name for one in said if not one.own and one.name]
        return Moment(
            said,
            setting=setting_of(persona, said, user=names[-1] if names else FAN),
            seed=persona.id,
            greeting=greeting_in(persona, said),
            sources=sources(persona),
            budget=window // SHARE if window else None,
        )


def books_in(files: Sequence[Path]) -> list[Lorebook]:
    """The books that can be read; one that can't is said, and the persona speaks without it."""
    books = []
    for file in files:
        try:
            books.append(read_lore(file)[1])
        except (PersonaError, CardError, OSError) as exc:
            log.warning("lorebook_unreadable", file=str(file), reason=str(exc))
    return books


def as_said(persona: Persona, one: Utterance) -> Said:
    """An utterance as the engine scans it."""
    return Said(plain(one.speaker_name), one.text, own=one.speaker_id == persona_speaker(persona.id))


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


def setting_of(persona: Persona, said: Sequence[Said] = (), *, user: str = FAN) -> Setting:
    """What macros in a persona's texts stand for."""
    own = next((one.text for one in reversed(said) if one.own), "")
    others = next((one.text for one in reversed(said) if not one.own), "")
    texts = {
        "description": persona.who,
        "personality": persona.personality,
        "scenario": persona.scenario,
        "persona": "",
        "charprompt": persona.card.system_prompt if persona.card else "",
        "mesexamples": "\n".join(f"{{{{user}}}}: {one.fan}\n{{{{char}}}}: {one.says}" for one in persona.examples),
    }
    words = {"lastmessage": said[-1].text if said else "", "lastusermessage": others, "lastcharmessage": own}
    return Setting(called(persona), user, texts=texts, words=words, seed=persona.id, turn=len(said))


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
        notes.append(LoreNote("card:post_history_instructions", text, "notes", order=1e9, priority=1e9))
    return [note for note in notes if note.text.strip()]
