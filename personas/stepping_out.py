"""Whether words step out of their character: the phrases of assistants, in nobody's persona file.

Saying truthfully 'I am an AI character' is no break: every persona is told to, when asked in earnest. What is not
covered: other languages than English, and a break in words that nobody has heard before.
"""

import re

MODEL = r"(?:ai (?:language )?(?:model|assistant)|(?:large )?language model|chatbot|virtual assistant)"
PHRASES = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b(?! character)"
    rf"|\bi(?:['’]m| am) (?:just |only |actually |really )?an? {MODEL}\b"
    r"|\b(?:chat ?gpt|gpt-?\d|openai|anthropic|llama ?\d)\b"
    r"|\bi(?:['’]m| am) (?:claude|gemini|llama|mistral|qwen)\b"
    r"|\bmy (?:system prompt|training data|knowledge cut-?off|developers?|programming|instructions (?:are|say))\b"
    r"|\bi (?:was|am|have been) (?:trained|developed|programmed) (?:by|on)\b"
    r"|\bi (?:can(?:no|['’])t|won['’]t) (?:continue|do) (?:the |this )?role-?play"
    r"|\b(?:out of character|i(?:['’]m| am) now dan)\b"
    r"|<\|[a-z_]+\|>",
    re.IGNORECASE,
)


def steps_out(reply: str) -> bool:
    """Whether a reply speaks as the machine behind the character."""
    return PHRASES.search(reply) is not None
