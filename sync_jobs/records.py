"""A race's facts in one shape, whatever the provider: what decisions compare and pages show. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContest:
    """One distance as a provider lists it: what editions and contests are made from."""

    timing_partner_id: int
    connection_id: int
    provider_name: str
    happening_id: str  # RunSignUp: race_id; Race Roster: eventId
    happening_name: str
    provider_contest_id: str
    name: str
    distance: str | None
    starts_at: datetime | None
    timezone: str | None
    city: str | None
    state: str | None
    is_volunteer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one reading of registrations covers: one happening of an edition and the contests of it that we know."""

    happening_id: str
    contest_ids: tuple[str, ...]  # provider_contest_id without a happening's prefix: what the provider's API takes
    timezone: str
    rows_expected: int | None = None  # the provider's own count, where one is known
