"""The slots of the plans, above all on the days when clocks change (row 24 of the fault matrix)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync_jobs import cadence

NEW_YORK, PARIS, LORD_HOWE = "America/New_York", "Europe/Paris", "Australia/Lord_Howe"


def standard(zone: str) -> cadence.When:
    return cadence.When(plan="standard", zone=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAILY = [
    # zone, after (UTC), the slot (UTC)
    pytest.param(NEW_YORK, "2026-03-07 12:00", "2026-03-08 07:00", id="New York, 02:00 is skipped: 03:00 EDT"),
    pytest.param(NEW_YORK, "2026-03-08 06:59", "2026-03-08 07:00", id="New York, a minute before the skipped hour"),
    pytest.param(NEW_YORK, "2026-03-08 07:00", "2026-03-09 06:00", id="New York, the day after is 02:00 EDT"),
    pytest.param(NEW_YORK, "2026-03-08 07:30", "2026-03-09 06:00", id="New York, not again in the hour after"),
    pytest.param(NEW_YORK, "2026-11-01 05:30", "2026-11-01 07:00", id="New York, 01:30 EDT, the hour comes twice"),
    pytest.param(NEW_YORK, "2026-11-01 06:30", "2026-11-01 07:00", id="New York, 01:30 EST, the second time"),
    pytest.param(NEW_YORK, "2026-11-01 07:00", "2026-11-02 07:00", id="New York, once on that day"),
    pytest.param(PARIS, "2026-03-28 12:00", "2026-03-29 01:00", id="Paris, 02:00 is skipped: 03:00 CEST"),
    pytest.param(PARIS, "2026-03-29 01:00", "2026-03-30 00:00", id="Paris, the day after"),
    pytest.param(PARIS, "2026-10-24 12:00", "2026-10-25 00:00", id="Paris, 02:00 comes twice: the first"),
    pytest.param(PARIS, "2026-10-25 00:00", "2026-10-26 01:00", id="Paris, the second 02:00 is no slot"),
    pytest.param(PARIS, "2026-10-25 00:59", "2026-10-26 01:00", id="Paris, just before the second 02:00"),
    pytest.param(LORD_HOWE, "2026-10-03 12:00", "2026-10-03 15:30", id="Lord Howe, half an hour is skipped: 02:30"),
    pytest.param(LORD_HOWE, "2026-10-03 15:30", "2026-10-04 15:00", id="Lord Howe, the day after"),
    pytest.param(LORD_HOWE, "2026-04-04 12:00", "2026-04-04 15:30", id="Lord Howe, 01:30 to 02:00 comes twice"),
]


@pytest.mark.parametrize(("zone", "after", "expected"), DAILY)
def test_row24_daily_slot_around_clock_changes(zone, after, expected):
    assert cadence.next_slot("events", standard(zone), utc(after)) == utc(expected)


@pytest.mark.parametrize("zone", [NEW_YORK, PARIS, LORD_HOWE])
def test_row24_one_slot_a_day_through_the_whole_year_and_never_a_past_one(zone):
    there = ZoneInfo(zone)
    seen: list[date] = []
    at = datetime(2026, 1, 1, tzinfo=there).astimezone(UTC)
    while len(seen) < 365:
        slot = cadence.next_slot("events", standard(zone), at)
        assert at < slot <= at + cadence.LOOK_AGAIN
        seen.append(slot.astimezone(there).date())
        at = slot
    assert seen == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


@pytest.mark.parametrize("zone", [NEW_YORK, PARIS, LORD_HOWE])
def test_row24_ticks_every_five_seconds_meet_one_slot_on_a_day_of_change(zone):
    day = {NEW_YORK: "2026-03-08 00:00", PARIS: "2026-10-24 12:00", LORD_HOWE: "2026-10-03 12:00"}[zone]
    slots = {cadence.next_slot("events", standard(zone), utc(day) + timedelta(seconds=5 * n)) for n in range(24 * 720)}
    assert len(slots) == 2  # that day's, and the next one's


@pytest.mark.parametrize(
    ("operation", "after", "expected"),
    [
        ("participants", "2026-06-12 15:00", "2026-06-12 16:00"),
        ("participants", "2026-06-12 16:00", "2026-06-12 20:00"),
        ("participants", "2026-06-12 23:59", "2026-06-13 00:00"),
        ("participants", "2026-03-08 06:30", "2026-03-08 08:00"),
        ("results", "2026-06-12 15:00", "2026-06-12 15:30"),
        ("results", "2026-11-01 05:45", "2026-11-01 06:00"),
    ],
)
def test_shorter_intervals_stand_on_a_grid_in_utc(operation, after, expected):
    assert cadence.next_slot(operation, standard(NEW_YORK), utc(after)) == utc(expected)


def test_a_zone_that_is_none_counts_as_utc():
    assert cadence.next_slot("events", standard("Mars/Olympus"), utc("2026-06-12 15:00")) == utc("2026-06-13 02:00")


def test_row25_ten_slots_missed_run_once_with_nine_skipped():
    due = utc("2026-06-12 00:00")
    assert cadence.slots_missed("results", standard("UTC"), due, utc("2026-06-12 04:44")) == (utc("2026-06-12 04:30"), 9)


@pytest.mark.parametrize(
    ("since", "now", "expected"),
    [
        ("2026-06-12 00:00", "2026-06-12 00:00", ("2026-06-12 00:00", 0)),
        ("2026-06-12 00:00", "2026-06-12 03:59", ("2026-06-12 00:00", 0)),
        ("2026-06-12 00:00", "2026-06-12 04:00", ("2026-06-12 04:00", 1)),
        ("2026-06-12 00:07", "2026-06-12 00:09", ("2026-06-12 00:07", 0)),  # off the grid: asked to start at once
        ("2026-06-12 08:00", "2026-06-12 00:09", ("2026-06-12 08:00", 0)),  # not due yet
    ],
)
def test_the_latest_due_slot_and_what_it_skips(since, now, expected):
    assert cadence.slots_missed("participants", standard("UTC"), utc(since), utc(now)) == (utc(expected[0]), expected[1])


def test_days_missed_over_a_clock_change_are_counted_as_days():
    assert cadence.slots_missed("events", standard(NEW_YORK), utc("2026-03-06 07:00"), utc("2026-03-10 12:00")) == (
        utc("2026-03-10 06:00"),
        4,
    )


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "wanted"),
    [
        (None, None, True),
        ("2026-06-20 12:00", "2026-06-21 12:00", True),
        ("2026-06-10 12:00", "2026-06-11 15:00", True),  # a day ago to the minute
        ("2026-06-10 12:00", "2026-06-11 14:59", False),
        ("2026-06-11 15:00", None, True),
        ("2026-06-11 14:00", None, False),
    ],
)
def test_participants_are_wanted_until_a_day_after_the_last_start(starts_at, ends_at, wanted):
    start, end = (value and utc(value) for value in (starts_at, ends_at))
    assert cadence.still_wanted(start, end, utc("2026-06-12 15:00")) is wanted


def test_the_plan_knows_what_it_schedules():
    known = ("events", "participants", "entries", "counts", "results", "test", "nonsense")
    assert [name for name in known if cadence.scheduled(name)] == list(known[:5])


# Race day

START, LAST = "2026-06-13 11:00", "2026-06-13 13:30"


def race_day(plan="race_day", starts_at=START, ends_at=LAST):
    return cadence.When(plan=plan, zone=NEW_YORK, starts_at=starts_at and utc(starts_at), ends_at=ends_at and utc(ends_at))


RACE_DAY = [
    # kind, after, the slot
    ("participants", "2026-06-10 09:30", "2026-06-10 12:00"),
    ("participants", "2026-06-12 08:10", "2026-06-12 11:00"),  # the next four-hour slot would be 12:00: the phase begins first
    ("participants", "2026-06-12 11:00", "2026-06-12 11:15"),
    ("participants", "2026-06-13 06:50", "2026-06-13 07:00"),  # four hours before the first start
    ("participants", "2026-06-13 07:00", "2026-06-13 07:01"),
    ("participants", "2026-06-13 14:28", "2026-06-13 14:29"),  # until an hour after the last start
    ("participants", "2026-06-13 14:29", None),
    ("entries", "2026-06-13 14:29", "2026-06-13 14:30"),
    ("entries", "2026-06-13 14:30", "2026-06-13 15:00"),
    ("entries", "2026-06-16 12:59", "2026-06-16 13:00"),
    ("entries", "2026-06-16 13:00", None),
    ("results", "2026-06-01 00:00", "2026-06-13 11:05"),  # five minutes after the first start
    ("results", "2026-06-13 11:05", "2026-06-13 11:06:00"),
    ("results", "2026-06-13 11:06", "2026-06-13 11:07:30"),
    ("results", "2026-06-13 18:29", "2026-06-13 18:30"),  # five hours after the last start
    ("results", "2026-06-13 18:30", "2026-06-13 19:00"),
    ("results", "2026-06-16 13:00", None),  # three days after it
    ("counts", "2026-06-12 12:00", "2026-06-13 07:00"),
    ("counts", "2026-06-15 12:00", None),
]


@pytest.mark.parametrize(("kind", "after", "expected"), RACE_DAY)
def test_race_day_comes_nearer_and_goes(kind, after, expected):
    assert cadence.next_slot(kind, race_day(), utc(after)) == (expected and utc(expected))


@pytest.mark.parametrize(
    ("plan", "kind", "after", "expected"),
    [
        ("standard", "participants", "2026-06-13 10:30", "2026-06-13 12:00"),
        ("standard", "participants", "2026-06-14 13:00", None),
        ("standard", "results", "2026-06-13 09:00", "2026-06-13 11:05"),
        ("standard", "results", "2026-06-13 11:05", "2026-06-13 11:30"),
        ("standard", "entries", "2026-06-14 13:00", "2026-06-14 16:00"),
        ("slow", "participants", "2026-06-13 01:00", "2026-06-13 12:00"),
        ("slow", "results", "2026-06-13 12:30", "2026-06-13 16:00"),
    ],
)
def test_the_calmer_plans(plan, kind, after, expected):
    assert cadence.next_slot(kind, race_day(plan), utc(after)) == (expected and utc(expected))


@pytest.mark.parametrize("plan", cadence.PLANS)
@pytest.mark.parametrize("kind", ["participants", "entries", "results"])
def test_every_plan_moves_on_and_ends(plan, kind):
    at, seen = utc("2026-06-11 00:00"), 0
    while (slot := cadence.next_slot(kind, race_day(plan), at)) is not None:
        assert slot > at
        assert cadence.is_active(kind, race_day(plan), slot)
        at, seen = slot, seen + 1
    assert seen > 2
    assert at < utc("2026-06-16 13:30")
    assert not cadence.is_active(kind, race_day(plan), utc("2026-06-16 13:30"))


def test_without_a_start_race_day_is_as_calm_as_standard():
    undated = race_day(starts_at=None, ends_at=None)
    for kind in ("participants", "results"):
        after = utc("2026-06-12 15:00")
        assert cadence.next_slot(kind, undated, after) == cadence.next_slot(kind, standard(NEW_YORK), after)


def test_the_default_is_race_day_where_a_start_is_known():
    assert (cadence.default_plan(utc(START)), cadence.default_plan(None)) == ("race_day", "standard")


def test_results_are_not_read_before_the_start_but_their_schedule_is_looked_at_each_day():
    now = utc("2026-06-01 00:00")
    assert not cadence.is_active("results", race_day(), now)
    assert cadence.look_again("results", race_day(), now) == now + cadence.LOOK_AGAIN
    assert cadence.look_again("results", race_day(), utc("2026-06-13 00:00")) == utc("2026-06-13 11:05")


def test_a_clock_change_on_race_day_moves_nothing():
    """Six hours before a start are six hours, whatever the clock on the wall does between."""
    when = cadence.When(plan="race_day", zone=NEW_YORK, starts_at=utc("2026-11-01 08:00"))
    assert cadence.next_slot("participants", when, utc("2026-11-01 03:59")) == utc("2026-11-01 04:00")
    assert cadence.next_slot("participants", when, utc("2026-11-01 05:59:30")) == utc("2026-11-01 06:00")


@pytest.mark.parametrize(
    ("kind", "expected"), [("participants", "2026-06-13 10:35"), ("entries", "2026-06-13 10:35"), ("results", "2026-06-13 11:05")]
)
def test_where_a_reading_costs_many_calls_people_are_read_less_often(kind, expected):
    when = replace(race_day(), least=timedelta(minutes=5))
    assert cadence.next_slot(kind, when, utc("2026-06-13 10:30")) == utc(expected)
    assert cadence.next_slot("participants", when, utc("2026-06-12 11:00")) == utc("2026-06-12 11:15"), "never more often either"
