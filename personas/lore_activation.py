"""Which lore comes to mind now, in what order, and for every entry why or why not.

The order, as the V3 specification and SillyTavern have it: (1) what is disabled never fires; (2) decorators are read;
(3) `@@activate` beats `@@dont_activate` beats the rest; (4) timing, greeting, icon, kind of generation; (5) constants;
(6) keys over the last messages; (7) secondary, additional and excluded keys; (8) entries that wake others; (9) the
budget; (10) order and place. All conditions are joined by AND. Groups and chance stand between (7) and (8), as in
SillyTavern. The seed settles chance for each entry and message count: the same question gives the same lore.

Chosen where sources disagree: `reverse_depth` works in chats; `activate_only_*` counts the character's messages;
constants fire under `use_regex`, too; a `token_budget` of 0 means that none is set.
Vectorised entries fire by their keys, and when the moment says that they are near to what was said: whoever holds
vectors compares them, for the newest message only.
What is not covered: what fired by nearness lasts no longer than its turn (`sticky`); `automation_id` runs nothing.
Waking goes on for at most 100 rounds, and while what fired is no longer than 200,000 letters.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from personas.lore_budget import trimmed
from personas.lore_entry import Ready, hits, ready, woken_by
from personas.lore_groups import winners
from personas.lore_moment import Activation, Moment
from personas.lore_place import place
from personas.lore_text import LONGEST_TEXT, Clock, Finder, ScanText, window
from personas.lorebook import Lorebook
from personas.macros import Setting, expand, hidden_keys

KEEPS = {"keep_activate_after_match", "dont_activate_after_match"}
MOST_ROUNDS = 100


class Lore:
    """Some lorebooks made ready; the first one's entries take precedence where nothing else decides.

    `vectorized` has the texts of the entries that may also fire by nearness, by the entries' keys.
    """

    def __init__(self, books: Iterable[Lorebook], *, setting: Setting | None = None, instruct: bool = False) -> None:
        setting = setting or Setting("")
        self.instruct = instruct
        self.entries = tuple(ready(book, entry, setting, instruct=instruct) for book in books for entry in book.entries)
        self.finder = Finder(key for one in self.entries for key in one.all_keys)
        self.names = {one.entry.key: one.label for one in self.entries}
        wanted = (one for one in self.entries if one.entry.enabled and one.entry.rules.vectorized)
        self.vectorized = {one.entry.key: one.decorated.text for one in wanted if one.decorated.text.strip()}
        self.levels = sorted({e.entry.rules.delay_until_recursion for e in self.entries} - {0})

    @property
    def remembers(self) -> bool:
        """Whether anything depends on the turns before, so that a conversation's state has to be kept."""
        timed = (e.entry.rules.sticky or e.entry.rules.cooldown for e in self.entries)
        kept = (
            "keep_activate_after_match" in e.decorated or "dont_activate_after_match" in e.decorated
            for e in self.entries
        )
        return any(timed) or any(kept)

    def activate(self, moment: Moment) -> Activation:
        """What comes to mind now; never raises, whatever stands in a book."""
        return Turn(self, moment).run()


