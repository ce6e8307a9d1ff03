"""Whether a sentence speaks of what was or of what is to come, so that "on Tuesday" is the right Tuesday.

Only the signs of a sentence are looked at, not its grammar. Where there are none, or of both kinds, nobody knows.
"""

import re
from dataclasses import dataclass

SENTENCE = re.compile(r"[^.!?。！？…\n]*")
KANA, CHARACTERS = re.compile("[ぁ-ヿ]"), re.compile("[一-鿿]")


@dataclass(frozen=True, slots=True)
class Tense:
    """The signs of one language."""

    gone: re.Pattern[str]
    coming: re.Pattern[str]


PASTS = (
    "was|were|had|did|went|came|got|saw|met|made|found|bought|brought|gave|told|said|sold|lost|won|broke|fell|felt|left"
    "|kept|stole|slept|ate|drank|wrote|ran|sang|sat|stood|spoke|spent|sent|taught|thought|threw|woke|wore|built|began"
    "|drove|flew|froze|hid|held|paid|rang|rode|shook|swam|became|caught|chose|knew|grew|drew|took|forgot|fought"
)
SCHEDULED = "arrives|comes|leaves|starts|begins|opens|closes|returns|flies|moves|visits|ends"
ENGLISH = Tense(
    re.compile(
        rf"\b(?<!'ve )(?<!'s )(?<!have )(?<!has )(?:{PASTS}|(?:did|was|were|had)n't)\b"
        r"|\b(?<!gets )(?<!get )(?<!be )(?<!is )(?<!are )(?<!am )(?<!have )(?<!'ve )\w\w+ed\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:will|won't|shall|gonna|going to|see you|let's|{SCHEDULED})\b|'ll\b"
        r"|(?:\b(?:am|is|are)|'[ms]|'re) (?:in|on|\w+ing)\b",
        re.IGNORECASE,
    ),
)
JAPANESE = Tense(
    re.compile("[いきしちにびみりえけせてねべめれ]ました|でした|[っい]た(?!い)|んだ|[ぁ-ん]た(?:[ね、よ]|$)"),
    re.compile("ます|(?:る|予定|つもり)(?:[ね、よから]|$)"),
)
CHINESE = Tense(re.compile("了|过"), re.compile("要|会(?!议|员|社|场|计)|将|打算|准备"))


def direction(text: str, at: int) -> int:
    """-1 where the sentence around a position tells what was, 1 what is to come. Raises ValueError if neither."""
    sentence = next(found[0] for found in SENTENCE.finditer(text) if found.end() >= at)
    tense = JAPANESE if KANA.search(sentence) else CHINESE if CHARACTERS.search(sentence) else ENGLISH
    gone, coming = tense.gone.search(sentence), tense.coming.search(sentence)
    if bool(gone) == bool(coming):
        raise ValueError(f"No tense in {len(sentence)} characters.")
    return 1 if coming else -1
