"""How the results of distances stand: the newest version of each, where it goes, what is public, and who is asked for a word."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from dashboard import scope
from sync_jobs.models import Approval, Contest, Edition, Publication, ResultDestination, ResultVersion, db
from sync_jobs.providers import of_side

MOST = 200
ASKS = ("needs_review", "blocked")  # states of a version that want a person
GOING = frozenset({"waiting", "approved"})
MOVING = frozenset({"waiting", "publishing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One destination of a distance, with the newest word and sending there."""

    destination_id: int
    provider_name: str
    visibility: str
    live_version_id: int | None
    approval_state: str | None
    approval_version_id: int | None
    asked_by: int | None
    asked_name: str | None
    asked_at: datetime | None
    needs_second: bool
    publication_state: str | None

    def is_done(self, version_id: int) -> bool:
        """Whether nobody has to say anything about that version here: it is live, or approved."""
        approved = self.approval_version_id == version_id and self.approval_state in GOING
        return self.live_version_id == version_id or approved or self.publication_state in MOVING


@dataclass(slots=True, kw_only=True)
class Line:
    """One scored distance."""

    edition_id: int
    edition_name: str
    zone: str | None
    contest_id: int
    contest_name: str
    provider_name: str
    version_id: int | None = None
    number: int = 0
    state: str = ""
    why: str | None = None
    pulled_at: datetime | None = None
    finishers: int = 0
    spots: list[Spot] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether the newest version waits for somebody's word."""
        if self.version_id is None or self.state not in ASKS:
            return False
        return not self.spots or not all(spot.is_done(self.version_id) for spot in self.spots)

    def second_for(self, account_id: int) -> Spot | None:
        """Where somebody else asked for a second person."""
        waiting = (spot for spot in self.spots if spot.approval_state == "waiting" and spot.needs_second)
        return next((spot for spot in waiting if spot.asked_by != account_id), None)


def of_edition(edition_id: int) -> list[Line]:
    """Every scored distance of an event, in the order of their starts."""
    mine = (Contest.edition_id == edition_id, Contest.provider_name.in_(of_side("scoring")), Contest.is_volunteer == 0)
    return _lines(or_(Contest.gone_at.is_(None), ResultVersion.version_id.is_not(None)), *mine, order=(
        Contest.starts_at.is_(None), Contest.starts_at, Contest.name, Contest.contest_id,
    ))  # fmt: skip


def waiting(account_id: int) -> list[Line]:
    """What waits for this person: versions without a word, and words that want a second one. The newest first."""
    asks = and_(ResultVersion.state.in_(ASKS), Contest.gone_at.is_(None))
    second = exists().where(
        ResultDestination.contest_id == Contest.contest_id, Approval.destination_id == ResultDestination.destination_id,
        Approval.state == "waiting", Approval.needs_second == 1,
    )  # fmt: skip
    found = _lines(or_(asks, second), *scope.editions(), order=(ResultVersion.pulled_at.desc(), ResultVersion.version_id.desc()))
    return [line for line in found if line.waits or line.second_for(account_id)]


def _lines(*conditions: ColumnElement[bool], order: tuple[Any, ...]) -> list[Line]:
    later = aliased(ResultVersion)
    newer = exists().where(later.contest_id == ResultVersion.contest_id, later.number > ResultVersion.number)
    query = (
        select(
            Contest.contest_id, Contest.name, Contest.provider_name, Edition.edition_id, Edition.name.label("edition_name"),
            Edition.timezone, ResultVersion.version_id, ResultVersion.number, ResultVersion.state, ResultVersion.why,
            ResultVersion.pulled_at, ResultVersion.counts,
        )
        .select_from(Contest)
        .join(Edition, Edition.edition_id == Contest.edition_id)
        .outerjoin(ResultVersion, and_(ResultVersion.contest_id == Contest.contest_id, ~newer))
        .where(Edition.joined_into.is_(None), *conditions)
        .order_by(*order)
        .limit(MOST)
    )  # fmt: skip
    rows = db.session.execute(query).all()
    spots = _spots([row.contest_id for row in rows])
    return [_line(row, spots[row.contest_id]) for row in rows]


def _line(row: Any, spots: list[Spot]) -> Line:
    return Line(
        edition_id=row.edition_id, edition_name=row.edition_name or "Without a name", zone=row.timezone, contest_id=row.contest_id,
        contest_name=row.name or "Without a name", provider_name=row.provider_name, version_id=row.version_id,
        number=row.number or 0, state=row.state or "", why=row.why, pulled_at=row.pulled_at,
        finishers=(row.counts or {}).get("FINISHED", 0), spots=spots,
    )  # fmt: skip


def _spots(contests: list[int]) -> dict[int, list[Spot]]:
    later = aliased(Approval)
    newest = (
        select(func.max(later.approval_id)).where(later.destination_id == ResultDestination.destination_id).scalar_subquery()
    )  # fmt: skip
    query = (
        select(ResultDestination, Approval, Publication.state)
        .select_from(ResultDestination)
        .outerjoin(Approval, Approval.approval_id == newest)
        .outerjoin(Publication, Publication.approval_id == Approval.approval_id)
        .where(ResultDestination.contest_id.in_(contests), ResultDestination.ended_at.is_(None))
        .order_by(ResultDestination.destination_id)
    )
    found: defaultdict[int, list[Spot]] = defaultdict(list)
    for place, approval, state in db.session.execute(query) if contests else ():
        found[place.contest_id].append(Spot(
            destination_id=place.destination_id, provider_name=place.provider_name, visibility=place.visibility,
            live_version_id=place.live_version_id, approval_state=approval.state if approval else None,
            approval_version_id=approval.version_id if approval else None, asked_by=approval.requested_by if approval else None,
            asked_name=approval.requested_name if approval else None, asked_at=approval.requested_at if approval else None,
            needs_second=bool(approval and approval.needs_second), publication_state=state,
        ))  # fmt: skip
    return found
