"""The one door for every wish, and the clock that uses it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, update

from sync_jobs import cadence, jobs, ledger, pull, schedules, secrets
from sync_jobs.jobs import CannotSync
from sync_jobs.models import Connection, PartnerSettings, Run, Schedule, db, write
from sync_jobs.providers import ADAPTERS
from tests.conftest import NOW
from tests.factories import keep, make_connection, make_edition, make_link, make_partner


@pytest.fixture
def connection(app, clock):
    connection = make_connection(make_partner())
    with write() as session:
        secrets.keep(session, connection.connection_id, secrets.SECRETS, {"api_key": "k", "api_secret": "s"})
    return connection


def count(model=Run):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


def plan(connection, edition=None, **given):
    operation = "participants" if edition else "events"
    fields = {"next_run_at": NOW, "timezone": "America/New_York", "plan": "standard", **given}
    keep(
        Schedule(
            target=f"{connection.connection_id}:{operation}:{edition.edition_id if edition else 'all'}",
            timing_partner_id=connection.timing_partner_id,
            connection_id=connection.connection_id,
            edition_id=edition.edition_id if edition else None,
            provider_name=connection.provider_name,
            operation_type=operation,
            **fields,
        )
    )


def test_a_wish_is_kept_although_redis_is_away(connection):
    requested = jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW)
    assert db.session.get_one(Run, requested.run_id).status == "pending"
    assert ledger.due_unhinted(NOW, 10) == [requested.run_id]  # nobody was told: the dispatcher will


@pytest.mark.parametrize("state", ["paused", "incomplete", "unsupported", "removed"])
def test_a_connection_that_cannot_sync_says_why(connection, state):
    with write() as session:
        session.get_one(Connection, connection.connection_id).state = state
    found = db.session.get_one(Connection, connection.connection_id)
    with pytest.raises(CannotSync):
        jobs.request(found, "events", trigger="manual", by="Ada", now=NOW)
    assert count() == 0


def test_nothing_runs_before_the_partner_is_started(app, clock):
    connection = make_connection(make_partner(started=False))
    with pytest.raises(CannotSync, match="not been started"):
        jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW)


def test_an_event_must_be_the_connections_own(connection):
    edition = make_edition(make_partner("Other"))
    with pytest.raises(CannotSync, match="does not know this event"):
        jobs.request(connection, "participants", edition=edition, trigger="manual", by="Ada", now=NOW)
    with pytest.raises(CannotSync, match="needs an event"):
        jobs.request(connection, "participants", trigger="manual", by="Ada", now=NOW)


def test_a_provider_without_an_adapter_is_named_not_tried(app, clock):
    connection = make_connection(make_partner(), "racerecord")
    with pytest.raises(CannotSync, match="Race Record comes with a later version"):
        jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW)


def test_a_connection_that_lacks_a_credential_keeps_no_other_from_beginning(app, clock):
    partner = make_partner(started=False)
    _, complete = (make_connection(partner, name=name, state="paused") for name in ("Bare", "Complete"))
    with write() as session:
        secrets.keep(session, complete.connection_id, secrets.SECRETS, {"api_key": "k", "api_secret": "s"})
    (run_id,) = jobs.start_partner(partner.timing_partner_id, "Ada", NOW)
    assert db.session.get_one(Run, run_id).connection_id == complete.connection_id
    states = {one.name: one.state for one in db.session.scalars(select(Connection))}
    assert states == {"Bare": "incomplete", "Complete": "active"}


def test_starting_a_partner_starts_its_complete_connections_once(app, clock):
    partner = make_partner(started=False)
    good = make_connection(partner, state="paused", paused_reason="taken over")
    make_connection(partner, state="incomplete")
    chosen = make_connection(partner, state="paused", paused_by="Pat")
    with write() as session:
        for one in (good, chosen):
            secrets.keep(session, one.connection_id, secrets.SECRETS, {"api_key": "k", "api_secret": "s"})
    runs = jobs.start_partner(partner.timing_partner_id, "Root", NOW)
    assert len(runs) == 1
    assert jobs.start_partner(partner.timing_partner_id, "Root", NOW) == []
    states = db.session.scalars(select(Connection.state).order_by(Connection.connection_id)).all()
    assert states == ["active", "incomplete", "paused"]  # what a person paused stays paused
    assert db.session.get_one(PartnerSettings, partner.timing_partner_id).started_by == "Root"
    assert db.session.scalars(select(Schedule.operation_type)).all() == ["events"]


def test_resuming_without_a_secret_is_refused_with_its_name(app, clock):
    connection = make_connection(make_partner(), state="paused")
    with pytest.raises(CannotSync, match="API key and API secret"):
        jobs.resume(connection.connection_id, "Pat", NOW)
    assert db.session.get_one(Connection, connection.connection_id, populate_existing=True).state == "incomplete"


def test_pausing_takes_its_waiting_runs_back(connection):
    requested = jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW)
    jobs.pause(connection.connection_id, "moving house", "Pat", NOW)
    assert db.session.get_one(Run, requested.run_id, populate_existing=True).status == "cancelled"
    assert ledger.claim(NOW) is None
    plan(connection)
    assert jobs.tick(NOW) == []


def test_one_slot_is_one_run_however_often_the_clock_ticks(connection):
    plan(connection)
    first = jobs.tick(NOW)
    assert len(first) == 1
    for _ in range(20):
        jobs.tick(NOW)
    assert count() == 1
    run = db.session.get_one(Run, first[0])
    assert (run.trigger, run.priority, run.requested_by) == ("schedule", 5, "clock")
    following = db.session.scalar(select(Schedule.next_run_at))
    assert following == NOW.replace(hour=6) + timedelta(days=1)  # 02:00 in New York


def test_after_downtime_only_the_latest_slot_runs_and_the_rest_are_counted(connection):
    edition = make_edition(
        db.session.get_one(type(make_partner("x")), connection.timing_partner_id), starts_at=NOW + timedelta(days=9), ends_at=None
    )
    make_link(edition, connection)
    plan(connection, edition, next_run_at=NOW.replace(hour=12))
    later = NOW + timedelta(hours=37)  # eleven slots of four hours have come: 12, 16, … 00, 04
    runs = jobs.tick(later)
    assert len(runs) == 1
    run = db.session.get_one(Run, runs[0])
    assert run.skipped_slots == 10
    assert run.scheduled_time == "2026-06-14 04:00:00"


def test_a_slot_that_a_clock_far_ahead_wrote_is_due_and_the_plan_goes_on(connection):
    plan(connection, next_run_at=NOW + timedelta(days=400))
    (run_id,) = jobs.tick(NOW)
    run = db.session.get_one(Run, run_id)
    assert (run.scheduled_time, run.skipped_slots) == ("2026-06-12 15:00:00", 0)
    assert db.session.scalar(select(Schedule.next_run_at)) == NOW.replace(hour=6) + timedelta(days=1)
    assert jobs.tick(NOW) == []


def test_a_slot_within_the_longest_step_is_waited_for(connection):
    edition = make_edition(
        db.session.get_one(type(make_partner("x")), connection.timing_partner_id), starts_at=NOW + timedelta(days=9), ends_at=None
    )
    make_link(edition, connection)
    plan(connection, next_run_at=NOW + timedelta(hours=25))  # the day on which clocks go back
    plan(connection, edition, next_run_at=NOW + timedelta(hours=26, minutes=1))  # nothing is ever put so far away
    (run_id,) = jobs.tick(NOW)
    assert db.session.get_one(Run, run_id).operation_type == "participants"


def dated(connection, hours, **given):
    partner = db.session.get_one(type(make_partner("x")), connection.timing_partner_id)
    edition = make_edition(partner, starts_at=NOW + timedelta(hours=hours), ends_at=None, **given)
    make_link(edition, connection)
    return edition


def test_the_event_that_starts_nearest_comes_first_be_it_ahead_or_behind(connection):
    editions = [dated(connection, hours) for hours in (200, -20, 2, 30)]
    for edition in editions:
        plan(connection, edition)
    asked = [db.session.get_one(Run, run_id).edition_id for run_id in jobs.tick(NOW)]
    nearest = [editions[index].edition_id for index in (2, 1, 3, 0)]
    assert [edition_id for edition_id in asked if edition_id in nearest] == [n for n in nearest if n in asked]
    assert asked[0] == editions[2].edition_id
    assert ledger.startable(NOW, 9)[0] == db.session.scalar(select(Run.run_id).where(Run.edition_id == editions[2].edition_id))


def test_a_paused_event_is_not_read_by_the_clock_until_its_instant(connection):
    edition = dated(connection, 2)
    plan(connection, edition)
    schedules.choose(edition, None, NOW + timedelta(hours=1), "Ada", NOW)
    assert jobs.tick(NOW + timedelta(minutes=30)) == []
    assert len(jobs.tick(NOW + timedelta(hours=1))) == 1


@pytest.mark.parametrize(("chosen", "minutes"), [("race_day", 1), ("standard", 60), ("slow", 9 * 60), (None, 1)])
def test_the_chosen_plan_decides_the_next_slot(connection, chosen, minutes):
    edition = dated(connection, 2)
    plan(connection, edition)
    schedules.choose(edition, chosen, None, "Ada", NOW)
    assert db.session.scalar(select(Schedule.next_run_at)) == NOW + timedelta(minutes=minutes)
    assert db.session.scalar(select(Schedule.plan)) == (chosen or "race_day")


@pytest.mark.parametrize(("chosen", "minutes"), [("race_day", 60), ("standard", 60), ("slow", 9 * 60), (None, 60)])
def test_a_day_of_which_no_time_is_known_is_read_calmly_and_all_day(connection, chosen, minutes):
    edition = dated(connection, 2)
    with write() as session:
        session.get_one(type(edition), edition.edition_id).day_only = 1
    plan(connection, edition)
    db.session.rollback()
    schedules.choose(db.session.get_one(type(edition), edition.edition_id), chosen, None, "Ada", NOW)
    assert db.session.scalar(select(Schedule.next_run_at)) == NOW + timedelta(minutes=minutes)
    db.session.rollback()
    when = schedules.when_of(db.session.get_one(type(edition), edition.edition_id), chosen, "UTC", "runsignup")
    assert cadence.is_active("participants", when, NOW + timedelta(hours=25))  # until its midnight


def test_results_wait_for_the_start_and_are_not_asked_for_before(connection):
    edition = dated(connection, 24 * 9)
    target = f"{connection.connection_id}:results:{edition.edition_id}"
    keep(
        Schedule(
            target=target, timing_partner_id=connection.timing_partner_id, connection_id=connection.connection_id,
            edition_id=edition.edition_id, provider_name="chronotrack", operation_type="results", timezone="UTC", next_run_at=NOW,
        )
    )  # fmt: skip
    assert jobs.tick(NOW) == []
    looked = db.session.scalar(select(Schedule.next_run_at).where(Schedule.target == target))
    assert NOW < looked <= NOW + timedelta(hours=26)


def test_a_start_that_is_moved_brings_its_slots_forward(connection):
    edition = dated(connection, 24 * 9)
    plan(connection, edition, next_run_at=NOW + timedelta(hours=1))
    with write() as session:
        session.get_one(type(edition), edition.edition_id).starts_at = NOW + timedelta(hours=2)
        found = session.get_one(Connection, connection.connection_id)
        schedules.ensure(session, found, frozenset({"registrations"}), "America/New_York", NOW)
    assert db.session.scalar(select(Schedule.next_run_at)) == NOW + timedelta(minutes=1)
    assert db.session.scalar(select(Schedule.plan)) == "race_day"


def test_a_past_edition_is_not_scheduled_any_more(connection):
    edition = make_edition(
        db.session.get_one(type(make_partner("x")), connection.timing_partner_id),
        starts_at=NOW - timedelta(days=3),
        ends_at=NOW - timedelta(days=3),
    )
    plan(connection, edition)
    jobs.tick(NOW)
    assert db.session.scalar(select(Schedule.next_run_at)) is None


def test_schedules_are_made_once_and_only_for_what_is_still_wanted(connection):
    partner = db.session.get_one(type(make_partner("x")), connection.timing_partner_id)
    coming, past = (
        make_edition(partner, starts_at=NOW + timedelta(days=2), ends_at=None),
        make_edition(partner, starts_at=NOW - timedelta(days=9), ends_at=None),
    )
    for edition in (coming, past):
        make_link(edition, connection)
    for _ in range(2):
        with write() as session:
            schedules.ensure(session, connection, ADAPTERS["runsignup"].abilities(), "America/New_York", NOW)
    made = db.session.execute(select(Schedule.operation_type, Schedule.edition_id).order_by(Schedule.schedule_id)).all()
    assert [tuple(row) for row in made] == [("events", None), ("participants", coming.edition_id), ("counts", coming.edition_id)]


def test_a_slot_of_a_waiting_target_joins_it(connection):
    requested = jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW)
    plan(connection)
    assert jobs.tick(NOW) == [requested.run_id]
    assert count() == 1
    with write() as session:
        session.execute(update(Schedule).values(next_run_at=NOW))
    assert jobs.tick(NOW) == [requested.run_id]


def test_a_bug_reaches_the_queue_as_its_name_only(connection, monkeypatch, caplog):
    def broken(*_):
        raise KeyError("the people and secrets that were at hand")

    requested = jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW)
    monkeypatch.setitem(pull.WORK, "events", broken)
    with pytest.raises(jobs.WorkFailed) as raised:
        jobs.work(requested.run_id)
    assert str(raised.value) == f"run {requested.run_id}: KeyError"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    db.session.rollback()
    assert db.session.get_one(Run, requested.run_id, populate_existing=True).error_kind == "bug"
    assert "a bug of ours" in caplog.text  # support finds the whole of it in the worker's own log


def test_a_connection_of_a_partner_that_was_not_started_cannot_be_resumed(app, clock):
    connection = make_connection(make_partner(started=False), state="paused")
    with write() as session:
        secrets.keep(session, connection.connection_id, secrets.SECRETS, {"api_key": "k", "api_secret": "s"})
    with pytest.raises(CannotSync, match="not been started"):
        jobs.resume(connection.connection_id, "Pat", NOW)
    assert db.session.get_one(Connection, connection.connection_id, populate_existing=True).state == "paused"


def test_the_next_run_is_told_although_its_hint_came_while_the_connection_was_busy(connection, monkeypatch):
    done = jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW)
    waiting = jobs.request(connection, "test", trigger="manual", by="Ada", now=NOW)
    ledger.mark_hinted([waiting.run_id], NOW)
    assert waiting.run_id not in ledger.due_unhinted(NOW, 10)
    told = []
    monkeypatch.setattr(jobs, "queue", lambda _: SimpleNamespace(count=0))
    monkeypatch.setattr(jobs, "hint", told.append)
    monkeypatch.setitem(pull.WORK, "events", lambda _: None)
    jobs.work(done.run_id)
    assert told == [waiting.run_id]


def test_nothing_is_retried_where_nothing_may_sync(connection):
    run_id = jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW).run_id
    ledger.fail(ledger.claim(NOW), "bug", "Ours.", "", ledger.Outcome(), NOW)
    jobs.pause(connection.connection_id, "a wrong account", "Ada", NOW)
    with pytest.raises(CannotSync, match="a wrong account"):
        jobs.retry(run_id, "Ada", NOW)
    assert db.session.get_one(Run, run_id, populate_existing=True).status == "failed"  # it would wait for ever
    jobs.resume(connection.connection_id, "Ada", NOW)


def set_state(connection, state):
    with write() as session:
        session.get_one(Connection, connection.connection_id).state = state


@pytest.mark.parametrize("state", ["paused", "removed"])
def test_a_wish_that_meets_a_pause_between_look_and_write_leaves_no_waiting_run(connection, monkeypatch, state):
    looked = jobs._may_sync

    def look_then_stop(*asked):
        looked(*asked)
        set_state(connection, state)

    monkeypatch.setattr(jobs, "_may_sync", look_then_stop)
    for ask in (partial(jobs.request, connection, "events"), partial(jobs.request_current, connection)):
        set_state(connection, "active")
        with pytest.raises(CannotSync, match="a moment ago"):
            ask(trigger="manual", by="Ada", now=NOW)
    assert count() == 0


def test_a_retry_that_meets_a_pause_between_look_and_write_stays_failed(connection, monkeypatch):
    run_id = jobs.request(connection, "events", trigger="manual", by="Ada", now=NOW).run_id
    ledger.fail(ledger.claim(NOW), "bug", "Ours.", "", ledger.Outcome(), NOW)
    monkeypatch.setattr(jobs, "_may_sync", lambda *_: set_state(connection, "paused"))
    with pytest.raises(CannotSync, match="a moment ago"):
        jobs.retry(run_id, "Ada", NOW)
    assert db.session.get_one(Run, run_id, populate_existing=True).status == "failed"


def test_a_slot_that_meets_a_pause_waits_for_the_resuming(connection, monkeypatch):
    plan(connection)
    seen = schedules.due

    def see_then_pause(now):
        found = seen(now)
        jobs.pause(connection.connection_id, "moving house", "Pat", NOW)
        return found

    monkeypatch.setattr(schedules, "due", see_then_pause)
    assert jobs.tick(NOW) == []
    assert count() == 0
    assert db.session.scalar(select(Schedule.next_run_at)) == NOW
    monkeypatch.undo()
    set_state(connection, "active")
    assert len(jobs.tick(NOW)) == 1


def test_a_slot_of_a_joined_event_ends_its_schedule(connection):
    partner = db.session.get_one(type(make_partner("x")), connection.timing_partner_id)
    plan(connection, make_edition(partner, joined_into=77))
    assert jobs.tick(NOW) == []
    assert db.session.scalar(select(Schedule.next_run_at)) is None


def test_a_removed_connection_never_comes_back(connection):
    set_state(connection, "removed")
    with pytest.raises(CannotSync, match="was removed"):
        jobs.resume(connection.connection_id, "Pat", NOW)
    jobs.pause(connection.connection_id, "moving house", "Pat", NOW)
    found = db.session.get_one(Connection, connection.connection_id, populate_existing=True)
    assert found.state == "removed"
    with write() as session:  # a search for events that was under way ends
        schedules.ensure(session, found, ADAPTERS["runsignup"].abilities(), "America/New_York", NOW)
    assert count(Schedule) == 0


def test_a_connection_that_is_removed_while_it_is_resumed_stays_removed(connection, monkeypatch):
    set_state(connection, "paused")

    def erase(*_):
        set_state(connection, "removed")
        return ["API key"]

    for lacking, sentence in ((erase, "still needs"), (lambda *_: erase() and [], "was removed")):
        set_state(connection, "paused")
        monkeypatch.setattr(secrets, "missing", lacking)
        with pytest.raises(CannotSync, match=sentence):
            jobs.resume(connection.connection_id, "Pat", NOW)
        assert db.session.get_one(Connection, connection.connection_id, populate_existing=True).state == "removed"
