"""One cell of a provider table as a value of a row. What cannot be read is noted beside it, never raised."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sync_jobs.errors import UnreadableRow
from sync_jobs.kit import durations
from sync_jobs.kit.durations import NO_TIME, Time
from sync_jobs.pairing.metres import metres
from sync_jobs.people import GENDERS

WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
LENGTH = re.compile(r"\s*(?:(?:at|split)\s+)?([\d.,]+\s*-?\s*[a-z]+|half(?:\s+marathon)?)(?:\s+(?:mark|split))?\s*", re.IGNORECASE)
"""A point that is called by nothing but its length. `Last 5K` says nothing of where it ends."""
BEGINNINGS = frozenset({"start", "finish"})


@dataclass(slots=True)
class Cells:
    """The cells of one entry, and what of them could not be read: field and text."""

    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def time(self, text: str | None, name: str) -> Time:
        """A time, or the status word that stands in its place."""
        try:
            return durations.read(text, name)
        except UnreadableRow:
            self.unreadable.append((name, text or ""))
            return NO_TIME

    def number(self, text: str | None, name: str) -> int | None:
        """A place or an age; 0 is none."""
        written = (text or "").strip()
        if not written or not WHOLE.fullmatch(written):
            if written:
                self.unreadable.append((name, written))
            return None
        return int(written) or None

    def gender(self, text: str | None) -> str | None:
        """M, F or X."""
        written = (text or "").strip()
        found = GENDERS.get(written.upper())
        if written and found is None:
            self.unreadable.append(("gender", written))
        return found


def word(text: str | None) -> str | None:
    """Trimmed text; None for a blank."""
    return (text or "").strip() or None


def place_of(point: str) -> int | None:
    """How far from the start a point lies, where its name says nothing else."""
    found = metres(point) if LENGTH.fullmatch(point) else None
    return None if found is None else round(found)
