"""One conversation, drawn beat by beat: what a fan says next, and what this persona would answer.

The beats keep account of what the persona's card says, what the fan has told and what memory hands over, so that every
answer is either in the prompt or honestly unknown.
"""

import re
from dataclasses import dataclass, field
from random import Random

from finetune.understudy.attributes import NAME, Attribute, attributes, odd
from finetune.understudy.drawn import Role, said
from finetune.understudy.person import YOU, Grammar, I, sentence
from finetune.understudy.sayings import a_thing, asking, crisis, fan_line, tales, talk
from finetune.understudy.values import draw, proper
from finetune.understudy.voices import chosen
from finetune.understudy.written import words

Exchange = tuple[str, str]
GRAVE = ("ill", "quiet_moment", "feelings")
ASKING = re.compile(
    r"((what|who|how|where|when|why|which|are|am|is|do|does|did|can|will|would|were|any|want to|should|shall|could|may|"
    r"aren't|don't you|(have|has|got) (you|I|we))\b|wyd|hru)",
    re.I,
)


@dataclass
class Conversation:
    """`told` is what the fan said of themselves here, `noted` what only the memory block says; newer ones win."""

    role: Role
    rng: Random
    unseen: bool = False
    fan_name: str | None = None
    moment: tuple[str, str] | None = None
    mood: str = ""
    told: dict[Attribute, str] = field(default_factory=dict)
    noted: dict[Attribute, str] = field(default_factory=dict)
    others: set[Attribute] = field(default_factory=set)
    asked: set[tuple[bool, Attribute]] = field(default_factory=set)
    exclaimed: set[str] = field(default_factory=set)

    # What the fan asks and tells

    def asks_own(self) -> Exchange:
        """The fan asks for a fact that stands in the card."""
        attribute = self.rng.choice(self.fresh(mine=True) or [*self.role.known])
        value = self.role.known[attribute]
        self.asked.add((True, attribute))
        return self.question(attribute.ask(YOU, self.rng)), self.fact("own", attribute, value)

    def asks_unknown_of_persona(self) -> Exchange:
        """The card doesn't say; sometimes the fan has one, which must not be taken for the persona's."""
        free = [a for a in attributes() if a not in self.role.known]
        taken = {key for a in self.role.known for key in a.keys}
        free += [a for a in (odd(self.rng) for _ in range(len(free) // 6)) if not taken & set(a.keys)]
        near = [a for a in {**self.told, **self.noted} if a in free]
        attribute = self.rng.choice(near if near and self.rng.random() < 0.5 else free)
        return self.question(attribute.ask(YOU, self.rng)), self.unknown("unknown_self", attribute, I)

    def tells(self, *, about_name: bool = False) -> Exchange:
        """The fan tells something new."""
        attribute = NAME if about_name else self.telling()
        value = (
            self.fan_name if attribute is NAME and self.fan_name else draw(attribute.kind, self.rng, unseen=self.unseen)
        )
        self.told[attribute] = value
        before = self.rng.choice(("", "", "", "by the way, ", "you know, ", "just so you know, ", "so, ", "oh, "))
        after = self.rng.choice(("", "", "", "", " :)", ", you know", ". I thought you should know"))
        return self.styled(before + attribute.tell(value, self.rng) + after), self.fact("noted", attribute, value)

    def telling(self) -> Attribute:
        """Something new; often of a kind that the persona has too, so that whose it is must be told apart."""
        near = [a for a in self.role.known if a not in self.told and a not in self.noted]
        return self.rng.choice(near) if near and self.rng.random() < 0.3 else self.untold_one()

    def asks_told(self) -> Exchange:
        """The fan asks for what they told earlier in this conversation."""
        attribute = self.rng.choice(self.fresh(mine=False) or [*self.told])
        self.asked.add((False, attribute))
        return self.own_question(attribute), self.fact("recall", attribute, self.told[attribute])

    def asks_noted(self) -> Exchange:
        """The fan asks for what only the memory block says."""
        attribute = self.rng.choice([*self.noted])
        return self.own_question(attribute), self.fact("recall", attribute, self.noted[attribute])

    def asks_untold(self) -> Exchange:
        """The fan never said; the persona may have one of its own, which must not be taken for the fan's."""
        free = [a for a in self.untold() if a is not NAME or self.fan_name is None]
        near = [a for a in (*self.role.known, *self.others) if a not in self.told and a not in self.noted]
        attribute = self.rng.choice(near if near and self.rng.random() < 0.6 else free)
        return self.own_question(attribute), self.unknown("unknown_fan", attribute, YOU)

    def corrects(self) -> Exchange:
        """The fan takes something back; from here on the newer holds."""
        attribute = self.rng.choice([*self.told])
        value = draw(attribute.kind, self.rng, unseen=self.unseen)
        old, self.told[attribute] = self.told[attribute], value
        self.asked.discard((False, attribute))
        state = attribute.tell(value, self.rng)
        text = self.rng.choice(
            (
                f"actually, {state}",
                f"no wait, {state}",
                f"sorry, I got that wrong. {sentence(state, '')}",
                f"I have to correct myself: {state}",
                f"things changed, {state} now",
                f"not {old}! {sentence(state, '')}",
                f"I lied before, {state}",
                f"forget what I said, {state}",
            )
        )
        return self.styled(text), self.fact("corrected", attribute, value)

    def asks_what_is_remembered(self) -> Exchange:
        """One or two of the fan's facts, or honestly none."""
        ask = self.rng.choice(
            (
                "what do you remember about me",
                "what do you know about me",
                "do you remember me",
                "tell me what you know about me",
            )
        )
        known = {**self.noted, **self.told}
        if not known:
            return self.question(ask), self.unknown("unknown_fan", ABOUT_YOU, YOU)
        some = list(known.items())[-2:]
        fact = " ".join(said(a, v, self.rng, YOU) for a, v in some)
        return self.question(ask), self.role.voice.say("recall", self.rng, fact=fact, v=some[-1][1])

    # What needs no fact

    def act(self, act: str) -> Exchange:
        """A line of the fan's that every voice answers in its own way."""
        rng = self.rng
        heard = fan_line(act, rng).format(
            name=self.role.persona.name, other=proper(rng), place=rng.choice(words("cities")), thing=a_thing(rng)
        )
        if act == "how_are_you" and self.mood:
            return self.question(heard), self.role.voice.shaped(rng.choice(tales()[f"mood_{self.mood}"]), rng)
        return self.styled(heard), self.role.voice.say(act, rng, name=self.role.persona.name)

    def small_talk(self) -> Exchange:
        name, topic = self.rng.choice([*talk().items()])
        heard = chosen(self.rng.choice(topic["asks"]), self.rng)
        plain = self.rng.choice(topic["says"]).format(name=self.role.persona.name)
        if name in GRAVE:
            return self.styled(heard), plain
        return self.styled(heard), self.phrased(self.role.voice.shaped(plain, self.rng))

    def in_danger(self) -> Exchange:
        """Plain words, whatever the voice."""
        return self.styled(self.rng.choice(crisis()["asks"])), self.rng.choice(crisis()["says"])

    def likes(self) -> Exchange:
        mine = bool(self.role.likes) and self.rng.random() < 0.6
        thing = self.rng.choice(self.role.likes) if mine else draw(
            self.rng.choice(("food", "hobby", "drink")), self.rng, unseen=self.unseen
        )  # fmt: skip
        ask = self.rng.choice(("do you like {}", "what do you think of {}", "are you into {}", "do you enjoy {}"))
        act = "likes_yes" if mine else "likes_unknown"
        return self.question(ask.format(thing)), self.role.voice.say(act, self.rng, x=thing)

    def asks_likes(self) -> Exchange:
        """What the card lists as likes; honest where it lists none."""
        ask = chosen(self.rng.choice(asking()["likes"]), self.rng)
        if not self.role.likes:
            return self.question(ask), self.unknown("unknown_self", LIKES, I)
        thing = self.rng.choice(self.role.likes)
        fact = self.rng.choice((f"I like {thing}.", f"I love {thing}.", f"I'm fond of {thing}."))
        return self.question(ask), self.phrased(self.role.voice.say("own", self.rng, fact=fact, v=thing))

    def asks_role(self) -> Exchange:
        """What the card calls the persona."""
        ask, role = chosen(self.rng.choice(asking()["role"]), self.rng), self.role.persona.role
        name = self.role.persona.name
        called = (role,) if role.startswith(("a ", "an ")) else (role, f"the {role}")
        whole = [f"I'm {name}, {one}." for one in called]
        short = [] if "who" in ask else [f"I'm {called[-1]}."]  # whoever asks who it is wants the name
        fact = self.rng.choice(whole + short)
        return self.question(ask), self.phrased(self.role.voice.say("own", self.rng, fact=fact, v=role))

    def story(self) -> Exchange:
        rng = self.rng
        if rng.random() < 0.5:
            ask, begin = rng.choice(tales()["asks"]), rng.choice(tales()["without"])
        else:
            hero = rng.choice(tales()["heroes"]) if rng.random() < 0.4 else draw("thing", rng, unseen=self.unseen)
            ask = chosen(rng.choice(tales()["asks_with"]).replace("{x}", hero), rng)
            begin = rng.choice(tales()["with"]).format(x=hero)
        opener = "" if rng.random() < 0.5 else rng.choice(self.role.voice.acts["openers"]).rstrip(",") + " "
        return self.styled(chosen(ask, rng)), opener + begin

    def clock(self) -> Exchange:
        ask, index = self.rng.choice(
            (
                ("what day is it", 0),
                ("what day is it today", 0),
                ("what's the date", 0),
                ("what time is it", 1),
                ("how late is it", 1),
                ("do you know what time it is", 1),
            )
        )
        if self.moment is None:
            return self.question(ask), self.role.voice.say("unknown_world", self.rng)
        value = self.moment[index]
        fact = f"It's {value}." if index == 0 else f"It's about {value}."
        return self.question(ask), self.role.voice.say("own", self.rng, fact=fact, v=value)

    # How things are put

    def fresh(self, *, mine: bool) -> list[Attribute]:
        """What nobody asked for yet: an answer given before is copied from there, and teaches no looking back."""
        return [a for a in (self.role.known if mine else self.told) if (mine, a) not in self.asked]

    def untold(self) -> list[Attribute]:
        return [
            a
            for a in (*attributes(), NAME)
            if a not in self.told and a not in self.noted and (a.open or not self.unseen)
        ]

    def untold_one(self) -> Attribute:
        one = odd(self.rng)
        fresh = not any(set(one.keys) & set(a.keys) for a in (*self.told, *self.noted))
        return one if fresh and self.rng.random() < 0.15 else self.rng.choice(self.untold())

    def fact(self, act: str, attribute: Attribute, value: str) -> str:
        who = I if act == "own" else YOU
        return self.phrased(self.role.voice.say(act, self.rng, fact=said(attribute, value, self.rng, who), v=value))

    def unknown(self, act: str, attribute: Attribute, who: Grammar) -> str:
        return self.role.voice.say(act, self.rng, noun=attribute.called(who))

    def phrased(self, text: str) -> str:
        """The reply, now and then with a catch-phrase that the persona has not used in this talk."""
        left = [phrase for phrase in self.role.phrases if phrase not in self.exclaimed]
        if not left or self.rng.random() > 0.3:
            return text
        phrase = self.rng.choice(left)
        self.exclaimed.add(phrase)
        return f"{phrase} {text}" if self.rng.random() < 0.5 else f"{text} {phrase}"

    def own_question(self, attribute: Attribute) -> str:
        before = self.rng.choice(
            ("", "", "", "", "do you remember? ", "do you still know? ", "quick test: ", "I forgot, ")
        )
        return self.question(before + attribute.ask(I, self.rng))

    def question(self, text: str) -> str:
        return self.styled(text, "?")

    def styled(self, text: str, end: str = "") -> str:
        """As people type: capitals and marks or none, a greeting before, the persona's name after."""
        rng = self.rng
        name = self.role.persona.name
        if rng.random() < 0.12:
            text = f"{rng.choice(('hey', 'hi', 'okay', 'so', 'um', f'hey {name}', name, 'haha'))}, {text}"
        if rng.random() < 0.06:
            text = f"{text}, {name}"
        end = end or ("?" if ASKING.match(text) else "")
        mark = end or rng.choice((".", ".", "!", ""))
        style = rng.random()
        if style < 0.5:
            return sentence(text, mark)
        if style < 0.85:
            return text + (end if rng.random() < 0.6 else "")
        return text.replace("'", "") if rng.random() < 0.5 else sentence(text, mark * 2 if mark == "!" else mark)


LIKES = Attribute("what {I} <like>", "thing", ("likes",), ("",), ("",))
ABOUT_YOU = Attribute("anything about {me}", "person", ("about",), ("",), ("",))
