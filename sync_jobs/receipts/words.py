"""What whoever publishes hands over for a receipt, and how it names somebody without saying who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync_jobs.results import Published
from sync_jobs.review import fingerprints

KINDS = ("published", "failed", "partial", "retracted", "refused", "file")
SHORT = 16  # of a hash: enough to tell the rows of one contest apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was read back after a publication, or why nothing was."""

    read_at: datetime | None = None
    hash: str | None = None  # of the rows as read back
    is_equal: bool | None = None
    differences: tuple[Mapping[str, Any], ...] = ()  # {"row": hash of whose, "field": …}: no values
    url: str | None = None
    visibility_before: str | None = None
    visibility_after: str | None = None
    told: int | None = None  # people who got a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How it was done."""

    attempts: int = 1
    chunks: int = 0
    accepted: int = 0
    rejected: tuple[Mapping[str, Any], ...] = ()  # {"row": hash of whose, "why": …}
    answers: tuple[Mapping[str, Any], ...] = ()  # the provider's, without anything personal
    extra: Mapping[str, Any] = field(default_factory=dict)


def row_key(row: Published) -> str:
    """Whose row it is, as a receipt says it: the same hash for the same registration, bib or name."""
    return fingerprints.digest(["row", *row.key])[:SHORT]
