"""Who of a version goes out, and how: name, time, place; and who does not, and why. Sending is left to others.

A row that is kept back keeps its place, so a gap shows: nobody moves when it is let go. Times are rounded here and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sync_jobs.kit.statuses import STATUSES
from sync_jobs.pairing.same import age_on
from sync_jobs.results import ANONYMOUS, ContestFacts, Published, Registered, ResultRow, Version
from sync_jobs.review import places

NEVER_SENT = frozenset({"RUNNING", "NOT_SEEN", "HELD"})
WITH_TIME = frozenset(status for status, allowed in STATUSES.items() if allowed.time in {"required", "yes"})
WITH_SPLITS = WITH_TIME | {status for status, allowed in STATUSES.items() if allowed.time == "splits"}
SECOND = 1000
NOBODY: frozenset[str] = frozenset()

WHY: Mapping[str, str] = {
    "held": "Held: somebody left this row out until it is let go.",
    "unknown_status": "Scoring gave a status that we do not know.",
    "projected": "The time is an estimate, not a reading.",
    "RUNNING": "On course.",
    "NOT_SEEN": "Entered, and not seen yet.",
    "HELD": "Under review at scoring.",
    "no_time": "Finished, but without the time that counts here.",
    "unmatched": "Belongs to no registration.",
    "twice": "More than one row would be theirs.",
}
"""Why a row is not public, in words; what comes first wins."""


class Who(NamedTuple):
    """How somebody is named to the public."""

    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBack:
    """A row that does not go out."""

    row: ResultRow
    reason: str  # of `WHY`
    sentence: str
    is_unmatched: bool  # also where that is not the reason


def payload(
    version: Version, facts: ContestFacts, registered: Mapping[str, Registered], *, held: Collection[str] = NOBODY,
    hidden: Collection[str] = NOBODY, hide_minors_under: int = 13, basis: str | None = None, unmatched: str = "hold",
) -> tuple[Published, ...]:  # fmt: skip
    """What the public would read. `unmatched` is hold or by_name; `basis` is the contest's own unless it is said."""
    basis = basis or facts.basis
    placed = places.overall(version, basis)
    why = _reasons(version, registered, held, basis, unmatched)
    return tuple(
        _told(row, registered.get(row.entry_key), facts, basis, placed.get(row.entry_key), hidden, hide_minors_under)
        for row in sorted(version.rows, key=lambda row: _order(row, placed, basis))
        if row.entry_key not in why
    )


def kept_back(
    version: Version, facts: ContestFacts, registered: Mapping[str, Registered], *, held: Collection[str] = NOBODY,
    basis: str | None = None, unmatched: str = "hold",
) -> tuple[KeptBack, ...]:  # fmt: skip
    """Everybody who is not in the payload, and why."""
    why = _reasons(version, registered, held, basis or facts.basis, unmatched)
    return tuple(
        KeptBack(row=row, reason=reason, sentence=_sentence(row, reason), is_unmatched=row.entry_key not in registered)
        for row in version.rows
        if (reason := why.get(row.entry_key))
    )


