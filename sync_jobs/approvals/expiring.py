"""What ends by the clock: approvals that nobody used, standing ones; and what goes out by it: what cooled off or stayed quiet."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sync_jobs import ledger
from sync_jobs.approvals import granting, guarding, looking, ruling
from sync_jobs.approvals.approving import agreed, end
from sync_jobs.approvals.base import Actor, Refused
from sync_jobs.approvals.proposing import propose
from sync_jobs.ledger.live import bump
from sync_jobs.models import (
    Account,
    Approval,
    Publication,
    PublishingPolicy,
    ResultDestination,
    ResultVersion,
    StandingApproval,
    db,
    write,
)
from sync_jobs.review.policy import DEFAULTS, NEWEST

log = logging.getLogger(__name__)
OVER = "Nobody used it in time."
TIME_IS_OVER = "Its time is over."


def expire(now: datetime) -> list[int]:
    """Bring everything to what the time is. Returns the approvals that ended or went out. Taking down never expires."""
    return [*_expired(now), *_standing(now), *_cooled(now), *_quiet(now)]


def _expired(now: datetime) -> list[int]:
    session = db.session()
    over = (Approval.state.in_(("waiting", "approved")), Approval.expires_at <= now, Approval.act != "retraction")
    is_any = session.scalar(select(Approval.approval_id).where(*over).limit(1)) is not None
    session.rollback()
    if not is_any:
        return []
    with write() as writing:
        ended = writing.scalars(
            update(Approval).where(*over).values(state="expired", why=OVER).returning(Approval.approval_id)
        ).all()
        waiting = (Publication.approval_id.in_(ended), Publication.state == "waiting")
        writing.execute(update(Publication).where(*waiting).values(state="failed", why=OVER, ended_at=now))
        bump(writing, "all")
        return list(ended)


def _standing(now: datetime) -> list[int]:
    session = db.session()
    over = (StandingApproval.ended_at.is_(None), StandingApproval.until <= now)
    places = list(session.scalars(select(StandingApproval.destination_id).where(*over)))
    session.rollback()
    for destination_id in places:
        ruling.end(destination_id, TIME_IS_OVER, now)
    return []


def _cooled(now: datetime) -> list[int]:
    """What one person asked for goes out when half an hour is over, if nothing is different by then."""
    session = db.session()
    ripe = select(Approval).where(Approval.state == "waiting", Approval.needs_second == 0, Approval.not_before <= now)
    waiting = session.scalars(ripe.order_by(Approval.approval_id)).all()
    session.rollback()
    return [one.approval_id for one in waiting if _goes_out(one, now)]


def _goes_out(waiting: Approval, now: datetime) -> bool:
    number = waiting.approval_id

    def then(session: Session) -> Approval:
        approval = session.get_one(Approval, number)
        if approval.state == "waiting":
            spot = looking.spot_of(session, approval.destination_id)
            asked = session.get_one(Account, approval.requested_by)
            by = Actor(account_id=asked.account_id, name=approval.requested_name, role=asked.role)
            guarding.allow(session, by, {"director", "partner"}, spot.timing_partner_id, spot.edition_id)
            for name, value in granting.decided(by.account_id, by.name, approval.requested_role, now).items():
                setattr(approval, name, value)
            session.flush()
        return approval

    try:
        agreed(waiting, then, now)
    except Refused as why:
        end(number, "stale", str(why))
    except ledger.BAD_ROW:
        log.exception("approval %s cannot be looked at", number)
    return True


def _quiet(now: datetime) -> list[int]:
    """Where a rule publishes: preliminary becomes official once scoring was quiet for long enough and everything is final."""
    quiet = timedelta(minutes=DEFAULTS[NEWEST]["quiet_minutes_automatic"])
    session = db.session()
    automatic = select(PublishingPolicy.timing_partner_id).where(PublishingPolicy.mode == "automatic")
    places = session.execute(
        select(ResultDestination.destination_id, ResultVersion.version_id)
        .join(ResultVersion, ResultVersion.version_id == ResultDestination.live_version_id)
        .where(
            ResultDestination.visibility == "preliminary", ResultDestination.ended_at.is_(None), ResultVersion.state == "cleared",
            ResultDestination.timing_partner_id.in_(automatic), ResultVersion.pulled_at <= now - quiet,
            ResultVersion.pulled_at > now - quiet * MOST_DAYS,
        )
    ).all()  # fmt: skip
    session.rollback()
    made = []
    for place in places:
        found = propose(place.destination_id, None, now)
        approval = ruling.publish(found, "official", "policy", now) if found.policy.is_automatic and found.is_checked else None
        made += [approval.approval_id] if approval else []
    return made


MOST_DAYS = 14  # of quiet days after which nobody asks any more
