"""What everything here is decided from, read in few statements: a destination, a version, the findings and who answered them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sync_jobs.approvals.base import NotAllowed
from sync_jobs.checks.base import Finding
from sync_jobs.checks.running import CHECK_SET
from sync_jobs.models import (
    AwardGiven,
    CheckThreshold,
    Connection,
    Contest,
    DeclaredCorrection,
    EntryLink,
    HiddenName,
    Hold,
    Publication,
    PublishingPolicy,
    ResultDestination,
    ResultFinding,
    ResultVersion,
    StandingApproval,
    SyncState,
    Waiver,
)

NOT_THERE = "That is not there any more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A destination as a decision needs it."""

    destination_id: int
    timing_partner_id: int
    edition_id: int
    contest_id: int
    connection_id: int
    visibility: str
    live_version_id: int | None
    base_hash: str
    was_official: bool  # results were official there once, and are a correction from then on
    is_ended: bool
    drift: str | None


def spot_of(session: Session, destination_id: int) -> Spot:
    """That destination. Raises NotAllowed where there is none."""
    was = select(Publication.publication_id).where(
        Publication.destination_id == ResultDestination.destination_id, Publication.act.in_(("official", "correction")),
        Publication.state == "published",
    )  # fmt: skip
    found = session.execute(
        select(ResultDestination, was.exists().label("was")).where(ResultDestination.destination_id == destination_id)
    ).one_or_none()
    if found is None:
        raise NotAllowed(NOT_THERE)
    return _spot(*found)


def _spot(one: ResultDestination, was: Any) -> Spot:
    return Spot(
        destination_id=one.destination_id, timing_partner_id=one.timing_partner_id, edition_id=one.edition_id,
        contest_id=one.contest_id, connection_id=one.connection_id, visibility=one.visibility, live_version_id=one.live_version_id,
        base_hash=one.base_hash, was_official=bool(was), is_ended=one.ended_at is not None, drift=one.drift,
    )  # fmt: skip


def active(session: Session, contest_id: int) -> list[int]:
    """The destinations that a contest's map leads to."""
    mine = select(ResultDestination.destination_id).where(
        ResultDestination.contest_id == contest_id, ResultDestination.ended_at.is_(None)
    )
    return list(session.scalars(mine.order_by(ResultDestination.destination_id)))


def version_of(session: Session, version_id: int) -> ResultVersion:
    """That version. Raises NotAllowed where there is none."""
    found = session.get(ResultVersion, version_id)
    if found is None:
        raise NotAllowed(NOT_THERE)
    return found


def newest_id(session: Session, contest_id: int) -> int | None:
    """The contest's newest version."""
    mine = select(ResultVersion.version_id).where(ResultVersion.contest_id == contest_id)
    return session.scalar(mine.order_by(ResultVersion.number.desc()).limit(1))


def findings_of(session: Session, version_id: int, destination_id: int | None) -> dict[str, ResultFinding]:
    """What was found about a version there, by fingerprint, in the order in which it was found."""
    mine = select(ResultFinding).where(
        ResultFinding.version_id == version_id,
        ResultFinding.destination_id.is_(None) | (ResultFinding.destination_id == destination_id),
    )
    return {row.fingerprint: row for row in session.scalars(mine.order_by(ResultFinding.finding_id))}


def as_finding(row: ResultFinding) -> Finding:
    """A finding as the rules know it."""
    return Finding(
        check_id=row.check_id, severity=row.severity, sentence=row.sentence, entries=tuple(row.entries or ()), scope=row.scope,
        numbers=row.numbers or {}, check_version=row.check_version, is_award=bool(row.is_award), folded_into=row.folded_into,
    )  # fmt: skip


def waivers_of(session: Session, contest_id: int) -> dict[str, Waiver]:
    """The waivers that hold, by the fingerprint of what they are about."""
    mine = select(Waiver).where(Waiver.contest_id == contest_id, Waiver.ended_at.is_(None))
    return {row.fingerprint: row for row in session.scalars(mine)}


def standing_of(session: Session, destination_id: int, now: datetime) -> StandingApproval | None:
    """The standing approval that holds there."""
    mine = StandingApproval.destination_id == destination_id
    found: StandingApproval | None = session.scalar(
        select(StandingApproval).where(mine, StandingApproval.ended_at.is_(None), StandingApproval.until > now)
    )
    return found


def inputs(session: Session, contest_id: int) -> str:
    """A digest of all that a check looks at beside the version: where it differs, what was found may not hold any more."""
    contest = session.execute(
        select(Contest.map_version, Contest.edition_id, Contest.timing_partner_id).where(Contest.contest_id == contest_id)
    ).one()
    people = (SyncState.edition_id == contest.edition_id, SyncState.operation_type == "participants")
    links, own = EntryLink.contest_id == contest_id, CheckThreshold.timing_partner_id == contest.timing_partner_id
    policies = PublishingPolicy.timing_partner_id == contest.timing_partner_id
    row = session.execute(
        select(
            select(func.count()).select_from(EntryLink).where(links, EntryLink.ended_at.is_(None)).scalar_subquery(),
            select(func.max(EntryLink.link_id)).where(links).scalar_subquery(),
            select(func.max(EntryLink.ended_at)).where(links).scalar_subquery(),
            select(func.max(SyncState.last_change_at)).where(*people).scalar_subquery(),
            select(func.max(CheckThreshold.at)).where(own).scalar_subquery(),
            select(func.max(PublishingPolicy.policy_id)).where(policies).scalar_subquery(),
            select(func.max(PublishingPolicy.ended_at)).where(policies).scalar_subquery(),
            *(said for model in (Hold, HiddenName, AwardGiven, DeclaredCorrection) for said in _said(model, contest_id)),
        )
    ).one()
    places = session.execute(
        select(
            ResultDestination.destination_id, ResultDestination.visibility, ResultDestination.live_version_id,
            ResultDestination.base_hash, ResultDestination.registration_contest_id, ResultDestination.also_for,
            select(Connection.state).where(Connection.connection_id == ResultDestination.connection_id).scalar_subquery(),
        )
        .where(ResultDestination.contest_id == contest_id, ResultDestination.ended_at.is_(None))
        .order_by(ResultDestination.destination_id)
    ).all()  # fmt: skip
    return _digest([CHECK_SET, contest.map_version, list(row), [list(place) for place in places]])


def _said(model: Any, contest_id: int) -> tuple[Any, Any]:
    """How many decisions about entries hold, and when the newest was made: they come and go."""
    mine = [model.contest_id == contest_id, *([model.ended_at.is_(None)] if hasattr(model, "ended_at") else [])]
    many, newest = (select(what).select_from(model).where(*mine).scalar_subquery() for what in (func.count(), func.max(model.at)))
    return many, newest


def _digest(values: Iterable[Any]) -> str:
    return hashlib.sha256(orjson.dumps(list(values), default=str)).hexdigest()
