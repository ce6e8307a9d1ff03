"""The journal's tables: what was heard, what was answered, and what was concluded from it.

utterances   one row per thing said, persona and fan; replies stand in `turns`
claims       a hash of everything ever heard, so that a second delivery is known even after the words are deleted
turns        what was answered; `after` makes the branches
heard        which utterances a turn answers
talks        a place and a persona: whose it is, its title, and the leaf of the branch that is shown
feedback     thumbs
statements   facts, episodes, promises, and memories in the fan's corrected words
forgotten    ids of memories that must not come back when the index is rebuilt; no words
sharing      what a fan allows to be recalled elsewhere
marks        how far something came (reflection, budgets), by persona and fan
consents     which fans let a persona learn from their words; no row is a no
reviews      what a fan liked better, as ids of turns, and what the operator said to it: one row a fan heard in them
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in time: goes in with any time zone, comes back in UTC (SQLite keeps no zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment in the journal names its time zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


UTTERANCES = Table(
    "utterances",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("persona_id", String(64), nullable=False),
    Column("fan_id", String(255), nullable=False),
    Column("platform", String(32), nullable=False),
    Column("id", String(255), nullable=False),
    Column("speaker_id", String(255), nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("place", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("addressed", Boolean, nullable=False),
    UniqueConstraint("persona_id", "fan_id", "platform", "id"),
    Index("ix_utterances_fan", "fan_id", "persona_id", "at"),
    Index("ix_utterances_place", "place", "persona_id", "at"),
    Index("ix_utterances_id", "id"),
)

CLAIMS = Table(
    "claims",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
)

TURNS = Table(
    "turns",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(255), nullable=False, unique=True),
    Column("after", String(255)),
    Column("persona_id", String(64), nullable=False),
    Column("persona_version", String(64), nullable=False),
    Column("place", String(255), nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("said", Text),
    Column("outcome", String(32), nullable=False),
    Column("recalled", JSON, nullable=False),
    Column("lore", JSON, nullable=False),
    Column("model", Text, nullable=False),
    Column("lora", Text),
    Column("prompt_hash", String(128), nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("timings", JSON, nullable=False),
    Column("trace", JSON, nullable=False),
    Index("ix_turns_after", "after"),
    Index("ix_turns_place", "place", "persona_id"),
    Index("ix_turns_outcome", "outcome"),
)

HEARD = Table(
    "heard",
    METADATA,
    Column("turn_id", String(255), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("utterance_seq", Integer, nullable=False),
    Index("ix_heard_utterance", "utterance_seq"),
)

TALKS = Table(
    "talks",
    METADATA,
    Column("place", String(255), primary_key=True),
    Column("persona_id", String(64), primary_key=True),
    Column("fan_id", String(255)),
    Column("title", Text, nullable=False),
    Column("leaf", String(255)),
    Column("began_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Index("ix_talks_fan", "fan_id", "persona_id"),
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("turn_id", String(255), primary_key=True),
    Column("fan_id", String(255), primary_key=True),
    Column("thumb", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_feedback_fan", "fan_id"),
)

STATEMENTS = Table(
    "statements",
    METADATA,
    Column("persona_id", String(64), primary_key=True),
    Column("fan_id", String(255), primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("speaker_id", String(255), nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("place", String(255), nullable=False),
    Column("audience", String(255), nullable=False),
    Column("at", Moment, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("valid_from", Moment),
    Column("valid_to", Moment),
    Column("superseded_by", String(255)),
)

FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("persona_id", String(64), primary_key=True),
    Column("fan_id", String(255), primary_key=True),
    Column("id", String(255), primary_key=True),
)

SHARING = Table(
    "sharing",
    METADATA,
    Column("persona_id", String(64), primary_key=True),
    Column("fan_id", String(255), primary_key=True),
    Column("private_to_public", Boolean, nullable=False),
    Column("public_to_private", Boolean, nullable=False),
)

MARKS = Table(
    "marks",
    METADATA,
    Column("persona_id", String(64), primary_key=True),
    Column("fan_id", String(255), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("value", Text, nullable=False),
)

CONSENTS = Table(
    "consents",
    METADATA,
    Column("persona_id", String(64), primary_key=True),
    Column("fan_id", String(255), primary_key=True),
    Column("at", Moment, nullable=False),
)

REVIEWS = Table(
    "reviews",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("fan_id", String(255), primary_key=True),
    Column("persona_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("chosen", String(255)),
    Column("rejected", String(255)),
    Column("state", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_reviews_fan", "fan_id", "persona_id"),
)
