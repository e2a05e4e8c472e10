"""Which person on a scoring list is which registration: the ladder. The first rung that holds wins, later ones only contradict.

A rung that finds two on either side does not hold; nobody is ever taken because they came first. What the two sides say
against each other is told apart in `conclusions`; reading and writing is left to `entry_links`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import combinations
from typing import TypeVar

from sync_jobs.pairing import same
from sync_jobs.pairing.ids import ExternalIds, Key, key_of
from sync_jobs.pairing.same import Person, bib, spelt
from sync_jobs.records import Entry, Registration

P = TypeVar("P", bound=Person)
SURE: Mapping[str, int] = {"external_id": 100, "transferred": 95, "bib_and_name": 95, "name_and_birth": 90, "bib_only": 60}
"""The rungs that link, and how sure each is, in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A link that stands already, or stood until one of its two vanished."""

    contest_id: int
    entry_key: str
    registration: Key
    method: str
    made_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everything that matching looks at: both sides of one edition, its confirmed map, and what was decided before."""

    registrations: Sequence[Registration]
    entries: Sequence[Entry]  # of mapped scoring contests
    mapped: Mapping[int, frozenset[int]]  # scoring contest: its registration contests
    held: Sequence[Held] = ()
    vanished: Sequence[Held] = ()  # links that ended because one of the two was gone
    parted: frozenset[tuple[Key, Key]] = frozenset()  # entry and registration that a person told apart
    moved: Mapping[Key, Key] = field(default_factory=dict)
    day: date | None = None

    @cached_property
    def ids(self) -> ExternalIds:
        """The registrations, by what a scoring list says of them."""
        return ExternalIds(self.registrations, self.moved)

    @cached_property
    def places(self) -> frozenset[tuple[int, str]]:
        """Who stands in which scoring contest."""
        return frozenset((entry.contest_id, entry.key) for entry in self.entries if entry.contest_id is not None)

    def pool(self, contest_id: int) -> list[Registration]:
        """Who may be meant in a scoring contest: those of its mapped contests, and those whose contest nobody says."""
        allowed = self.mapped.get(contest_id, frozenset())
        return [person for person in self.registrations if person.contest_id is None or person.contest_id in allowed]


@dataclass(frozen=True, slots=True)
class Found:
    """What one rung finds for an entry: registrations that fit, and other entries that they would fit as well."""

    method: str
    registrations: tuple[Registration, ...]
    rivals: tuple[Entry, ...] = ()

    @property
    def holds(self) -> Registration | None:
        """The one registration, where there is one and nobody else claims it."""
        return self.registrations[0] if len(self.registrations) == 1 and not self.rivals else None


