"""What is written by hand for a conversation beside the voices: fans' lines, small talk, stories, words in danger."""

from functools import cache
from random import Random

from finetune.understudy.values import word
from finetune.understudy.voices import chosen
from finetune.understudy.written import lines, read, words


@cache
def fan_lines() -> dict[str, tuple[str, ...]]:
    """What fans say, by act."""
    return {act: lines(block) for act, block in read("fan.yaml").items()}


def fan_line(act: str, rng: Random) -> str:
    """One of a fan's lines for an act, one side taken of each choice; `{name}` and other slots are still open."""
    return chosen(rng.choice(fan_lines()[act]), rng)


@cache
def talk() -> dict[str, dict[str, tuple[str, ...]]]:
    """Small talk by topic: `asks` and `says`."""
    return {topic: {part: lines(block) for part, block in parts.items()} for topic, parts in read("talk.yaml").items()}


@cache
def tales() -> dict[str, tuple[str, ...]]:
    return {part: lines(block) for part, block in read("stories.yaml").items()}


@cache
def crisis() -> dict[str, tuple[str, ...]]:
    return {part: lines(block) for part, block in read("crisis.yaml").items()}


@cache
def asking() -> dict[str, tuple[str, ...]]:
    """What fans ask about the card as a whole."""
    return {part: lines(block) for part, block in read("asking.yaml").items()}


def a_thing(rng: Random) -> str:
    """Anything one could ask to be: "are you a kettle", "are you an otter", "are you a velmo"."""
    noun = rng.choice((word(rng), *(rng.choice(words(name)) for name in ("nouns", "animals", "jobs"))))
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
