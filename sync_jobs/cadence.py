"""When each kind of reading is due: the slots of a plan, in the zone of the event. Decides; knows no database and no clock.

A daily slot is one instant per calendar day of the zone, also on days when its hour is skipped or comes twice. Shorter
intervals stand on a grid in UTC, which has no such days. What to do with a slot is left to `jobs.tick`.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from sync_jobs import times

DAILY_AT: dict[str, time] = {"events": time(2, 0), "counts": time(3, 0)}
EVERY: dict[str, timedelta] = {"participants": timedelta(hours=4), "results": timedelta(minutes=30)}
"""The plan *Standard*: discovery daily at 02:00 of the zone (the providers' own counts at 03:00), participants every
4 hours, results every 30 minutes.
"""

WANTED_AFTER_LAST_START = timedelta(days=1)
ONE_DAY = timedelta(days=1)
CLOCK_CHANGE = timedelta(hours=2)  # the most that a day is longer than 24 hours anywhere
LONGEST_STEP: dict[str, timedelta] = {**dict.fromkeys(DAILY_AT, ONE_DAY + CLOCK_CHANGE), **EVERY}
"""From one slot to the next. What stands as next further away than that was written by a clock that ran ahead."""


def scheduled(operation: str) -> bool:
    """Whether the plan has slots for that operation at all."""
    return operation in DAILY_AT or operation in EVERY


def next_slot(operation: str, zone: str, after: datetime) -> datetime:
    """The first slot later than that instant, in UTC."""
    if operation in DAILY_AT:
        return _next_daily(DAILY_AT[operation], zone, after)
    every = EVERY[operation]
    return times.EPOCH + ((after - times.EPOCH) // every + 1) * every


def slots_missed(operation: str, zone: str, since: datetime, now: datetime) -> tuple[datetime, int]:
    """The latest slot that is due by `now`, and how many earlier ones are skipped by running only that.

    `since` is the slot that stands as next, and counts as one even where it is off the plan's grid (a run asked to start
    at once); where it is not due yet, it is the answer.
    """
    latest, skipped = since, 0
    while (following := next_slot(operation, zone, latest)) <= now:
        latest, skipped = following, skipped + 1
    return latest, skipped


def still_wanted(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> bool:
    """Whether an edition's participants are still read: until a day after its last start; without a date, always."""
    last_start = ends_at or starts_at
    return last_start is None or now <= last_start + WANTED_AFTER_LAST_START


def _next_daily(at: time, zone: str, after: datetime) -> datetime:
    """A skipped hour falls as much later as was skipped; of an hour that comes twice the first is meant."""
    there = times.zone(zone)
    day = after.astimezone(there).date() - ONE_DAY
    while (slot := datetime.combine(day, at, there).astimezone(UTC)) <= after:
        day += ONE_DAY
    return slot
