"""The statement that writes provider rows: what the driver is handed, in both databases' words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from sync_jobs import upsert
from sync_jobs.models import NATURAL_KEYS, PROVIDER_TABLES, TWINS, db, write
from sync_jobs.models.provider_tables import runsignup_events, runsignup_participants

STARTS = datetime(2026, 6, 13, 11, 30, tzinfo=UTC)


def put(table, *rows):
    with write() as session:
        connection = session.connection()
        upsert.of(connection.dialect, table.name).run(connection, rows)


def person(**changes):
    return {"timing_partner_id": 1, "registration_id": 5, "event_id": 9, "first_name": "Ada", "bib_num": "12", **changes}


def test_a_row_is_written_once_and_what_it_does_not_say_is_empty(app):
    put(runsignup_participants, person(), person(first_name="Bea", never_a_column="x"), person(registration_id=6))
    rows = db.session.execute(select(runsignup_participants).order_by("registration_id")).mappings().all()
    assert [(row["registration_id"], row["first_name"], row["email"]) for row in rows] == [(5, "Bea", None), (6, "Ada", None)]


@pytest.mark.parametrize("blank", [None, ""])
def test_a_blank_bib_does_not_take_one_away(app, blank):
    put(runsignup_participants, person())
    put(runsignup_participants, person(bib_num=blank))
    assert db.session.scalar(select(runsignup_participants.c.bib_num)) == "12"
    put(runsignup_participants, person(bib_num="13"))
    assert db.session.scalar(select(runsignup_participants.c.bib_num)) == "13"


def test_instants_come_back_as_they_were(app):
    put(runsignup_events, {"event_id": 9, "race_id": 3, "timing_partner_id": 1, "starts_at": STARTS})
    assert db.session.scalar(select(runsignup_events.c.starts_at)) == STARTS


def test_the_row_of_another_partner_stays(app):
    put(runsignup_events, {"event_id": 9, "name": "Theirs", "timing_partner_id": 2})
    put(runsignup_events, {"event_id": 9, "name": "Ours", "timing_partner_id": 1})
    assert db.session.scalar(select(runsignup_events.c.name)) == "Theirs"


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect(paramstyle="pyformat")], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize("table_name", PROVIDER_TABLES)
def test_every_table_has_a_statement_whose_parameters_are_its_columns(dialect, table_name):
    for twin in (False, True) if table_name in TWINS else (False,):
        made = upsert.of(dialect, table_name, twin=twin)
        assert set(NATURAL_KEYS[table_name]) <= set(made.blank)
        row = {name: number for number, name in enumerate(made.blank)}
        given = made.parameters(row)
        if dialect.name == "sqlite":
            assert made.sql.count("?") == len(given) == len(row)
        else:
            assert given == row
            assert all(f"%({name})s" in made.sql for name in row)
