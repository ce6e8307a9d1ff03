"""The journal as it began."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "claims",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_claims")),
    )
    op.create_table(
        "feedback",
        sa.Column("turn_id", sa.String(length=255), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("thumb", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "fan_id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_fan", "feedback", ["fan_id"], unique=False)
    op.create_table(
        "forgotten",
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("persona_id", "fan_id", "id", name=op.f("pk_forgotten")),
    )
    op.create_table(
        "heard",
        sa.Column("turn_id", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("utterance_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "position", name=op.f("pk_heard")),
    )
    op.create_index("ix_heard_utterance", "heard", ["utterance_seq"], unique=False)
    op.create_table(
        "marks",
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("persona_id", "fan_id", "name", name=op.f("pk_marks")),
    )
    op.create_table(
        "sharing",
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("private_to_public", sa.Boolean(), nullable=False),
        sa.Column("public_to_private", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("persona_id", "fan_id", name=op.f("pk_sharing")),
    )
    op.create_table(
        "statements",
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("speaker_id", sa.String(length=255), nullable=False),
        sa.Column("speaker_name", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("audience", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("persona_id", "fan_id", "id", name=op.f("pk_statements")),
    )
    op.create_table(
        "talks",
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("leaf", sa.String(length=255), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place", "persona_id", name=op.f("pk_talks")),
    )
    op.create_index("ix_talks_fan", "talks", ["fan_id", "persona_id"], unique=False)
    op.create_table(
        "turns",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("after", sa.String(length=255), nullable=True),
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("persona_version", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("recalled", sa.JSON(), nullable=False),
        sa.Column("lore", sa.JSON(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("lora", sa.Text(), nullable=True),
        sa.Column("prompt_hash", sa.String(length=128), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("timings", sa.JSON(), nullable=False),
        sa.Column("trace", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_turns")),
        sa.UniqueConstraint("id", name=op.f("uq_turns")),
    )
    op.create_index("ix_turns_after", "turns", ["after"], unique=False)
    op.create_index("ix_turns_outcome", "turns", ["outcome"], unique=False)
    op.create_index("ix_turns_place", "turns", ["place", "persona_id"], unique=False)
    op.create_table(
        "utterances",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("speaker_id", sa.String(length=255), nullable=False),
        sa.Column("speaker_name", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_utterances")),
        sa.UniqueConstraint("persona_id", "fan_id", "platform", "id", name=op.f("uq_utterances")),
    )
    op.create_index("ix_utterances_fan", "utterances", ["fan_id", "persona_id", "at"], unique=False)
    op.create_index("ix_utterances_id", "utterances", ["id"], unique=False)
    op.create_index("ix_utterances_place", "utterances", ["place", "persona_id", "at"], unique=False)
