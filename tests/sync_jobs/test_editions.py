"""Editions out of what was listed, the same event at two providers, and what a person decides about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from sync_jobs import contest_map, editions, ledger, schedules, times
from sync_jobs.models import (
    PROVIDER_TABLES,
    Connection,
    Contest,
    ContestPair,
    DirectorEdition,
    Edition,
    EditionLink,
    EditionSuggestion,
    MapChange,
    Run,
    Schedule,
    StartListFile,
    StartListLine,
    SyncState,
    db,
    write,
)
from tests.conftest import NOW
from tests.factories import make_account, make_connection, make_edition, make_file, make_line, make_partner, make_state


def listed(partner, race_id, *contests, name="Harbor Lights Half 2026", zone="America/New_York"):
    """RunSignUp rows as a discovery leaves them: contests are (event_id, starts_at or None)."""
    races, events = PROVIDER_TABLES["runsignup_races"], PROVIDER_TABLES["runsignup_events"]
    with write() as session:
        session.execute(
            insert(races).prefix_with("OR REPLACE"),
            {
                "race_id": race_id,
                "name": name,
                "timezone": zone,
                "timing_partner_id": partner.timing_partner_id,
                "city": "Portland",
            },
        )
        for event_id, starts_at in contests:
            session.execute(
                insert(events).prefix_with("OR REPLACE"),
                {
                    "event_id": event_id,
                    "race_id": race_id,
                    "name": "5K ",
                    "starts_at": starts_at,
                    "volunteer": "F",
                    "timing_partner_id": partner.timing_partner_id,
                },
            )


def roster(partner, event_id, starts_at, name="The Harbor Lights Half"):
    table, subs = PROVIDER_TABLES["raceroster_events"], PROVIDER_TABLES["raceroster_sub_events"]
    mine = {"timing_partner_id": partner.timing_partner_id, "event_id": event_id}
    with write() as session:
        session.execute(insert(table), {**mine, "name": name, "timezone": "America/New_York", "starts_at": starts_at})
        session.execute(insert(subs), {**mine, "sub_event_id": "120", "name": "Half", "starts_at": starts_at, "kind": "race"})


def refreshed(connection, *happenings):
    with write() as session:
        return editions.refresh(session, connection, happenings, times.now())


@pytest.fixture
def partner(app, clock):
    return make_partner()


@pytest.fixture
def connection(partner):
    return make_connection(partner)


def all_editions():
    db.session.rollback()
    return list(db.session.scalars(select(Edition).order_by(Edition.edition_id)))


def test_an_edition_says_its_day_zone_and_where_the_zone_came_from(partner, connection):
    start = NOW.replace(hour=2)  # 22:00 the evening before, there
    listed(partner, 70, (1, start), (2, start + timedelta(days=1)))
    refreshed(connection, "70")
    (edition,) = all_editions()
    assert (edition.date, edition.timezone, edition.timezone_source) == ("2026-06-11", "America/New_York", "runsignup")
    assert (edition.starts_at, edition.ends_at, edition.city) == (start, start + timedelta(days=1), "Portland")
    assert edition.rsu_event_id == "1"


def test_without_a_zone_the_partners_holds_and_says_so(partner, connection):
    listed(partner, 70, (1, NOW), zone="Mars/Base")
    refreshed(connection, "70")
    assert (all_editions()[0].timezone, all_editions()[0].timezone_source) == ("America/New_York", "partner")


def test_next_years_events_of_the_same_race_are_another_edition(partner, connection):
    listed(partner, 70, (1, NOW))
    refreshed(connection, "70")
    listed(partner, 70, (2, NOW + timedelta(days=364)))
    refreshed(connection, "70")
    assert [e.date for e in all_editions()] == ["2026-06-12", "2027-06-11"]
    links = db.session.scalars(select(EditionLink.happening_key)).all()
    assert sorted(links) == ["70@2026-06-12", "70@2027-06-11"]


def test_a_moved_day_and_a_later_date_stay_the_same_edition(partner, connection):
    listed(partner, 70, (1, None))
    refreshed(connection, "70")
    assert all_editions()[0].date is None
    listed(partner, 70, (1, NOW))
    refreshed(connection, "70")
    listed(partner, 70, (1, NOW + timedelta(days=60)))
    refreshed(connection, "70")
    (edition,) = all_editions()
    assert edition.date == "2026-08-11"


def test_days_that_two_editions_swap_or_share_stop_no_discovery(partner, connection):
    listed(partner, 70, (1, NOW), (2, NOW + timedelta(days=30)))
    first, second = refreshed(connection, "70")
    listed(partner, 70, (1, NOW + timedelta(days=30)), (2, NOW))
    assert set(refreshed(connection, "70")) == {first, second}
    keys = set(db.session.scalars(select(EditionLink.happening_key)))
    assert keys == {"70@2026-06-12", "70@2026-07-12"}
    listed(partner, 70, (1, NOW), (2, NOW))
    assert len(refreshed(connection, "70")) == 1


def test_the_customers_own_row_is_used(partner, connection):
    own = make_edition(partner, "Harbor", rsu_event_id="1", starts_at=None, ends_at=None)
    listed(partner, 70, (1, NOW))
    assert refreshed(connection, "70") == [own.edition_id]


def test_of_several_customers_rows_the_oldest_is_used(partner, connection):
    older = make_edition(partner, "Older", rsu_event_id="2", starts_at=NOW + timedelta(days=1))
    make_edition(partner, "Newer, and first in the index", rsu_event_id="1", starts_at=NOW)
    listed(partner, 70, (1, NOW), (2, NOW))
    assert refreshed(connection, "70") == [older.edition_id]


@pytest.mark.parametrize(
    ("days", "joins"),
    [((30, 0, 0), "2"), ((0, 30, 30), "2"), ((30, 0), "2")],  # on which days contests 1, 2, 3 were; and the one whose edition stays
)
def test_distances_that_come_together_go_to_the_edition_of_most_or_the_oldest(partner, connection, days, joins):
    listed(partner, 70, *((number, NOW + timedelta(days=day)) for number, day in enumerate(days, 1)))
    refreshed(connection, "70")
    wanted = db.session.scalar(select(Contest.edition_id).where(Contest.provider_contest_id == joins))
    listed(partner, 70, *((number, NOW) for number, _day in enumerate(days, 1)))
    assert refreshed(connection, "70") == [wanted]


def test_another_partners_rows_make_nothing(partner, connection):
    listed(make_partner("Somebody else"), 70, (1, NOW))
    assert refreshed(connection, "70") == []


def both(partner, connection):
    listed(partner, 70, (1, NOW))
    refreshed(connection, "70")
    roster(partner, "abc", NOW + timedelta(hours=1))
    other = make_connection(partner, "raceroster")
    refreshed(other, "abc")
    return all_editions()


def test_the_same_event_at_another_provider_is_suggested_not_joined(partner, connection):
    here, there = both(partner, connection)
    suggestion = db.session.scalars(select(EditionSuggestion)).one()
    assert (suggestion.edition_id, suggestion.other_edition_id, suggestion.state) == (there.edition_id, here.edition_id, "open")
    assert suggestion.likeness >= 75
    assert here.joined_into is None
    assert there.joined_into is None


def test_two_of_the_same_provider_are_never_suggested(partner, connection):
    listed(partner, 70, (1, NOW))
    listed(partner, 71, (2, NOW))
    refreshed(connection, "70", "71")
    assert db.session.scalars(select(EditionSuggestion)).all() == []


def test_joining_moves_everything_and_discovery_keeps_it_joined(partner, connection, clock):
    here, there = both(partner, connection)
    other = db.session.scalars(select(EditionLink).where(EditionLink.edition_id == there.edition_id)).one().connection_id
    make_account("director", partner, editions=(there,))
    with write() as session:
        session.add(
            Schedule(
                target=f"{other}:participants:{there.edition_id}",
                timing_partner_id=partner.timing_partner_id,
                connection_id=other,
                edition_id=there.edition_id,
                provider_name="raceroster",
                operation_type="participants",
                timezone="UTC",
                next_run_at=NOW,
            )
        )
    make_line(there, db.session.get_one(Connection, other))
    make_file(there, db.session.get_one(Connection, other))
    half = db.session.scalar(select(Contest.contest_id).where(Contest.edition_id == there.edition_id))
    db.session.rollback()
    contest_map.ignore(there.edition_id, half, by="Pat", now=NOW)
    assert editions.join(there.edition_id, here.edition_id, "Pat", times.now())
    assert not editions.join(there.edition_id, here.edition_id, "Pat", times.now())  # pressed twice
    db.session.expire_all()
    for model in (EditionLink, Contest, Schedule, StartListLine, StartListFile, ContestPair, MapChange):
        assert set(db.session.scalars(select(model.edition_id))) == {here.edition_id}
    assert db.session.scalar(select(Schedule.target)) == f"{other}:participants:{here.edition_id}"
    assert here.edition_id in set(db.session.scalars(select(DirectorEdition.edition_id)))
    joined = all_editions()
    assert (joined[0].raceroster_event_id, joined[1].joined_into) == ("abc", here.edition_id)
    refreshed(db.session.get_one(Connection, other), "abc")
    assert len(all_editions()) == 2
    assert set(db.session.scalars(select(Contest.edition_id))) == {here.edition_id}
    assert all_editions()[0].name == "Harbor Lights Half 2026"  # described by the provider it was made from


def test_a_refused_suggestion_does_not_come_back(partner, connection):
    here, there = both(partner, connection)
    assert editions.refuse(there.edition_id, here.edition_id, "Pat", times.now())
    refreshed(connection, "70")
    assert db.session.scalars(select(EditionSuggestion.state)).all() == ["refused"]
    assert not editions.join(there.edition_id, here.edition_id, "Pat", times.now())


def test_current_state_moves_with_a_joined_edition(partner, connection):
    here, there = both(partner, connection)
    other = db.session.scalars(select(EditionLink).where(EditionLink.edition_id == there.edition_id)).one().connection_id
    make_state(db.session.get_one(Connection, other), "participants", there, rows_held=7)
    editions.join(there.edition_id, here.edition_id, "Pat", times.now())
    db.session.rollback()
    state = db.session.get_one(SyncState, f"{other}:participants:{here.edition_id}")
    assert (state.edition_id, state.rows_held) == (here.edition_id, 7)


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_a_reading_that_ends_after_the_join_leaves_no_state_of_the_joined_event(partner, connection, end):
    here, there = both(partner, connection)
    other = db.session.scalars(select(Connection).where(Connection.provider_name == "raceroster")).one()
    make_state(other, "participants", there, rows_held=7)
    ledger.request(other, "participants", edition=there, trigger="manual", by="Ada", now=NOW)
    claim = ledger.claim(NOW)  # its last page was written a moment ago
    assert editions.join(there.edition_id, here.edition_id, "Pat", NOW)
    if end == "completed":
        ledger.complete(claim, ledger.Outcome(rows_held=9), NOW)
    else:
        ledger.fail(claim, "bug", "Ours.", "", ledger.Outcome(), NOW)
    db.session.expire_all()
    assert db.session.get_one(Run, claim.run_id).status == end
    state = db.session.scalars(select(SyncState)).one()
    assert (state.edition_id, state.rows_held) == (here.edition_id, 7)


def test_an_undated_suggestion_is_not_made(partner, connection):
    here, _ = both(partner, connection)
    with write() as session:
        session.execute(update(EditionSuggestion).values(state="refused"))
    listed(partner, 90, (9, None))
    refreshed(connection, "90")
    assert db.session.scalars(select(EditionSuggestion)).all() != []
    assert here.joined_into is None
    assert not [s for s in db.session.scalars(select(EditionSuggestion)) if s.state == "open"]


def test_a_second_event_of_the_same_connection_joins_too_and_is_read_afresh(partner, connection, clock):
    here, there = both(partner, connection)
    roster(partner, "def", NOW + timedelta(hours=2))
    other = db.session.scalars(select(Connection).where(Connection.provider_name == "raceroster")).one()
    refreshed(other, "def")
    third = all_editions()[-1]
    for edition in (there, third):
        make_state(other, "participants", edition, rows_held=7, read_mark=NOW, full_read_at=NOW)
        ledger.request(other, "participants", edition=edition, trigger="manual", by="Ada", now=NOW)
        with write() as session:
            schedules.ensure(session, other, frozenset({"registrations"}), "UTC", NOW - timedelta(hours=1))
    running = ledger.claim(NOW)
    for edition in (there, third):
        assert editions.join(edition.edition_id, here.edition_id, "Pat", NOW)
    db.session.expire_all()
    state = db.session.scalars(select(SyncState)).one()
    assert (state.edition_id, state.read_mark, state.full_read_at) == (here.edition_id, None, None)
    schedule = db.session.scalars(select(Schedule)).one()
    assert (schedule.target, schedule.next_run_at) == (f"{other.connection_id}:participants:{here.edition_id}", NOW)
    runs = {run.status: run for run in db.session.scalars(select(Run))}
    assert runs["running"].run_id == running.run_id
    assert runs["running"].cancel_requested
    assert "pending" not in runs


def test_joining_two_sides_suggests_which_distances_belong_together(partner, connection):
    listed(partner, 70, (1, NOW))
    refreshed(connection, "70")
    events, races = PROVIDER_TABLES["ct_events"], PROVIDER_TABLES["ct_races"]
    mine = {"timing_partner_id": partner.timing_partner_id, "event_id": "900"}
    with write() as session:
        session.execute(insert(events), {**mine, "event_name": "Harbor Lights Half", "starts_at": NOW})
        session.execute(
            insert(races), {**mine, "race_id": "1", "race_name": "5K", "race_course_distance": "5000", "starts_at": NOW}
        )
    refreshed(make_connection(partner, "chronotrack"), "900")
    here, there = all_editions()
    assert editions.join(there.edition_id, here.edition_id, "Pat", times.now())
    pair = db.session.scalars(select(ContestPair)).one()
    assert (pair.edition_id, pair.state) == (here.edition_id, "suggested")


# Starts of which no more than the day is known, and distances that change their event

MIDNIGHT = NOW.replace(hour=4)  # there
EIGHT = NOW.replace(hour=12)


def copernico(partner, slug, starts_at, name="5K", zone=None):
    row = {
        "event_id": f"{slug}/{name}", "competition_id": slug, "competition_name": "Harbor Lights Half", "event_name": name,
        "starts_at": starts_at, "timezone": zone, "timing_partner_id": partner.timing_partner_id,
    }  # fmt: skip
    with write() as session:
        session.execute(insert(PROVIDER_TABLES["copernico_events"]).prefix_with("OR REPLACE"), row)


@pytest.fixture
def scoring(partner):
    return make_connection(partner, "copernico")


@pytest.mark.parametrize(("zone", "start", "day_only"), [
    (None, MIDNIGHT, 1),  # the partner's zone holds
    (None, EIGHT, 0),
    ("America/Denver", MIDNIGHT, 0),
    ("America/Denver", NOW.replace(hour=6), 1),
    ("Mars/Base", MIDNIGHT, 1),
    (None, None, 0),
])  # fmt: skip
def test_a_distance_says_its_zone_and_whether_only_its_day_is_known(partner, scoring, zone, start, day_only):
    copernico(partner, "harbor", start, zone=zone)
    refreshed(scoring, "harbor")
    contest = db.session.scalars(select(Contest)).one()
    assert (contest.timezone, contest.day_only) == (zone if zone == "America/Denver" else None, day_only)


def test_a_time_of_that_day_counts_before_the_mere_day(partner, connection):
    listed(partner, 70, (1, MIDNIGHT), (2, EIGHT), (3, MIDNIGHT + timedelta(days=1)))
    refreshed(connection, "70")
    (edition,) = all_editions()
    assert (edition.starts_at, edition.ends_at, edition.day_only) == (EIGHT, MIDNIGHT + timedelta(days=1), 0)


@pytest.mark.parametrize("scoring_first", [True, False])
def test_registration_describes_a_joined_edition_whichever_was_there_first(partner, connection, scoring, scoring_first):
    copernico(partner, "harbor", MIDNIGHT)
    listed(partner, 70, (1, EIGHT))
    sides = [(scoring, "harbor"), (connection, "70")]
    for side in sides if scoring_first else reversed(sides):
        refreshed(*side)
    first, second = all_editions()
    assert editions.join(second.edition_id, first.edition_id, "Pat", NOW)
    for again in ([], [(scoring, "harbor")], [(connection, "70")], [(scoring, "harbor")]):
        for side in again:
            refreshed(*side)
        edition = all_editions()[0]
        assert (edition.starts_at, edition.ends_at, edition.day_only) == (EIGHT, EIGHT, 0)
        assert edition.name == "Harbor Lights Half 2026"
    listed(partner, 70, (1, EIGHT + timedelta(hours=1)))
    refreshed(connection, "70")
    assert all_editions()[0].starts_at == EIGHT + timedelta(hours=1)


def test_where_registration_knows_the_day_only_scorings_time_of_that_day_counts(partner, connection, scoring):
    listed(partner, 70, (1, MIDNIGHT))
    refreshed(connection, "70")
    copernico(partner, "harbor", EIGHT)
    refreshed(scoring, "harbor")
    first, second = all_editions()
    assert (first.starts_at, first.day_only) == (MIDNIGHT, 1)
    assert editions.join(second.edition_id, first.edition_id, "Pat", NOW)
    for again in ([], [(connection, "70")], [(scoring, "harbor")]):
        for side in again:
            refreshed(*side)
        edition = all_editions()[0]
        assert (edition.starts_at, edition.ends_at, edition.date) == (EIGHT, EIGHT, "2026-06-12")
        assert edition.day_only == 0


def test_a_pair_whose_registration_distance_goes_to_another_event_ends(partner, connection, scoring):
    later = NOW + timedelta(days=30)
    listed(partner, 70, (1, NOW), (2, later), (3, later))
    refreshed(connection, "70")
    copernico(partner, "harbor", NOW)
    refreshed(scoring, "harbor")
    first, second, third = all_editions()
    assert editions.join(third.edition_id, first.edition_id, "Pat", NOW)
    ids = {contest.provider_contest_id: contest.contest_id for contest in db.session.scalars(select(Contest))}
    db.session.rollback()
    contest_map.confirm(first.edition_id, ids["1"], ids["harbor/5K"], by="Pat", now=NOW)
    refreshed(connection, "70")
    pair = db.session.scalars(select(ContestPair).where(ContestPair.state == "confirmed")).one()
    assert pair.edition_id == first.edition_id
    listed(partner, 70, (1, later))
    assert refreshed(connection, "70") == [second.edition_id]
    db.session.expire_all()
    assert (pair.state, pair.why) == ("void", "“5K” belongs to another event now.")
