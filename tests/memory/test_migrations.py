"""A journal made at once and one that was migrated step by step are the same."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from memory.journal_database import NEWEST, alembic_config, make_tables
from memory.journal_tables import METADATA


def test_the_migrations_make_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/migrated.sqlite3")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")

        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
        tables = set(sa.inspect(connection).get_table_names())
    engine.dispose()

    assert differences == []
    assert tables == {*METADATA.tables, "alembic_version"}


def test_a_fresh_journal_is_stamped_with_the_newest_migration() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        make_tables(connection)

        head = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
        stamped = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()

    assert head == stamped == NEWEST
