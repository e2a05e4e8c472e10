"""Who has to be told of a version that waits for a person, once for each that matters. Sending is `telling`'s above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail about one version."""

    to: str
    subject: str
    text: str


def to_tell(now: datetime, base_url: str) -> list[Message]:
    """Claim the versions of which their reviewers have to be told, and say what to tell them; [] afterwards."""
    raise NotImplementedError
