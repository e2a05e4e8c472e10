"""What a check is given and what it answers. Which checks there are stands in the modules beside; running them in `running`.

A check never changes anything and never disqualifies: it says what is odd, in a sentence with the numbers in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from sync_jobs.results import ContestFacts, Published, Registered, ResultRow, SetFlags, Version

SEVERITIES = ("info", "warn", "block", "hard")
"""info is counted; warn must have been seen; block must be resolved or waived with a reason; hard nobody can waive."""
Numbers = Mapping[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something odd. Of a row (`entries` says whose) or of the whole set."""

    check_id: str  # T02
    severity: str
    sentence: str  # complete English: "12 of 4,871 finishers have no registration."
    entries: tuple[str, ...] = ()  # entry keys that it is about; a row finding has one or two
    scope: str = "set"  # set or row
    numbers: Numbers = field(default_factory=dict)  # what the sentence is made of, as JSON can hold it
    check_version: int = 1
    is_award: bool = False  # it touches an award place; set by `running`
    folded_into: str | None = None  # the set finding that explains it, by its check_id; set by `running`


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the results would go, as far as checks ask. Without one, the checks of it do not run."""

    provider_name: str
    day: date | None  # the destination event's day there
    flags: SetFlags | None  # as read back last; None: no set yet
    expected: SetFlags | None  # what our last step left; None: nothing was ever published by us
    rows: tuple[Published, ...] = ()  # as read back last
    sent: tuple[Published, ...] = ()  # as we sent them last
    left: tuple[Published, ...] | None = None  # the same as that provider can hold them; None: just as sent
    would_tell: int = 0  # people who would get a first message if this were published
    tells: bool = False  # whether the publisher wants messages to go out


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A bulk correction that the timer announced: these rows move by so much."""

    delta_ms: int
    wave: str | None = None  # None: of whatever wave
    bibs: tuple[int, int] | None = None  # from and to; None: whatever bib
    expected: int | None = None  # how many, where the timer said it
    declared_id: int | None = None

    def covers(self, row: ResultRow) -> bool:
        """Whether it is about that row."""
        if self.bibs is not None:
            number = int(row.bib) if row.bib and row.bib.isdecimal() else -1
            return self.bibs[0] <= number <= self.bibs[1]
        return self.wave in {None, row.wave}

    @property
    def about(self) -> str:
        """Whose times, after a preposition: `wave 1B`, `bibs 2000 to 5100`; empty: everybody's."""
        if self.bibs is not None:
            return f"bibs {self.bibs[0]} to {self.bibs[1]}"
        return f"wave {self.wave}" if self.wave else ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """Everything that a check may look at, of one contest and one version. Plain values; making it is `assembling`'s business."""

    version: Version
    facts: ContestFacts
    registered: Mapping[str, Registered] = field(default_factory=dict)  # by entry key: the linked registration
    all_registered: Sequence[Registered] = ()  # everybody of the mapped registration contests
    other_rungs: Mapping[str, Registered] = field(
        default_factory=dict
    )  # by entry key: another rung of the ladder points at this one
    mapped: frozenset[int] = frozenset()  # registration contests that this contest is mapped to
    contest_names: Mapping[int, str] = field(default_factory=dict)  # of the edition's registration contests
    newest: Version | None = None  # the version before this one, published or not
    live: Version | None = None  # the version that the public sees; None: nothing is public
    live_visibility: str | None = None  # preliminary, official
    payload: tuple[Published, ...] = ()  # what would be sent
    payload_keys: frozenset[str] = frozenset()  # every field name that would be sent
    destination: Destination | None = None
    handed_out: frozenset[str] = frozenset()  # entries whose award was given
    held: frozenset[str] = frozenset()  # entries that somebody held
    hide_minors_under: int = 13
    thresholds: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict
    )  # by check id: of the profile, tightened by the partner
    going_official: bool = False
    declared: Sequence[Declared] = ()  # bulk corrections between what is live and this version
    last_winners: Mapping[str, int] = field(default_factory=dict)  # by gender: the winning time of the edition before, on the basis
    foreign_points: frozenset[str] = frozenset()  # reading points that only other contests of the edition use

    @cached_property
    def finishers(self) -> tuple[ResultRow, ...]:
        """Whoever finished and counts."""
        return self.version.finishers

    @cached_property
    def awards(self) -> frozenset[str]:
        """Entries in an award place: the first of each division, and the first ten overall of each gender."""
        found: set[str] = set()
        for row in self.finishers:
            in_division = row.division_place is not None and row.division_place <= self.facts.division_awards
            if in_division or (row.gender_place is not None and row.gender_place <= TOP_OVERALL):
                found.add(row.entry_key)
        found.update(row.entry_key for row in self.finishers if row.place is not None and row.place <= self.facts.overall_awards)
        return frozenset(found)

    @cached_property
    def _known(self) -> dict[Any, Any]:
        return {}

    def once(self, work: Callable[[Field], Found]) -> Found:
        """What that function says of this field, worked out the first time that a check asks."""
        if work not in self._known:
            self._known[work] = work(self)
        found: Found = self._known[work]
        return found

    def limit(self, check_id: str, name: str) -> float:
        """A threshold of that check."""
        return self.thresholds[check_id][name]

    def unlinked(self) -> list[ResultRow]:
        """Finishers who belong to no registration."""
        return [row for row in self.finishers if row.entry_key not in self.registered]


TOP_OVERALL = 10
Rule = Callable[[Field], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its number in the catalogue, its form, and the rule. `escalates`: one level up in an award place."""

    check_id: str
    name: str  # unmatched-finishers
    rule: Rule
    version: int = 1
    escalates: bool = False
    profiles: frozenset[str] | None = None  # None: all but those that `skips` names
    skips: frozenset[str] = frozenset()  # profiles in which it means nothing
    needs_destination: bool = False


def said(check_id: str, severity: str, sentence: str, *, rows: Iterable[ResultRow] = (), **numbers: Any) -> Finding:
    """A finding of the whole set; `rows` are those that it is about."""
    return Finding(
        check_id=check_id, severity=severity, sentence=sentence, entries=tuple(row.entry_key for row in rows), numbers=numbers
    )


def of_row(check_id: str, severity: str, sentence: str, row: ResultRow, *others: ResultRow, **numbers: Any) -> Finding:
    """A finding of one row (or of two that contradict each other)."""
    return Finding(
        check_id=check_id, severity=severity, sentence=sentence, entries=(row.entry_key, *(other.entry_key for other in others)),
        scope="row", numbers=numbers,
    )  # fmt: skip


def who(row: ResultRow) -> str:
    """Somebody in a sentence: "bib 214, Ana Sample"."""
    number = f"bib {row.bib}" if row.bib else "somebody without a bib"
    return f"{number}, {row.name}" if row.name else number
