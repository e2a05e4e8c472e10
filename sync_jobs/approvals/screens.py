"""Read everything that the review page shows of one version at one destination, in few queries. Writes nothing."""

from __future__ import annotations

from datetime import datetime

from sync_jobs.approvals.shown import Screen


def screen(
    contest_id: int,
    destination_id: int | None,
    version_id: int | None,
    now: datetime,
    *,
    act: str | None = None,
    tells: bool = False,
) -> Screen:
    """The newest version and the only destination, unless others are named; hashes for the next act, or the one asked for."""
    raise NotImplementedError
