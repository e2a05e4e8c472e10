"""What the invented world consists of, and how a registration looks at an instant. Times are Unix seconds, as providers keep them.

Nothing is stored when time passes: a registration carries its whole life, past and to come, and `state_at` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from sync_jobs.providers import of_side

PROVIDERS = tuple(of_side("registration"))


class Person(NamedTuple):
    """Somebody invented. `gender`: F, M, X (neither), U (not said), C (a mixed team)."""

    first_name: str
    middle_name: str | None
    last_name: str
    email: str | None
    gender: str
    born: date | None
    phone: str | None
    street: str | None
    city: str
    state: str
    postal_code: str
    country: str


class Change(NamedTuple):
    """Something that happens to a registration: `bib` (number), `person` (Person), `contest` (Contest), `removed` (Removal).

    At Haku also `also` (a second Contest beside the first; None: out of it again).
    """

    at: int
    kind: str
    value: Any


class Removal(NamedTuple):
    """Why a registration ended, and the one that took its place after a transfer."""

    reason: str  # cleared, removed, transferred, deferred
    successor: Registration | None


class State(NamedTuple):
    """A registration at one instant. `version` counts the changes it has seen."""

    person: Person
    bib: int | None
    contest: Contest
    modified: int
    version: int
    removed: Removal | None
    also: Contest | None = None  # a second category of the same registration
    left: Contest | None = None  # one that it was in


@dataclass(slots=True, eq=False)
class Registration:
    """One person's sign-up for one contest, with everything that will ever happen to it, in order."""

    contest: Contest
    registered_at: int
    person: Person
    fee_cents: int
    team: str | None = None
    also: Contest | None = None  # a second category, at Haku
    changes: list[Change] = field(default_factory=list)
    key: int = 0  # the provider's id, given once all are known: ids grow with time
    ordinal: int = 0


@dataclass(slots=True, eq=False)
class Contest:
    """One distance as a provider lists it."""

    happening: Happening
    number: int  # RunSignUp: event_id; Race Roster: subEventId; Haku: the category's id
    name: str
    distance: str | None
    metres: int | None
    starts_at: int | None
    volunteer: bool
    kind: str  # running_race, virtual_race, volunteer
    fee_cents: int
    listed_at: int
    weight: float
    registrations: list[Registration] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Happening:
    """An edition as one provider knows it. RunSignUp keeps `number` (race_id) for every year; `days` is that year's."""

    provider: str
    edition: Edition
    number: int  # RunSignUp: race_id; Race Roster: the number in the public address; Haku: the event's id
    uid: str  # what the provider's API calls it
    days: int
    name: str
    status: str = "LIVE"
    contests: list[Contest] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Edition:
    """One race weekend. The first of `partners` owns it."""

    name: str
    partners: tuple[int, ...]
    phase: str
    zone: str
    city: str
    state: str
    postal_code: str
    country: str
    starts_at: int | None
    created_at: int
    happenings: list[Happening] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Partner:
    """A timing company."""

    number: int
    name: str
    zone: str
    providers: tuple[str, ...]
    scoring: tuple[str, ...] = ()  # where this company scores; at both, its editions take turns


Moment: TypeAlias = int | float


def state_at(registration: Registration, now: Moment) -> State | None:
    """How that registration looks then; None before it exists."""
    if registration.registered_at > now:
        return None
    person, contest, modified = registration.person, registration.contest, registration.registered_at
    bib: int | None = None
    removed: Removal | None = None
    also, left = registration.also, None
    version = 0
    for at, kind, value in registration.changes:
        if at > now:
            break
        version, modified = version + 1, at
        if kind == "bib":
            bib = value
        elif kind == "person":
            person = value
        elif kind == "contest":
            contest = value
        elif kind == "also":
            also, left = value, also if value is None else None
        else:
            removed = value
    return State(person, bib, contest, modified, version, removed, also, left)


def number_text(registration: Registration) -> str:
    """A registration's number as its provider writes it."""
    return f"R-{registration.key}" if registration.contest.happening.provider == "haku" else str(registration.key)


def hub_key(registration: Registration, contest: Contest) -> str:
    """What a sync calls that registration in that contest: at Haku each category is one."""
    number = number_text(registration)
    return f"{number}/{contest.number}" if contest.happening.provider == "haku" else number


def local(at: Moment, zone: str) -> datetime:
    """That instant on the clocks of a zone."""
    return datetime.fromtimestamp(at, ZoneInfo(zone))


def seconds(instant: datetime) -> int:
    """An aware instant as providers keep it."""
    return int(instant.astimezone(UTC).timestamp())
