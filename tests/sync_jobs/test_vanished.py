"""What providers no longer list: which events and distances are gone by that, which are not, and how they come back."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from sync_jobs import jobs, ledger, secrets, stopping, times
from sync_jobs.jobs import CannotSync
from sync_jobs.models import ChangedRow, Connection, Contest, EditionLink, Partner, Run, Schedule, SyncState, db, write
from sync_jobs.providers import ADAPTERS
from sync_jobs.pull.listed import tables_of
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.factories import make_connection, make_link
from tests.sync_jobs.hub import make_hub, scalar
from tests.sync_jobs.test_pull import reach


@pytest.fixture(params=["runsignup", "raceroster"])
def hub(request, app, clock):
    """Three editions to come, of two contests each."""
    world = World.regular(anchor=NOW, editions=3, contests=2, each=8, provider=request.param)
    for weeks, edition in enumerate(world.editions, 1):
        edition.starts_at = int((NOW + timedelta(weeks=weeks)).timestamp())
        for contest in edition.happenings[0].contests:
            contest.starts_at = edition.starts_at
    with servers.start(world) as running:
        reach(app, running)
        yield make_hub(world, running, request.param)


def contest_id(hub, contest):
    return str(contest.number) if hub.provider == "runsignup" else f"{contest.happening.uid}/{contest.number}"


def ours(hub, *contests):
    """Our rows of these distances, or of all."""
    db.session.rollback()
    wanted = [Contest.provider_contest_id.in_([contest_id(hub, one) for one in contests])] if contests else []
    return list(db.session.scalars(select(Contest).where(*wanted).execution_options(populate_existing=True)))


def gone(hub):
    """How many of the provider's rows are gone: happenings, distances."""
    tables = tables_of(ADAPTERS[hub.provider])
    return tuple(scalar(f"SELECT COUNT(*) FROM {name} WHERE gone_at IS NOT NULL") for name in (tables.happenings, tables.contests))


def edition_of(hub, happening):
    return next(edition for edition in hub.editions() if edition.name == happening.name)


def next_runs(edition):
    db.session.rollback()
    return set(db.session.scalars(select(Schedule.next_run_at).where(Schedule.edition_id == edition.edition_id)))


def test_a_distance_that_is_no_longer_listed_is_gone_and_comes_back(hub, clock):
    hub.discover()
    happening = hub.world.happenings[0]
    removed = happening.contests.pop()
    clock.forward(days=1)
    run = hub.sync("events")
    assert (run.status, run.rows_gone) == ("completed", 1)
    assert hub.changes(run.run_id)["gone"] == 1
    assert gone(hub) == (0, 1)
    assert [one.gone_at is not None for one in ours(hub, removed)] == [True]
    assert sum(one.gone_at is not None for one in ours(hub)) == 1
    listed = "SELECT COUNT(*) FROM unified_contests WHERE gone_at IS NULL AND timing_partner_id = :p"
    assert scalar(listed, p=hub.partner_id) == 5
    assert next_runs(edition_of(hub, happening)) != {None}  # the other distance is still read
    assert hub.sync("events").rows_gone == 0  # once
    happening.contests.append(removed)
    clock.forward(days=1)
    again = hub.sync("events")
    assert (again.rows_new, again.rows_gone) == (1, 0)
    assert hub.changes(again.run_id)["new"] == 1
    assert gone(hub) == (0, 0)
    assert not [one for one in ours(hub) if one.gone_at]


def test_an_event_that_is_no_longer_listed_is_gone_with_all_that_waits_for_it(hub, clock):
    hub.discover()
    happening = hub.world.happenings[0]
    edition = edition_of(hub, happening)
    clock.forward(days=1)
    waiting = hub.ask("participants", edition)
    hub.world.happenings.remove(happening)
    hub.ask("events")
    with write() as session:  # the list of events first
        session.execute(update(Run).where(Run.run_id == waiting).values(due_at=times.now() + timedelta(minutes=1)))
    run = hub.work()
    assert (run.status, run.operation_type, run.rows_gone) == ("completed", "events", 3)
    assert gone(hub) == (1, 2)
    assert all(one.gone_at for one in ours(hub, *happening.contests))
    assert (hub.run(waiting).status, hub.run(waiting).cancelled_by) == ("cancelled", "the event list")
    assert next_runs(edition) == {None}
    with pytest.raises(CannotSync, match="does not list this event any more"):
        jobs.request(hub.connection, "participants", edition=edition, trigger="manual", by="Ada", now=times.now())
    assert edition.edition_id not in {
        hub.run(asked.run_id).edition_id
        for asked in jobs.request_current(hub.connection, trigger="manual", by="Ada", now=times.now())
    }
    with write() as session:  # whatever else sets it: the clock asks for nothing of it
        session.execute(update(Schedule).where(Schedule.edition_id == edition.edition_id).values(next_run_at=times.now()))
    jobs.tick(times.now())
    assert next_runs(edition) == {None}
    assert not db.session.scalars(select(Run).where(Run.edition_id == edition.edition_id, Run.status == "pending")).all()


