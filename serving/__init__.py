"""Models: words in; words, vectors or labels out. The ground floor: it knows no persona and no platform."""

from serving.chat import ChatMessage, Completion, Delta, FinishReason, Role, Sampling
from serving.encoder import Encoder, Reader, Reading, Vectors
from serving.engine import Engine, Window
from serving.errors import EngineAway, EngineBusy, EngineMissing, EngineRefused, PromptTooLong, ServingError

__all__ = [
    "ChatMessage",
    "Completion",
    "Delta",
    "Encoder",
    "Engine",
    "EngineAway",
    "EngineBusy",
    "EngineMissing",
    "EngineRefused",
    "FinishReason",
    "PromptTooLong",
    "Reader",
    "Reading",
    "Role",
    "Sampling",
    "ServingError",
    "Vectors",
    "Window",
]
