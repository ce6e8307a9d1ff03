"""Sets a ranking to its encoder: which languages its vectors mean something in, and what its cosines are worth.

The weights of `memory.ranking` were learnt with MiniLM, whose cosines of unrelated lines lie around .09. Another
encoder's may lie around .75; a dozen questions with their answers, asked once at the opening, tell how to read them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memory.languages import Language
from serving import Encoder, Questioner, Reranker, Vectors

KNOWN = frozenset({"all-minilm-l6-v2"})  # encoders whose cosines the weights were learnt with
UNRELATED, RELATED = 0.09, 0.47  # the mean cosines of the pairs below by MiniLM: other answers, and the own
PAIRS = (
    ("What is my cat called?", "My cat is called Miso, she has three legs."),
    ("Where do I work?", "I started as a baker on Hill Street."),
    ("When is my exam?", "The big exam in biology is next Tuesday."),
    ("Which song do I like most?", "My favourite song of all is that one about the lighthouse."),
    ("Who is coming to visit?", "My sister comes to visit me from Oslo."),
    ("What did I cook yesterday?", "I made pumpkin soup for dinner yesterday."),
    ("What am I afraid of?", "Honestly, thunderstorms scare me."),
    ("Where did I go on holiday?", "We spent our holiday at a lake in Finland."),
    ("What instrument do I play?", "I have been learning the cello for two years."),
    ("What did the doctor say?", "The doctor told me to rest my knee."),
    ("Which game do we play?", "On Fridays we play chess online."),
    ("What broke last week?", "My laptop fell and its screen is broken."),
)


@dataclass(frozen=True, slots=True)
class Tuning:
    """`slope` and `offset` turn a cosine into what MiniLM would have given; `reranker` reads the `candidates` likeliest
    memories with the question once more.
    """

    reads: frozenset[Language] = frozenset({"en"})
    slope: float = 1.0
    offset: float = 0.0
    reranker: Reranker | None = None
    candidates: int = 30


async def tuned(
    encoder: Encoder, reads: Sequence[Language], *, reranker: Reranker | None = None, candidates: int = 30
) -> Tuning:
    """The tuning for an encoder. Raises what the encoder raises."""
    if encoder.name in KNOWN:
        return Tuning(frozenset(reads), reranker=reranker, candidates=candidates)
    asks = encoder.encode_questions if isinstance(encoder, Questioner) else encoder.encode
    slope, offset = line_through(await asks([q for q, _ in PAIRS]), await encoder.encode([a for _, a in PAIRS]))
    return Tuning(frozenset(reads), slope, offset, reranker, candidates)


def line_through(questions: Vectors, answers: Vectors) -> tuple[float, float]:
    """Slope and offset of the line on which both kinds of pairs lie where MiniLM sees them; both (pairs, dim)."""
    cosines = questions @ answers.T
    own = float(np.diag(cosines).mean())
    others = float((cosines.sum() - np.trace(cosines)) / (len(cosines) * (len(cosines) - 1)))
    slope = (RELATED - UNRELATED) / max(own - others, 0.02)  # an encoder that sees no difference is not to shout
    return slope, UNRELATED - slope * others
