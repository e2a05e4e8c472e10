"""How old is too old: each plan promises its own interval, and a shorter one only once it can have been kept."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_jobs import cadence, health

START = datetime(2026, 6, 12, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def promised(kind, at, plan="race_day", **given):
    when = cadence.When(plan=plan, zone="UTC", starts_at=START, ends_at=START + HOUR, **given)
    found = health.promised(kind, when, START + at)
    return found and (found.every, found.late_after)


@pytest.mark.parametrize(
    ("kind", "at", "every", "late_after"),
    [
        ("participants", -9 * DAY, 4 * HOUR, 4.5 * HOUR),
        ("participants", -DAY + 7 * MINUTE, 4 * HOUR, 4.5 * HOUR),  # the first slot of the next stretch may still be worked on
        ("participants", -DAY + 8 * MINUTE, 15 * MINUTE, 22.5 * MINUTE),
        ("participants", -4 * HOUR + MINUTE, 15 * MINUTE, 22.5 * MINUTE),
        ("participants", -4 * HOUR + 2 * MINUTE, MINUTE, 3 * MINUTE),
        ("participants", 2 * HOUR - MINUTE, MINUTE, 3 * MINUTE),  # an hour after the last start
        ("participants", 2 * HOUR, None, None),
        ("entries", 2 * HOUR, HOUR, 1.5 * HOUR),
        ("entries", 3 * DAY + 2 * HOUR, None, None),
        ("results", -HOUR, None, None),
        ("results", 6 * MINUTE, None, None),
        ("results", 7 * MINUTE, timedelta(seconds=90), 3.5 * MINUTE),
        ("results", 6 * HOUR, HOUR, 1.25 * HOUR),
        ("events", 9 * DAY, DAY, 26 * HOUR),
        ("counts", -9 * DAY, DAY, 26 * HOUR),
    ],
)
def test_a_race_day(kind, at, every, late_after):
    assert promised(kind, at) == (every and (every, late_after))


def test_other_plans_and_providers_where_a_reading_costs_much():
    assert promised("participants", -HOUR, "standard") == (4 * HOUR, 4.5 * HOUR)
    assert promised("results", HOUR, "standard") == (30 * MINUTE, 45 * MINUTE)
    assert promised("participants", -HOUR, "slow") == (12 * HOUR, 12.5 * HOUR)
    assert promised("participants", -HOUR, least=5 * MINUTE) == (5 * MINUTE, 7.5 * MINUTE)
    assert promised("results", HOUR, least=5 * MINUTE) == (timedelta(seconds=90), 3.5 * MINUTE)


@pytest.mark.parametrize(("plan", "every"), [("standard", 4 * HOUR), ("race_day", 4 * HOUR), ("slow", 12 * HOUR)])
def test_an_event_without_a_date(plan, every):
    found = health.promised("participants", cadence.When(plan=plan, zone="UTC"), START)
    assert (found.every, found.late_after) == (every, every + HOUR / 2)


@pytest.mark.parametrize("kind", ["participants", "entries", "results"])
@pytest.mark.parametrize("plan", cadence.PLANS)
def test_whoever_reads_in_every_slot_is_never_late(kind, plan):
    when = cadence.When(plan=plan, zone="UTC", starts_at=START + 3 * MINUTE, ends_at=START + HOUR)
    read, at = START - 2 * DAY, START - 2 * DAY
    while at < START + 4 * DAY:
        slot = cadence.next_slot(kind, when, read)
        if slot is not None and at >= slot + MINUTE:  # so long the work takes
            read = slot
        promise = health.promised(kind, when, at)
        assert promise is None or at - read <= promise.late_after
        at += MINUTE / 2
