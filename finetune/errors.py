"""What can go wrong while teaching a model, told apart by whose file it is.

FinetuneError
└── LinesUnreadable    the creator's data can't be read; says which line, and what was expected
"""


class FinetuneError(Exception):
    """The message is a sentence fit for a creator, with what to try."""


class LinesUnreadable(FinetuneError):
    """A file of training text is not what it should be."""
