"""Check a version for every destination, keep what was found, and let a rule publish where the policy lets it."""

from __future__ import annotations

from datetime import datetime


def check(version_id: int, now: datetime) -> str:
    """Its state from then on: blocked, needs_review or cleared. Harmless at any time and any number of times."""
    raise NotImplementedError


def check_pending(now: datetime, most: int = 20) -> list[int]:
    """Check whatever was never checked to the end, or not as it is now. Returns the versions."""
    raise NotImplementedError
