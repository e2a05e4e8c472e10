"""How old is too old, and how well a provider answers. Decides on numbers; reads nothing, tells nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

PROMISED: dict[str, timedelta] = {
    "events": timedelta(days=1),
    "participants": timedelta(hours=4),
    "counts": timedelta(days=1),
    "results": timedelta(minutes=30),
}
"""What the plan *Standard* promises: nothing is older than one interval."""

GRACE: dict[str, timedelta] = {
    "events": timedelta(hours=2),
    "participants": timedelta(minutes=30),
    "counts": timedelta(hours=2),
    "results": timedelta(minutes=15),
}
"""How long the work itself may take before a promise counts as broken."""

BUCKETS = (100, 300, 1000, 3000, 10_000)  # milliseconds; one more bucket takes what was slower
SLOWER = 30_000
SLOW_MS = 3000
FAILING_SHARE = 0.2


def late_after(operation: str) -> timedelta:
    """The age from which a reading of that kind is late."""
    return PROMISED[operation] + GRACE[operation]


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
