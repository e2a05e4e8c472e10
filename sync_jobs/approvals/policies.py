"""How a partner publishes, or one event of theirs more tightly. What the words mean is decided in `review.policy`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sync_jobs.approvals.base import Actor
from sync_jobs.models import PublishingPolicy


def policy_of(timing_partner_id: int, edition_id: int | None = None) -> Any:
    """The policy that holds there (review.policy.Policy)."""
    raise NotImplementedError


def set_policy(
    timing_partner_id: int,
    edition_id: int | None,
    *,
    mode: str,
    second_person: bool,
    award_depth: int,
    hide_minors_under: int,
    quiet_minutes: int,
    by: Actor,
    now: datetime,
) -> PublishingPolicy:
    """Choose. For one event only more tightly than the partner's own."""
    raise NotImplementedError