def rounded(ms: int | None) -> int | None:
    """Up to the next whole second; a whole second stays. The same for every time of a contest, so that their order stays."""
    return None if ms is None else -(-ms // SECOND) * SECOND


def is_shown(row: ResultRow) -> bool:
    """Whether a row in that state may be public at all, whoever it belongs to."""
    return row.status is not None and row.status not in NEVER_SENT and not row.is_projected


def _reasons(
    version: Version, registered: Mapping[str, Registered], held: Collection[str], basis: str, unmatched: str
) -> dict[str, str]:
    """The reason of each entry that does not go out. Whoever cannot be told from another goes out neither."""
    keys, to_all = Counter(row.entry_key for row in version.rows), unmatched != "hold"
    found = {
        row.entry_key: reason
        for row in version.rows
        if (reason := "twice" if keys[row.entry_key] > 1 else _why(row, held, basis, matched=to_all or row.entry_key in registered))
    }
    going = [row for row in version.rows if row.entry_key not in found]
    owners = Counter(_owner(row, registered) for row in going)
    return found | {row.entry_key: "twice" for row in going if owners[_owner(row, registered)] > 1}


def _why(row: ResultRow, held: Collection[str], basis: str, *, matched: bool) -> str | None:
    if row.entry_key in held:
        return "held"
    if row.status is None:
        return "unknown_status"
    if row.is_projected:
        return "projected"
    if row.status in NEVER_SENT:
        return row.status
    if row.is_finisher and row.time(basis) is None:
        return "no_time"
    return None if matched else "unmatched"


def _owner(row: ResultRow, registered: Mapping[str, Registered]) -> tuple[str, str]:
    one = registered.get(row.entry_key)
    if one is not None:
        return ("registration", one.key)
    return ("bib", row.bib) if row.bib else ("name", row.name.casefold())


def _sentence(row: ResultRow, reason: str) -> str:
    if reason == "RUNNING" and row.splits:
        return f"On course, last seen at {row.splits[-1].point}."
    return WHY[reason]


def _order(row: ResultRow, placed: Mapping[str, int], basis: str) -> tuple[bool, int, int, str]:
    place = placed.get(row.entry_key)
    return place is None, place or 0, row.time(basis) or 0, row.entry_key


def _told(
    row: ResultRow, one: Registered | None, facts: ContestFacts, basis: str, place: int | None, hidden: Collection[str], under: int
) -> Published:
    who = _named(row, one, facts, hidden, under)
    status = row.status or ""
    timed, is_ranked = status in WITH_TIME, STATUSES[status].rank
    return Published(
        registration_key=one.key if one else None, entry_key=row.entry_key, bib=row.bib, first_name=who.first_name,
        last_name=who.last_name, gender=row.gender or (one.gender if one else None), age=_age(row, one, facts), status=status,
        gun_ms=rounded(row.gun_ms) if timed else None, chip_ms=rounded(row.chip_ms) if timed else None,
        place=place if is_ranked else None, gender_place=row.gender_place if is_ranked else None, division=row.division,
        division_place=row.division_place if is_ranked else None, splits=_splits(row, basis) if status in WITH_SPLITS else (),
    )  # fmt: skip


def _named(row: ResultRow, one: Registered | None, facts: ContestFacts, hidden: Collection[str], under: int) -> Who:
    """Their registration's name, which is what its provider shows; nothing of it where it is not to be known."""
    if row.entry_key in hidden or (one is not None and one.is_anonymous):
        return Who(ANONYMOUS, "")
    name = Who(row.first_name, row.last_name)
    if one is not None and (one.first_name or one.last_name):
        name = Who(one.first_name, one.last_name)
    return Who(_initial(name.first_name), _initial(name.last_name)) if _is_minor(row, one, facts, under) else name


def _initial(name: str) -> str:
    return f"{name.strip()[0]}." if name.strip() else ""


def _is_minor(row: ResultRow, one: Registered | None, facts: ContestFacts, under: int) -> bool:
    """Whoever is too young by any of the ages that are known."""
    ages = (row.age, one.age if one else None, _age_there(one, facts))
    return any(age is not None and age < under for age in ages)


def _age(row: ResultRow, one: Registered | None, facts: ContestFacts) -> int | None:
    if row.age is not None or one is None:
        return row.age
    there = _age_there(one, facts)
    return one.age if there is None else there


def _age_there(one: Registered | None, facts: ContestFacts) -> int | None:
    day = facts.age_reference or facts.day
    return age_on(one.born, day) if one is not None and one.born is not None and day is not None else None


def _splits(row: ResultRow, basis: str) -> tuple[tuple[str, int], ...]:
    found = ((split.point, rounded(split.gun_ms if basis == "gun" else split.chip_ms)) for split in row.splits)
    return tuple((point, ms) for point, ms in found if ms is not None)
