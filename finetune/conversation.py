"""Turns lines into conversations that end in the persona's words, put into words by the function that serves live."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal

from finetune.line import Line
from personas import Persona, Place, Scene, Utterance, persona_speaker, render
from personas.lore_scene import instructed
from serving import ChatMessage

Part = Literal["train", "validation", "test"]
Source = Literal["script", "journal", "less context", "protective", "replay", "ensemble", "paraphrase"]
GENUINE = ("script", "journal")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MOST_LINES_BEFORE = 8


@dataclass(frozen=True, slots=True)
class Conversation:
    """`before` ends with what the persona answers; `reply` is what it says; `block` is what it must be split by.

    A `scene` says the same as `before` and more: what came to mind, and which lore. `prompt` stands for both where
    there is no persona at all. `source` says how it came into the data set, so that its gain can be measured; `part`
    is what `splitting` makes it.
    """

    before: tuple[Line, ...]
    reply: str
    block: str
    source: Source = "script"
    scene: Scene | None = None
    prompt: tuple[ChatMessage, ...] = ()
    part: Part = "train"


def conversations(
    lines: Sequence[Line], speaker: str, *, most_before: int = MOST_LINES_BEFORE
) -> Iterator[Conversation]:
    """One for each line of the speaker that answers somebody; never across the edge of a stretch."""
    wanted = speaker.casefold()
    for (scene, block), group in groupby(lines, key=lambda line: line.stretch):
        stretch = joined(list(group))
        for place, line in enumerate(stretch):
            before = tuple(stretch[max(0, place - most_before) : place])
            if line.speaker.casefold() == wanted and before:
                yield Conversation(before, line.text, f"{scene}/{block}")


def joined(lines: Sequence[Line]) -> list[Line]:
    """Lines that one speaker says in a row, as one."""
    merged: list[Line] = []
    for line in lines:
        if merged and merged[-1].speaker.casefold() == line.speaker.casefold():
            merged[-1] = replace(merged[-1], text=f"{merged[-1].text} {line.text}")
        else:
            merged.append(line)
    return merged


def prompt_for(conversation: Conversation, persona: Persona, speaker: str) -> tuple[ChatMessage, ...]:
    """The messages before the reply, exactly as a live turn would send them; several people make a public place."""
    if conversation.prompt:
        return conversation.prompt
    return render(conversation.scene or scene_of(conversation, persona, speaker)).messages


def scene_of(conversation: Conversation, persona: Persona, speaker: str) -> Scene:
    """A conversation's lines as a live turn has them in mind."""
    others = {line.speaker for line in conversation.before if line.speaker.casefold() != speaker.casefold()}
    place = Place("api:script") if len(others) <= 1 else Place("discord:0/script")
    said = tuple(utterance(line, number, persona, speaker, place) for number, line in enumerate(conversation.before))
    own = persona_speaker(persona.id)
    last_own = max((number for number, one in enumerate(said) if one.speaker_id == own), default=-1)
    return instructed(Scene(persona, place, heard=said[last_own + 1 :], history=said[: last_own + 1]))


def utterance(line: Line, number: int, persona: Persona, speaker: str, place: Place) -> Utterance:
    """A line as something said in a place."""
    own = line.speaker.casefold() == speaker.casefold()
    speaker_id = persona_speaker(persona.id) if own else f"script:{line.speaker.casefold()}"
    return Utterance(f"script:{number}", speaker_id, line.speaker, place, line.text, LONG_AGO)
