"""The character as written: everything an operator can say about one in YAML."""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from serving import Sampling

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Kind = Literal["utterance", "fact", "episode", "promise"]
Occasion = Literal["mention", "reply", "private", "name", "thread", "always"]


class Written(BaseModel):
    """What people write by hand: unknown keys are errors, and nothing changes after reading."""

    # a birthday year or an age may stand without quotes where text is wanted
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Voice(Written):
    """How the persona talks."""

    tone: str = Field("", description="How she talks, in a few words: 'playful, short sentences'.")
    says: tuple[Line, ...] = Field((), description="Catch-phrases, used seldom.")
    never: tuple[Line, ...] = Field((), description="What would be out of character.")
    languages: tuple[Language, ...] = Field(
        ("en",), min_length=1, description="Language codes, the first one preferred."
    )


class Example(Written):
    """One exchange as it should go; real exchanges teach more than adjectives."""

    fan: Line = Field(description="What a fan might say.")
    says: Line = Field(description="What the persona answers.")


class Plays(Written):
    """What gives the persona its words."""

    engine: str = Field("understudy", description="The name of an engine in greenroom.yaml, or 'understudy'.")
    lora: str | None = Field(None, description="The name of a LoRA on the shelf.")
    sampling: Sampling = Field(Sampling(), description="How the next word is chosen.")


class Look(Written):
    """How the persona appears on the page."""

    palette: tuple[Colour, Colour] = Field(("#7a5cff", "#ff7ab6"), description="Two colours; the page mixes the rest.")
    portrait: str = Field("", description="The picture's file, beside the persona's.")
    expressions: dict[str, str] = Field(
        {}, description="A picture for each mood; 'neutral' stands in for a missing one."
    )


class Remembers(Written):
    """What the persona keeps of the people she talks to. Everything that would share it is off unless written."""

    kinds: tuple[Kind, ...] = Field(
        ("utterance", "fact", "episode", "promise"), description="What is kept; an empty list keeps nothing."
    )
    recall: int = Field(8, ge=0, le=64, description="How many recollections come to mind in one turn, at most.")
    days: int | None = Field(None, ge=1, description="Forgets what is older than this many days; left out: never.")
    keep: tuple[Line, ...] = Field((), description="What matters most to remember: 'names of pets', 'exam dates'.")
    skip: tuple[Line, ...] = Field((), description="What is never written down: 'health', 'addresses'.")
    share_places: bool = Field(False, description="Whether what a fan says in one place may surface in another.")


class Boundaries(Written):
    """What the persona stays away from, and how she says so."""

    rating: Literal["everyone", "teen", "adult"] | None = Field(
        None, description="The youngest audience this persona is for; 'adult' plays in age-restricted places only."
    )
    topics: tuple[Line, ...] = Field((), description="What the persona won't talk about.")
    refusals: tuple[Line, ...] = Field((), description="Lines with which she declines, in her own voice.")


class OnDiscord(Written):
    """The persona's presence on Discord."""

    name: str = Field("", max_length=80, description="The name shown there; left out: the persona's name.")
    avatar: str = Field("", description="A PNG or JPEG beside the persona's file; left out: the portrait.")
    channels: tuple[Line, ...] = Field(
        (), description="Channel ids or names where she may speak; empty: wherever invited."
    )
    speaks: tuple[Occasion, ...] = Field(
        ("mention", "reply", "private"), description="When she answers: mention, reply, private, name, thread, always."
    )
    chance: float = Field(0.0, ge=0, le=1, description="How likely she joins in on other talk, from 0 to 1.")

    @field_validator("name")
    @classmethod
    def _allowed_there(cls, name: str) -> str:
        if any(word in name.casefold() for word in ("discord", "clyde")):
            raise ValueError("Discord refuses names with 'discord' or 'clyde' in them")
        return name


class Presence(Written):
    """Where the persona appears, and how."""

    discord: OnDiscord = Field(OnDiscord(), description="The persona's presence on Discord.")


class Translation(Written):
    """What the persona's file says in another language; what is left out stays as it is."""

    role: Line | None = Field(None, description="The role, for the list.")
    who: Line | None = Field(None, description="Who the persona is; the prompt uses it when a fan chose the language.")
    greeting: Line | None = Field(None, description="The first thing said in a new conversation.")
    at_a_loss: Line | None = Field(None, description="Said when no engine can answer.")
    owns_up: Line | None = Field(None, description="Said when asked in earnest whether she is human.")
    reaches_out: Line | None = Field(None, description="Said to a fan who may harm themselves.")


