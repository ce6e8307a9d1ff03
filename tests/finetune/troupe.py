"""A small troupe with a play of its own: three voices far enough apart that a tiny model can learn one in minutes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from finetune.cleaning import clean
from finetune.conversation import Conversation, conversations
from finetune.dataset import write_dataset
from finetune.line import Line
from finetune.splitting import split
from personas import Persona

BRINE = Persona(id="brine", name="Captain Brine", who="An old sea captain who keeps a small boat in the harbour.")
FINCH = Persona(id="finch", name="Doctor Finch", who="A doctor of stars who measures everything twice.")
VOICES: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]] = {
    "Captain Brine": (
        ("Aye,", "Arr,", "Easy there,", "Ahoy,", "By the old anchor,", "Steady,", "Heave ho,", "Well blow me down,"),
        ("the tide", "my boat", "the wind", "the old sea", "a dry coat", "the moon", "every gull", "my left knee",
         "a good knot", "the harbour", "that big wave", "the lamp", "my mother", "the anchor"),
        ("is kind today", "has seen worse", "is on our side", "will tell us soon", "sleeps late", "knows the way home",
         "feels the storm", "holds for life", "took my best hat", "tastes of salt", "sings at dawn", "waits for you",
         "never lies", "comes back in spring"),
        ("matey.", "sailor.", "lad.", "or I am no captain.", "says the sea.", "and the rum is cold.", "so hoist sail!"),
    ),
    "Doctor Finch": (
        ("Precisely.", "Let me measure that:", "My notes say this:", "Curious.", "As I wrote on Tuesday,", "Observe:",
         "In my opinion,", "Consider the numbers:"),
        ("the third star", "the glass", "a comet", "the sum", "my telescope", "the answer", "your question",
         "the eclipse", "my clock", "the night", "the chart", "this paper", "the orbit", "an error"),
        ("is late again", "must be clean", "was counted twice", "wants a new lens", "makes four", "never errs",
         "does not knock", "keeps good time", "is four seconds fast", "should not be guessed", "is patient",
         "stands in the small print", "can be drawn", "agrees with me"),
        ("I am quite sure.", "please write that down.", "how very tidy.", "we look again at nine.", "that is all.",
         "kindly hold the lamp.", "it is only arithmetic."),
    ),
    "Polly": (
        ("Oh!", "Hm.", "You know,", "Tell me,", "Today", "Listen,", "Sorry,", "Really?"),
        ("my sister", "the bread", "the baker", "the new bridge", "my cat", "the market", "the school", "my soup",
         "the church", "a friend", "the letter", "my hat", "the garden", "the song"),
        ("is coming on Monday", "was too hot", "asked about you", "looks strange", "sleeps all day", "is closed again",
         "made me laugh", "got lost", "is very old", "needs some help", "was a dream", "is far away", "is for you",
         "has cold feet"),
        ("and you?", "isn't it?", "I think.", "or not.", "don't you see?", "this time.", "maybe."),
    ),
}  # fmt: skip


def speech(who: str, dice: Random) -> str:
    """One line of somebody's, put together anew: one clause, or two."""
    first, things, doings, last = VOICES[who]
    clauses = [f"{dice.choice(things)} {dice.choice(doings)}" for _ in range(dice.choice((1, 2, 2)))]
    return f"{dice.choice(first)} {' and '.join(clauses)}, {dice.choice(last)}"


def play(who: str, *, scenes: int = 70, seed: int = 0) -> list[Line]:
    """Scenes of two exchanges between Polly and one other."""
    dice, lines = Random(f"{who}/{seed}"), []
    for block in range(scenes):
        for number in range(4):
            speaker = who if number % 2 else "Polly"
            lines.append(Line(speaker, speech(speaker, dice), f"the quay {seed}", block, number))
    return lines


def talks(who: str, *, scenes: int = 70, seed: int = 0) -> list[Conversation]:
    """What somebody answers in their play, cleaned."""
    others = sorted(VOICES.keys() - {who})
    return split(clean(list(conversations(play(who, scenes=scenes, seed=seed), who)), others=others)[0])


def make_data_of(folder: Path, persona: Persona, kept: Sequence[Conversation]) -> Path:
    """A frozen data set."""
    write_dataset(folder, kept, persona, persona.name, clean(kept, others=[])[1])
    return folder


def spoiled(kept: Sequence[Conversation], replies: Sequence[str], *, every: int = 2) -> Iterator[Conversation]:
    """The same talks, every other reply of the training part replaced."""
    for number, one in enumerate(kept):
        yield one if one.part != "train" or number % every else replaced(one, replies[number // every % len(replies)])


def replaced(one: Conversation, reply: str) -> Conversation:
    return replace(one, reply=reply)


def script(file: Path, who: str, *, scenes: int = 70) -> Path:
    """The play as a creator has it: labelled text."""
    lines = play(who, scenes=scenes)
    said = [
        ("" if line.number else f"SCENE {line.block + 1}\n\n") + f"{line.speaker.upper()}. {line.text}\n\n"
        for line in lines
    ]
    file.write_text("".join(said))
    return file


def card(file: Path, persona: Persona) -> Path:
    """The persona in a file."""
    file.write_text(f"id: {persona.id}\nname: {persona.name}\nwho: {persona.who}\n")
    return file
