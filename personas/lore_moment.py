"""What lore is asked about, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from personas.lore_state import LoreState
from personas.macros import Setting
from personas.scene import LoreNote

SCAN_DEPTH = 2
SPEAKER = "\x01"  # what SillyTavern puts before a speaker's name, and card patterns may rely on


@dataclass(frozen=True, slots=True)
class Said:
    """One message; `own` if the persona said it."""

    name: str
    text: str
    own: bool = False

    @property
    def line(self) -> str:
        """The message as keys are looked for in it."""
        return f"{SPEAKER}{self.name}: {self.text}"


@dataclass(frozen=True, slots=True)
class Moment:
    """All that decides what comes to mind: what was said, oldest first, and the state after the turns before.

    `greeting` is the number of the first message in play (0: the greeting itself), None if it is gone. `budget` in
    tokens holds for each book without one of its own. `sources` are the texts that `match_…` rules look into. `near`
    are the keys of vectorised entries that are near to what was said, None if nobody compared their vectors.
    """

    said: Sequence[Said]
    state: LoreState = field(default_factory=LoreState)
    setting: Setting = field(default_factory=lambda: Setting(""))
    seed: str = ""
    greeting: int | None = None
    user_icon: str = ""
    trigger: str = "normal"
    sources: Mapping[str, str] = field(default_factory=dict)
    budget: int | None = None
    near: frozenset[str] | None = None
    scan_depth: int = SCAN_DEPTH
    recursive: bool = False
    count: Callable[[str], int] = lambda text: (len(text.encode("utf-8", "replace")) + 3) // 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one entry, in words."""

    key: str
    name: str
    fired: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Activation:
    """What comes to mind. `silenced` names card prompts an entry switches off, `late` patterns that took too long."""

    notes: tuple[LoreNote, ...]
    state: LoreState
    outlets: Mapping[str, str] = field(default_factory=dict)
    silenced: frozenset[str] = frozenset()
    late: tuple[str, ...] = ()
    fired: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What became of every entry, in the books' order."""
        return tuple(
            Verdict(key, name, key in self.fired, self.reasons.get(key, "it waits for others to fire"))
            for key, name in self.names.items()
        )
