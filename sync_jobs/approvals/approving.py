"""The word of a person for exactly these rows on top of exactly what is live; and of a second one, where two are needed."""

from __future__ import annotations

from datetime import datetime

from sync_jobs.approvals.base import Actor
from sync_jobs.models import Approval


def approve(
    destination_id: int,
    version_id: int,
    act: str,
    *,
    payload_hash: str,
    base_hash: str,
    rendered_hash: str,
    tells: bool,
    by: Actor,
    now: datetime,
    reason: str = "",
) -> Approval:
    """Approve what the screen showed, with its three hashes. The same press again answers the same.

    Raises NotAllowed, Blocked, or Stale with the bibs that changed. State `waiting`: a second person has to, or it cools off.
    """
    raise NotImplementedError


def second(approval_id: int, by: Actor, now: datetime) -> Approval:
    """The second person agrees. Raises NotAllowed (also for the one who asked), Blocked, or Stale."""
    raise NotImplementedError


def refuse(approval_id: int, by: Actor, now: datetime, words: str) -> Approval:
    """No: whoever asked takes it back, or the second person does not agree. Only while it waits."""
    raise NotImplementedError
