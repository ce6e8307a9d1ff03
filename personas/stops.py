"""Where a reply must end because somebody else's line would begin: strings for `Sampling.stop`.

Whoever delivers a reply cuts it there as well (`bots/reply.py`); told to the engine, they spare the words nobody will
read. The likeliest come first, since some servers take four and no more.
What is not covered: words put into a fan's mouth inside a sentence ("and then you say yes").
"""

from personas.prompt import labels_of
from personas.scene import Scene

ANYBODY = ("Fan", "User")
MARKS = ("[notes]", "[/notes]")


def stops(scene: Scene) -> tuple[str, ...]:
    """The persona's own stop strings, then a line of anybody in the scene, then the marks of the notes.

    Fans come in the order in which they last spoke, by the label the prompt gives them and by what the persona's
    examples call them; another character's line ends a reply like a fan's.
    """
    persona, labels = scene.persona, labels_of(scene)
    spoke = [labels.name(said.speaker_id, said.speaker_name) for said in reversed((*scene.history, *scene.heard))]
    others = [name for name in (*spoke, *ANYBODY) if name != persona.name]
    return tuple(dict.fromkeys((*persona.plays.sampling.stop, *(f"\n{name}:" for name in others), *MARKS)))
