"""Standing approvals: keep adding clean finishers until a time, with nobody pressing each half hour."""

from __future__ import annotations

from datetime import datetime

from sync_jobs.approvals import guarding, looking, ruling
from sync_jobs.approvals.base import APPROVERS, LONGEST_STANDING, Actor, NotAllowed
from sync_jobs.approvals.checking import check
from sync_jobs.ledger.live import bump
from sync_jobs.models import StandingApproval, db, write


def stand(destination_id: int, until: datetime, by: Actor, now: datetime) -> StandingApproval:
    """From now on clean added finishers go out by themselves.

    It ends at that time, at the first change of a public row, and at a block. Whoever sets another time replaces it.
    """
    if not now < until <= now + LONGEST_STANDING:
        raise NotAllowed("Choose a time within the next 24 hours.")
    with write() as session:
        spot = looking.spot_of(session, destination_id)
        guarding.allow(session, by, APPROVERS, spot.timing_partner_id, spot.edition_id)
        if spot.visibility != "preliminary" or spot.is_ended:
            raise NotAllowed("Publish as preliminary first: a standing approval adds to what is public.")
        held = looking.standing_of(session, destination_id, now)
        if held is not None and (held.until, held.by_account) == (until, by.account_id):
            return held
        ruling.end_in(session, destination_id, f"{by.name} set another time.", now)
        made = StandingApproval(destination_id=destination_id, until=until, by_account=by.account_id, by_name=by.name, at=now)
        session.add(made)
        bump(session, "all", f"partner:{spot.timing_partner_id}")
        newest = looking.newest_id(session, spot.contest_id)
    if newest is not None:
        check(newest, now)  # what waits may go out by it
    db.session.refresh(made)
    return made


def end_stand(destination_id: int, by: Actor, now: datetime) -> None:
    """No longer."""
    with write() as session:
        spot = looking.spot_of(session, destination_id)
        guarding.allow(session, by, APPROVERS, spot.timing_partner_id, spot.edition_id)
        ruling.end_in(session, destination_id, f"Ended by {by.name}.", now)
