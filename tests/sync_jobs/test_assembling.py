"""What checks are given: put together from everything that is kept about a contest, in few statements."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from sync_jobs import assembling, contest_map, versions
from sync_jobs.models import (
    AwardGiven,
    CheckThreshold,
    ContestPair,
    EntryLink,
    EntryQuestion,
    HiddenName,
    Hold,
    PublishingPolicy,
    ResultDestination,
    db,
    write,
)
from sync_jobs.results import Point, Published, PublishedSet, ResultRow, ResultTarget, SetFlags, Split
from sync_jobs.review import packed
from tests.conftest import NOW
from tests.factories import keep
from tests.sync_jobs.hub import statements
from tests.sync_jobs.sides import EVENT, two_sides

START = datetime(2026, 6, 12, 13, tzinfo=UTC)
FLAGS = SetFlags(name="Results", is_public=True, is_preliminary=True, notifies=False, contact="timer@example.com")


@pytest.fixture
def sides(app, clock):
    return two_sides()


@pytest.fixture
def pair(sides):
    """A distance of each side that belong together."""
    ours, theirs = sides.distance("10K", 801, starts_at=START), sides.scored("10K Run", 1, starts_at=START, distance="10000")
    keep(
        ContestPair(
            timing_partner_id=sides.partner.timing_partner_id, edition_id=sides.id, registration_contest_id=ours.contest_id,
            scoring_contest_id=theirs.contest_id, state="confirmed",
        )
    )  # fmt: skip
    return ours, theirs


def finish(sides, contest, key, place=1, time="00:40:00", **given):
    race = contest.provider_contest_id.partition("/")[2]
    row = {
        "event_id": EVENT, "race_id": race, "entry_id": str(key), "results_bib": str(key), "results_first_name": "Ada",
        "results_last_name": f"Sample{key}", "results_sex": "F", "results_age": "36", "results_bracket_name": "Overall",
        "results_rank": str(place), "results_time": time, "results_gun_time": time, **given,
    }  # fmt: skip
    sides.write("ct_results", row)


def link(sides, contest, key, registration, **given):
    fields = {"registration_provider": "runsignup", "method": "external_id", "confidence": 100, "made_at": NOW, **given}
    keep(
        EntryLink(
            timing_partner_id=sides.partner.timing_partner_id, edition_id=sides.id, contest_id=contest.contest_id,
            entry_key=str(key), registration_key=str(registration), **fields,
        )
    )  # fmt: skip


def make(sides):
    return versions.make(sides.id, sides.there.connection_id, None, NOW)


def ran(sides, pair, *keys):
    """These people were registered as 10 times their number, linked, and ran; the version of it."""
    ours, theirs = pair
    for place, key in enumerate(keys, 1):
        sides.sign_up(ours, key * 10, f"Ada Sample{key}", bib_num=str(key))
        sides.enter(theirs, key, f"Ada Sample{key}", entry_bib=str(key))
        link(sides, theirs, key, key * 10)
        finish(sides, theirs, key, place, f"00:4{place}:00")
    (version_id,) = make(sides)
    return version_id


def destination(sides, pair, **given):
    ours, theirs = pair
    row = ResultDestination(
        timing_partner_id=sides.partner.timing_partner_id, edition_id=sides.id, contest_id=theirs.contest_id,
        connection_id=sides.here.connection_id, provider_name="runsignup", happening_id="70",
        registration_contest_id=ours.contest_id, also_for=[], **given,
    )  # fmt: skip
    keep(row)
    return row.destination_id


def policy(sides, edition=None, **given):
    usual = {
        "mode": "manual", "second_person": 1, "award_depth": 3, "hide_minors_under": 13, "quiet_minutes": 60, "by_name": "Ada",
    }  # fmt: skip
    keep(PublishingPolicy(timing_partner_id=sides.partner.timing_partner_id, edition_id=edition, at=NOW, **{**usual, **given}))


# Facts


def test_facts_of_a_contest(sides, pair):
    facts = assembling.facts(pair[1].contest_id)
    assert (facts.name, facts.provider_name, facts.happening_id, facts.provider_contest_id) == (
        "10K Run",
        "chronotrack",
        EVENT,
        "900/1",
    )
    assert (facts.zone, facts.day, facts.last_day) == ("America/New_York", date(2026, 6, 12), date(2026, 6, 12))
    assert (facts.metres, facts.planned_start, facts.profile) == (10_000, START, "road")
    assert (facts.points, facts.basis, facts.overall_awards, facts.age_reference, facts.map_version) == ((), "gun", 3, None, 0)


def test_of_which_only_the_day_is_known_has_no_planned_start(sides):
    assert assembling.facts(sides.scored("10K", 1, starts_at=START, day_only=1).contest_id).planned_start is None


def test_what_somebody_chose_for_a_contest_holds_and_counts_its_map_up(sides, pair):
    chosen = contest_map.Rules(basis="chip", division_basis="chip", overall_awards=5, age_reference=date(2026, 12, 31))
    contest_map.keep_rules(sides.id, pair[1].contest_id, chosen, by="Ada", now=NOW - timedelta(days=9), reason="So it is.")
    policy(sides, award_depth=9)
    facts = assembling.facts(pair[1].contest_id)
    assert (facts.basis, facts.division_basis, facts.overall_awards, facts.division_awards) == ("chip", "chip", 5, 3)
    assert (facts.age_reference, facts.map_version) == (date(2026, 12, 31), 1)


def test_awards_go_as_deep_as_the_policy_says_where_nobody_chose(sides, pair):
    policy(sides, award_depth=4)
    policy(sides, award_depth=5)
    assert assembling.facts(pair[1].contest_id).division_awards == 5
    policy(sides, sides.id, award_depth=10)
    policy(sides, sides.id + 1, award_depth=20)
    assert assembling.facts(pair[1].contest_id).overall_awards == 10


def test_an_event_tightens_its_partners_policy_and_never_loosens_it(sides):
    assert assembling.policy_of(sides.partner.timing_partner_id, sides.id).mode == "manual"
    policy(sides, mode="automatic", hide_minors_under=16)
    policy(sides, sides.id, mode="manual", hide_minors_under=10)
    partner = sides.partner.timing_partner_id
    assert (assembling.policy_of(partner).mode, assembling.policy_of(partner, sides.id).mode) == ("automatic", "manual")
    assert assembling.policy_of(partner, sides.id).hide_minors_under == 16
    with write() as session:
        session.execute(update(PublishingPolicy).where(PublishingPolicy.edition_id == sides.id).values(ended_at=NOW))
    assert assembling.policy_of(partner, sides.id).mode == "automatic"


@pytest.mark.parametrize(
    ("name", "metres", "kind", "profile"),
    [
        ("5K Run", 5000, "running", "road"), ("Kids Dash", 400, None, "kids"), ("1M Walk", 1609, None, "walk"),
        ("Trail 25K", 25_000, None, "trail"), ("Trail 50K", 50_000, None, "ultra"), ("Full Marathon", 42_195, None, "road"),
        ("Ultra", None, None, "ultra"), ("Marathon Relay", 42_195, None, "relay"), ("10K Wheelchair", 10_000, None, "wheel"),
        ("Handcycle 5K", 5000, None, "wheel"), ("Olympic Triathlon", 51_500, None, "wheel"),
        ("Olympic Tri", 51_500, "multisport", "wheel"),
    ],
)  # fmt: skip
def test_profiles(name, metres, kind, profile):
    assert assembling.profile_of(name, metres, kind) == profile


def test_chronotracks_own_word_for_the_sport_counts(sides, pair):
    sides.write("ct_races", {"race_id": "1", "event_id": EVENT, "race_type": "biking"})
    assert assembling.facts(pair[1].contest_id).profile == "wheel"


def row_with(*splits):
    return ResultRow(entry_key="1", splits=tuple(splits))


def test_points_are_in_the_order_of_the_course():
    ten, five = Split(point="10K", metres=10_000, gun_ms=1), Split(point="5K", metres=5000, gun_ms=2)
    assert assembling.points_of([row_with(ten), row_with(five)]) == (
        Point(name="5K", metres=5000),
        Point(name="10K", metres=10_000),
    )
    bridge, mill = Split(point="Bridge", gun_ms=900), Split(point="Mill", gun_ms=None, chip_ms=400)
    rows = [row_with(mill, bridge), row_with(mill, bridge), row_with(Split(point="Mill", gun_ms=5000))]
    assert [point.name for point in assembling.points_of(rows)] == ["Mill", "Bridge"]
    assert assembling.points_of([row_with(five, bridge)], measured_only=True) == (Point(name="5K", metres=5000),)


# Fields


def test_a_field_has_everybody_and_what_would_be_sent(sides, pair):
    ours, theirs = pair
    version_id = ran(sides, pair, 1, 2)
    sides.sign_up(ours, 999, "Nobody Ran")
    field = assembling.field(version_id, None)
    assert (field.version.version_id, field.newest, field.live, field.destination) == (version_id, None, None, None)
    assert {key: (one.key, one.confidence, one.contest_id) for key, one in field.registered.items()} == {
        "1": ("10", "external_id", ours.contest_id), "2": ("20", "external_id", ours.contest_id),
    }  # fmt: skip
    assert field.registered["1"].born == date(1990, 3, 4)
    assert {one.key for one in field.all_registered} == {"10", "20", "999"}
    assert (field.mapped, field.contest_names) == (frozenset({ours.contest_id}), {ours.contest_id: "10K"})
    assert [(row.registration_key, row.place) for row in field.payload] == [("10", 1), ("20", 2)]
    assert field.payload_keys >= {"registration_key", "bib", "gun_ms", "place"}
    assert not field.payload_keys & {"entry_key", "splits", "extra"}
    assert field.facts == assembling.facts(theirs.contest_id)
    assert field.thresholds["L02"]["percent"] == 35


def test_the_version_before_is_there(sides, pair):
    first = ran(sides, pair, 1, 2)
    finish(sides, pair[1], 3, 3, "00:49:00")
    (second,) = make(sides)
    field = assembling.field(second, None)
    assert (field.newest.version_id, len(field.newest.rows), len(field.version.rows)) == (first, 2, 3)
    assert assembling.field(first, None).newest is None
    assert [row.entry_key for row in field.unlinked()] == ["3"]
    assert len(field.payload) == 2


def test_what_people_decided_is_in_it(sides, pair):
    version_id = ran(sides, pair, 1, 2, 3)
    partner, contest = sides.partner.timing_partner_id, pair[1].contest_id
    by = {"contest_id": contest, "reason": "asked", "by_account": 1, "at": NOW}
    keep(
        Hold(entry_key="1", by_name="Ada", **by), Hold(entry_key="2", by_name="Ada", ended_at=NOW, **by),
        HiddenName(timing_partner_id=partner, entry_key="2", by_name="Ada", **by),
        AwardGiven(contest_id=contest, entry_key="3", by_name="Ada", at=NOW),
        CheckThreshold(timing_partner_id=partner, check_id="L02", name="percent", value="30", by_name="Ada", at=NOW),
        CheckThreshold(timing_partner_id=partner, check_id="T02", name="slack", value="none", by_name="Ada", at=NOW),
    )  # fmt: skip
    field = assembling.field(version_id, None, going_official=True)
    assert field.limit("L02", "percent") == 30
    assert (field.held, field.handed_out, field.going_official) == (frozenset("1"), frozenset("3"), True)
    assert [(row.registration_key, row.first_name) for row in field.payload] == [("20", "Anonymous"), ("30", "Ada")]


def test_a_registration_for_another_distance_is_said(sides, pair):
    other = sides.distance("5K", 802)
    sides.sign_up(other, 70, "Ada Sample7")
    sides.enter(pair[1], 7, "Ada Sample7")
    link(sides, pair[1], 7, 70, method="by_hand", made_by="Ada")
    finish(sides, pair[1], 7)
    (version_id,) = make(sides)
    field = assembling.field(version_id, None)
    assert (field.registered["7"].contest_id, field.registered["7"].confidence) == (other.contest_id, "by_hand")
    assert field.contest_names[other.contest_id] == "5K"
    assert "70" not in {one.key for one in field.all_registered}


@pytest.mark.parametrize("ended", [{}, {"ended_at": NOW, "ended_why": "gone"}])
def test_a_registration_that_is_gone_is_inactive_and_nothing_is_sent_to_it(sides, pair, ended):
    ours, theirs = pair
    sides.sign_up(ours, 70, "Ada Sample7", gone_at=NOW, dob="3/4/1990")
    link(sides, theirs, 7, 70, **ended)
    finish(sides, theirs, 7)
    (version_id,) = make(sides)
    field = assembling.field(version_id, None)
    gone = field.registered["7"]
    assert (gone.is_active, gone.key, gone.last_name, gone.born) == (False, "70", "Sample7", date(1990, 3, 4))
    assert field.payload == ()


def test_two_rungs_that_point_at_two_people(sides, pair):
    version_id = ran(sides, pair, 1, 2)
    about = {"registrations": [["runsignup", "10"], ["runsignup", "20"]], "rivals": []}
    keep(
        EntryQuestion(
            timing_partner_id=sides.partner.timing_partner_id, edition_id=sides.id, contest_id=pair[1].contest_id,
            kind="two_answers", entry_key="1", about=about, asked_at=NOW,
        )
    )  # fmt: skip
    field = assembling.field(version_id, None)
    assert {entry: one.key for entry, one in field.other_rungs.items()} == {"1": "20"}


# Destinations


def told(key, **given):
    row = Published(
        registration_key=key, entry_key=None, bib=None, first_name="Ada", last_name="Sample", gender="F", age=36, status="FINISHED",
        gun_ms=2_400_000, chip_ms=2_400_000, place=1,
    )  # fmt: skip
    return replace(row, **given)


def test_a_destination_that_nobody_published_to(sides, pair):
    version_id = ran(sides, pair, 1, 2)
    field = assembling.field(version_id, destination(sides, pair))
    there = field.destination
    assert (there.provider_name, there.day, there.flags, there.expected) == ("runsignup", date(2026, 6, 12), None, None)
    assert (there.rows, there.sent, there.would_tell, there.tells) == ((), (), 2, False)
    assert field.live is None


def test_a_destination_that_is_public(sides, pair):
    first = ran(sides, pair, 1, 2)
    base = PublishedSet(set_id="5", flags=FLAGS, rows=(told("10"),), read_at=NOW)
    sent = packed.Payload(
        target=ResultTarget(happening_id="70", contest_id="801"), visibility="preliminary", tells=False, map_version=0,
        rows=(told("10"),),
    )  # fmt: skip
    to = destination(
        sides, pair, visibility="preliminary", live_version_id=first, base=packed.pack_set(base), sent=packed.pack(sent), set_id="5"
    )  # fmt: skip
    finish(sides, pair[1], 3, 3, "00:49:00")
    (second,) = make(sides)
    finish(sides, pair[1], 4, 4, "00:49:30")
    (third,) = make(sides)
    field = assembling.field(third, to, tells=True)
    assert (field.live.version_id, field.newest.version_id, field.live_visibility) == (first, second, "preliminary")
    there = field.destination
    assert (there.flags, there.expected, there.rows, there.sent) == (FLAGS, FLAGS, (told("10"),), (told("10"),))
    assert (there.would_tell, there.tells) == (2, True), "what went out quietly is told about with the rest"
    assert assembling.field(second, to).live.version_id == first
    assert assembling.field(third, None).live.version_id == first, "also where it is not about a destination"


@pytest.mark.parametrize("visibility", ["hidden", "retracted", "none"])
def test_what_nobody_sees_is_not_live(sides, pair, visibility):
    version_id = ran(sides, pair, 1)
    to = destination(sides, pair, visibility=visibility, live_version_id=version_id)
    assert assembling.field(version_id, to).live is None
    assert assembling.field(version_id, None).live is None


def test_only_its_own_registrations_go_to_a_destination(sides, pair):
    other = sides.distance("10K Charity", 802)
    version_id = ran(sides, pair, 1, 2)
    sides.change("runsignup_participants", 20, event_id=802)
    with write() as session:
        session.add(
            ContestPair(
                timing_partner_id=sides.partner.timing_partner_id, edition_id=sides.id, registration_contest_id=other.contest_id,
                scoring_contest_id=pair[1].contest_id, state="confirmed",
            )
        )  # fmt: skip
    to = destination(sides, pair)
    assert [row.registration_key for row in assembling.field(version_id, to).payload] == ["10"]
    assert len(assembling.field(version_id, None).payload) == 2
    with write() as session:
        session.execute(update(ResultDestination).values(also_for=[other.contest_id]))
    assert len(assembling.field(version_id, to).payload) == 2


def test_a_foreign_destination_is_none(sides, pair):
    version_id = ran(sides, pair, 1)
    with pytest.raises(LookupError):
        assembling.field(version_id, 4711)


def test_a_field_costs_few_statements_however_many_ran(sides, pair):
    first = ran(sides, pair, 1)
    to = destination(sides, pair, visibility="official", live_version_id=first)
    ours, theirs = pair
    for key in range(2, 40):
        sides.sign_up(ours, key * 10, f"Ada Sample{key}")
        link(sides, theirs, key, key * 10)
        finish(sides, theirs, key, key, "00:50:00")
    (second,) = make(sides)
    counted = []
    for version_id in (first, second):
        db.session.rollback()
        seen = statements(db.engine)
        field = assembling.field(version_id, to)
        counted.append(sum("SELECT" in one for one in seen))
        seen.clear()
    assert len(field.payload) == 39
    assert max(counted) <= 22, counted
