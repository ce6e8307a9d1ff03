"""Models: words in; words, vectors or labels out. The ground floor: it knows no persona and no platform."""

from serving.admission import Admission
from serving.budget import Budget, BudgetSpent, Price
from serving.chat import ChatMessage, Completion, Delta, FinishReason, Role, Sampling, Shaped
from serving.encoder import Encoder, Questioner, Reader, Reading, Reranker, Vectors
from serving.engine import Engine, Window
from serving.errors import EngineAway, EngineBusy, EngineMissing, EngineRefused, PromptTooLong, ServingError
from serving.fallback import FallbackEngine
from serving.shelf import Shelf, ShelfError, Shelved
from serving.trial import Tally, Trial, Wardrobe, judged

__all__ = [
    "Admission",
    "Budget",
    "BudgetSpent",
    "ChatMessage",
    "Completion",
    "Delta",
    "Encoder",
    "Engine",
    "EngineAway",
    "EngineBusy",
    "EngineMissing",
    "EngineRefused",
    "FallbackEngine",
    "FinishReason",
    "Price",
    "PromptTooLong",
    "Questioner",
    "Reader",
    "Reading",
    "Reranker",
    "Role",
    "Sampling",
    "ServingError",
    "Shaped",
    "Shelf",
    "ShelfError",
    "Shelved",
    "Tally",
    "Trial",
    "Vectors",
    "Wardrobe",
    "Window",
    "judged",
]
