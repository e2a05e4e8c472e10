"""What differs between a page of a provider and what we hold, and how much has to be read. Decides; touches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sync_jobs.kit.base import RawRow

WHOLE_READING_EVERY = timedelta(hours=20)  # RunSignUp itself advises a nightly full compare beside the changes
FEW = 10
SHRUNK = 0.2

Held = Mapping[tuple[Any, ...], bytes | None]


@dataclass(frozen=True, slots=True)
class PageChanges:
    """A page's rows by what they are to us. What is `same` needs no mapping and no write."""

    new: list[RawRow]
    changed: list[RawRow]
    same: int


def compare(rows: Iterable[RawRow], held: Held) -> PageChanges:
    """Sort rows by their digests. A held row without a digest (never read by us) counts as changed."""
    new: list[RawRow] = []
    changed: list[RawRow] = []
    same = 0
    for row in rows:
        if row.key not in held:
            new.append(row)
        elif held[row.key] != row.digest:
            changed.append(row)
        else:
            same += 1
    return PageChanges(new, changed, same)


def reads_whole(*, understands_changes: bool, read_mark: datetime | None, full_read_at: datetime | None, now: datetime) -> bool:
    """Whether everything has to be read, or only what changed since the mark. A mark in the future is a clock's mistake."""
    if not understands_changes or read_mark is None or full_read_at is None or max(read_mark, full_read_at) > now:
        return True
    return now - full_read_at >= WHOLE_READING_EVERY


def shrank(held: int, missing: int) -> bool:
    """Whether so many rows are missing from a whole reading that a person should look before we believe it."""
    return missing > FEW and missing > held * SHRUNK
