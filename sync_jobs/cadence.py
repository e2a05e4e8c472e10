"""When each kind of reading is due: the slots of a named plan, by the start of the event. Decides; knows no database, no clock.

A daily slot is one instant per calendar day of the zone, also on days when its hour is skipped or comes twice. Shorter
intervals stand on a grid in UTC, which has no such days. What to do with a slot is left to `jobs.tick`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sync_jobs import times

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
DAILY_AT: dict[str, time] = {"events": time(2, 0), "counts": time(3, 0)}
"""Discovery and the providers' own counts, in every plan, at that time of the zone."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of an event's life with one interval; it ends so long after the start (before it, where negative)."""

    until: timedelta
    every: timedelta


Phases = tuple[Phase, ...]
AFTER = 3 * DAY  # corrections come for that long

STANDARD: dict[str, Phases] = {
    "participants": (Phase(DAY, 4 * HOUR),),
    "entries": (Phase(AFTER, 4 * HOUR),),
    "results": (Phase(AFTER, 30 * MINUTE),),
}
SLOW: dict[str, Phases] = {
    "participants": (Phase(DAY, 12 * HOUR),),
    "entries": (Phase(AFTER, 12 * HOUR),),
    "results": (Phase(AFTER, 4 * HOUR),),
}
_NEARER = (Phase(-DAY, 4 * HOUR), Phase(-4 * HOUR, 15 * MINUTE), Phase(HOUR, MINUTE))
RACE_DAY: dict[str, Phases] = {
    "participants": _NEARER,
    "entries": (*_NEARER, Phase(AFTER, HOUR)),
    "results": (Phase(5 * HOUR, timedelta(seconds=90)), Phase(AFTER, HOUR)),
}
PLANS: Mapping[str, dict[str, Phases]] = {"standard": STANDARD, "race_day": RACE_DAY, "slow": SLOW}
"""By plan and kind. `participants` are read at a registration provider, `entries` at a scoring provider."""

PEOPLE = ("participants", "entries")
BEGINS: dict[str, timedelta] = {"results": 5 * MINUTE}  # so long after the first start
CLOCK_CHANGE = timedelta(hours=2)  # the most that a day is longer than 24 hours anywhere
LOOK_AGAIN = DAY + CLOCK_CHANGE
"""No schedule stands further away than this: a start that is moved, or a clock that ran ahead, is noticed within a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What the slots of one target hang on. `ends_at` is the last start of the event."""

    plan: str
    zone: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    least: timedelta = timedelta(0)  # people are read no more often than this, where a reading costs many calls


def default_plan(starts_at: datetime | None) -> str:
    """The plan of an event for which nobody chose one."""
    return "standard" if starts_at is None else "race_day"


def scheduled(kind: str) -> bool:
    """Whether plans have slots for that kind at all."""
    return kind in DAILY_AT or kind in STANDARD


def next_slot(kind: str, when: When, after: datetime) -> datetime | None:
    """The first slot later than that instant, in UTC; None when there will be none."""
    if kind in DAILY_AT:
        return _next_daily(DAILY_AT[kind], when.zone, after) if _has_days_left(when, after) else None
    if when.starts_at is None:
        return _on_grid(undated(kind, when.plan, when.least), after)
    return _within(phases(kind, when.plan, when.least), when.starts_at, when.ends_at or when.starts_at, BEGINS.get(kind), after)


def phases(kind: str, plan: str, least: timedelta = timedelta(0)) -> Phases:
    """The phases of that kind in that plan, as slow as `least` makes those of people."""
    return _slowed(PLANS[plan][kind], kind, least)


def undated(kind: str, plan: str, least: timedelta = timedelta(0)) -> timedelta:
    """The interval of an event of which no start is known."""
    known = STANDARD if plan == "race_day" else PLANS[plan]
    return _slowed(known[kind], kind, least)[0].every


def is_active(kind: str, when: When, at: datetime) -> bool:
    """Whether there is anything to read then: results not before the start, nothing after the last phase."""
    if kind in DAILY_AT or when.starts_at is None:
        return True
    begins = BEGINS.get(kind)
    if begins is not None and at < when.starts_at + begins:
        return False
    return at < _end(PLANS[when.plan][kind][-1], when.starts_at, when.ends_at or when.starts_at)


def look_again(kind: str, when: When, now: datetime) -> datetime | None:
    """What a schedule keeps as its next time: the next slot, or a day from now where that is far; None: nothing comes."""
    slot = next_slot(kind, when, now)
    return None if slot is None else min(slot, now + LOOK_AGAIN)


def slots_missed(kind: str, when: When, since: datetime, now: datetime) -> tuple[datetime, int]:
    """The latest slot that is due by `now`, and how many earlier ones are skipped by running only that.

    `since` is the slot that stands as next, and counts as one even where it is off the plan's grid (a run asked to start
    at once); where it is not due yet, it is the answer.
    """
    latest, skipped = since, 0
    while (following := next_slot(kind, when, latest)) is not None and following <= now:
        latest, skipped = following, skipped + 1
    return latest, skipped


def still_wanted(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> bool:
    """Whether an event counts as current: until a day after its last start; without a date, always."""
    last_start = ends_at or starts_at
    return last_start is None or now <= last_start + DAY


def _slowed(known: Phases, kind: str, least: timedelta) -> Phases:
    if kind not in PEOPLE or not least:
        return known
    return tuple(Phase(phase.until, max(phase.every, least)) for phase in known)


def _has_days_left(when: When, after: datetime) -> bool:
    return still_wanted(when.starts_at, when.ends_at, after)


def _within(known: Phases, first: datetime, last: datetime, begins: timedelta | None, after: datetime) -> datetime | None:
    """The first grid instant of whichever phase it falls into; a phase that begins off the grid begins at once."""
    if begins is not None and after < first + begins:
        return first + begins
    for phase in known:
        end = _end(phase, first, last)
        if after < end:
            slot = _on_grid(phase.every, after)
            return slot if slot < end else _after_phase(known, phase, end)
    return None


def _after_phase(known: Phases, phase: Phase, end: datetime) -> datetime | None:
    return None if phase is known[-1] else end


def _end(phase: Phase, first: datetime, last: datetime) -> datetime:
    """Before the race the first start counts, after it the last."""
    return (first if phase.until < timedelta(0) else last) + phase.until


def _on_grid(every: timedelta, after: datetime) -> datetime:
    return times.EPOCH + ((after - times.EPOCH) // every + 1) * every


def _next_daily(at: time, zone: str, after: datetime) -> datetime:
    """A skipped hour falls as much later as was skipped; of an hour that comes twice the first is meant."""
    there = times.zone(zone)
    day = after.astimezone(there).date() - DAY
    while (slot := datetime.combine(day, at, there).astimezone(UTC)) <= after:
        day += DAY
    return slot
