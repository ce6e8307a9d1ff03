"""A small troupe with a play of its own: three voices far enough apart that a tiny model can learn one in minutes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from finetune.cleaning import clean
from finetune.conversation import Conversation, conversations
from finetune.dataset import write_dataset
from finetune.line import Line
from personas import Persona

BRINE = Persona(id="brine", name="Captain Brine", who="An old sea captain who keeps a small boat in the harbour.")
FINCH = Persona(id="finch", name="Doctor Finch", who="A doctor of stars who measures everything twice.")
VOICES: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "Captain Brine": (
        ("Aye,", "Arr,", "Easy there,", "Ahoy,", "By the old anchor,", "Steady,", "Heave ho,", "Well blow me down,",
         "Mind the ropes,", "Salt and thunder,"),
        ("the tide is kind today", "my boat has seen worse", "the wind is on our side", "the sea will tell us",
         "I keep a dry coat for you", "there is rain behind that hill", "we sail before the moon is up",
         "the gulls know more than I do", "my old knees feel the storm", "a good knot holds for life",
         "the harbour sleeps late", "I lost a hat to that wave", "fish taste best at dawn", "the lamp is lit for you"),
        ("matey.", "so hoist the sail!", "and that is no lie.", "or I am no captain.", "sailor.",
         "and the rum is cold.", "as my mother used to sing.", "so pull up a barrel.", "says the sea.", "lad."),
    ),
    "Doctor Finch": (
        ("Precisely.", "Let me measure that.", "My notes say this:", "Curious.", "One moment, please.",
         "As I wrote on Tuesday:", "Consider the numbers.", "In my opinion,", "Observe.", "Allow me."),
        ("the third star is late again", "I have counted it twice", "the glass must be clean", "two and two make four",
         "nothing in the sky is in a hurry", "my telescope wants a new lens", "the answer is in the small print",
         "a comet does not knock", "I drew a chart of your question", "the moon keeps very good time",
         "my clock is four seconds fast", "the night is my best student", "one should never guess", "paper is patient"),
        ("I am quite sure.", "The chart agrees.", "It is only arithmetic.", "Please write that down.",
         "We shall look again at nine.", "How very tidy.", "I have the figures here.", "That is all.",
         "Kindly hold the lamp.", "So much for guessing."),
    ),
    "Polly": (
        ("Oh!", "Hm.", "You know,", "Tell me,", "Today", "Listen,", "Sorry,", "Really?", "Please,", "Look,"),
        ("I baked some bread", "my sister is coming on Monday", "I can't find my keys", "the baker asked about you",
         "what do you think of the new bridge", "I had a strange dream", "is it far to the market",
         "my cat sleeps all day", "I was late again", "do you want some soup", "the school is closed",
         "I saw you by the church", "my feet are cold", "did you hear the bells"),
        ("today.", "and you?", "isn't it?", "I think.", "or not.", "again.", "don't you?", "this time.", "maybe."),
    ),
}  # fmt: skip


def speech(who: str, dice: Random) -> str:
    """One line of somebody's, put together anew."""
    first, middle, last = (dice.choice(parts) for parts in VOICES[who])
    return f"{first} {middle}, {last}" if last[0].islower() else f"{first} {middle}. {last}"


def play(who: str, *, scenes: int = 90, seed: int = 0) -> list[Line]:
    """Scenes of two exchanges between Polly and one other."""
    dice, lines = Random(f"{who}/{seed}"), []
    for block in range(scenes):
        for number in range(4):
            speaker = who if number % 2 else "Polly"
            lines.append(Line(speaker, speech(speaker, dice), f"the quay {seed}", block, number))
    return lines


def talks(who: str, *, scenes: int = 90, seed: int = 0) -> list[Conversation]:
    """What somebody answers in their play, cleaned."""
    others = sorted(VOICES.keys() - {who})
    return clean(list(conversations(play(who, scenes=scenes, seed=seed), who)), others=others)[0]


def make_data_of(folder: Path, persona: Persona, kept: Sequence[Conversation]) -> Path:
    """A frozen data set."""
    write_dataset(folder, kept, persona, persona.name, clean(kept, others=[])[1])
    return folder


def spoiled(kept: Sequence[Conversation], replies: Sequence[str], *, every: int = 2) -> Iterator[Conversation]:
    """The same talks, every other reply of the training part replaced."""
    for number, one in enumerate(kept):
        yield one if one.part != "train" or number % every else replaced(one, replies[number // every % len(replies)])


def replaced(one: Conversation, reply: str) -> Conversation:
    return Conversation(one.before, reply, one.block)


def script(file: Path, who: str, *, scenes: int = 90) -> Path:
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
