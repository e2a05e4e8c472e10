"""A contest's results in one shape, whatever scored them: rows, and a whole version of them. No behaviour beyond looking.

Times are integer milliseconds; None is no time. Who a row belongs to at registration is not part of it: that is a link's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

ANONYMOUS = "Anonymous"  # stands for a name that is not to be known


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One reading point that somebody passed. `metres` from the start, where it is known."""

    point: str
    metres: int | None = None
    gun_ms: int | None = None
    chip_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One entry's result, as the scoring system gave it."""

    entry_key: str
    bib: str | None = None
    first_name: str = ""
    last_name: str = ""
    gender: str | None = None  # M, F, X; None: not given
    age: int | None = None
    status: str | None = "FINISHED"  # of `kit.statuses.STATUSES`; None: a word that we do not know
    said: str | None = None  # the provider's own word, where there is one
    gun_ms: int | None = None
    chip_ms: int | None = None
    penalty_ms: int | None = None
    place: int | None = None  # overall, as scoring says it
    gender_place: int | None = None
    division: str | None = None  # the age group, as scoring calls it
    division_place: int | None = None
    wave: str | None = None
    is_projected: bool = False  # an estimate, not a reading
    splits: tuple[Split, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()  # field and raw text of what the grammar refused

    def time(self, basis: str) -> int | None:
        """The time that counts: basis is gun or chip."""
        return self.gun_ms if basis == "gun" else self.chip_ms

    @property
    def name(self) -> str:
        """First and last name, as one would say it."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_finisher(self) -> bool:
        """Whether they crossed the line and count."""
        return self.status == "FINISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A reading point of the course."""

    name: str
    metres: int | None = None
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestFacts:
    """What is known of a scored contest beside its rows: course, start, and which rules hold for it."""

    contest_id: int
    edition_id: int
    timing_partner_id: int
    name: str
    provider_name: str  # of scoring
    happening_id: str
    provider_contest_id: str
    zone: str
    day: date | None = None  # the edition's first day, in its zone
    last_day: date | None = None
    metres: int | None = None
    planned_start: datetime | None = None
    profile: str = "road"  # road, trail, ultra, walk, kids, wheel, relay
    points: tuple[Point, ...] = ()
    basis: str = "gun"  # what the overall places are made by: gun or chip
    division_basis: str = "gun"
    overall_awards: int = 3
    division_awards: int = 3
    age_reference: date | None = None  # None: the day of the contest
    min_age: int | None = None  # the youngest who may take part, where the contest has a rule
    cutoff_ms: int | None = None  # the time limit from the gun, where the contest has one
    map_version: int = 0


@dataclass(frozen=True, kw_only=True)
class Version:
    """Everything that scoring said of one contest at one instant. Immutable; `number` counts from 1 within the contest."""

    contest_id: int
    number: int
    pulled_at: datetime
    rows: tuple[ResultRow, ...]
    content_hash: str = ""
    started_at: datetime | None = None  # the gun that scoring counted from
    rows_said: int | None = None  # the provider's own count, where one is known
    is_complete: bool = True  # every page was read to the end, and every row could be told apart
    scored_at: datetime | None = None  # scoring's own "last changed"
    version_id: int | None = None

    @cached_property
    def by_entry(self) -> Mapping[str, ResultRow]:
        """The rows by entry; of one that is there twice, the last."""
        return {row.entry_key: row for row in self.rows}

    @cached_property
    def finishers(self) -> tuple[ResultRow, ...]:
        """Whoever finished and counts."""
        return tuple(row for row in self.rows if row.is_finisher)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The registration that a row was matched with, as far as results need it."""

    provider_name: str
    key: str
    contest_id: int | None  # the registration contest
    first_name: str
    last_name: str
    gender: str | None
    born: date | None
    age: int | None
    bib: str | None
    city: str | None = None
    state: str | None = None
    is_active: bool = True  # False: removed, refunded, deferred or transferred
    is_anonymous: bool = False  # asked not to be named
    confidence: str = "external_id"  # the rung of the ladder that joined them: external_id, bib_and_name, bib_only, by_hand …


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One row at a destination, or as it will be sent: what the public can read, and whose it is."""

    registration_key: str | None
    entry_key: str | None  # ours; None where the destination has somebody whom we never sent
    bib: str | None
    first_name: str
    last_name: str
    gender: str | None
    age: int | None
    status: str
    gun_ms: int | None
    chip_ms: int | None
    place: int | None
    gender_place: int | None = None
    division: str | None = None
    division_place: int | None = None
    splits: tuple[tuple[str, int], ...] = ()  # point and milliseconds, on the basis
    extra: Mapping[str, str] = field(default_factory=dict)  # anything else that would be sent: check X01 refuses it

    @property
    def key(self) -> tuple[str, str]:
        """Whose row it is at a destination: by registration, else by bib, else by name."""
        if self.registration_key:
            return ("registration", self.registration_key)
        return ("bib", self.bib) if self.bib else ("name", f"{self.first_name} {self.last_name}".strip().casefold())

    @property
    def is_veiled(self) -> bool:
        """Whether the name hides whose row it is: `Anonymous`, or initials. A destination that names people must not know them."""
        names = [name for name in (self.first_name, self.last_name) if name]
        return names == [ANONYMOUS] or (bool(names) and all(len(name) == 2 and name[1] == "." for name in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFlags:
    """How a result set stands at its destination."""

    name: str
    is_public: bool
    is_preliminary: bool
    notifies: bool
    contact: str | None = None
    also_for: tuple[str, ...] = ()  # further provider contests that the same set serves


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSet:
    """A whole result set as it was read back from its destination."""

    set_id: str | None  # None: there is none
    flags: SetFlags | None
    rows: tuple[Published, ...] = ()
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTarget:
    """Where results go: one result set of one registration contest at a provider."""

    happening_id: str
    contest_id: str  # the provider's own, without its happening's prefix
    also_for: tuple[str, ...] = ()
    set_id: str | None = None
    zone: str = "UTC"
