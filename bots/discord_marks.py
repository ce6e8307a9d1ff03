"""What is open where in a reply: code fences and spoilers, as Discord reads them and not as Markdown would.

A fence is three backticks wherever they stand (never tildes), with a language only if its line ends there; what stands
in it is nothing but code. A spoiler may hold fences. Where one never ends it is none, except for a fence that begins a
line: the rest of that is still to come.
"""

import re
from dataclasses import dataclass

FENCE, SPOILER = "```", "||"
BEGINS = re.compile(r"`{3,}(?:(?P<language>[\w+\-.#]{1,20})?\n)?|(?<!`)`[^`\n]+`(?!`)|\\.|\|\|", re.DOTALL)
ENDS = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Open:
    """What is open: a spoiler, and in it or without one a fence, by the line that opens it."""

    spoiler: bool = False
    fence: str = ""

    @property
    def again(self) -> str:
        """What opens it once more."""
        return (SPOILER if self.spoiler else "") + (f"{self.fence}\n" if self.fence else "")

    def closing(self, words: str) -> str:
        """What closes it after these words."""
        line = "" if words.endswith("\n") else "\n"
        return (f"{line}{FENCE}" if self.fence else "") + (SPOILER if self.spoiler else "")


LONGEST_CLOSING = len(Open(spoiler=True, fence=FENCE).closing(""))


class Marks:
    """All of them in a reply; `unbroken` are places where a cut would take one apart or leave it empty."""

    def __init__(self, reply: str) -> None:
        self._fences: list[tuple[int, int, str]] = []  # from where to where there is code, and what opens it
        self.unbroken: list[tuple[int, int]] = []
        strokes: list[int] = []
        place = 0
        while found := BEGINS.search(reply, place):
            place = found.end()
            if found[0] == SPOILER:
                strokes.append(found.start())
            elif found[0].startswith(FENCE):
                place = self._fence(reply, found)
        self._spoilers = list(zip(strokes[::2], strokes[1::2], strict=False))
        for begin, end in self._spoilers:
            self.unbroken += [(begin, begin + 3), (end - 1, end + 2)]

    def _fence(self, reply: str, found: re.Match[str]) -> int:
        """Notes a fence; where to read on."""
        end = ENDS.search(reply, found.end())
        begins_line = found.start() == 0 or reply[found.start() - 1] == "\n"
        if end is None and not begins_line:
            return found.end()
        code_ends, fence_ends = end.span() if end else (len(reply), len(reply))
        self._fences.append((found.end(), code_ends, FENCE + (found["language"] or "")))
        self.unbroken.append((found.start(), found.end() + 1))
        if end:
            self.unbroken.append((code_ends - 1, fence_ends))
        return fence_ends

    def open_at(self, place: int) -> Open:
        """What is open there."""
        fence = next((opens for begin, end, opens in self._fences if begin <= place <= end), "")
        return Open(any(begin < place <= end for begin, end in self._spoilers), fence)
