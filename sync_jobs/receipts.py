"""Receipts: what was done at a destination, on whose word, and the proof. Written once, chained by hash, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_jobs.models import Publication, Receipt

KINDS = ("published", "failed", "partial", "retracted", "refused", "file")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one publication said of somebody."""

    receipt_id: int | None
    number: int | None
    publication_id: int
    edition_id: int
    contest_id: int
    contest_name: str
    destination: str
    visibility: str
    at: datetime
    requested_by: str
    approved_by: str | None
    reason: str
    bib: str | None
    name: str
    status: str
    gun_ms: int | None
    chip_ms: int | None
    place: int | None
    before: Said | None  # what was public there of the same person before; None: nothing


def write(
    session: Session, publication: Publication, kind: str, *, proof: Proof | None, execution: Execution | None, now: datetime
) -> Receipt:
    """Write the next receipt of the publication's contest, in the caller's transaction."""
    raise NotImplementedError


def verify(contest_id: int) -> int | None:
    """The number of the first receipt of a contest whose hash, or place in the chain, is not right; None: all are."""
    raise NotImplementedError


def find(words: str, *, timing_partner_id: int | None, edition_id: int | None = None, most: int = 50) -> list[Said]:
    """What was published of that bib or name, by whom, when, and what it said before; the newest first."""
    raise NotImplementedError
