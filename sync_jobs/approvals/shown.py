"""Everything that the review page shows and that an approval is bound to, as plain values. Reading it is `screens`' business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync_jobs.models import AwardGiven, HiddenName, Hold, TimerTask
from sync_jobs.results import ContestFacts, Published, Registered, ResultRow
from sync_jobs.review.difference import Difference
from sync_jobs.review.drift import Edit
from sync_jobs.review.payload import KeptBack
from sync_jobs.review.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A destination, as a person knows it, and how it stands there."""

    destination_id: int
    provider_name: str
    provider: str  # RunSignUp
    happening_id: str
    contest_name: str  # the registration contest's own name
    also_for: tuple[str, ...]  # names of further registration contests of the same set
    connection_id: int
    connection: str
    is_file: bool  # a person loads a file: no API takes it (as that connection is set)
    set_id: str | None
    visibility: str  # none, hidden, preliminary, official, retracted
    live_version_id: int | None
    live_number: int | None
    drift: str | None
    is_ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """A version without its rows."""

    version_id: int
    number: int
    state: str  # pulled, blocked, needs_review, cleared, sent_back, rejected
    why: str | None
    pulled_at: datetime
    last_seen_at: datetime
    checked_at: datetime | None
    counts: Mapping[str, int]  # rows by status


@dataclass(frozen=True, slots=True, kw_only=True)
class Newer:
    """A newer version than the one on the page."""

    version_id: int
    number: int
    pulled_at: datetime
    sentence: str  # "+14 finishers, 2 changed rows"
    is_same: bool  # what would be sent is the very same: an approval of the older one stays good


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """Who said of a finding that it is right, and why."""

    waiver_id: int
    reason: str  # of `review.REASONS`
    words: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A row that a finding is about, with what the evidence is made of."""

    row: ResultRow
    registered: Registered | None
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding."""

    finding_id: int
    check_id: str
    severity: str  # info, warn, block, hard
    scope: str
    sentence: str
    is_award: bool
    folded_into: str | None
    people: tuple[Person, ...]  # at most `SAMPLE`; `entries` says how many it is about
    entries: tuple[str, ...]
    numbers: Mapping[str, Any]
    waived: Waived | None

    @property
    def can_be_waived(self) -> bool:
        """Whether somebody may say that it is right."""
        return self.severity != "hard" and self.waived is None

    @property
    def is_open(self) -> bool:
        """Whether it asks something of somebody."""
        return self.waived is None and self.folded_into is None and self.severity != "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """Somebody on a podium, as they would be published."""

    place: int
    row: Published
    other_place: int | None = None  # by the other clock, where that order is another
    is_handed_out: bool = False
    goes_out: bool = True  # False: held, matched with nobody, or registered at another provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Podium:
    """The first of one ranking."""

    kind: str  # gender, division
    name: str  # Men, Women, Non-binary, or the age group
    winners: tuple[Winner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One wave: how many of it finished."""

    name: str
    people: int
    finished: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Registered = finished + DNF + DNS + DQ + … + unknown, always."""

    registered: int
    by_status: Mapping[str, int]  # of registered people with a row, by our status
    unknown: int  # registered, and without a row
    unmatched: int  # rows with no registration
    waves: tuple[Wave, ...]
    last_finisher: ResultRow | None
    gap_ms: int | None  # the longest time in which nobody finished
    gap_after: ResultRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something that may be done with this version there, and what stands against it."""

    act: str  # preliminary, official, correction
    against: tuple[str, ...]  # empty: it may be done
    needs_second: bool
    cools_off: bool  # there is no second person: it goes out half an hour later, with a typed reason
    needs_reason: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLine:
    """An approval, as a page says it."""

    approval_id: int
    version_id: int
    act: str
    state: str  # waiting, approved, used, stale, expired, withdrawn
    why: str | None
    reason: str
    tells: bool
    tells_many: int
    needs_second: bool
    requested_by: int | None
    requested_name: str
    requested_role: str
    requested_at: datetime
    approved_name: str | None
    approved_at: datetime | None
    not_before: datetime | None
    expires_at: datetime
    publication_id: int | None
    publication_state: str | None  # waiting, publishing, published, partial, failed, drifted
    publication_step: str | None
    publication_why: str | None
    chunks: int
    chunks_done: int
    run_id: int | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A standing approval that holds."""

    standing_id: int
    until: datetime
    by_name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One version at one destination (None: the map leads nowhere yet, so nothing can be sent)."""

    edition_id: int
    edition_name: str
    contest_id: int
    contest_name: str
    scoring: str  # ChronoTrack
    facts: ContestFacts
    places: tuple[Place, ...]  # where the contest's results go, or went
    place: Place | None  # the one of this page
    version: VersionLine | None  # None: nothing was read yet
    newer: Newer | None = None
    policy: Policy = field(default_factory=Policy)
    state: str = ""  # blocked, needs_review, cleared, of this version there
    why: str = ""  # the sentence behind it
    verdict: str = ""  # "Ready: 4,859 finishers, 2 things to look at."
    is_checked: bool = False  # all that stands here was checked as it is now
    cards: tuple[Card, ...] = ()  # every finding; awards and what stops first
    podiums: tuple[Podium, ...] = ()
    tally: Tally | None = None
    edits: tuple[Edit, ...] = ()  # what somebody changed there by hand
    difference: Difference | None = None  # to what is live there; None: nothing is
    act: str | None = None  # the one that the hashes are for; None: there is none
    tells: bool = False
    would_tell: int = 0  # people who would get a first message
    offers: tuple[Offer, ...] = ()
    rows: int = 0  # how many would be sent
    finishers: int = 0
    payload_hash: str = ""
    base_hash: str = ""
    rendered_hash: str = ""
    kept_back: tuple[KeptBack, ...] = ()
    holds: tuple[Hold, ...] = ()
    hidden: tuple[HiddenName, ...] = ()
    handed_out: tuple[AwardGiven, ...] = ()
    tasks: tuple[TimerTask, ...] = ()  # open ones of the contest
    last: ApprovalLine | None = None  # the newest approval of this destination
    waiting: ApprovalLine | None = None  # the one that waits for a second person, or cools off
    standing: Standing | None = None
    payload: tuple[Published, ...] = field(default=(), repr=False)
    by_entry: Mapping[str, ResultRow] = field(default_factory=dict, repr=False)  # for the search by bib or name
    registered: Mapping[str, Registered] = field(default_factory=dict, repr=False)

    @property
    def offer(self) -> Offer | None:
        """What stands against the act of the hashes."""
        return next((one for one in self.offers if one.act == self.act), None)
