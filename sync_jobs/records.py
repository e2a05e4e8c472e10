"""A race's facts in one shape, whatever the provider: what decisions compare and pages show. No behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sync_jobs.errors import ProviderError


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
    held: Mapping[tuple[Any, ...], bytes | None] = field(default_factory=dict, compare=False, repr=False)
    """What we hold already, by key, with its digest: for providers where asking about the unchanged costs a call each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A person's sign-up, whatever the provider."""

    provider_name: str
    key: str
    contest_id: int | None  # ours; None where the provider's contest is not known to us yet
    first_name: str
    last_name: str
    gender: str | None  # M, F, X; None where it was not given
    born: date | None
    age: int | None
    bib: str | None
    email: str | None
    city: str | None
    state: str | None
    country: str | None
    team: str | None

    @property
    def external_id(self) -> str:
        """What a scoring provider keeps of it: our registration's id, prefixed with its provider."""
        return f"{PREFIXES.get(self.provider_name, self.provider_name)}:{self.key}"


PREFIXES: Mapping[str, str] = {"runsignup": "rsu", "raceroster": "rr", "haku": "haku"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A person on a scoring list, whatever the provider."""

    provider_name: str
    key: str
    contest_id: int | None
    external_id: str | None
    first_name: str
    last_name: str
    gender: str | None
    born: date | None
    age: int | None
    bib: str | None
    status: str | None  # the provider's own word


@dataclass(frozen=True, slots=True, kw_only=True)
class StartListEntry:
    """One line for a scoring provider: somebody to add, or to change where `entry_key` says which."""

    external_id: str
    entry_key: str | None
    contest_id: str  # the scoring provider's own id of the contest, without its happening's prefix
    contest_name: str
    first_name: str
    last_name: str
    gender: str | None
    born: date | None
    bib: str | None
    email: str | None
    city: str | None
    state: str | None
    country: str | None
    team: str | None
    known_as: str | None = None  # the external id that the entry carries at scoring now; None: none, or a new person
    withdrawn: bool = False
    restored: bool = False  # it was told as withdrawn before, and stands again
    alone: bool = False  # no proper answer came before: not together with others


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a scoring provider answered to one line. `why` is a sentence, where it refused.

    `failure` stands where no proper answer came, so that nobody knows what was done; lines of one call share it.
    """

    external_id: str
    entry_key: str | None
    accepted: bool
    why: str | None = None
    failure: ProviderError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """A start list as a file in a provider's documented form."""

    name: str
    media_type: str
    content: bytes