def test_what_is_not_read_any_more_keeps_its_count(hub, clock):
    hub.discover()
    happening = hub.world.happenings[0]
    edition = edition_of(hub, happening)
    hub.sync("participants", edition)
    removed = happening.contests.pop()
    hub.world.revision += 1
    clock.forward(hours=21)
    hub.sync("events")
    assert hub.sync("participants", edition).status == "completed"
    held = {one.provider_contest_id: one.rows_held for one in ours(hub, *happening.contests, removed)}
    assert held[contest_id(hub, happening.contests[0])] == 8
    assert held[contest_id(hub, removed)] == (8 if hub.provider == "runsignup" else 0)  # Race Roster lists people by event


def test_an_event_that_is_listed_again_is_read_whole(hub, clock):
    hub.discover()
    happening = hub.world.happenings[0]
    edition = edition_of(hub, happening)
    hub.sync("participants", edition)
    hub.world.happenings.remove(happening)
    clock.forward(hours=1)
    hub.sync("events")
    hub.world.happenings.insert(0, happening)
    clock.forward(hours=1)
    assert hub.sync("events").rows_new == 3
    assert gone(hub) == (0, 0)
    assert None not in next_runs(edition)
    assert hub.state("participants", edition).full_read_at is None
    assert edition_of(hub, happening).edition_id == edition.edition_id
    assert len(hub.editions()) == 3
    assert hub.sync("participants", edition).status == "completed"


def test_what_is_over_is_never_gone(hub, clock):
    hub.discover()
    clock.forward(days=8)  # the first one was yesterday
    del hub.world.happenings[0]
    del hub.world.happenings[0].contests[0]
    run = hub.sync("events")
    assert (run.status, run.rows_gone) == ("completed", 1)
    assert gone(hub) == (0, 1)


def test_of_an_event_over_two_days_the_first_day_is_over_first(hub, clock):
    happening = hub.world.happenings[0]
    friday, saturday = happening.contests
    saturday.starts_at = friday.starts_at + 86_400
    hub.discover()
    clock.forward(days=7, hours=12)
    happening.contests.remove(friday)
    assert (hub.sync("events").rows_gone, ours(hub, friday)[0].gone_at) == (0, None)
    friday.starts_at, saturday.starts_at = saturday.starts_at, friday.starts_at
    happening.contests[:] = [friday, saturday]
    hub.sync("events")
    happening.contests.remove(friday)
    assert hub.sync("events").rows_gone == 1


def test_a_search_that_does_not_reach_the_end_shows_nobody_gone(hub, clock, monkeypatch):
    hub.discover()
    hub.world.happenings[0].contests.pop()
    clock.forward(days=1)
    fault = hub.sandbox.faults.add("page_cap", 1, provider=hub.provider)
    cut = hub.sandbox.faults.add(
        "status", 500, provider=hub.provider, path="/events" if hub.provider == "raceroster" else "/races", after=2
    )
    assert hub.sync("events").status == "pending"
    assert gone(hub) == (0, 0)
    hub.sandbox.faults.clear(cut)
    clock.forward(hours=1)
    monkeypatch.setattr(stopping, "requested", lambda: True)
    assert hub.work().status == "pending"
    assert gone(hub) == (0, 0)
    monkeypatch.undo()
    hub.sandbox.faults.clear(fault)
    assert (hub.work().status, gone(hub)) == ("completed", (0, 1))


