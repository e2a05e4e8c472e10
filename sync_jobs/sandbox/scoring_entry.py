"""A person on a scoring list, and what is known of one: plain data, in no provider's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sync_jobs.sandbox.raceday import Known
from sync_jobs.sandbox.scoring_plan import ScoringContest
from sync_jobs.sandbox.things import local

FIELDS = (
    "external_id", "first_name", "last_name", "gender", "born", "bib", "email", "phone", "city", "state", "country", "team", "wave",
)  # fmt: skip
"""What may be given of an entry, besides its contest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringEntry:
    """One person in one scoring contest, as the timer has them. A changed one is a new object with the same number."""

    number: int
    contest: ScoringContest
    created_at: float
    external_id: str | None = None
    first_name: str = ""
    last_name: str = ""
    gender: str | None = None  # F, M, X; None where it was not given
    born: date | None = None
    bib: str | None = None
    email: str | None = None
    phone: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    team: str | None = None
    wave: str = "Wave 1"
    withdrawn: bool = False

    @property
    def uid(self) -> str:
        """The same in eight characters: Copernico's form of an id."""
        return f"{self.number * 2654435761 % 2**32:08X}"

    @property
    def age(self) -> int | None:
        """Full years on race day."""
        if self.born is None:
            return None
        day = local(self.contest.starts_at, self.contest.happening.edition.zone).date()
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))

    @property
    def division(self) -> str | None:
        """`F 40-44`; None where gender or age is not known."""
        if self.gender not in {"F", "M"} or self.age is None:
            return None
        low = min(self.age // 5 * 5, 80)
        return (
            f"{self.gender} 14 and under"
            if self.age < 15
            else f"{self.gender} 80+"
            if low == 80
            else f"{self.gender} {low}-{low + 4}"
        )


class Outcome(NamedTuple):
    """One entry and what is known of it. Ranks by gun time, within the contest; None for all who have not finished."""

    entry: ScoringEntry
    known: Known
    rank: int | None
    rank_gender: int | None
    rank_division: int | None


def plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """As it can be written down."""
    if unknown := set(given) - {*FIELDS, "withdrawn"}:
        raise ValueError(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(FIELDS)}.")
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}


def typed(given: Mapping[str, Any]) -> dict[str, Any]:
    """As an entry holds it."""
    found = {name: (None if value == "" else value) for name, value in plain(given).items()}
    if found.get("born"):
        found["born"] = date.fromisoformat(str(found["born"])[:10])
    if found.get("bib") is not None:
        found["bib"] = str(found["bib"])
    for name in ("first_name", "last_name"):
        if name in found:
            found[name] = found[name] or ""
    return found
