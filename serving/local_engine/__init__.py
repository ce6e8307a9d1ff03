"""A language model in this process: the door of torch and transformers, and how one small model serves many fans.

    engine.py        LocalEngine: what the rest of the house sees; asyncio on this side, no torch
    generation.py    one reply in the making, handed between the event loop and the model's thread
    worker.py        the thread: takes new prompts in, and says the next token of all replies in one step
    folder.py        a model's folder, looked at before torch is imported
    network.py       a model's folder, loaded; messages to tokens
    slots.py         the attention's memory, a slot for each reply, laid out for one step over all of them
    prefixes.py      the attention's memory of prompts read before, so that a talk's past is not read twice
    loras.py         several LoRAs in one step
    sampler.py       the choice of the next token
    detokenizer.py   tokens to text, never half a character

What is not covered: models whose attention looks back only so far, or that are recurrent; vLLM serves those.
"""

from serving.local_engine.engine import LocalEngine

__all__ = ["LocalEngine"]
