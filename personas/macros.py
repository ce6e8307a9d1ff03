"""Fills in what operators and card authors write in double braces: `{{char}}`, `{{random:tea,coffee}}`, `{{time}}`.

Only text that an operator or a card's author wrote may come in here, never what fans say, memories or documents. What a
macro puts in is not read again, so a fan called `{{setvar::x::1}}` stays a fan with an odd name; the persona's own
texts are the exception. Unknown macros stay as they are written. Chance is settled by the seed: the same seed and the
same turn give the same words, and `pick` gives the same words in every turn.
Sources: both card specifications, SillyTavern's macro documentation (section 6 of the restated formats).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random

BRACES = re.compile(r"(\{\{|\}\})")
CALL = re.compile(r"(?P<name>/?[A-Za-z_]+)\s*(?P<sign>::|:|\s|$)(?P<rest>.*)", re.DOTALL)
LEGACY = re.compile(r"<(user|bot|char|group|charifnotgroup)>", re.IGNORECASE)
DICE = re.compile(r"(?P<count>\d{0,3})d(?P<sides>\d{1,6})(?P<plus>[+-]\d{1,6})?", re.IGNORECASE)
COMMA = re.compile(r"(?<!\\),")
TRIM = "\ue000"
DEEPEST = 8
LONGEST = 1_000_000  # letters of a text, and of all that the macros of one pass read and put in
NOTHING = {"", "0", "false", "off", "no", "null"}
UNSPOKEN = re.compile(r"\{\{(?://|comment:)[^{}]*\}\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Setting:
    """What macros may put in. `texts` are the persona's own (macros in them are filled in); `words` are data.

    `turn` counts the messages so far; with the seed it settles every chance. `idle` is how long the fan was away.
    """

    char: str
    user: str = "you"
    texts: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    group: Sequence[str] = ()
    original: str = ""
    now: datetime | None = None
    idle: timedelta | None = None
    seed: str = ""
    turn: int = 0
    outlets: Mapping[str, str] = field(default_factory=dict)


def expand(text: str, setting: Setting) -> str:
    """The text with its macros filled in."""
    if "{{" not in text and "<" not in text:
        return text
    return expand_all([text], setting)[0][0]


def expand_all(
    texts: Sequence[str], setting: Setting, variables: Mapping[str, str] | None = None
) -> tuple[list[str], dict[str, str]]:
    """Several texts in order, and the variables afterwards (global ones have `global:` before their names)."""
    filling = Filling(setting, dict(variables or {}))
    return [filling.fill(text) for text in texts], filling.variables


def hidden_keys(text: str) -> str:
    """What `{{hidden_key:…}}` names, for lore that is scanned for keys."""
    return "\n".join(re.findall(r"\{\{hidden_key:([^{}]*)\}\}", text, re.IGNORECASE))


def without_remarks(text: str) -> str:
    """The text without `{{// …}}` and `{{comment: …}}`, which no key is looked for in."""
    return UNSPOKEN.sub("", text) if "{{" in text else text


@dataclass(slots=True)
class Branch:
    """An `{{if}}` that is open: whether its words count now, and what was collected."""

    true: bool
    was_muted: bool
    pieces: list[str]


class Filling:
    """One pass over some texts, which share variables."""

    def __init__(self, setting: Setting, variables: dict[str, str]) -> None:
        self.variables = variables
        self._setting = setting
        self._depth = 0
        self._place = 0
        self._letters = 0
        self._text = ""
        self._muted = False
        self._calls = calls(self)

    def fill(self, text: str) -> str:
        """One text with its macros filled in."""
        if "{{" not in text and "<" not in text:
            return text
        outer, self._text = (self._text, self._place), text
        self._place = 0
        self._depth += 1
        made = self._run(text)
        self._depth -= 1
        self._text, self._place = outer
        return trimmed(made)[:LONGEST]

    def _run(self, text: str) -> str:
        open_: list[list[str]] = [[]]
        branches: list[Branch] = []
        for piece in BRACES.split(text):
            if piece == "{{":
                open_.append([])
            elif piece == "}}" and len(open_) > 1:
                self._close("".join(open_.pop()), open_, branches)
            else:
                open_[-1].append(self._legacy(piece))
        for unclosed in open_[1:]:  # braces that nobody closed stand for themselves
            open_[0] += ["{{", *unclosed]
        while branches:
            open_[0] = self._end(branches, open_[0])
        return "".join(open_[0])

    def _close(self, inner: str, open_: list[list[str]], branches: list[Branch]) -> None:
        word = inner.strip().lower()
        if len(open_) == 1 and word.split(" ", 1)[0].split("::", 1)[0] == "if" and word != "if":
            condition = re.split(r"::|\s", inner.strip(), maxsplit=1)[1]
            branches.append(Branch(self._holds(condition), self._muted, open_[0]))
            self._muted = self._muted or not branches[-1].true
            open_[0] = []
        elif len(open_) == 1 and word == "else" and branches:
            branch = branches[-1]
            branch.pieces += open_[0] if branch.true else []
            branch.true = not branch.true
            self._muted = branch.was_muted or not branch.true
            open_[0] = []
        elif len(open_) == 1 and word == "/if" and branches:
            open_[0] = self._end(branches, open_[0])
        else:
            made = "" if self._muted else self._call(inner)
            open_[-1].append(self._afforded("{{" + inner + "}}" if made is None else made))

    def _end(self, branches: list[Branch], pieces: list[str]) -> list[str]:
        branch = branches.pop()
        self._muted = branch.was_muted
        return [*branch.pieces, *(pieces if branch.true else [])]

    def _holds(self, condition: str) -> bool:
        denied = condition.lstrip().startswith("!")
        word = condition.strip().removeprefix("!").strip()
        value = self._call(word) if re.fullmatch(r"[A-Za-z_]+(::.*)?", word) else None
        return ((word if value is None else value).strip().lower() not in NOTHING) != denied

    def _legacy(self, text: str) -> str:
        if "<" not in text:
            return text
        return LEGACY.sub(lambda found: self._afforded(self._calls[found[1].lower()]("", "") or ""), text)

    def _call(self, inner: str) -> str | None:
        """What a macro puts in, or None for one that isn't known."""
        if inner.lstrip().startswith("//") or self._letters > LONGEST:
            return ""
        found = CALL.match(inner.strip())
        if found is None:
            return None
        self._place += 1
        call = self._calls.get(found["name"].lower())
        return call(found["sign"], found["rest"]) if call else None

    def _afforded(self, made: str) -> str:
        """The same words, or none where texts that name each other have made too many."""
        self._letters += len(made)
        return made if self._letters <= LONGEST else ""

    def word(self, value: Callable[[Setting], str | None]) -> Callable[[str, str], str | None]:
        """A macro that puts in a value as it is."""
        return lambda sign, rest: None if rest.strip() else value(self._setting)

    def said(self, name: str) -> Callable[[str, str], str | None]:
        """A macro that puts in something said, as data."""
        return self.word(lambda setting: setting.words.get(name, ""))

    def own(self, name: str) -> Callable[[str, str], str | None]:
        """A macro that puts in one of the persona's own texts, with its macros filled in."""

        def call(sign: str, rest: str) -> str | None:
            text = self._setting.texts.get(name)
            return text if text is None or self._depth > DEEPEST else self.fill(self._afforded(text))

        return call

    def one_of(self, *, steady: bool) -> Callable[[str, str], str | None]:
        """`random` and `pick`: one of several, settled by the turn or for good."""

        def call(sign: str, rest: str) -> str | None:
            parts = rest.split("::") if sign == "::" else [p.replace("\\,", ",") for p in COMMA.split(rest)]
            chance = self._chance(*([self._text] if steady else [self._text, self._setting.turn]))
            return chance.choice(parts).strip() if sign.strip() else None

        return call

    def roll(self, sign: str, rest: str) -> str | None:
        """`roll:6`, `roll:d6`, `roll 2d6+3`."""
        text = rest.strip().lstrip(":").replace(" ", "")
        found = DICE.fullmatch(text) or re.fullmatch(r"(?P<count>)(?P<sides>\d{1,6})(?P<plus>)", text)
        if found is None or int(found["sides"]) < 1:
            return None if found is None else "0"
        chance, dice = self._chance(self._text, self._setting.turn), int(found["count"] or 1)
        self._letters += dice  # each takes its time
        return str(sum(chance.randint(1, int(found["sides"])) for _ in range(dice)) + int(found["plus"] or 0))

    def variable(self, change: str, scope: str = "") -> Callable[[str, str], str | None]:
        """`getvar`, `setvar`, `addvar`, `incvar`, `decvar`."""

        def call(sign: str, rest: str) -> str | None:
            name, _, value = rest.partition("::") if sign == "::" else rest.partition(" ")
            key = scope + name.strip()
            if not name.strip():
                return None
            old = self.variables.get(key, "")
            if change == "get":
                return old
            new = value if change == "set" else added(old, {"inc": "1", "dec": "-1"}.get(change, value))
            self.variables[key] = new[:LONGEST]
            return new if change in {"inc", "dec"} else ""

        return call

    def outlet(self, sign: str, rest: str) -> str:
        """Lore that waits to be put in by name."""
        return self._setting.outlets.get(rest.strip().lstrip(":"), "")

    def _chance(self, *of: object) -> Random:
        words = "\x1f".join(map(str, (self._setting.seed, self._place, *of)))
        return Random(blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest())


