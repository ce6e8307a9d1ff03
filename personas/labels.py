"""Tells speakers apart by their ids, so that no nickname and no line break can pass for somebody else."""

import re
import unicodedata
from collections.abc import Iterable

from personas.persona import Persona
from personas.utterance import Utterance, persona_speaker

LINE_END = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
TEMPLATE_TOKEN = re.compile(
    r"<(?=\s*/?\s*[|｜]|/?s>|/?(?:INST|SYS|bos|eos|start_of_turn|end_of_turn)\b)|(?<=[|｜])>", re.IGNORECASE
)
MARK = re.compile(r"\[(?=\s*/?\s*(?:notes|INST)\s*\])", re.IGNORECASE)
COLON = re.compile("[:\u02d0\u02f8\u0589\u05c3\u2236\ua789\ufe13\ufe55\uff1a]")
# letters a reader takes for one another, small and capital; what is not covered: look-alikes beyond these
LOOKALIKES = str.maketrans(
    "авеікмнорстухјѕһԁӏαβεζηικμνορτυχ01l|",
    "abeikmhopctyxjshdiabezhikmvoptuxoiii",
)
LONGEST_NAME = 32


class Labels:
    """The name each speaker goes by in one prompt; two speakers never share one, and none is the persona's.

    In private there is nobody to confuse the fan with, and their words stand bare. In public each line of a fan
    begins with their label, and a further line of the same message is indented.
    """

    def __init__(self, persona: Persona, *, private: bool) -> None:
        self.private = private
        self._me = persona_speaker(persona.id)
        self._names = {self._me: persona.name}
        self._taken = {folded(persona.name), "you", "system", "user", "assistant", "fan"}

    def name(self, speaker_id: str, called: str) -> str:
        """The label for a speaker; the first who uses a name keeps it, the next becomes 'Kim (2)'."""
        if speaker_id not in self._names:
            wanted = (COLON.sub(" ", plain(called)).strip() or "Fan")[:LONGEST_NAME].strip()
            self._names[speaker_id] = self._free(wanted)
        return self._names[speaker_id]

    def line(self, said: Utterance) -> str:
        """What was said, as it stands in the prompt."""
        text = harmless(said.text)
        if self.private:
            return text
        return f"{self.name(said.speaker_id, said.speaker_name)}: " + text.replace("\n", "\n  ")

    def fans(self) -> Iterable[str]:
        """Every label given so far but the persona's own."""
        return (name for speaker, name in self._names.items() if speaker != self._me)

    def _free(self, wanted: str) -> str:
        number, label = 1, wanted
        while folded(label) in self._taken:
            number += 1
            label = f"{wanted} ({number})"
        self._taken.add(folded(label))
        return label


def folded(name: str) -> str:
    """The name as a reader sees it: case, width, spacing, accents and Cyrillic look-alikes don't make it another."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))
    return " ".join(bare.casefold().translate(LOOKALIKES).split())


def harmless(text: str) -> str:
    """Text as data: no control characters, no chat template's tokens, no mark of the notes."""
    text = CONTROL.sub("", LINE_END.sub("\n", text).replace("\t", " "))
    return MARK.sub("(", unframed(text)).strip()


def unframed(text: str) -> str:
    """The text with every chat template's token broken, so that it can't end a message and begin another."""
    return TEMPLATE_TOKEN.sub("‹", text)


def plain(text: str) -> str:
    """Harmless text on one line, fit to stand between quotation marks."""
    return " ".join(harmless(text).replace('"', "'").split())
