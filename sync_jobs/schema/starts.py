"""Read the start times that providers left as text in the customer's file. What is not certain stays unread."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sync_jobs import times

FORMS = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S")
EPOCH_SECONDS = re.compile(r"\d{8,11}")


def instant_of(text: str | None, timezone: str | None) -> datetime | None:
    """A date with a time, read in that zone; None for anything else (a day alone is no start)."""
    for form in FORMS:
        try:
            return datetime.strptime(str(text or "").strip(), form).replace(tzinfo=times.zone(timezone)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def epoch_of(text: str | int | None) -> datetime | None:
    """ChronoTrack's seconds since 1970, written as text; None where nothing sensible stands."""
    found = EPOCH_SECONDS.fullmatch(str(text or "").strip())
    return times.from_ms(int(found.group()) * 1000) if found else None
