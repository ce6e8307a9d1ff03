"""Makes what an engine says fit to deliver, while it is still saying it: the persona speaks for nobody else.

Small models like to go on with the fan's next line. A reply therefore ends before a line that begins with another
speaker's name, before the marks of the notes, and before a chat template's control tokens; and the persona's own name
in front of the reply is taken off. Whatever might become one of these is held back until the next characters decide.
In a block of code `user:` is no name, unless somebody goes by it.

What is not covered: words put into a fan's mouth inside a sentence ("and then you say yes").
"""

import re
from collections.abc import Iterable

MARKS = ("[notes]", "[/notes]", "<|", "</s>", "[INST]")
ALWAYS_OTHERS = ("Fan", "User", "Human")
ALL_MARKS = tuple(mark.upper() for mark in MARKS)
FENCE = re.compile(r"^ {0,3}```", re.MULTILINE)


class Reply:
    """`take` what the engine says and deliver what comes back; `end` gives the rest. `cut` says a rule ended it."""

    def __init__(self, own_name: str, others: Iterable[str] = (), *, so_far: str = "") -> None:
        self.text = so_far
        self.cut = False
        self._own = re.compile(rf"\A\s*{re.escape(own_name)}\s*[:\uff1a]\s*", re.IGNORECASE)
        self._own_name = own_name.casefold() + ":"
        names = {name.strip() for name in (*ALWAYS_OTHERS, *others)} - {"", own_name}
        self._names = tuple(f"{name.casefold()}:" for name in names)
        other = "|".join(map(re.escape, sorted(names)))
        mark = "|".join(map(re.escape, MARKS))
        self._stop = re.compile(rf"(?:^|\n)[ \t]*(?:{other})[ \t]*[:\uff1a]|{mark}", re.IGNORECASE)
        self._held = ""
        self._fresh = not so_far

    def take(self, said: str) -> str:
        """What may be delivered now; empty while it is still open whether a rule ends the reply."""
        if self.cut:
            return ""
        self._held += said
        if self._fresh and not self._begun():
            return ""
        if stop := self._stopped():
            self.cut = True
            return self._deliver(self._held[: stop.start()].rstrip())
        sure = self._sure()
        ready, self._held = self._held[:sure], self._held[sure:]
        return self._keep(ready)

    def end(self) -> str:
        """What was held back, now that nothing follows."""
        return "" if self.cut else self._deliver(self._held.rstrip())

    def add(self, words: str) -> str:
        """Words that don't come from the engine, delivered as they are; what was held back is dropped."""
        self.cut = True
        return self._deliver(words)

    def _begun(self) -> bool:
        """Takes off white space and the persona's own name; False while the name might still come."""
        self._held = self._own.sub("", self._held, count=1).lstrip()
        start = self._held.casefold()
        if not start or (self._own_name.startswith(start) and len(start) < len(self._own_name)):
            return False
        self._fresh = False
        return True

    def _stopped(self) -> re.Match[str] | None:
        """The first place where a rule ends what is held; its start is a line's only if a line starts there."""
        for found in self._stop.finditer(self._held):
            mid_line = found.start() == 0 and self.text and not self.text.endswith("\n")
            if found[0].upper().startswith(ALL_MARKS):
                return found
            nobody = found[0].strip(" \t\n:\uff1a").title() in ALWAYS_OTHERS and self._in_code(found.start())
            if not nobody and (not mid_line or found[0][0] == "\n"):
                return found
        return None

    def _in_code(self, at: int) -> bool:
        """Whether a place in what is held lies in a block of code that is open."""
        return len(FENCE.findall(self.text + self._held[:at])) % 2 == 1

    def _sure(self) -> int:
        """How much of what is held can no longer become part of a stop."""
        held = self._held
        sure = len(held.rstrip())
        line = held.rfind("\n")
        if line >= 0 or not self.text or self.text.endswith("\n"):
            begun = held[line + 1 :].strip().casefold()
            if any(name.startswith(begun) for name in self._names):
                sure = min(sure, max(line, 0))
        for mark in MARKS:
            at = held.rfind(mark[0])
            if at >= 0 and mark.lower().startswith(held[at:].lower()):
                sure = min(sure, at)
        return len(held[:sure].rstrip())

    def _deliver(self, words: str) -> str:
        self._held = ""
        return self._keep(words)

    def _keep(self, words: str) -> str:
        self.text += words
        return words
