"""The slots of the Standard plan, above all on the days when clocks change (row 24 of the fault matrix)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync_jobs import cadence

NEW_YORK, PARIS, LORD_HOWE = "America/New_York", "Europe/Paris", "Australia/Lord_Howe"


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
    assert cadence.next_slot("events", zone, utc(after)) == utc(expected)


@pytest.mark.parametrize("zone", [NEW_YORK, PARIS, LORD_HOWE])
def test_row24_one_slot_a_day_through_the_whole_year_and_never_a_past_one(zone):
    there = ZoneInfo(zone)
    seen: list[date] = []
    at = datetime(2026, 1, 1, tzinfo=there).astimezone(UTC)
    while len(seen) < 365:
        slot = cadence.next_slot("events", zone, at)
        assert at < slot <= at + cadence.LONGEST_STEP["events"]
        seen.append(slot.astimezone(there).date())
        at = slot
    assert seen == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


@pytest.mark.parametrize("zone", [NEW_YORK, PARIS, LORD_HOWE])
def test_row24_ticks_every_five_seconds_meet_one_slot_on_a_day_of_change(zone):
    day = {NEW_YORK: "2026-03-08 00:00", PARIS: "2026-10-24 12:00", LORD_HOWE: "2026-10-03 12:00"}[zone]
    slots = {cadence.next_slot("events", zone, utc(day) + timedelta(seconds=5 * n)) for n in range(24 * 720)}
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
    assert cadence.next_slot(operation, NEW_YORK, utc(after)) == utc(expected)


def test_a_zone_that_is_none_counts_as_utc():
    assert cadence.next_slot("events", "Mars/Olympus", utc("2026-06-12 15:00")) == utc("2026-06-13 02:00")


def test_row25_ten_slots_missed_run_once_with_nine_skipped():
    due = utc("2026-06-12 00:00")
    assert cadence.slots_missed("results", "UTC", due, utc("2026-06-12 04:44")) == (utc("2026-06-12 04:30"), 9)


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
    assert cadence.slots_missed("participants", "UTC", utc(since), utc(now)) == (utc(expected[0]), expected[1])


def test_days_missed_over_a_clock_change_are_counted_as_days():
    assert cadence.slots_missed("events", NEW_YORK, utc("2026-03-06 07:00"), utc("2026-03-10 12:00")) == (
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
    known = ("events", "participants", "counts", "results", "test", "nonsense")
    assert [name for name in known if cadence.scheduled(name)] == ["events", "participants", "counts", "results"]
