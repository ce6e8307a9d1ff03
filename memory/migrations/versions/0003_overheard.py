"""Of what a persona merely overheard in a channel only the newest lines are kept; see `make_room`."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLD = """
DELETE FROM utterances WHERE seq IN (
    SELECT seq FROM (
        SELECT seq, row_number() OVER (PARTITION BY place, persona_id ORDER BY at DESC, seq DESC) AS newest
        FROM utterances
        WHERE NOT addressed AND place LIKE 'discord:%' AND place NOT LIKE 'discord:dm/%'
            AND speaker_id <> 'persona:' || persona_id
            AND NOT EXISTS (SELECT 1 FROM heard WHERE heard.utterance_seq = utterances.seq)
    ) AS beside
    WHERE newest > 20
)
"""


def upgrade() -> None:
    """Delete the others."""
    op.execute(OLD)
