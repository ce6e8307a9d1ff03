"""Fans may agree that their words help a persona's next training; what they liked better waits to be reviewed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of consents and of reviews: nobody has agreed to anything yet."""
    op.create_table(
        "consents",
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("persona_id", "fan_id", name=op.f("pk_consents")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("fan_id", sa.String(length=255), nullable=False),
        sa.Column("persona_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("chosen", sa.String(length=255), nullable=True),
        sa.Column("rejected", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "fan_id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_fan", "reviews", ["fan_id", "persona_id"], unique=False)