class Ladder:
    """One scoring contest's people, and what each rung finds among them."""

    def __init__(self, known: Known, contest_id: int) -> None:
        self.known, self.contest_id = known, contest_id
        self.pool = known.pool(contest_id)
        self.entries = [entry for entry in known.entries if entry.contest_id == contest_id]
        self.linked = self._linked()
        self._by_bib = _index(self.pool, _bibs), _index(self.entries, _bibs)
        self._by_identity = _index(self.pool, _identities), _index(self.entries, _identities)
        self._by_id = _index(self.entries, self._meant)

    def _linked(self) -> dict[str, tuple[Registration, Held]]:
        """Rung 0: the links that stand, each to the end of its chain of transfers, where both people are there."""
        here = {entry.key for entry in self.entries}
        found: dict[str, tuple[Registration, Held]] = {}
        taken: set[Key] = set()
        for held in (*self.known.held, *(old for old in self.known.vanished if old.made_by)):
            registration = self.known.ids.by_key.get(self.known.ids.last(held.registration))
            if registration is None or held.entry_key not in here or not self._is_here(held):
                continue
            if held.entry_key not in found and key_of(registration) not in taken:
                found[held.entry_key] = registration, held
                taken.add(key_of(registration))
        return found

    def _is_here(self, held: Held) -> bool:
        """It was made here, or its entry has left the contest that it was made in."""
        return held.contest_id == self.contest_id or (held.contest_id, held.entry_key) not in self.known.places

    @cached_property
    def holders(self) -> dict[Key, str]:
        """Which entry a registration is linked to here."""
        return {key_of(registration): entry_key for entry_key, (registration, _) in self.linked.items()}

    def _meant(self, entry: Entry) -> list[Key]:
        registration = self.known.ids.find(entry.external_id)
        return [key_of(registration)] if registration else []

    def by_id(self, entry: Entry) -> Found:
        """Rungs 1 and 1b: the id on the scoring list is that of a registration of this edition, or of one transferred to it."""
        registration = self.known.ids.find(entry.external_id)
        if registration is None or self._told_apart(entry, registration):
            return Found("external_id", ())
        if ExternalIds.is_bare(entry.external_id) and same.disagreement(entry, registration).name:
            return Found("external_id", ())  # a number without its provider, on somebody with another name: not an id of ours
        direct = self.known.ids.key(entry.external_id) == key_of(registration)
        rivals = _others(self._by_id[key_of(registration)], entry)
        return Found("external_id" if direct else "transferred", (registration,), rivals)

    def by_bib(self, entry: Entry) -> Found:
        """Rungs 2 and 3: the bib, and the name or gender and birth date; or the bib alone, where nothing else can be compared."""
        found = self.same_bib(entry)
        registration = found.holds
        if registration is None or same.agrees(entry, registration, self.known.day):
            return found
        if same.cannot_be_compared(entry, registration):
            return Found("bib_only", found.registrations)
        return Found("bib_and_name", ())

    def same_bib(self, entry: Entry) -> Found:
        """Who has the entry's bib, whatever else they say."""
        return self._by(entry, self._by_bib, _bibs(entry), "bib_and_name")

    def by_identity(self, entry: Entry) -> Found:
        """Rung 4: the same name, birth date and gender."""
        return self._by(entry, self._by_identity, _identities(entry), "name_and_birth")

    def _by(self, entry: Entry, index: _Both, keys: Iterable[object], method: str) -> Found:
        here, there = index
        people = {key_of(r): r for key in keys for r in here[key] if not self._told_apart(entry, r)}
        rivals = {other.key: other for key in keys for other in there[key] if other.key != entry.key}
        return Found(method, tuple(people.values()), tuple(rivals.values()) if people else ())

    def elsewhere(self, entry: Entry) -> Found:
        """Rung 5: the same name, birth date and gender in another contest of the edition. Only ever suggested."""
        return self._by(entry, (self._others_by_identity, self._by_identity[1]), _identities(entry), "other_contest")

    @cached_property
    def _others_by_identity(self) -> defaultdict[object, list[Registration]]:
        mine = {key_of(registration) for registration in self.pool}
        return _index([r for r in self.known.registrations if key_of(r) not in mine], _identities)

    def hints(self, entry: Entry) -> list[tuple[int, Registration]]:
        """Rung 6: the likeliest of those who are nobody's here, with how likely in percent. Only ever suggested."""
        near = {key_of(r): r for key in _hint_keys(entry) for r in self._by_hint[key]}
        free = [r for key, r in near.items() if key not in self.holders and not self._told_apart(entry, r)]
        likely = [(percent, r) for r in free if (percent := same.hint(entry, r, self.known.day)) is not None]
        return sorted(likely, key=lambda pair: (-pair[0], key_of(pair[1])))

    @cached_property
    def _by_hint(self) -> defaultdict[object, list[Registration]]:
        return _index(self.pool, _hint_keys)

    def _told_apart(self, entry: Entry, registration: Registration) -> bool:
        return ((entry.provider_name, entry.key), key_of(registration)) in self.known.parted

    def rungs(self, entry: Entry) -> list[Found]:
        """What each linking rung finds, the strongest first."""
        return [self.by_id(entry), self.by_bib(entry), self.by_identity(entry)]


_Both = tuple[defaultdict[object, list[Registration]], defaultdict[object, list[Entry]]]


def _index(people: Iterable[P], keys: Callable[[P], Iterable[object]]) -> defaultdict[object, list[P]]:
    found: defaultdict[object, list[P]] = defaultdict(list)
    for person in people:
        for key in keys(person):
            found[key].append(person)
    return found


def _others(entries: list[Entry], entry: Entry) -> tuple[Entry, ...]:
    return tuple(other for other in entries if other.key != entry.key)


def _bibs(person: Person) -> list[str]:
    found = bib(person)
    return [found] if found else []


def _identities(person: Person) -> list[object]:
    if person.born is None or person.gender is None:
        return []
    return [(name, person.born, person.gender) for name in sorted(spelt(person))]


def _hint_keys(person: Person) -> list[object]:
    """Whoever shares none of these cannot be a hint: the birth date, or two words of the name and the gender."""
    found: list[object] = [person.born] if person.born else []
    for name in sorted(spelt(person)):
        words = name.split()
        found += [(pair, person.gender) for pair in combinations(words, min(2, len(words))) if person.gender]
    return found