@pytest.mark.parametrize("which", ["happening", "contest"])
def test_a_row_without_a_readable_key_could_be_any(hub, clock, which):
    hub.discover()
    left, _, lost = hub.world.happenings
    removed = left.contests.pop()
    hub.world.happenings.remove(lost)
    odd = hub.world.happenings[1] if which == "happening" else hub.world.happenings[1].contests[0]
    name = "number" if hub.provider == "runsignup" or which == "contest" else "uid"
    was = getattr(odd, name)
    setattr(odd, name, None)
    clock.forward(days=1)
    run = hub.sync("events")
    assert run.status == "completed"
    assert run.rows_aside == 1
    assert gone(hub) == ((0, 0) if which == "happening" else (1, 2))  # which event's the distance is cannot be known
    assert ours(hub, removed)[0].gone_at is None
    setattr(odd, name, was)
    assert hub.sync("events").status == "completed"
    assert gone(hub) == (1, 3)


def test_a_row_of_which_only_the_key_can_be_read_is_listed(hub, clock):
    hub.discover()
    hub.world.happenings[0].contests[0].name = ["no", "text"]
    hub.world.happenings[0].contests.pop()
    clock.forward(days=1)
    run = hub.sync("events")
    assert (run.rows_aside, run.rows_gone, gone(hub)) == (1, 1, (0, 1))


def another_account(hub):
    """Four events of somebody else, as if the credential had become theirs."""
    others = World.regular(anchor=NOW, editions=4, contests=1, each=1, provider=hub.provider).happenings
    start = hub.world.editions[0].starts_at
    for number, happening in enumerate(others):
        happening.number, happening.uid, happening.edition.starts_at = 900 + number, f"other-{number}", start
        happening.contests[0].number, happening.contests[0].starts_at = 9000 + number, start
    return others


@pytest.mark.parametrize("case", ["nothing at all", "an event without distances", "another account's events"])
def test_a_list_that_is_suddenly_empty_is_believed_when_a_person_says_so(hub, clock, case):
    hub.discover()
    if case == "an event without distances":
        hub.world.happenings[0].contests.clear()
    else:
        hub.world.happenings[:] = another_account(hub) if case == "another account's events" else []
    many = 2 if case == "an event without distances" else 6
    clock.forward(days=1)
    run = hub.sync("events")
    assert (run.status, run.error_kind, run.rows_gone) == ("failed", "shrunk", 0)
    assert f"{many} of 6 distances" in run.last_error
    assert (gone(hub), len(hub.editions())) == ((0, 0), 3)
    assert not [one for one in ours(hub) if one.gone_at]
    missing = select(ChangedRow.table_name).where(ChangedRow.run_id == run.run_id, ChangedRow.change == "missing")
    assert list(db.session.scalars(missing)) == [tables_of(ADAPTERS[hub.provider]).contests] * many
    assert ledger.retry(run.run_id, "Sue", times.now())
    assert hub.work().error_kind == "shrunk"  # pressing alone is no yes
    assert ledger.retry(run.run_id, "Sue", times.now(), believe=True)
    assert hub.work().status == "completed"
    assert gone(hub) == ((0, 2) if many == 2 else (3, 6))
    assert len(hub.editions()) == (7 if case == "another account's events" else 3)


def test_far_fewer_events_are_believed_when_a_person_says_so(app, clock):
    world = World.regular(anchor=NOW, editions=40, contests=1, each=1, provider="raceroster")
    for edition in world.editions:
        edition.starts_at = edition.happenings[0].contests[0].starts_at = int((NOW + timedelta(weeks=1)).timestamp())
    with servers.start(world) as running:
        reach(app, running)
        hub = make_hub(world, running, "raceroster")
        hub.discover()
        del world.happenings[:11]
        run = hub.sync("events")
        assert (run.status, run.error_kind, gone(hub)) == ("failed", "shrunk", (0, 0))
        assert "11 of 40 distances" in run.last_error
        del world.happenings[:12]
        ledger.retry(run.run_id, "Sue", times.now(), believe=True)
        again = hub.work()  # a yes to so many is none to many more
        assert (again.error_kind, gone(hub)) == ("shrunk", (0, 0))
        assert "23 of 40 distances" in again.last_error
        del world.happenings[:3]
        ledger.retry(run.run_id, "Sue", times.now(), believe=True)
        assert (hub.work().status, gone(hub)) == ("completed", (26, 26))


def test_new_events_come_in_although_a_person_has_to_look_at_the_missing(hub, clock):
    hub.discover()
    hub.world.happenings[0].contests.clear()
    added = World.regular(anchor=NOW, editions=4, contests=1, each=1, provider=hub.provider).happenings[3]
    hub.world.happenings.append(added)
    clock.forward(days=1)
    assert hub.sync("events").error_kind == "shrunk"
    assert added.name in {edition.name for edition in hub.editions()}


