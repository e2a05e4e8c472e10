"""Somebody is not to be named, or again: in every version and at every destination, from the next publication on."""

from __future__ import annotations

from datetime import datetime

from sync_jobs.approvals.base import Actor
from sync_jobs.models import HiddenName


def hide_name(contest_id: int, entry_key: str, reason: str, by: Actor, now: datetime) -> HiddenName:
    """Rank and time stay, the name goes. Approvals that wait are void; what is public needs another publication."""
    raise NotImplementedError


def show_name(contest_id: int, entry_key: str, by: Actor, now: datetime) -> None:
    """They may be named again."""
    raise NotImplementedError
