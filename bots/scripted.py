"""An engine without a model, for those who work on the page: `greenroom up --engine scripted`."""

from collections.abc import Sequence

from serving import ChatMessage, Engine

SCRIPTED = "scripted"
LINES = (
    "Hello! *smiles and waves* It is **so** good to see you here tonight. Tell me, how was your day?",
    "Hmm, let me think… *tilts her head*\n\n1. Maybe rain,\n2. maybe stars.\n\nI wonder which you would pick?",
    "Oh no, I'm sad to hear that. *sighs* Sit here with me for a while. `take a breath` and stay.",
    "Wow! *gasps* Really?! Then listen to this:\n\n> Full spin, little moon,\n> hum along, we land soon.",
    "I love that. *hugs you* 你真好，我很喜欢你说的话。",
)


def make_scripted() -> Engine:
    """Says one of its lines; all of them twice to whom asks for something at length."""
    from serving.testing import ScriptedEngine

    def reply(prompt: Sequence[ChatMessage]) -> str:
        if "at length" in prompt[-1].content:  # time enough to stop her, to leave and to come back
            return "\n\n".join(LINES * 2)
        return LINES[hash(str(prompt)) % len(LINES)]

    return ScriptedEngine(reply, delay=0.04, model=SCRIPTED)