def test_another_connection_of_the_partner_keeps_what_it_lists(hub, clock):
    hub.discover()
    second = make_connection(db.session.get_one(Partner, hub.partner_id), hub.provider, name="second")
    with write() as session:
        secrets.keep(session, second.connection_id, secrets.SECRETS, secrets.of(hub.connection))
    other = dataclasses.replace(hub, connection_id=second.connection_id)
    other.discover()
    happening = hub.world.happenings[0]
    edition = edition_of(hub, happening)
    for one in (hub, other):
        one.sync("participants", edition)
    hub.world.happenings.remove(happening)
    clock.forward(days=1)
    waiting = other.ask("participants", edition)
    with write() as session:
        session.execute(update(Run).where(Run.run_id == waiting).values(due_at=times.now() + timedelta(minutes=1)))
    run = other.sync("events")  # the first to notice leaves it to the one that may still see it
    assert (run.status, run.rows_gone, gone(hub)) == ("completed", 0, (0, 0))
    for model in (EditionLink, Schedule, SyncState):
        of_it = select(model.connection_id).where(model.edition_id == edition.edition_id)
        assert set(db.session.scalars(of_it)) == {hub.connection_id}
    assert other.run(waiting).status == "cancelled"
    run = hub.sync("events")
    assert (run.status, run.rows_gone, gone(hub)) == ("completed", 3, (1, 2))


def test_an_event_without_distances_stays_while_another_connection_lists_it(hub, clock):
    hub.discover()
    happening = hub.world.happenings[0]
    happening.contests.clear()
    ledger.retry(hub.sync("events").run_id, "Sue", times.now(), believe=True)
    assert (hub.work().status, gone(hub)) == ("completed", (0, 2))
    second = make_connection(db.session.get_one(Partner, hub.partner_id), hub.provider, name="second")
    make_link(edition_of(hub, happening), second, happening.uid if hub.provider == "raceroster" else str(happening.number))
    hub.world.happenings.remove(happening)
    assert (hub.sync("events").status, gone(hub)) == ("completed", (0, 2))


def test_a_removed_connection_keeps_nothing(hub, clock):
    hub.discover()
    second = make_connection(db.session.get_one(Partner, hub.partner_id), hub.provider, name="second")
    with write() as session:
        secrets.keep(session, second.connection_id, secrets.SECRETS, secrets.of(hub.connection))
    dataclasses.replace(hub, connection_id=second.connection_id).discover()
    with write() as session:
        session.execute(update(Connection).where(Connection.connection_id == second.connection_id).values(state="removed"))
    del hub.world.happenings[0]
    clock.forward(days=1)
    assert hub.sync("events").rows_gone == 3


def test_two_partners_with_the_same_event_lose_only_their_own(hub, clock):
    hub.discover()
    other = make_hub(hub.world, hub.sandbox, hub.provider)
    other.sync("events")
    del hub.world.happenings[0]
    clock.forward(days=1)
    tables = tables_of(ADAPTERS[hub.provider])
    assert other.sync("events").rows_gone == 3
    of_the_first = f"SELECT COUNT(*) FROM {tables.contests} WHERE gone_at IS NOT NULL AND timing_partner_id = :p"
    assert scalar(of_the_first, p=hub.partner_id) == 0
    listed = "SELECT COUNT(*) FROM unified_contests WHERE gone_at IS NULL AND timing_partner_id = :p"
    assert [scalar(listed, p=one.partner_id) for one in (hub, other)] == [6, 4]


def test_rows_that_no_search_of_ours_ever_brought_are_left_alone(hub, clock):
    table = tables_of(ADAPTERS[hub.provider]).contests
    column = "event_id" if hub.provider == "runsignup" else "sub_event_id"
    other = {"runsignup": ("race_id", "77"), "raceroster": ("event_id", "'old'")}[hub.provider]
    with write() as session:  # from before the takeover
        session.execute(
            text(f"INSERT INTO {table} ({column}, {other[0]}, timing_partner_id) VALUES (4711, {other[1]}, :p)"),
            {"p": hub.partner_id},
        )
    for _ in range(2):
        assert hub.sync("events").rows_gone == 0
    assert gone(hub) == (0, 0)
