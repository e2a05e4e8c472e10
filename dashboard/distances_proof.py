"""What proves that two distances are the same, before a person says so: ids that agree, people side by side, who does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dashboard import distances_data
from sync_jobs import contest_map, people
from sync_jobs.models import Contest, Edition, db
from sync_jobs.pairing import same
from sync_jobs.pairing.contests import Distance
from sync_jobs.pairing.ids import ExternalIds
from sync_jobs.providers import side
from sync_jobs.records import Entry, Registration

SAMPLES, STRANGERS = 3, 6


@dataclass(frozen=True, slots=True)
class Choice:
    """The distances that can be paired."""

    ours: list[Any]
    theirs: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Two distances, and what speaks for and against them."""

    ours: Distance
    theirs: Distance
    registered: int
    entries: int
    carrying: int
    samples: list[tuple[Entry, Registration]]
    by_id: bool  # the samples agree by id, else by name and birth date
    strangers: list[Entry]
    strange: int
    refusal: str | None
    warnings: list[str]
    is_frozen: bool

    @property
    def sentence(self) -> str:
        """What the ids say."""
        if not self.entries:
            return "Nobody stands on the scoring list yet, so nothing proves it but name, length and start."
        if not self.carrying:
            return f"None of {self.entries:,} entries carries a registration id of this distance yet."
        return f"{self.carrying:,} of {self.entries:,} entries carry a registration id of this distance."


def choices(edition_id: int) -> Choice:
    """Everything that is still listed, by side."""
    listed = select(
        Contest.contest_id, Contest.name, Contest.provider_name, Contest.rows_held, Contest.distance, Contest.starts_at
    ).where(Contest.edition_id == edition_id, Contest.gone_at.is_(None))
    rows = db.session.execute(listed.order_by(Contest.starts_at, Contest.name)).all()
    return Choice(
        [row for row in rows if side(row.provider_name) == "registration"],
        [row for row in rows if side(row.provider_name) == "scoring"],
    )


def prove(edition: Edition, ours_id: int, theirs_id: int, instead_of: int | None, now: datetime) -> Proof:
    """Read both lists and lay them beside each other. Raises CannotMap where these are not one of each side."""
    partner, edition_id = edition.timing_partner_id or 0, edition.edition_id
    ours, theirs, refusal, warnings = contest_map.proof(edition_id, ours_id, theirs_id, instead_of)
    registered = people.registrations(partner, [ours_id])
    ids = ExternalIds([*registered, *people.unplaced(partner, edition_id)])
    entries = people.entries(partner, [theirs_id])
    carrying = [(entry, found) for entry in entries if (found := ids.find(entry.external_id))]
    alike = carrying or _by_identity(entries, registered)
    known = {entry.key for entry, _ in alike}
    strangers = [entry for entry in entries if entry.key not in known]
    return Proof(
        ours=ours, theirs=theirs, registered=len(registered), entries=len(entries), carrying=len(carrying), samples=alike[:SAMPLES],
        by_id=bool(carrying), strangers=strangers[:STRANGERS], strange=len(strangers), refusal=refusal, warnings=warnings,
        is_frozen=contest_map.is_frozen(db.session(), edition, (ours_id, theirs_id), now),
    )  # fmt: skip


def _by_identity(entries: list[Entry], registered: list[Registration]) -> list[tuple[Entry, Registration]]:
    known = {(name, person.born): person for person in registered if person.born for name in same.spelt(person)}
    found = (
        (entry, next((known[key] for name in same.spelt(entry) if (key := (name, entry.born)) in known), None)) for entry in entries
    )
    return [(entry, person) for entry, person in found if person]


def length(distance: Distance) -> str:
    """`5 km`, or nothing where nobody says."""
    return distances_data.say_length(distance.metres) if distance.metres else ""
