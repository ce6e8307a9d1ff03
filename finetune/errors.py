"""What can go wrong while teaching a model, told apart by whose file it is.

FinetuneError
├── LinesUnreadable    the creator's data can't be read; says which line, and what was expected
├── RecipeWrong        a recipe says what can't be; names the line and the nearest right key
├── TrainingRefused    a run that could not end well: it would not fit, could not be served, or is another's folder
├── EvaluationRefused  a LoRA, its base or its data are not such that a figure could be trusted
├── RefreshBusy        another program goes through the same persona's loop
└── NotPublished       the gate stays shut; `reasons` says why, one sentence each
"""

from collections.abc import Sequence


class FinetuneError(Exception):
    """The message is a sentence fit for a creator, with what to try."""


class LinesUnreadable(FinetuneError):
    """A file of training text is not what it should be."""


class RecipeWrong(FinetuneError):
    """A recipe can't be read, or its values don't go together."""


class TrainingRefused(FinetuneError):
    """A run is not begun, so that nobody waits for what can't be."""


class EvaluationRefused(FinetuneError):
    """Nothing can be measured with what was given."""


class RefreshBusy(FinetuneError):
    """Two rounds of one persona at once would publish over each other."""


class NotPublished(FinetuneError):
    """A LoRA may not go on the shelf."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("It is not published. " + " ".join(reasons))
        self.reasons = tuple(reasons)
