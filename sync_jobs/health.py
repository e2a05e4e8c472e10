"""How old is too old, and how well a provider answers. Decides on numbers; reads nothing, tells nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync_jobs import cadence

DAILY: dict[str, timedelta] = {"events": cadence.DAY, "counts": cadence.DAY}
"""What is read once a day in every plan; everything else is promised by the plan of its event."""

GRACE: dict[str, timedelta] = {
    "events": timedelta(hours=2),
    "participants": timedelta(minutes=30),
    "entries": timedelta(minutes=30),
    "counts": timedelta(hours=2),
    "results": timedelta(minutes=15),
}
"""The most that the work itself may take before a promise counts as broken."""
LEAST_GRACE = timedelta(minutes=2)

BUCKETS = (100, 300, 1000, 3000, 10_000)  # milliseconds; one more bucket takes what was slower
SLOWER = 30_000
SLOW_MS = 3000
FAILING_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Promise:
    """Nothing is older than `every`, until so long after the first start (where negative), else after the last."""

    every: timedelta
    late_after: timedelta
    until: timedelta | None = None


def daily(operation: str) -> Promise:
    """What is promised of a reading of all events at once."""
    return _promise(operation, DAILY[operation])


def undated(kind: str, plan: str, least: timedelta = timedelta(0)) -> Promise:
    """What a plan promises of an event of which no start is known."""
    return _promise(kind, cadence.undated(kind, plan, least))


def promises(kind: str, plan: str, least: timedelta = timedelta(0)) -> list[Promise]:
    """What a plan promises of an event, one stretch of its life after the other; a shorter interval once it can be kept."""
    found: list[Promise] = []
    for phase in cadence.phases(kind, plan, least):
        one = _promise(kind, phase.every, phase.until)
        if found and one.every < found[-1].every:
            found[-1] = replace(found[-1], until=(found[-1].until or timedelta(0)) + one.late_after - one.every)
        found.append(one)
    return found


def begins(kind: str, plan: str) -> timedelta | None:
    """How long after the first start the first promise counts; None: always."""
    if kind not in cadence.BEGINS:
        return None
    first = promises(kind, plan)[0]
    return cadence.BEGINS[kind] + first.late_after - first.every


def promised(kind: str, when: cadence.When, now: datetime) -> Promise | None:
    """What is promised of such a reading now; None where nothing is: results before the start, anything long after it."""
    if kind in DAILY:
        return daily(kind)
    if when.starts_at is None:
        return undated(kind, when.plan, when.least)
    first, last, since = when.starts_at, when.ends_at or when.starts_at, begins(kind, when.plan)
    if since is not None and now < first + since:
        return None
    for one in promises(kind, when.plan, when.least):
        if one.until is not None and now < (first if one.until < timedelta(0) else last) + one.until:
            return one
    return None


def _promise(kind: str, every: timedelta, until: timedelta | None = None) -> Promise:
    return Promise(every, every + min(GRACE[kind], max(LEAST_GRACE, every / 2)), until)


def p95(histogram: Sequence[int]) -> int | None:
    """Milliseconds under which 95 of 100 calls were answered: the upper edge of their bucket. None without calls."""
    calls, seen = sum(histogram), 0
    for count, edge in zip(histogram, (*BUCKETS, SLOWER), strict=True):
        seen += count
        if calls and seen * 100 >= calls * 95:
            return edge
    return None


def answers(calls: int, failures: int, histogram: Sequence[int]) -> str:
    """How a provider answered in some minutes: `quiet`, `failing`, `slow` or `answering`."""
    if not calls:
        return "quiet"
    if failures > calls * FAILING_SHARE:
        return "failing"
    slowest = p95(histogram)
    return "slow" if slowest is not None and slowest > SLOW_MS else "answering"
