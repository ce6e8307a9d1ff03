"""A journal made at once and one that was migrated step by step are the same."""

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from memory.journal_database import NEWEST, alembic_config, make_tables
from memory.journal_tables import HEARD, METADATA, UTTERANCES
from tests.memory.builders import NOON


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


def test_lines_that_an_older_greenroom_overheard_go_but_for_the_newest_of_each_place() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0002")
        places = {"discord:1/2": 25, "discord:1/3": 3, "discord:dm/4": 25, "web:5": 25}
        rows = [overheard(place, n) for place, lines in places.items() for n in range(lines)]
        connection.execute(UTTERANCES.insert(), [*rows, {**overheard("discord:1/2", 99), "addressed": True}])
        heard = sa.select(UTTERANCES.c.seq).where(UTTERANCES.c.id == "discord:1/2 1").scalar_subquery()
        connection.execute(HEARD.insert().values(turn_id="t", position=0, utterance_seq=heard))

        command.upgrade(alembic_config(connection), "head")

        by_place = sa.select(UTTERANCES.c.place, sa.func.count()).group_by(UTTERANCES.c.place)
        left = dict(connection.execute(by_place).tuples().all())
    engine.dispose()

    assert left == {"discord:1/2": 22, "discord:1/3": 3, "discord:dm/4": 25, "web:5": 25}


def overheard(place: str, n: int) -> dict[str, object]:
    """A line said beside a persona, n minutes after noon."""
    words = {"id": f"{place} {n}", "speaker_id": "discord:bo", "speaker_name": "Bo", "place": place, "text": "so"}
    whose = {"persona_id": "mika", "fan_id": "discord:bo", "platform": place.partition(":")[0], "addressed": False}
    return {**words, **whose, "at": NOON + timedelta(minutes=n)}
