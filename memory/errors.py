"""What can go wrong with remembering, told apart by who can do something about it.

MemoryTrouble
├── JournalTrouble
│   ├── JournalUnwritable   the author: the folder can't be written to, or the address of the database is wrong
│   ├── JournalTooNew       the author: a newer greenroom wrote this journal; nothing was touched
│   ├── JournalAway         the machine: the database does not answer or is full
│   │   └── JournalDamaged  the machine: the file is no journal any more; a backup can be put in its place
│   ├── UnknownTurn         the person talking: there is no such turn, or no such place
│   ├── ExportUnreadable    the author: what is to be brought back is no export
│   ├── UnknownReview       the author: nothing of this id waits to be reviewed
│   └── NotYours            the person talking: it is another fan's
├── StoreTrouble
│   ├── StoreAway           the machine: the index does not answer; the journal has everything, try again later
│   ├── StoreDamaged        the machine: the index on disk can't be read; it is rebuilt from the journal
│   ├── StoreTaken          the machine: another process has this fan's folder open
│   └── ForeignRecord       us: a record of somebody else came back; nothing is returned
├── RecallError             whatever stopped a recall; a forgetful persona still speaks
└── UnknownMemory           the person talking: there is no such memory in this scope
"""


class MemoryTrouble(Exception):
    """Something could not be remembered or recalled; the message is a sentence fit for an operator."""


class JournalTrouble(MemoryTrouble):
    """The journal could not do what it was asked."""


class JournalUnwritable(JournalTrouble):
    """The journal can't be opened where it was told to be."""


class JournalTooNew(JournalTrouble):
    """The journal was written by a newer greenroom."""

    def __init__(self, revision: str, known: str) -> None:
        super().__init__(
            f"This journal was written by a newer greenroom (its version is {revision}, "
            f"the newest known here {known}). Nothing was touched. Update greenroom, or name another data folder."
        )
        self.revision = revision
        self.known = known


class JournalAway(JournalTrouble):
    """The database behind the journal failed."""


class JournalDamaged(JournalAway):
    """The journal's file is no journal any more."""


class UnknownTurn(JournalTrouble):
    """There is no turn, talk or utterance of this id."""


class UnknownReview(JournalTrouble):
    """Nothing of this id waits to be reviewed."""


class ExportUnreadable(JournalTrouble):
    """What is to be brought back can't be read; the message says where."""


class NotYours(JournalTrouble):
    """The turn or the talk belongs to another fan."""


class StoreTrouble(MemoryTrouble):
    """The index of memories could not do what it was asked."""


class StoreAway(StoreTrouble):
    """The index does not answer."""


class StoreDamaged(StoreTrouble):
    """The index on disk can't be read."""


class StoreTaken(StoreTrouble):
    """Another process owns this part of the index."""


class ForeignRecord(StoreTrouble):
    """The index returned what belongs to another scope."""


class RecallError(MemoryTrouble):
    """Nothing could be recalled this time."""


class UnknownMemory(MemoryTrouble):
    """There is no such memory in this scope."""
