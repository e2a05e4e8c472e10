"""Whole pulls over real sockets: what is then in the database, after each thing that can happen."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, text, update

from sync_jobs import ledger, pull, secrets, stopping, store, times
from sync_jobs.ledger import LostLease
from sync_jobs.models import (
    PROVIDER_TABLES,
    ChangedRow,
    Contest,
    DoneMinute,
    Edition,
    EditionLink,
    Partner,
    ProviderMinute,
    Run,
    Schedule,
    SyncState,
    db,
    write,
)
from sync_jobs.providers import ADAPTERS
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.factories import make_connection
from tests.sync_jobs.hub import PEOPLE, make_hub, scalar, statements

PATHS = {"runsignup": "participants", "raceroster": "participants"}


def reach(app, running):
    settings = app.extensions["hub_settings"]
    app.extensions["hub_settings"] = dataclasses.replace(
        settings, provider_urls={**settings.provider_urls, **running.urls}, keep_pace=False
    )


@pytest.fixture(params=["runsignup", "raceroster"])
def provider(request):
    return request.param


@pytest.fixture
def hub(app, clock, provider):
    """Two editions of two contests with 130 people each, at one provider."""
    world = World.regular(anchor=NOW, editions=2, contests=2, each=130, provider=provider)
    with servers.start(world) as running:
        reach(app, running)
        yield make_hub(world, running, provider)


def everybody(hub):
    return [r for h in hub.world.happenings for c in h.contests for r in c.registrations]


def sync_all(hub):
    return [hub.sync("participants", edition) for edition in hub.editions()]


# The straight way


def test_discovery_makes_editions_contests_and_schedules(hub):
    editions = hub.discover()
    assert len(editions) == 2
    assert all(edition.timezone_source == hub.provider and edition.starts_at for edition in editions)
    assert db.session.scalar(select(func.count()).select_from(Contest)) == 4
    kinds = set(db.session.scalars(select(Schedule.operation_type)))
    assert {"events", "participants"} <= kinds
    assert hub.discover() == editions  # again: the same, not more
    assert db.session.scalar(select(func.count()).select_from(Contest)) == 4


def test_everybody_is_there_once_and_in_the_unified_view(hub):
    hub.discover()
    runs = sync_all(hub)
    assert hub.held() == hub.true()
    assert [(run.status, run.rows_new, run.rows_changed, run.rows_gone) for run in runs] == [("completed", 260, 0, 0)] * 2
    seen = scalar("SELECT COUNT(*) FROM unified_participants WHERE timing_partner_id = :p", p=hub.partner_id)
    assert seen == 520
    placed = "SELECT COUNT(*) FROM unified_participants WHERE edition_id IS NOT NULL AND event_id <> '' AND timing_partner_id = :p"
    assert scalar(placed, p=hub.partner_id) == 520
    assert {n for (n,) in db.session.execute(select(Contest.rows_held))} == {130}
    assert hub.state("participants", hub.editions()[0]).rows_held == 260


def test_the_row_says_who_read_it_and_never_a_key(hub):
    hub.discover()
    sync_all(hub)
    table = PROVIDER_TABLES[PEOPLE[hub.provider]]
    row = db.session.execute(select(table.c.credentials_used, table.c.fetched_date, table.c.timing_partner_id).limit(1)).one()
    assert tuple(row) == (f"{hub.provider} connection", "2026-06-12 15:00:00", hub.partner_id)
    everything = "\n".join(
        str(cell)
        for name in ("sync_queue", "sync_history", "run_changes", "sync_states", "connections", PEOPLE[hub.provider])
        for line in db.session.execute(text(f"SELECT * FROM {name}"))
        for cell in line
    )
    secrets = [
        value for name, value in hub.sandbox.credentials(hub.world.partners[0].number, hub.provider).items() if name != "username"
    ]
    assert not [secret for secret in secrets if secret in everything]


def test_an_unchanged_reading_writes_no_participant_row(hub, clock):
    hub.discover()
    sync_all(hub)
    clock.forward(hours=21)  # a whole reading again
    table = PEOPLE[hub.provider]
    with write() as session:
        session.execute(text("CREATE TABLE touched (n INTEGER)"))
        for what in ("INSERT", "UPDATE", "DELETE"):
            session.execute(text(f"CREATE TRIGGER touch_{what} AFTER {what} ON {table} BEGIN INSERT INTO touched VALUES (1); END"))
    runs = sync_all(hub)
    assert [(run.rows_same, run.rows_new, run.rows_changed) for run in runs] == [(260, 0, 0)] * 2
    assert scalar("SELECT COUNT(*) FROM touched") == 0
    someone = everybody(hub)[0]
    hub.world.change(someone, times.now(), bib=4711)
    clock.forward(hours=21)
    assert sum(run.rows_changed for run in sync_all(hub)) == 1
    assert scalar("SELECT COUNT(*) FROM touched") == 1  # the counter does count


def test_what_changed_came_and_went_is_found_by_the_next_reading(hub, clock):
    hub.discover()
    sync_all(hub)
    clock.forward(hours=4)
    contest = hub.world.happenings[0].contests[0]
    new = hub.world.register(contest, times.now(), first_name="Zoë", last_name="O’Brien-Ñúñez")
    hub.world.change(contest.registrations[5], times.now(), bib=4711)
    hub.sandbox.faults.add("removed_vanish", True)
    hub.world.remove(contest.registrations[7], times.now())
    clock.forward(minutes=5)
    runs = sync_all(hub)
    assert hub.held() == hub.true()
    assert str(new.key) in hub.held()
    assert [sum(getattr(run, name) for run in runs) for name in ("rows_new", "rows_changed", "rows_gone")] == [1, 1, 1]
    assert {k: v for run in runs for k, v in hub.changes(run.run_id).items()} == {"new": 1, "changed": 1, "gone": 1}
    name = scalar(
        "SELECT last_name FROM unified_participants WHERE first_name = 'Zoë' AND timing_partner_id = :p", p=hub.partner_id
    )
    assert name == "O’Brien-Ñúñez"
    gone = scalar(f"SELECT COUNT(*) FROM {PEOPLE[hub.provider]} WHERE gone_at IS NOT NULL")  # marked, not deleted
    assert gone == 1


def test_a_change_made_during_a_reading_arrives_with_the_next(hub, clock):
    hub.discover()
    edition = hub.editions()[0]
    happening = next(h for h in hub.world.happenings if h.name == edition.name)
    late = {}

    def register_while_it_is_read(_connection, _cursor, statement, *_):
        if f"INSERT INTO {PEOPLE[hub.provider]}" in statement and not late:
            late["one"] = hub.world.register(happening.contests[0], times.now())

    event.listen(db.engine, "before_cursor_execute", register_while_it_is_read)
    hub.sync("participants", edition)
    assert late
    if hub.provider == "runsignup":  # all in one page: too late for this reading
        assert str(late["one"].key) not in hub.held()
    clock.forward(minutes=10)
    hub.sync("participants", edition)
    assert str(late["one"].key) in hub.held()


def test_a_blank_never_overwrites_a_bib(hub, clock):
    hub.discover()
    someone = everybody(hub)[0]
    hub.world.change(someone, times.now(), bib=4711)
    clock.forward(minutes=1)
    sync_all(hub)
    hub.world.change(someone, times.now(), bib=None, last_name="Changed")
    clock.forward(hours=5)
    sync_all(hub)
    row = "SELECT bib_number FROM unified_participants WHERE last_name = 'Changed' AND timing_partner_id = :p"
    assert str(scalar(row, p=hub.partner_id)) == "4711"


def test_statements_are_few_for_each_page(hub):
    hub.discover()
    edition = hub.editions()[0]
    seen = statements(db.engine)
    run = hub.sync("participants", edition)
    fixed = 40  # request, claim, end, counters: the same for any size
    assert len(seen) <= 5 * run.pages_done + fixed
    assert sum(PEOPLE[hub.provider] in one and one.startswith("INSERT") for one in seen) == run.pages_done


# Things that go wrong, and what is then in the database


CASES = {
    "429": ("status_429", None, "pending", "throttled"),
    "500": ("status", 500, "pending", "down"),
    "html": ("html", True, "pending", "down"),
    "cut": ("cut", True, "pending", "down"),
    "refused": ("refused", True, "pending", "down"),
    "unauthorized": ("unauthorized", True, "failed", "credentials"),
    "forbidden": ("forbidden", True, "failed", "access"),
    "vanished": ("vanished", True, "failed", "not_there"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("after", [0, 1])
def test_a_failure_before_or_between_pages_is_classed_and_loses_nothing(hub, clock, case, after):
    kind, value, status, error_kind = CASES[case]
    hub.discover()
    edition = hub.editions()[0]
    hub.sandbox.faults.add("page_cap", 100, provider=hub.provider)
    fault = hub.sandbox.faults.add(kind, value, provider=hub.provider, path=PATHS[hub.provider], after=after)
    run = hub.sync("participants", edition)
    assert (run.status, run.error_kind) == (status, error_kind)
    assert len(hub.held()) == 100 * after  # the page that came is kept
    assert run.last_error
    assert "http" not in f"{run.last_error}{run.error_detail}"
    assert scalar("SELECT COUNT(*) FROM unified_participants WHERE timing_partner_id = :p", p=hub.partner_id) == 100 * after
    hub.sandbox.faults.clear(fault)
    if run.status == "failed":
        assert ledger.retry(run.run_id, "Sue", times.now())
    clock.forward(hours=1)
    again = hub.work()
    assert (again.run_id, again.status) == (run.run_id, "completed")
    assert len(hub.held()) == 260
    assert again.rows_new == 260  # nobody was counted or stored twice
    assert [a.status for a in hub.attempts(run.run_id)] == ["retrying" if status == "pending" else "failed", "completed"]


def test_a_wrong_credential_is_the_partners_turn(hub):

    given = hub.sandbox.credentials(hub.world.partners[0].number, hub.provider)
    wrong = {name: value if name in {"api_key", "client_id", "username"} else "wrong" for name, value in given.items()}
    with write() as session:
        secrets.keep(session, hub.connection_id, secrets.SECRETS, wrong)
    run = hub.sync("events")
    assert (run.status, run.error_kind) == ("failed", "credentials")
    assert hub.connection.refused_since == NOW
    assert "refuses this credential" in run.last_error


def test_a_missing_credential_says_which(hub):

    with write() as session:
        secrets.keep(session, hub.connection_id, secrets.SECRETS, {})
    run = hub.sync("events")
    assert (run.status, run.error_kind) == ("failed", "credentials_missing")
    for field in ADAPTERS[hub.provider].credentials:
        assert field.label in run.last_error


@pytest.mark.parametrize("cap", [7, 40, 100])
def test_a_server_that_cuts_pages_loses_nobody(hub, cap):
    hub.sandbox.faults.add("page_cap", cap, provider=hub.provider)
    hub.discover()
    sync_all(hub)
    assert hub.held() == hub.true()


def test_rows_that_cannot_be_read_are_set_aside_and_nobody_is_called_gone(hub, clock):
    hub.discover()
    edition = hub.editions()[0]
    hub.sync("participants", edition)
    clock.forward(hours=21)
    hub.world.change(everybody(hub)[0], times.now(), bib=77)
    fault = hub.sandbox.faults.add("unreadable", 3, provider=hub.provider, path=PATHS[hub.provider], calls=1)
    run = hub.sync("participants", edition)
    assert run.status == "completed"
    assert run.rows_aside == 3
    assert run.rows_gone == 0
    aside = hub.aside(run.run_id)
    assert len(aside) == 3
    assert all(row.field and row.why and (row.row_key or row.place) for row in aside)
    assert len(hub.held()) == 260
    hub.sandbox.faults.clear(fault)
    clock.forward(hours=21)
    assert hub.sync("participants", edition).rows_aside == 0
    assert len(hub.held()) == 260


def test_a_row_of_which_only_the_key_can_be_read_is_there_and_hides_no_leaving(hub, clock):
    hub.discover()
    edition = hub.editions()[0]
    hub.sync("participants", edition)
    happening = next(h for h in hub.world.happenings if h.name == edition.name)
    odd, leaver = happening.contests[0].registrations[:2]
    hub.world.change(odd, times.now(), last_name=["not", "a", "text"])  # for good
    leaver.contest.registrations.remove(leaver)  # on no list at all
    hub.world.revision += 1
    for gone in (1, 0):
        clock.forward(hours=21)
        run = hub.sync("participants", edition)
        assert (run.status, run.rows_aside, run.rows_gone) == ("completed", 1, gone)
    assert hub.aside(run.run_id)[0].row_key.split("/")[-1] == str(odd.key)
    assert str(odd.key) in hub.held()
    assert str(leaver.key) not in hub.held()
    assert len(hub.held()) == 259


def test_an_answer_with_far_fewer_people_is_held_until_a_person_believes_it(hub, clock):
    hub.discover()
    edition = hub.editions()[0]
    hub.sync("participants", edition)
    hub.sandbox.faults.add("removed_vanish", True)
    happening = next(h for h in hub.world.happenings if h.name == edition.name)
    for registration in happening.contests[0].registrations[:100]:
        hub.world.remove(registration, times.now())
    clock.forward(hours=21)
    run = hub.sync("participants", edition)
    assert (run.status, run.error_kind) == ("failed", "shrunk")
    assert "100 of 260" in run.last_error
    assert len(hub.held()) == 260
    noted = db.session.scalars(select(ChangedRow.row_key).where(ChangedRow.run_id == run.run_id, ChangedRow.change == "missing"))
    assert {key.rpartition("/")[2] for key in noted} == {
        str(registration.key) for registration in happening.contests[0].registrations[:100]
    }
    assert ledger.retry(run.run_id, "Sue", times.now())
    assert hub.work().error_kind == "shrunk", "a retry alone is no yes"
    assert ledger.retry(run.run_id, "Sue", times.now(), believe=True)
    again = hub.work()
    assert (again.status, again.rows_gone) == ("completed", 100)
    assert len(hub.held()) == 160


def test_who_believed_in_some_missing_is_asked_again_about_many_more(hub, clock):
    hub.discover()
    edition = hub.editions()[0]
    hub.sync("participants", edition)
    hub.sandbox.faults.add("removed_vanish", True)
    happening = next(h for h in hub.world.happenings if h.name == edition.name)
    first, second = (contest.registrations[:100] for contest in happening.contests)
    for registration in first:
        hub.world.remove(registration, times.now())
    clock.forward(hours=21)
    run = hub.sync("participants", edition)
    for registration in second:
        hub.world.remove(registration, times.now())
    clock.forward(minutes=1)
    ledger.retry(run.run_id, "Sue", times.now(), believe=True)
    again = hub.work()
    assert (again.status, again.error_kind, again.rows_gone) == ("failed", "shrunk", 0)
    assert "200 of 260" in again.last_error
    ledger.retry(run.run_id, "Sue", times.now(), believe=True)
    assert hub.work().rows_gone == 200


def test_a_cancel_stops_at_the_page(hub):
    hub.discover()
    edition = hub.editions()[0]
    hub.sandbox.faults.add("page_cap", 100, provider=hub.provider)
    run_id = hub.ask("participants", edition)
    claim = ledger.claim(times.now())
    ledger.cancel(run_id, "Sue", times.now())
    with ledger.Lease(claim) as lease:
        pull.run(claim, lease, None)
    run = hub.run(run_id)
    assert (run.status, run.cancelled_by, run.pages_done) == ("cancelled", "Sue", 1)
    assert len(hub.held()) == 100


def test_a_stopping_worker_yields_at_its_page_and_counts_no_error(hub, monkeypatch):
    hub.discover()
    edition = hub.editions()[0]
    hub.sandbox.faults.add("page_cap", 100, provider=hub.provider)
    monkeypatch.setattr(stopping, "requested", lambda: True)
    run = hub.sync("participants", edition)
    assert (run.status, run.errors, run.crashes, run.pages_done) == ("pending", 0, 0, 1)
    monkeypatch.undo()
    assert hub.work().status == "completed"
    assert len(hub.held()) == 260


def test_a_run_whose_event_has_grown_begins_anew(hub, monkeypatch):
    hub.discover()
    links = db.session.scalars(select(EditionLink).order_by(EditionLink.happening_id)).all()
    added, (going_on,) = links[0].edition_id, [e for e in hub.editions() if e.edition_id == links[1].edition_id]
    hub.sandbox.faults.add("page_cap", 100, provider=hub.provider)
    monkeypatch.setattr(stopping, "requested", lambda: True)
    assert hub.sync("participants", going_on).status == "pending"
    monkeypatch.undo()
    with write() as session:  # what a join does
        for model in (EditionLink, Contest):
            session.execute(update(model).where(model.edition_id == added).values(edition_id=going_on.edition_id))
    assert hub.work().status == "completed"
    assert hub.held() == hub.true()


def test_text_of_another_program_that_is_no_json_stops_nothing(hub):
    edition = hub.discover()[0]
    for broken in ("none yet", "[]"):
        with write() as session:
            session.execute(text("UPDATE events SET last_sync_timestamps = :broken"), {"broken": broken})
        assert hub.sync("participants", edition).status == "completed"
        told = db.session.get_one(Edition, edition.edition_id, populate_existing=True).last_sync_timestamps
        assert told == {hub.provider: "2026-06-12 15:00:00"}


def test_a_worker_that_lost_its_lease_writes_nothing_more(hub, clock, monkeypatch):
    hub.discover()
    edition = hub.editions()[0]
    hub.sandbox.faults.add("page_cap", 100, provider=hub.provider)
    run_id = hub.ask("participants", edition)
    old = ledger.claim(times.now())
    clock.forward(seconds=200)
    ledger.reap(times.now())
    new = ledger.claim(times.now())
    with ledger.Lease(old) as lease:
        pull.run(old, lease, None)
    assert hub.held() == set()
    assert hub.run(run_id).status == "running"
    with ledger.Lease(new) as lease:
        pull.run(new, lease, None)
    assert hub.run(run_id).status == "completed"
    assert hub.held() == {one.key for one in hub.world.present(times.now()) if one.happening_id == _happening(hub, edition)}


def _happening(hub, edition):
    return next(h.uid if hub.provider == "raceroster" else str(h.number) for h in hub.world.happenings if h.name == edition.name)


def test_a_bug_of_ours_is_noted_and_raised_without_secrets(hub, monkeypatch):
    def broken(*_):
        raise KeyError("nonsense")

    monkeypatch.setattr(store, "held", broken)
    run_id = hub.ask("events")
    claim = ledger.claim(times.now())
    with ledger.Lease(claim) as lease, pytest.raises(KeyError):
        pull.run(claim, lease, None)
    run = hub.run(run_id)
    assert (run.status, run.error_kind, run.error_detail) == ("failed", "bug", "KeyError in events")


def test_the_lease_is_asked_before_each_call(hub, monkeypatch):
    hub.ask("events")
    claim = ledger.claim(times.now())
    with ledger.Lease(claim) as lease:
        lease._lost.set()
        with pytest.raises(LostLease):
            lease.check()
        pull.run(claim, lease, None)
    assert hub.calls("") == 0
    assert hub.run(claim.run_id).status == "running"  # whoever holds it now ends it


# Around the reading


def test_calls_become_the_providers_health(hub):
    hub.discover()
    hub.sandbox.faults.add("status", 500, provider=hub.provider, path=PATHS[hub.provider], calls=1)
    hub.sync("participants", hub.editions()[0])
    minutes = list(db.session.scalars(select(ProviderMinute)))
    assert sum(m.calls for m in minutes) == len(hub.sandbox.requests.matching(hub.provider))
    assert sum(m.failures for m in minutes) == 1
    assert sum(m.ended for m in db.session.scalars(select(DoneMinute))) == 2


def test_a_test_of_the_credential_reads_nothing_and_works_while_paused(hub):
    with write() as session:
        session.execute(text("UPDATE connections SET state = 'paused'"))
    run = hub.sync("test")
    assert run.status == "completed"
    assert hub.connection.tested_ok == 1
    assert ADAPTERS[hub.provider].label in hub.connection.test_sentence
    assert hub.held() == set()


def test_two_partners_with_the_same_object_each_see_their_own(hub):
    hub.discover()
    other = make_hub(hub.world, hub.sandbox, hub.provider)
    other.sync("events")
    mine = hub.editions()
    assert len(mine) == 4
    for edition in mine:
        owner = hub if edition.timing_partner_id == hub.partner_id else other
        owner.sync("participants", edition)
    for one in (hub, other):
        for view, number in (("unified_participants", 520), ("unified_events", 4 if hub.provider == "runsignup" else 2)):
            assert scalar(f"SELECT COUNT(*) FROM {view} WHERE timing_partner_id = :p", p=one.partner_id) == number
    owners = "SELECT COUNT(*) FROM runsignup_races WHERE timing_partner_id = :p"
    if hub.provider == "runsignup":
        assert [scalar(owners, p=one.partner_id) for one in (hub, other)] == [2, 0]  # nobody's row was taken over
    assert db.session.scalar(select(func.count()).select_from(Run).where(Run.status == "completed")) == 6


# RunSignUp only: reading changes


@pytest.fixture
def runsignup(app, clock):
    world = World.regular(anchor=NOW, editions=3, contests=2, each=130, provider="runsignup")
    with servers.start(world) as running:
        reach(app, running)
        yield make_hub(world, running, "runsignup")


def test_later_readings_ask_for_changes_only(runsignup, clock):
    runsignup.discover()
    sync_all(runsignup)
    first = len(runsignup.sandbox.requests.matching("runsignup", "participants"))
    assert first <= 2 * 3  # one page a race, and one more where 260 rows could be a server's cut
    clock.forward(hours=4)
    sync_all(runsignup)
    later = runsignup.sandbox.requests.matching("runsignup", "participants")[first:]
    assert len(later) == 2 * 3  # changed and removed
    assert all(call.query["modified_after_timestamp"] == str(int((NOW - timedelta(seconds=10)).timestamp())) for call in later)


def test_a_transfer_carries_the_bib_to_its_successor(runsignup, clock):
    runsignup.discover()
    contest, into = runsignup.world.happenings[0].contests
    someone = contest.registrations[3]
    runsignup.world.change(someone, times.now(), bib=812)
    clock.forward(minutes=1)
    sync_all(runsignup)
    clock.forward(hours=4)
    successor = runsignup.world.remove(someone, times.now(), into=into)
    runsignup.world.change(successor, times.now(), bib=None)
    clock.forward(minutes=1)
    sync_all(runsignup)
    bib = "SELECT bib_num FROM runsignup_participants WHERE registration_id = :r"
    assert str(scalar(bib, r=successor.key)) == "812"
    note = scalar("SELECT note FROM run_changes WHERE row_key = :r AND change = 'gone'", r=str(someone.key))
    assert note == f"transferred to {successor.key}"


def test_a_stop_between_the_mark_and_the_next_list_loses_no_bib(runsignup, clock, monkeypatch):
    runsignup.discover()
    contest, into = runsignup.world.happenings[0].contests
    someone = contest.registrations[3]
    runsignup.world.change(someone, times.now(), bib=812)
    clock.forward(minutes=1)
    sync_all(runsignup)
    edition = next(e for e in runsignup.editions() if e.name == runsignup.world.happenings[0].name)
    clock.forward(hours=4)
    successor = runsignup.world.remove(someone, times.now(), into=into)
    runsignup.world.change(successor, times.now(), bib=None)
    clock.forward(minutes=1)
    gone = "SELECT COUNT(*) FROM run_changes WHERE change = 'gone'"
    monkeypatch.setattr(stopping, "requested", lambda: scalar(gone) > 0)
    assert runsignup.sync("participants", edition).status == "pending"
    monkeypatch.undo()
    assert runsignup.work().status == "completed"
    assert str(scalar("SELECT bib_num FROM runsignup_participants WHERE registration_id = :r", r=successor.key)) == "812"


def test_a_whole_reading_that_was_cut_in_two_still_finds_who_was_removed(runsignup, clock, monkeypatch):
    runsignup.discover()
    edition = runsignup.editions()[0]
    runsignup.sync("participants", edition)
    before = runsignup.held()
    happening = next(h for h in runsignup.world.happenings if h.name == edition.name)
    clock.forward(hours=20)
    runsignup.world.remove(happening.contests[0].registrations[0], times.now())
    clock.forward(hours=1)
    runsignup.sandbox.faults.add("page_cap", 100, provider="runsignup")
    monkeypatch.setattr(stopping, "requested", lambda: True)
    assert runsignup.sync("participants", edition).status == "pending"
    monkeypatch.undo()
    run = runsignup.work()
    assert (run.status, run.rows_gone) == ("completed", 1)
    assert len(runsignup.held()) == len(before) - 1


def test_a_count_of_yesterday_ends_no_list_early(runsignup, clock):
    runsignup.discover()
    edition = runsignup.editions()[0]
    runsignup.sync("participants", edition)
    with write() as session:
        session.execute(update(SyncState).where(SyncState.edition_id == edition.edition_id).values(rows_expected=200))
    runsignup.sandbox.faults.add("page_cap", 100, provider="runsignup")
    clock.forward(hours=21)
    run = runsignup.sync("participants", edition)
    assert (run.status, run.rows_read, run.rows_gone) == ("completed", 260, 0)


def test_the_providers_own_counts_are_kept_by_day(runsignup):
    editions = runsignup.discover()
    runsignup.sync("participants", editions[0])
    run = runsignup.sync("counts", editions[0])
    assert run.status == "completed"
    assert scalar("SELECT COUNT(*) FROM runsignup_participant_counts") == 2
    assert scalar("SELECT SUM(registered_count) FROM runsignup_participant_counts") == 260
    runsignup.sync("counts", editions[0])
    assert scalar("SELECT COUNT(*) FROM runsignup_participant_counts") == 2
    assert runsignup.state("participants", editions[0]).rows_expected == 260


def test_a_second_connection_to_the_same_account_reads_the_same_and_takes_nothing_away(hub):
    hub.discover()
    sync_all(hub)
    second = make_connection(db.session.get_one(Partner, hub.partner_id), hub.provider, name="second")
    with write() as session:
        secrets.keep(session, second.connection_id, secrets.SECRETS, secrets.of(hub.connection))
    other = dataclasses.replace(hub, connection_id=second.connection_id)
    other.discover()
    for one in (other, hub):
        for edition in hub.editions():
            run = one.sync("participants", edition)
            assert (run.status, run.rows_gone, run.rows_new) == ("completed", 0, 0)
            assert one.state("participants", edition).rows_held == 260
    assert hub.held() == hub.true()


def test_other_programs_find_the_providers_own_id_on_the_run(hub):
    (edition, _) = hub.discover()
    run = hub.sync("participants", edition)
    named = edition.rsu_event_id if hub.provider == "runsignup" else edition.raceroster_event_id
    assert named
    assert (run.event_id, hub.attempts(run.run_id)[0].event_id) == (named, named)


def test_who_withdrew_at_race_roster_stays_in_its_table_but_takes_no_part(app, clock):
    world = World.regular(anchor=NOW, editions=1, contests=1, each=130, provider="raceroster")
    with servers.start(world) as running:
        reach(app, running)
        hub = make_hub(world, running, "raceroster")
        (edition,) = hub.discover()
        hub.sync("participants", edition)
        hub.world.remove(everybody(hub)[0], times.now())
        clock.forward(hours=4)
        run = hub.sync("participants", edition)
    assert (run.rows_changed, run.rows_gone) == (1, 0)
    assert scalar("SELECT COUNT(*) FROM raceroster_participants WHERE gone_at IS NULL") == 130
    assert scalar("SELECT COUNT(*) FROM unified_participants WHERE timing_partner_id = :p", p=hub.partner_id) == 129
    assert hub.state("participants", edition).rows_held == 129


def test_what_race_roster_never_sends_is_kept_with_the_reading(app, clock):
    world = World.regular(anchor=NOW, editions=1, contests=1, each=10, provider="raceroster")
    with servers.start(world) as running:
        reach(app, running)
        hub = make_hub(world, running, "raceroster")
        (edition,) = hub.discover()
        hub.sync("participants", edition)
    lacking = set(hub.state("participants", edition).never_sent)
    assert {"phone", "amount_paid"} <= lacking
    assert not {"sub_event_id", "city", "date_of_birth"} & lacking
