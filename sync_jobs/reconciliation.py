"""How the two sides of one distance differ, person by person: who is missing where, and why. Decides; touches nothing.

A registration and an entry are one person by their link, else by the id that the entry carries. What has to be sent is
`start_list`'s question; here it is only said what was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_jobs.kit.statuses import STATUSES, status_of
from sync_jobs.pairing.ids import ExternalIds, Key, key_of
from sync_jobs.records import Entry, Registration

MISSING = ("refused", "waiting", "doubtful", "taken_off", "declined", "elsewhere", "not_sent", "in_file", "sent")
"""Why somebody who is registered is not on the list; what needs somebody first."""
UNREGISTERED = ("twice", "other_distance", "over", "unknown_id", "no_id")
WITHOUT_RESULT = ("unknown", "RUNNING", "HELD", "FINISHED", "NOT_SEEN", "NC", "OTL", "DNF", "DQ", "DNS")
WAITS = {"waiting": "waiting", "declined": "declined", "refused": "refused", "approved": "not_sent", "there": "taken_off",
         "in_file": "in_file", "sent": "sent"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How one registration's line on a start list stands."""

    state: str  # sent, in_file, there, refused, waiting, approved, declined, withdrawn
    was_told: bool  # scoring knows of them through us, or had them already
    at: datetime
    why: str | None = None
    run_id: int | None = None
    file_id: int | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """What stands in the results for one entry: a time, a word in its place, or only that there is something."""

    entry_key: str
    first_name: str
    last_name: str
    bib: str | None
    chip_ms: int | None = None
    gun_ms: int | None = None
    status: str | None = None  # a word that stood where the time should
    is_readable: bool = True
    place: int | None = None

    @property
    def has_time(self) -> bool:
        """Whether there is a time, also one that cannot be read."""
        return self.chip_ms is not None or self.gun_ms is not None or not self.is_readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Everything that is known of one scored distance. The others of the event are there to say where somebody is instead."""

    contest_id: int
    provider_name: str
    registrations: Sequence[Registration]
    entries: Sequence[Entry]
    finishes: Mapping[str, Finish]
    links: Mapping[Key, str]  # the entry of each linked registration
    lines: Mapping[Key, Told]
    doubtful: Collection[Key] = ()  # may be on the list under another name
    elsewhere: Sequence[Entry] = ()  # on the event's other lists
    others: Sequence[Registration] = ()  # registered for the event's other distances
    beside: Collection[int] = ()  # other lists that the same registrations may stand on: there they are right too
    has_begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One person in whom the two sides differ."""

    reason: str
    registration: Registration | None = None
    entry: Entry | None = None
    finish: Finish | None = None
    told: Told | None = None
    instead: int | None = None  # the distance where they stand instead, where they do

    @property
    def who(self) -> Registration | Entry | Finish:
        """Whoever it is about, as the side has them that it is about."""
        for found in (self.registration, self.entry, self.finish):
            if found is not None:
                return found
        raise ValueError("a difference is about somebody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """One distance: how many stand at each step, and by name where the sides differ."""

    registered: int
    sent: int  # told, in a file, or found there
    refused: int
    at_scoring: int
    with_result: int
    both: int  # registered, and on the list
    both_with_result: int
    missing: tuple[Difference, ...]  # registered, not on the list
    unregistered: tuple[Difference, ...]  # on the list, not registered
    without_result: tuple[Difference, ...]  # on the list, without a time
    without_entry: tuple[Difference, ...]  # a result, and nobody on the list

    @property
    def off(self) -> int:
        """How many people one side has and the other has not."""
        return len(self.missing) + len(self.unregistered) + len(self.without_entry)

    @property
    def bar(self) -> tuple[tuple[str, int], ...]:
        """Everybody registered, divided by how far they got."""
        on_the_way = sum(one.reason in {"sent", "in_file"} for one in self.missing)
        refused = sum(one.reason == "refused" for one in self.missing)
        rest = len(self.missing) - on_the_way - refused
        return (
            ("result", self.both_with_result), ("list", self.both - self.both_with_result), ("told", on_the_way),
            ("refused", refused), ("not", rest),
        )  # fmt: skip


def reconcile(sides: Sides) -> Reconciled:
    """Count one distance, and name everybody who is not on both sides or has no result."""
    found = _Joined(sides)
    here = [one for one in sides.registrations if not found.is_beside(key_of(one))]
    missing = [_missing(one, sides, found) for one in here if key_of(one) not in found.entry_of]
    lone = [_lone(entry, sides, found) for entry in sides.entries if entry.key not in found.claimed]
    resultless = [one for entry in sides.entries if (one := _without_result(entry, sides))]
    listed = {entry.key for entry in sides.entries}
    lines = [sides.lines[key] for one in here if (key := key_of(one)) in sides.lines]
    timed = listed - {one.entry.key for one in resultless if one.entry}
    return Reconciled(
        registered=len(here),
        sent=sum(line.was_told and line.state != "withdrawn" for line in lines),
        refused=sum(line.state == "refused" for line in lines),
        at_scoring=len(sides.entries),
        with_result=len(timed),
        both=len(found.entry_of),
        both_with_result=sum(entry.key in timed for entry in found.entry_of.values()),
        missing=_ordered(missing, MISSING),
        unregistered=_ordered(lone, UNREGISTERED),
        without_result=_ordered(resultless, WITHOUT_RESULT) if sides.has_begun else (),
        without_entry=_ordered(
            [Difference(reason="no_entry", finish=one) for key, one in sides.finishes.items() if key not in listed], ("no_entry",)
        ),
    )  # fmt: skip


class _Joined:
    """Who is who: by link first, then by the id that an entry carries. Nobody is two."""

    def __init__(self, sides: Sides) -> None:
        by_key = {entry.key: entry for entry in sides.entries}
        self.ids = ExternalIds([*sides.registrations, *sides.others])
        self.entry_of: dict[Key, Entry] = {}
        self.carried: dict[str, Key] = {
            entry.key: key for entry in sides.entries if (key := self.ids.key(entry.external_id)) is not None
        }
        mine = {key_of(one) for one in sides.registrations}
        self.entry_of |= {key: by_key[entry] for key, entry in sides.links.items() if key in mine and entry in by_key}
        self.claimed = {entry.key for entry in self.entry_of.values()}
        for entry_key, key in self.carried.items():
            if key in mine and key not in self.entry_of and entry_key not in self.claimed:
                self.entry_of[key] = by_key[entry_key]
                self.claimed.add(entry_key)
        self.mine, self.beside = mine, frozenset(sides.beside)
        self.instead: dict[Key, Entry] = {}
        for entry in sides.elsewhere:
            if (elsewhere := self.ids.key(entry.external_id)) is not None:
                self.instead.setdefault(elsewhere, entry)

    def is_beside(self, key: Key) -> bool:
        """Whether they stand on another list that is theirs as well."""
        entry = self.instead.get(key)
        return key not in self.entry_of and entry is not None and entry.contest_id in self.beside


def _missing(one: Registration, sides: Sides, found: _Joined) -> Difference:
    key = key_of(one)
    told, instead = sides.lines.get(key), found.instead.get(key)
    if instead is not None:
        return Difference(reason="elsewhere", registration=one, entry=instead, told=told, instead=instead.contest_id)
    reason = WAITS.get(told.state, "not_sent") if told else "not_sent"
    if reason == "not_sent" and key in sides.doubtful:
        reason = "doubtful"
    return Difference(reason=reason, registration=one, told=told)


def _lone(entry: Entry, sides: Sides, found: _Joined) -> Difference:
    finish, key = sides.finishes.get(entry.key), found.carried.get(entry.key)
    if key in found.mine:
        return Difference(reason="twice", entry=entry, finish=finish)
    other = found.ids.by_key.get(key) if key else None
    if other is not None:
        return Difference(reason="other_distance", entry=entry, finish=finish, instead=other.contest_id)
    told = sides.lines.get(key) if key else None
    reason = "no_id" if not entry.external_id else "over" if told or entry.key in sides.links.values() else "unknown_id"
    return Difference(reason=reason, entry=entry, finish=finish, told=told)


def _without_result(entry: Entry, sides: Sides) -> Difference | None:
    """Nothing, where that entry has a result that may be shown."""
    finish = sides.finishes.get(entry.key)
    status = standing(sides.provider_name, entry.status, finish)
    if finish is not None and finish.has_time and status is not None and STATUSES[status].time in {"required", "yes"}:
        return None
    return Difference(reason=status or "unknown", entry=entry, finish=finish)


def standing(provider_name: str, word: str | None, finish: Finish | None) -> str | None:
    """Our status of an entry with that word and that result; None for a word that nobody has told us."""
    if finish is not None and finish.status:
        return finish.status
    return status_of(provider_name, word, finished=finish is not None and finish.has_time, started=finish is not None)


def _ordered(found: Iterable[Difference], reasons: Sequence[str]) -> tuple[Difference, ...]:
    place = {reason: at for at, reason in enumerate(reasons)}
    return tuple(sorted(found, key=lambda one: (place[one.reason], *_by_name(one))))


def _by_name(one: Difference) -> tuple[str, str, str]:
    who = one.who
    return who.last_name.casefold(), who.first_name.casefold(), who.bib or ""


def grouped(found: Iterable[Difference]) -> list[tuple[str, int | None, list[Difference]]]:
    """The same people by reason, and by file where they are in one; the order stays."""
    groups: dict[tuple[str, int | None], list[Difference]] = defaultdict(list)
    for one in found:
        file_id = one.told.file_id if one.told and one.reason == "in_file" else None
        groups[one.reason, file_id].append(one)
    return [(reason, file_id, people) for (reason, file_id), people in groups.items()]
