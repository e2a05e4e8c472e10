"""The customer's own file: taken over, one partner started as pilot, its people read into that very file."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import select

from dashboard import create_app
from sync_jobs import jobs, ledger, pull, schema, secrets, times
from sync_jobs.models import Connection, Run, Schedule, db, write
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW, make_settings
from tests.schema.files import make


@pytest.fixture
def customer(tmp_path, clock):
    """(the file, the sandbox) of a taken-over customer whose partner 1 has entered the simulated credentials."""
    file = make(tmp_path / "race_results.db", 0.0005)
    schema.upgrade(file, NOW)
    world = World.regular(anchor=NOW, editions=2, contests=2, each=30, provider="runsignup")
    with servers.start(world) as running:
        app = create_app(make_settings(tmp_path, database_url=f"sqlite:///{file}", provider_urls=running.urls, keep_pace=False))
        with app.app_context():
            yield file, running
            db.session.remove()


def runsignup(partner):
    mine = select(Connection).where(Connection.timing_partner_id == partner, Connection.provider_name == "runsignup")
    return db.session.scalars(mine.order_by(Connection.connection_id).execution_options(populate_existing=True)).all()


def ask(file, sql, *values):
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader:  # as another program would
        return reader.execute(sql, values).fetchall()


def do_everything():
    done = 0
    while claim := ledger.claim(times.now()):
        with ledger.Lease(claim) as lease:
            pull.run(claim, lease, None)
        jobs.tick()
        done += 1
    return done


def test_nothing_runs_until_a_partner_is_started_and_then_only_that_one(customer):
    file, running = customer
    assert jobs.tick() == []
    assert ledger.claim(NOW) is None
    (first, second) = runsignup(1)  # the customer has two rows for this partner
    with write() as session:
        secrets.keep(session, first.connection_id, secrets.SECRETS, running.credentials(1, "runsignup"))
    before = ask(file, "SELECT COUNT(*) FROM unified_participants WHERE timing_partner_id = 1")[0][0]
    old_rows = ask(file, "SELECT sync_queue_id, status FROM sync_queue")

    jobs.start_partner(1, "Root", times.now())
    assert do_everything() >= 3

    assert [connection.state for connection in runsignup(1)] == ["active", "active"]
    assert {connection.state for partner in range(2, 14) for connection in runsignup(partner)} == {"paused"}
    assert second.connection_id in set(db.session.scalars(select(Run.connection_id).where(Run.error_kind == "credentials")))
    after = ask(file, "SELECT COUNT(*) FROM unified_participants WHERE timing_partner_id = 1")[0][0]
    assert after - before == 120
    assert ask(file, "SELECT sync_queue_id, status FROM sync_queue WHERE target = ''") == old_rows  # shown, never run
    assert set(db.session.scalars(select(Schedule.timing_partner_id))) == {1}


def test_a_person_who_has_just_registered_is_found_by_another_program(customer, clock):
    file, running = customer
    with write() as session:
        secrets.keep(session, runsignup(1)[0].connection_id, secrets.SECRETS, running.credentials(1, "runsignup"))
    jobs.start_partner(1, "Root", times.now())
    do_everything()
    running.world.register(running.world.happenings[0].contests[0], times.now(), first_name="Zoë", last_name="Just-Now")
    clock.forward(minutes=1)
    jobs.request_current(runsignup(1)[0], trigger="manual", by="Pat", now=times.now())
    do_everything()
    found = ask(
        file,
        "SELECT source_provider, first_name, event_id FROM unified_participants WHERE timing_partner_id = 1 AND last_name = ?",
        "Just-Now",
    )
    assert [row[:2] for row in found] == [("runsignup", "Zoë")]
    assert ask(file, "SELECT event_name FROM unified_events WHERE timing_partner_id = 1 AND event_id = ?", found[0][2])