def calls(filling: Filling) -> Mapping[str, Callable[[str, str], str | None]]:
    """Every macro by its lower-case name."""
    word, own, variable = filling.word, filling.own, filling.variable
    known: dict[str, Callable[[str, str], str | None]] = {
        **{name: word(lambda s: s.char) for name in ("char", "bot")},
        "user": word(lambda s: s.user),
        "original": word(lambda s: s.original),
        "group": word(lambda s: ", ".join(s.group) or s.char),
        "charifnotgroup": word(lambda s: ", ".join(s.group) or s.char),
        "notchar": word(lambda s: ", ".join([name for name in s.group if name != s.char] + [s.user])),
        "random": filling.one_of(steady=False),
        "pick": filling.one_of(steady=True),
        "roll": filling.roll,
        "hidden_key": lambda sign, rest: "",
        "comment": lambda sign, rest: "",
        "reverse": lambda sign, rest: rest[::-1] if sign.strip() else None,
        "newline": word(lambda s: "\n"),
        "trim": word(lambda s: TRIM),
        "noop": word(lambda s: ""),
        "outlet": filling.outlet,
        "time": word(lambda s: f"{s.now:%-I:%M %p}" if s.now else None),
        "date": word(lambda s: f"{s.now:%B %-d, %Y}" if s.now else None),
        "weekday": word(lambda s: f"{s.now:%A}" if s.now else None),
        "isotime": word(lambda s: f"{s.now:%H:%M}" if s.now else None),
        "isodate": word(lambda s: f"{s.now:%Y-%m-%d}" if s.now else None),
        "idleduration": word(lambda s: lasting(s.idle)),
    }
    for name in ("description", "personality", "scenario", "persona", "mesexamples", "charprompt"):
        known[name] = own(name)
    for name in ("lastmessage", "lastusermessage", "lastcharmessage"):
        known[name] = filling.said(name)
    for change in ("get", "set", "add", "inc", "dec"):
        known[f"{change}var"] = variable(change)
        known[f"{change}globalvar"] = variable(change, "global:")
    return known


def trimmed(text: str) -> str:
    """The text without `{{trim}}` and the line breaks around it."""
    if TRIM not in text:
        return text
    first, *between, last = text.split(TRIM)
    return "".join((first.rstrip("\r\n"), *(one.strip("\r\n") for one in between), last.lstrip("\r\n")))


def added(old: str, value: str) -> str:
    """Two numbers added, or two texts put together."""
    try:
        total = float(old or 0) + float(value)
    except ValueError:
        return old + value
    return str(int(total)) if total.is_integer() else str(total)


def lasting(idle: timedelta | None) -> str:
    """How long somebody was away, in words."""
    seconds = idle.total_seconds() if idle else 0
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "a moment"
