"""Where Alembic enters: it migrates the connection that the journal hands it."""

from alembic import context

from memory.journal_tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
