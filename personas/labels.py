"""Tells speakers apart by their ids, so that no nickname and no line break can pass for somebody else."""

import re
import unicodedata
from collections.abc import Iterable

from personas.persona import Persona
from personas.utterance import Utterance, persona_speaker

LINE_END = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
JOINING = "\u0600-\u06ff\u0750-\u077f\u08a0-\u0dff"  # Arabic and Indic scripts write with (non-)joiners between letters
CONTROL = re.compile(
    rf"[\x00-\x08\x0b-\x1f\x7f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    rf"\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e00ff]"
    rf"|(?<![{JOINING}])[\u200c\u200d]|[\u200c\u200d](?![{JOINING}])"
    r"|(?<![\u3400-\u9fff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"  # of Chinese characters there are variants
    r"|(?<=[A-Za-z\u00c0-\u1fff\u3040-\u9fff\uac00-\ud7a3])[\ufe00-\ufe0f]+"  # those of an emoji stay
)
UNSEEN = re.compile("[\u200c\u200d\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # what `CONTROL` leaves for looks
TEMPLATE_TOKEN = re.compile(
    r"<(?=\s*+(?:/\s*+)?[|｜]|/?s>|/?(?:INST|SYS|bos|eos|start_of_turn|end_of_turn)\b"
    r"|/?(?:im_(?:start|end|sep)|think|tools?|tool_(?:calls?|responses?)|unk|pad|mask|sop|eop|[be]os_token"
    r"|(?:reserved|unused|extra_id|special)_?\d+|0x[0-9a-f]{2})>)|(?<=[|｜])>",
    re.IGNORECASE,
)
BRACKETED_TOKEN = re.compile(
    r"\[(?=\s*+(?:/\s*+)?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|g?MASK|THINK)\s*+\])",
    re.IGNORECASE,
)
MARK = re.compile(r"\[(?=\s*+(?:/\s*+)?notes\s*+\])", re.IGNORECASE)
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
        self._names = {self._me: one_line(persona.name)}
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

    def given(self, said: Iterable[Utterance]) -> "Labels":
        """These labels, with one for everybody who said something."""
        for one in said:
            self.name(one.speaker_id, one.speaker_name)
        return self

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
    """The name as a reader sees it: neither case, width, spacing and accents make it another, nor Cyrillic look-alikes
    and letters that nobody sees.
    """
    wide = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(sign for sign in wide if not unicodedata.combining(sign) and unicodedata.category(sign) != "Me")
    return one_line(UNSEEN.sub("", CONTROL.sub("", bare)).casefold().translate(LOOKALIKES))


def harmless(text: str) -> str:
    """Text as data: no control characters, no chat template's tokens, no mark of the notes."""
    return unmarked(CONTROL.sub("", LINE_END.sub("\n", text).replace("\t", " "))).strip()


def unmarked(text: str) -> str:
    """The text so that it can't open or close the notes, nor end a message."""
    return MARK.sub("(", unframed(text))


def unframed(text: str) -> str:
    """The text with every chat template's token broken, so that it can't end a message and begin another."""
    return BRACKETED_TOKEN.sub("(", TEMPLATE_TOKEN.sub("‹", text))


def plain(text: str) -> str:
    """Harmless text on one line, fit to stand between quotation marks."""
    return one_line(harmless(text.replace("\u2800", " ")).replace('"', "'"))


def one_line(text: str) -> str:
    """The text with single blanks where it had line breaks or several."""
    return " ".join(text.split())
