"""Take down, and go back to an earlier version: each an approval and a publication of its own, history is never rewritten."""

from __future__ import annotations

from datetime import datetime

from sync_jobs.approvals.base import Actor
from sync_jobs.models import Approval, Publication


def retract(destination_id: int, reason: str, by: Actor, now: datetime) -> Publication:
    """Take down what is public there. One person is enough; it works whatever else waits or runs."""
    raise NotImplementedError


def go_back(destination_id: int, version_id: int, reason: str, by: Actor, now: datetime) -> Approval:
    """Publish an earlier version that was public there once, as a correction where results were official."""
    raise NotImplementedError
