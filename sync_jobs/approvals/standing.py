"""Standing approvals: keep adding clean finishers until a time, with nobody pressing each half hour."""

from __future__ import annotations

from datetime import datetime

from sync_jobs.approvals.base import Actor
from sync_jobs.models import StandingApproval


def stand(destination_id: int, until: datetime, by: Actor, now: datetime) -> StandingApproval:
    """From now on clean added finishers go out by themselves; it ends at that time, at the first change of a public row, at a block."""
    raise NotImplementedError


def end_stand(destination_id: int, by: Actor, now: datetime) -> None:
    """No longer."""
    raise NotImplementedError
