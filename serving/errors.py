"""What can go wrong with a model, told apart by who can do something about it.

ServingError
├── EngineAway        the machine: no connection, a crash, a time limit; another engine may answer
├── EngineBusy        the machine: full; ask again after `retry_after` seconds
├── EngineRefused     the author: a wrong key, model, LoRA or sampling value; asking again won't help
├── PromptTooLong     the author: the prompt does not fit the window
└── EngineMissing     the author: a model folder or an optional package is not there; says what to install
"""


class ServingError(Exception):
    """An engine could not do what it was asked; the message is a sentence fit for an operator."""


class EngineAway(ServingError):
    """The engine did not answer, or stopped in the middle."""


class EngineBusy(ServingError):
    """The engine is full for now."""

    def __init__(self, sentence: str, *, retry_after: float = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class EngineRefused(ServingError):
    """The engine understood the request and will not serve it."""


class EngineMissing(ServingError):
    """Something the engine is made of is not installed or not found."""


class PromptTooLong(ServingError):
    """The prompt has more tokens than the window leaves room for."""

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(f"The prompt has {tokens} tokens, and the window leaves room for {limit}.")
        self.tokens = tokens
        self.limit = limit
