"""Which failures are told in a sentence, because whoever reads it can do something about it."""

from bots.app import DataFolder
from bots.keys import KeysTrouble, UnknownKey
from memory import MemoryTrouble
from personas import PersonaError
from serving import ServingError
from serving.settings_file import SettingsWrong


class NotStarted(Exception):
    """A program could not start; the message says what to try."""


TOLD_PLAINLY = (
    UnknownKey,
    KeysTrouble,
    DataFolder,
    SettingsWrong,
    NotStarted,
    MemoryTrouble,
    PersonaError,
    ServingError,
)


def sentence_of(exc: BaseException) -> str:
    """What happened and what to try, in one or a few lines."""
    if isinstance(exc, BaseExceptionGroup):
        return sentence_of(exc.exceptions[0])
    return str(exc)
