"""What goes out by a rule: a policy with gates, or a standing approval; and when a standing approval ends by itself."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sync_jobs.approvals import granting, looking
from sync_jobs.approvals.base import NotAllowed
from sync_jobs.approvals.granting import Wish
from sync_jobs.approvals.proposing import Proposal
from sync_jobs.approvals.settling import settled, wish_of
from sync_jobs.ledger.live import bump
from sync_jobs.models import Approval, Publication, StandingApproval, db, write
from sync_jobs.review import policy
from sync_jobs.review.lines import summary

log = logging.getLogger(__name__)


def follow(found: Proposal, now: datetime) -> None:
    """After a check: let a rule publish what it may, and end a standing approval that is over."""
    if not found.is_newest:
        return
    if found.standing and (why := _over(found)):
        end(found.spot.destination_id, why, now)
        return
    judged = found.judgement
    if judged.state == "cleared" and judged.cleared_by and judged.act == "preliminary":
        publish(found, judged.act, judged.cleared_by, now)


def publish(found: Proposal, act: str, rule: str, now: datetime) -> Approval | None:
    """The rule's approval and its publication; None where anything stands against it, or a person has to be first."""
    if found.against(act, now, by_rule=True) or person_first(found.spot.destination_id):
        return None

    def go(session: Session) -> Approval | None:
        wish = wish_of(found, act)
        return None if _tried(session, wish) else granting.ask_by_rule(session, wish, _name(session, found, rule, now), now)

    try:
        return settled(lambda: (found, go))
    except NotAllowed as why:
        log.info("version %s does not go out by itself: %s", found.version_id, why)
        return None


def _tried(session: Session, wish: Wish) -> bool:
    """Whether these rows were approved on top of this before: what failed then is a person's to press again."""
    same = select(Approval.approval_id).where(
        Approval.destination_id == wish.spot.destination_id, Approval.payload_hash == wish.payload_hash,
        Approval.base_hash == wish.spot.base_hash, Approval.act == wish.act,
        Approval.state.in_(("waiting", "approved", "used")),
    )  # fmt: skip
    return session.scalar(same.limit(1)) is not None


def _name(session: Session, found: Proposal, rule: str, now: datetime) -> str:
    if rule == "standing" and (held := looking.standing_of(session, found.spot.destination_id, now)):
        return f"standing:{held.standing_id}"
    return f"policy:{granting.policy_id(session, found.spot.timing_partner_id, found.spot.edition_id) or 'default'}"


def person_first(destination_id: int) -> bool:
    """Whether the last word there took something down or back: no rule goes on before a person did."""
    session = db.session()
    mine = Publication.destination_id == destination_id
    last = session.execute(
        select(Publication.act, Publication.version_id).where(mine).order_by(Publication.publication_id.desc()).limit(1)
    ).one_or_none()
    highest = session.scalar(select(func.max(Publication.version_id)).where(mine)) or 0
    session.rollback()
    return last is not None and (last.act == "retraction" or last.version_id < highest)


def _over(found: Proposal) -> str | None:
    """Why a standing approval ends now."""
    if stopping := policy.unsolved(found.findings, found.waivers.keys(), "hard", "block"):
        return f"A check stopped it: {stopping[0].sentence}"
    if found.spot.visibility != "preliminary":
        return "The results are not public as preliminary any more."
    if not policy.append_only(found.difference):
        return f"Something public would change: {summary(found.difference)}."
    return None


def end(destination_id: int, why: str, now: datetime) -> None:
    """A standing approval holds no longer."""
    with write() as session:
        end_in(session, destination_id, why, now)


def end_in(session: Session, destination_id: int, why: str, now: datetime) -> None:
    """The same in the caller's transaction."""
    mine = (StandingApproval.destination_id == destination_id, StandingApproval.ended_at.is_(None))
    for held in session.scalars(select(StandingApproval).where(*mine)).all():
        held.ended_at, held.ended_why = now, why
        bump(session, "all", f"partner:{looking.spot_of(session, destination_id).timing_partner_id}")
    session.flush()
