"""Whole pulls of Haku over real sockets: contests out of people, calls for whom it matters, and readings in many parts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from sync_jobs import stopping, times
from sync_jobs.models import PROVIDER_TABLES, Contest, db
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.sync_jobs.hub import make_hub, scalar
from tests.sync_jobs.test_pull import reach

EACH = 30


@pytest.fixture
def hub(app, clock):
    """One event of two categories with 30 people each."""
    world = World.regular(anchor=NOW, editions=1, contests=2, each=EACH, provider="haku")
    with servers.start(world) as running:
        reach(app, running)
        yield make_hub(world, running, "haku")


def contests():
    found = {
        one.provider_contest_id: (one.name, one.gone_at is None, one.rows_held)
        for one in db.session.scalars(select(Contest).order_by(Contest.contest_id))
    }
    db.session.rollback()
    return found


def statuses():
    table = PROVIDER_TABLES["haku_participants"]
    rows = db.session.execute(select(table.c.participant_id, table.c.registration_status).where(table.c.gone_at.is_(None))).all()
    db.session.rollback()
    return dict(tuple(row) for row in rows)


def seen(hub):
    return scalar("SELECT count(*) FROM unified_participants WHERE timing_partner_id = :p AND contest_id > 0", p=hub.partner_id)


def test_people_bring_their_contests(hub):
    (edition,) = hub.discover()
    assert [one[:2] for one in contests().values()] == [(hub.world.happenings[0].name, True)]
    assert edition.starts_at.timestamp() == hub.world.editions[0].starts_at  # local to the partner's zone
    run = hub.sync("participants", edition)
    assert (run.status, run.rows_new, run.rows_changed, run.rows_gone) == ("completed", 60, 0, 0)
    assert contests() == {
        "4411": (hub.world.happenings[0].name, False, contests()["4411"][2]),
        "4411/901": ("1K", True, EACH), "4411/902": ("2K", True, EACH),
    }  # fmt: skip
    assert statuses().keys() == hub.true()
    assert seen(hub) == 60
    assert hub.discover() == [edition]
    assert [one[1] for one in contests().values()] == [False, True, True]  # the whole event's does not come back


def test_the_next_reading_asks_only_about_who_changed(hub, clock):
    (edition,) = hub.discover()
    hub.sync("participants", edition)
    details = hub.calls("registrations/")
    assert details == 60
    clock.forward(hours=4)
    contest = hub.world.happenings[0].contests[0]
    new = hub.world.register(contest, times.now(), also=hub.world.happenings[0].contests[1], first_name="Zoë")
    hub.world.change(contest.registrations[5], times.now(), bib=4711)
    hub.world.remove(contest.registrations[7], times.now())
    clock.forward(minutes=5)
    run = hub.sync("participants", edition)
    assert (run.rows_new, run.rows_changed, run.rows_gone, run.rows_same) == (2, 2, 0, 58)
    assert hub.calls("registrations/") - details == 3
    assert {key for key, status in statuses().items() if status == "active"} == hub.true()
    assert f"R-{new.key}/901" in statuses()
    assert [one[2] for name, one in contests().items() if "/" in name] == [EACH, EACH + 1]  # one came, one cancelled; one came
    assert seen(hub) == 61
    clock.forward(minutes=5)
    again = hub.sync("participants", edition)
    assert (again.rows_new, again.rows_changed, again.rows_same) == (0, 0, 62)
    assert hub.calls("registrations/") - details == 3
    clock.forward(hours=21)
    night = hub.sync("participants", edition)
    assert (night.rows_new, night.rows_changed, night.rows_gone) == (0, 0, 0)
    assert hub.calls("registrations/") - details == 3 + 61


def test_who_vanished_from_the_list_is_gone_after_the_next_sweep(hub, clock):
    """Every sweep lists everybody, so nobody has to wait for the night, nor for a whole reading that no quota cuts in two."""
    (edition,) = hub.discover()
    hub.sync("participants", edition)
    hub.sandbox.faults.add("removed_vanish")
    hub.world.remove(hub.world.happenings[0].contests[0].registrations[3], times.now())
    clock.forward(hours=4)
    details = hub.calls("registrations/")
    assert hub.sync("participants", edition).rows_gone == 1
    assert hub.calls("registrations/") == details
    assert statuses().keys() == hub.true()


def test_a_reading_that_is_stopped_goes_on_though_its_contests_are_new(hub, monkeypatch):
    (edition,) = hub.discover()
    monkeypatch.setattr(stopping, "requested", lambda: scalar("SELECT count(*) FROM haku_participants") > 0)
    run = hub.sync("participants", edition)
    assert (run.status, run.errors) == ("pending", 0)
    assert len(statuses()) == 25
    monkeypatch.undo()
    again = hub.work()
    assert (again.status, again.rows_new) == ("completed", 60)
    assert hub.calls("registrations/") == 60  # nobody was asked about twice
    assert seen(hub) == 60


def test_a_used_up_plan_keeps_what_came_and_waits(hub, clock):
    (edition,) = hub.discover()
    fault = hub.sandbox.faults.add("limit_exceeded", provider="haku", path="registrations/", after=10)
    run = hub.sync("participants", edition)
    assert (run.status, run.error_kind, run.errors) == ("pending", "throttled", 0)
    assert run.due_at == NOW + timedelta(hours=1)
    assert len(statuses()) == 10
    hub.sandbox.faults.clear(fault)
    clock.forward(hours=1)
    again = hub.work()
    assert (again.status, again.rows_new) == ("completed", 60)
    assert hub.calls("registrations/") == 61  # the refused one, and each person once


def test_a_person_whose_detail_does_not_come_is_there_and_named(hub, clock):
    (edition,) = hub.discover()
    someone = hub.world.happenings[0].contests[0].registrations[4]
    fault = hub.sandbox.faults.add("vanished", provider="haku", path=f"registrations/r-{someone.key}")
    run = hub.sync("participants", edition)
    assert (run.status, run.rows_aside) == ("completed", 1)
    assert hub.aside(run.run_id)[0].row_key == f"4411/R-{someone.key}"
    assert statuses()[f"R-{someone.key}"] == "detail pending"
    edition_of = "SELECT edition_id FROM unified_participants WHERE registration_key = :k"
    assert scalar(edition_of, k=f"R-{someone.key}") == edition.edition_id
    hub.sandbox.faults.clear(fault)
    clock.forward(minutes=15)
    assert (hub.sync("participants", edition).rows_aside, seen(hub)) == (0, 60)
    assert {key for key, status in statuses().items() if status == "active"} == hub.true()
