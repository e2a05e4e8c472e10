"""What a changed reading leads to where no start list follows it: the people of matched distances are matched."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from sync_jobs import contest_map, times
from sync_jobs.models import PROVIDER_TABLES, Contest, EntryLink, Partner, Run, db, write
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.factories import make_connection, make_contest, make_link
from tests.sync_jobs.hub import make_hub
from tests.sync_jobs.test_pull import reach

EACH = 4


@pytest.fixture
def hub(app, clock):
    """One event of one distance at RunSignUp, whose people nobody has read yet; all of them stand on ChronoTrack's list."""
    world = World.regular(anchor=NOW, editions=1, contests=1, each=EACH)
    with servers.start(world) as running:
        reach(app, running)
        hub = make_hub(world, running, "runsignup")
        (hub.edition,) = hub.discover()
        hub.people = world.happenings[0].contests[0].registrations
        scored_elsewhere(hub)
        yield hub


def scored_elsewhere(hub):
    """The distance is matched with one at a connection that is paused: no start list is sent there."""
    paused = make_connection(db.session.get_one(Partner, hub.partner_id), "chronotrack", state="paused")
    ours = db.session.scalars(select(Contest)).one()
    make_link(hub.edition, paused, "900")
    theirs = make_contest(hub.edition, paused, ours.name, happening_id="900", provider_contest_id="900/1", starts_at=ours.starts_at)
    rows = [
        {"entry_id": str(n), "event_id": "900", "race_id": "1", "entry_external_id": f"rsu:{one.key}", "entry_status": "CONF",
         "timing_partner_id": hub.partner_id}
        for n, one in enumerate(hub.people)
    ]  # fmt: skip
    with write() as session:
        session.execute(insert(PROVIDER_TABLES["ct_participants"]), rows)
    contest_map.confirm(hub.edition.edition_id, ours.contest_id, theirs.contest_id, by="Pat", now=NOW, looked=True)


def linked():
    db.session.rollback()
    return len(db.session.scalars(select(EntryLink).where(EntryLink.ended_at.is_(None))).all())


def test_people_are_matched_after_each_reading_that_changed_somebody(hub):
    assert linked() == 0
    assert hub.sync("participants", hub.edition).rows_new == EACH
    assert linked() == EACH
    hub.world.remove(hub.people[0], times.now())
    assert hub.sync("participants", hub.edition).rows_gone == 1
    assert linked() == EACH - 1
    assert db.session.scalars(select(Run).where(Run.operation_type == "start_list")).all() == []


def test_a_reading_that_changed_nobody_looks_at_nobody(hub):
    hub.sync("participants", hub.edition)
    with write() as session:
        session.scalars(select(EntryLink)).first().ended_at = NOW
    hub.sync("participants", hub.edition)
    assert linked() == EACH - 1