class DepthPrompt(Written):
    """A reminder that a card puts some messages above the newest one."""

    prompt: str = Field("", description="The reminder.")
    depth: int = Field(4, ge=0, description="How many messages up from the newest it stands.")
    role: Literal["system", "user", "assistant"] = Field("system", description="Who seems to say it.")


class FromCard(Written):
    """What a community card says that greenroom has no key of its own for; `greenroom persona import` fills it in."""

    nickname: str = Field("", description="What {{char}} stands for, in place of the name.")
    system_prompt: str = Field("", description="The creator's instructions; {{original}} is greenroom's own.")
    post_history_instructions: str = Field("", description="The creator's instructions after the conversation so far.")
    depth_prompt: DepthPrompt = Field(DepthPrompt(), description="A reminder some messages above the newest one.")
    group_greetings: tuple[Line, ...] = Field((), description="Further first lines for places with several characters.")
    creator: str = Field("", description="Who made the card; never in prompts.")
    creator_notes: str = Field("", description="What the creator wants you to know; never in prompts.")
    character_version: str = Field("", description="The creator's version; never in prompts.")
    tags: tuple[Line, ...] = Field((), description="For finding the card; never in prompts.")


class Persona(Written):
    """A character. `id`, `name` and `who` are enough to talk to someone."""

    id: Id = Field(description="Never changes: folders and memories hang on it.")
    name: Line = Field(description="What the persona is called; others may use the name too.")
    role: str = Field("", description="A word or two for the list: 'virtual idol'.")
    who: Line = Field(description="Two or three sentences about the persona, in the third person.")
    personality: str = Field("", description="Traits, as prose or as a list.")
    scenario: str = Field("", description="Where and when the conversation takes place.")
    likes: tuple[Line, ...] = Field((), description="Small facts that fans will ask about.")
    facts: dict[str, Line] = Field({}, description="Facts by name: 'birthday: 9 March'.")
    voice: Voice = Field(Voice(), description="How the persona talks.")
    greeting: str = Field("", description="The first thing said in a new conversation.")
    greetings: tuple[Line, ...] = Field((), description="Other first lines, to choose from.")
    examples: tuple[Example, ...] = Field((), description="Exchanges that show the voice.")
    plays: Plays = Field(Plays(), description="Which engine, which LoRA, how it samples.")
    at_a_loss: Line = Field(
        "Sorry, I lost my train of thought. Ask me again in a moment?",
        description="Said when no engine can answer.",
    )
    owns_up: Line = Field(
        "To be clear: I'm an AI character, not a person.",
        description="Said when somebody asks in earnest whether she is human, and her reply leaves it open.",
    )
    reaches_out: Line = Field(
        "I mean this plainly: I'm an AI character and can't keep you safe. Please don't stay alone with it: call your "
        "local emergency or crisis line, or wake someone you trust. I'm glad you told me.",
        description="Said to a fan who may harm themselves, in place of a reply that points to no help.",
    )
    look: Look = Field(Look(), description="How the persona appears on the page.")
    lore: tuple[Line, ...] = Field((), description="Lorebook files beside the persona's.")
    knowledge: tuple[Line, ...] = Field((), description="Documents she knows: Markdown, text or PDF, beside her file.")
    memory: Remembers = Field(Remembers(), description="What the persona keeps of the people she talks to.")
    boundaries: Boundaries = Field(Boundaries(), description="What the persona stays away from.")
    presence: Presence = Field(Presence(), description="Where the persona appears, and how.")
    card: FromCard | None = Field(None, description="What came with a community card; left out for your own.")
    translations: dict[Language, Translation] = Field({}, description="Other languages by code: 'zh: {greeting: …}'.")

    def speaking(self, language: str) -> "Persona":
        """The persona as her file words her in a language; 'zh-TW' is served by 'zh', an unknown one by none."""
        found = self.translations.get(language) or self.translations.get(language.partition("-")[0])
        if found is None:
            return self
        return self.model_copy(update=found.model_dump(exclude_none=True))

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of the content's SHA-256; every turn records it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


MOODS: tuple[str, ...] = ("neutral", "joy", "sadness", "anger", "surprise", "fear", "love", "thinking")
Mood = Literal["neutral", "joy", "sadness", "anger", "surprise", "fear", "love", "thinking"]
