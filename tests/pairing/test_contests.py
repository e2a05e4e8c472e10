"""Which contest is probably which: lengths, starts, names, ids; and what refuses or warns before somebody confirms."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_jobs.pairing import contests, metres
from sync_jobs.pairing.contests import Distance, Ids

START = datetime(2026, 6, 13, 12, 0, tzinfo=UTC)


def distance(number, name, said=None, *, after=0, **given):
    return Distance(contest_id=number, name=name, distance=said, starts_at=START + timedelta(minutes=after), **given)


def pairs(registration, scoring, ids=None):
    return {(s.registration_contest_id, s.scoring_contest_id) for s in contests.suggest(registration, scoring, ids or {})}


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("5K", 5000),
        ("5 k", 5000),
        ("5km", 5000),
        ("10,5 km", 10500),
        ("3.1 Miles", 4989),
        ("13.1 mi", 21082),
        ("1 Mile Walk", 1609),
        ("Half Marathon", 21097.5),
        ("Marathon Relay", 42195),
        ("5000", 5000),
        ("21097.5", 21097.5),
        ("100 yd", 91.4),
        ("5-K", 5000),
        ("5K & 10K", 10000),
        ("HALF", 21097.5),
        ("5", None),
        ("0 km", None),
        ("", None),
        (None, None),
        ("Kids Fun Run", None),
        ("Team of 4", None),
        ("2026", 2026),
        ("Marathoners Anonymous", None),
        ("50 Meter", 50),
        ("5kids", None),
    ],
)
def test_lengths_as_providers_write_them(text, length):
    assert metres.metres(text) == pytest.approx(length, abs=1) if length else metres.metres(text) is None


def test_a_year_in_a_name_is_no_length():
    assert metres.of_contest(None, "2026") is None
    assert metres.of_contest(None, "Harbor 10K 2026") == 10000


def test_the_same_length_start_and_name_find_each_other():
    registration = [distance(1, "Half Marathon", "13.1 Miles"), distance(2, "5K Run", "5K", after=30)]
    scoring = [distance(11, "5K", "5000", after=30), distance(12, "Half", "21097.5")]
    assert pairs(registration, scoring) == {(1, 12), (2, 11)}
    (half,) = [s for s in contests.suggest(registration, scoring, {}) if s.scoring_contest_id == 12]
    assert half.why == "The same length, the same start and a similar name."


def test_ids_that_agree_outweigh_everything_else():
    registration = [distance(1, "5K", "5K"), distance(2, "Open", after=20)]
    scoring = [distance(11, "5K", "5000")]
    ids = {11: Ids(entries=418, carrying=412, by_contest={2: 412})}
    (found,) = contests.suggest(registration, scoring, ids)
    assert (found.registration_contest_id, found.scoring_contest_id) == (2, 11)
    assert found.why.startswith("412 of 418 entries carry a registration id of it")
    assert found.likeness == 100


def test_waves_that_carry_ids_of_one_contest_are_all_suggested_for_it():
    scoring = [distance(11, "Wave A", after=0), distance(12, "Wave B", after=45)]
    ids = {number: Ids(entries=50, carrying=50, by_contest={1: 50}) for number in (11, 12)}
    assert pairs([distance(1, "10K", "10K")], scoring, ids) == {(1, 11), (1, 12)}


def test_two_that_are_as_good_are_both_shown():
    assert pairs([distance(1, "5K", "5K")], [distance(11, "5K", "5K"), distance(12, "5K", "5K")]) == {(1, 11), (1, 12)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (distance(1, "5K", "5K"), distance(11, "10K", "10K")),
        (distance(1, "5K", "5K"), distance(11, "5K", "5K", after=60 * 24 * 300)),
        (distance(1, "5K Walk", "5K"), distance(11, "5K", "5K", after=100)),
        (distance(1, "Open"), distance(11, "Elite", after=300)),
    ],
)
def test_what_is_not_the_same_is_not_suggested(one, other):
    assert pairs([one], [other]) == set()


def test_a_walk_is_paired_with_the_walk_of_the_same_length():
    registration = [distance(1, "5K Run", "5K"), distance(2, "5K Walk", "5K")]
    assert pairs(registration, [distance(11, "Run 5K", "5000"), distance(12, "Walk 5K", "5000")]) == {(1, 11), (2, 12)}


def test_numbers_of_people_decide_nothing_but_help():
    one, other = distance(1, "Short", "5K", people=420, after=0), distance(11, "A", "5000", people=418, after=90)
    assert contests.compare(one, other, None).likeness == 55
    assert contests.compare(one, distance(11, "A", "5000", people=300, after=90), None) is None


def test_what_nobody_times_is_suggested_to_be_left_out():
    registration = [distance(1, "Virtual 5K", "5K"), distance(2, "Crew", is_volunteer=True), distance(3, "5K", "5K")]
    assert pairs(registration, [distance(11, "5K", "5000")]) == {(1, None), (2, None), (3, 11)}


def test_days_apart_refuse():
    assert contests.refusal(distance(1, "5K"), distance(11, "5K", after=24 * 60)) is None
    assert "2 days apart" in contests.refusal(distance(1, "5K"), distance(11, "5K", after=48 * 60))
    assert contests.refusal(distance(1, "5K"), Distance(contest_id=11, name="5K")) is None


def test_what_a_person_has_to_look_at():
    assert contests.warnings(distance(1, "5K", "5K"), distance(11, "5K", "5.2 km", after=30)) == []
    (length,) = contests.warnings(distance(1, "5K", "5K"), distance(11, "8K", "8000"))
    assert length == "The lengths differ by 38%: 5.0 km here, 8.0 km there."
    assert contests.warnings(distance(1, "5K"), distance(11, "5K", after=135)) == ["The starts are 2 h 15 min apart."]
    assert contests.warnings(distance(1, "5K Walk"), distance(11, "5K")) == ["Only one of the two is called walk."]


MIDNIGHT = START - timedelta(hours=8)  # of that day in New York


def day(number, name="5K", *, days=0, **given):
    return Distance(contest_id=number, name=name, distance="5K", starts_at=MIDNIGHT + timedelta(days=days), day_only=True, **given)


def test_a_mere_day_is_no_start_at_midnight():
    at_eight = distance(1, "5K", "5K", after=12 * 60)  # 20 hours after midnight
    assert contests.warnings(at_eight, day(11)) == []
    assert contests.warnings(day(1), day(11)) == []
    found = contests.compare(at_eight, day(11), None)
    assert found.why == "The same length and the same name."  # and nothing about starts
    assert found.likeness == contests.compare(at_eight, Distance(contest_id=11, name="5K", distance="5K"), None).likeness


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        (distance(1, "5K", after=0), day(11, days=0), None),
        (distance(1, "5K", after=0), day(11, days=-1), None),
        (distance(1, "5K", after=15 * 60), day(11, days=-1), None),  # 23:00, and the day before
        (distance(1, "5K", after=0), day(11, days=-2), "more than a day apart"),
        (distance(1, "5K", after=0), day(11, days=1), None),
        (distance(1, "5K", after=0), day(11, days=2), "2 days apart"),
        (day(1), day(11, days=1), None),
        (day(1), day(11, days=-2), "2 days apart"),
        (day(1), day(11, days=364), "364 days apart"),
    ],
)
def test_days_of_which_no_time_is_known_refuse_too(one, other, refused):
    said = contests.refusal(one, other)
    assert said is None if refused is None else refused in said
    assert contests.refusal(other, one) == said


def zoned(number, zone, provider="", **given):
    return Distance(contest_id=number, name="5K", timezone=zone, provider=provider, **given)


def test_other_zones_are_said():
    one, other = zoned(1, "America/Denver", "RunSignUp"), zoned(11, "America/New_York", "ChronoTrack")
    assert contests.warnings(one, other) == ["RunSignUp says America/Denver, ChronoTrack says America/New_York."]


@pytest.mark.parametrize(
    ("one", "other", "starts_at", "differ"),
    [
        ("America/New_York", "US/Eastern", None, False),
        ("America/New_York", None, None, False),
        ("America/Phoenix", "America/Denver", START, True),
        ("America/Phoenix", "America/Denver", START - timedelta(days=150), False),  # in winter the same clocks
    ],
)
def test_two_names_of_one_clock_are_no_difference(one, other, starts_at, differ):
    assert bool(contests.warnings(zoned(1, one), zoned(11, other, starts_at=starts_at))) == differ
