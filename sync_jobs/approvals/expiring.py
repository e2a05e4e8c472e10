"""What ends by the clock: approvals that nobody used, standing ones; and what has cooled off goes out."""

from __future__ import annotations

from datetime import datetime


def expire(now: datetime) -> list[int]:
    """Bring everything to what the time is. Returns the approvals that ended or went out."""
    raise NotImplementedError