class Turn:
    """One activation."""

    def __init__(self, lore: Lore, moment: Moment) -> None:
        self.lore, self.moment = lore, moment
        self.clock = Clock()
        self.total = len(moment.said)
        self.own = sum(said.own for said in moment.said)
        self.state = moment.state.at(self.total, (one.entry for one in lore.entries))
        self.lines = [said.line for said in moment.said]
        self.reasons: dict[str, str] = {}
        self.fired: dict[str, Ready] = {}
        self.texts: dict[str, str] = {}
        self.fed: list[ScanText] = []
        self.left_to_feed = LONGEST_TEXT
        self.lost: set[str] = set()
        self.windows: dict[tuple[object, ...], ScanText] = {}
        self.grown: dict[tuple[object, ...], tuple[ScanText, int]] = {}

    def run(self) -> Activation:
        """The ten steps."""
        hopeful = [one for one in self.lore.entries if self._may_fire(one)]
        self._wake([one for one in hopeful if not one.entry.rules.delay_until_recursion], recursing=False)
        self._recurse(hopeful)
        kept = trimmed(list(self.fired.values()), self.texts, self.moment.budget, self.moment.count)
        for one in self.fired.values():
            if one.entry.key not in kept:
                self.reasons[one.entry.key] = f"it woke, and there was no room for it in {self._budget_of(one)}"
        active = [one for one in self.lore.entries if one.entry.key in kept]
        return self._result(sorted(active, key=lambda one: one.entry.order))

    def _budget_of(self, one: Ready) -> str:
        """The budget it was weighed by, in words."""
        own = one.book.token_budget
        return f"its book's budget of {own} tokens" if own else f"a quarter of the window ({self.moment.budget} tokens)"

    def _may_fire(self, one: Ready) -> bool:
        reason = "" if one.free else self._hindrance(one)
        if reason:
            self.reasons[one.entry.key] = reason
        return not reason

    def _hindrance(self, one: Ready) -> str:
        """Steps 1, 3 and 4: why an entry can't fire whatever is said; nothing if it can."""
        key, decorated, rules = one.entry.key, one.decorated, one.entry.rules
        if not one.entry.enabled:
            return "it is disabled"
        if "activate" in decorated:
            return ""
        if "dont_activate" in decorated:
            return "@@dont_activate switches it off"
        if key in self.state.spent:
            return "it fired once, and @@dont_activate_after_match"
        if rules.triggers and self.moment.trigger not in rules.triggers:
            return f"it fires only for: {', '.join(rules.triggers)}"
        if key in self.state.kept or key in self.state.sticky:
            return ""
        if key in self.state.cooling:
            return f"it cools down until message {self.state.cooling[key].ends}"
        if self.total < rules.delay:
            return f"it waits until {rules.delay} messages were said"
        return self._mistimed(one)

    def _mistimed(self, one: Ready) -> str:
        decorated = one.decorated
        after, every = decorated.number("activate_only_after"), decorated.number("activate_only_every")
        greeting, icon = decorated.number("is_greeting"), decorated.word("is_user_icon")
        if after is not None and self.own < after:
            return f"it waits until the character said {after} messages"
        if every is not None and self.own % every:
            return f"it fires with every {every}th message of the character"
        if greeting is not None and greeting != self.moment.greeting:
            return f"it belongs to greeting {greeting}"
        if icon and icon != self.moment.user_icon:
            return f"it belongs to the user icon '{icon}'"
        return ""

    def _wake(self, hopeful: Sequence[Ready], *, recursing: bool) -> list[Ready]:
        """Steps 5 to 7 for entries that sleep still, then groups and chance; those that fire now."""
        woken = [one for one in hopeful if self._wakes(one, recursing)]
        won, lost = winners(woken, self.fired.values(), self.state, self._hits, self._chance)
        self.reasons |= lost
        self.lost |= lost.keys()
        fired = [one for one in won if self._lucky(one)]
        for one in fired:
            self.fired[one.entry.key] = one
            self.texts[one.entry.key] = expand(one.decorated.text, self.moment.setting)
        return fired

    def _wakes(self, one: Ready, recursing: bool) -> bool:
        key = one.entry.key
        if key in self.fired or key in self.lost:
            return False
        if "activate" in one.decorated:
            self.reasons[key] = "@@activate switches it on"
        elif key in self.state.kept:
            self.reasons[key] = "it fired once, and @@keep_activate_after_match"
        elif key in self.state.sticky:
            self.reasons[key] = f"it is sticky until message {self.state.sticky[key].ends}"
        elif one.entry.rules.vectorized and key in (self.moment.near or ()):
            self.reasons[key] = "it is near to what was said, by its vector"
        else:
            woken, reason = woken_by(one, self._text(one, recursing), self.clock)
            self.reasons[key] = f"{reason}, or stands in what fired" if woken and recursing else reason
            if one.entry.rules.vectorized and not woken:
                self.reasons[key] += self._far
            return woken
        return True

    @property
    def _far(self) -> str:
        if self.moment.near is None:
            return "; it is vectorized, and nobody compared its vector"
        return ", and it is not near to what was said, by its vector"

    def _text(self, one: Ready, recursing: bool) -> ScanText:
        depth = one.scan_depth if one.scan_depth is not None else self.moment.scan_depth
        if one.scan_tokens is not None:
            depth = self.depth_of(one.scan_tokens)
        kind = (depth, one.entry.rules.sources)
        if kind not in self.windows:
            sources = [self.moment.sources.get(name, "") for name in one.entry.rules.sources]
            self.windows[kind] = ScanText("\n".join([*sources, window(self.lines, depth)]), self.lore.finder)
        if not recursing:
            return self.windows[kind]
        text, known = self.grown[kind] if kind in self.grown else (self.windows[kind].copy(), 0)
        for more in self.fed[known:]:
            text.grow(more)
        self.grown[kind] = text, len(self.fed)
        return text

    def depth_of(self, tokens: int) -> int:
        """How many of the newest messages make so many tokens."""
        depth = 0
        for line in reversed(self.lines):
            tokens -= self.moment.count(line)
            if tokens < 0:
                break
            depth += 1
        return depth

    def _hits(self, one: Ready) -> int:
        return hits(one, self._text(one, bool(self.fed)), self.clock)

    def _chance(self, word: str) -> float:
        """A number from 0 to 1 that hangs on the seed, the message count and a word, and on nothing else."""
        words = f"{self.moment.seed}\x1f{self.total}\x1f{word}".encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(words, digest_size=7).digest()) / 2**56

    def _lucky(self, one: Ready) -> bool:
        key = one.entry.key
        if one.probability >= 100 or key in self.state.sticky or "activate" in one.decorated:
            return True
        if self._chance(key) * 100 < one.probability:
            return True
        self.reasons[key] = f"{self.reasons[key]}, and chance was against it ({one.probability:g} in 100)"
        self.lost.add(key)
        return False

    def _recurse(self, hopeful: Sequence[Ready]) -> None:
        """Step 8: what fired is looked through for keys of what sleeps, until nothing new wakes."""
        level, levels = 0, list(self.lore.levels)
        new = list(self.fired.values())
        listening = [one for one in hopeful if one.searches and one.book.recursive is not False]
        for _ in range(MOST_ROUNDS):
            heard = self._feed(new)
            if not heard and not levels:
                return
            if not heard:
                level = levels.pop(0)
            awake = [one for one in listening if one.entry.rules.delay_until_recursion <= level]
            new = self._wake(awake, recursing=True)

    def _feed(self, new: Sequence[Ready]) -> bool:
        """Adds what these entries say to what others hear, as far as there is room; whether there was anything."""
        text = "\n".join(self._said_by(one) for one in new if self._feeds(one))[: self.left_to_feed]
        if text:
            self.left_to_feed -= len(text)
            self.fed.append(ScanText(text, self.lore.finder))
        return bool(text)

    def _feeds(self, one: Ready) -> bool:
        if one.feeds is not None:
            return one.feeds
        return self.moment.recursive if one.book.recursive is None else one.book.recursive

    def _said_by(self, one: Ready) -> str:
        """An entry's text as others hear it, with what only they hear."""
        hidden = hidden_keys(one.decorated.text)
        return f"{self.texts[one.entry.key]}\n{hidden}" if hidden else self.texts[one.entry.key]

    def _result(self, active: Sequence[Ready]) -> Activation:
        notes, outlets = [], dict[str, str]()
        for one in active:
            text = self.texts[one.entry.key].strip()
            note = place(one, text, total=self.total, depth_of=self.depth_of)
            if note.position == "outlet":
                name = one.entry.rules.outlet
                outlets[name] = f"{outlets[name]}\n{text}" if name in outlets else text
            elif text:
                notes.append(note)
        matched = [one for one in active if one.entry.key not in self.state.kept]
        state = self.state.after(
            self.total,
            (one.entry for one in active),
            (one.entry.key for one in matched if "keep_activate_after_match" in one.decorated),
            (one.entry.key for one in matched if "dont_activate_after_match" in one.decorated),
        )
        fired = frozenset(one.entry.key for one in active)
        silenced = frozenset(one.decorated.word("disable_ui_prompt") for one in active) - {""}
        late = tuple(dict.fromkeys(self.clock.late))
        return Activation(tuple(notes), state, outlets, silenced, late, fired, self.reasons, self.lore.names)
