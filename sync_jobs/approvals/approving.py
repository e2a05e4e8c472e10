"""The word of a person for exactly these rows on top of exactly what is live; and of a second one, where two are needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from sync_jobs.approvals import granting, guarding, looking, staleness
from sync_jobs.approvals.base import APPROVERS, COOLING_OFF, Actor, Blocked, NotAllowed, Stale
from sync_jobs.approvals.checking import fresh
from sync_jobs.approvals.proposing import Proposal
from sync_jobs.approvals.settling import settled, wish_of
from sync_jobs.ledger.live import bump
from sync_jobs.models import Approval, db, write

SAY_WHY = "Say why: the reason is kept with your name and the time."


def approve(
    destination_id: int, version_id: int, act: str, *, payload_hash: str, base_hash: str, rendered_hash: str, tells: bool,
    by: Actor, now: datetime, reason: str = "",
) -> Approval:  # fmt: skip
    """Approve what the screen showed, with its three hashes. The same press again answers the same.

    Raises NotAllowed, Blocked, or Stale with the bibs that changed. State `waiting`: a second person has to, or it cools off.
    """
    _allow(destination_id, by)
    if (before := _pressed(destination_id, version_id, act, (payload_hash, base_hash, rendered_hash), tells=tells)) is not None:
        return before

    def decide() -> tuple[Proposal, Callable[[Session], Approval]]:
        found = fresh(destination_id, version_id, now)
        staleness.must_be_as_seen(found, act, tells=tells, seen=(payload_hash, base_hash, rendered_hash), now=now)
        if against := found.against(act, now, tells=tells):
            raise Blocked(against)
        return found, lambda session: _ask(session, found, act, tells=tells, by=by, reason=reason, now=now)

    return settled(decide)


def _allow(destination_id: int, by: Actor) -> None:
    session = db.session()
    spot = looking.spot_of(session, destination_id)
    guarding.allow(session, by, APPROVERS, spot.timing_partner_id, spot.edition_id)
    session.rollback()


def _pressed(destination_id: int, version_id: int, act: str, hashes: tuple[str, str, str], *, tells: bool) -> Approval | None:
    """What the same press made before."""
    session = db.session()
    newest = granting.newest_of(session, destination_id)
    if newest is None or (newest.version_id, newest.act, bool(newest.tells)) != (version_id, act, tells):
        return None
    if hashes != (newest.payload_hash, newest.base_hash, newest.rendered_hash):
        return None
    done = granting.publication_of(session, newest.approval_id)
    session.rollback()
    return newest if newest.state in granting.OPEN and (done is None or done.state not in granting.DEAD) else None


def _ask(session: Session, found: Proposal, act: str, *, tells: bool, by: Actor, reason: str, now: datetime) -> Approval:
    spot = found.spot
    guarding.allow(session, by, APPROVERS, spot.timing_partner_id, spot.edition_id)
    said = guarding.words_of(reason, needed=SAY_WHY if act == "correction" else None)
    cools = found.needs_second(act) and not guarding.has_second(session, by.account_id, spot.timing_partner_id, spot.edition_id)
    wish = wish_of(found, act, tells=tells, reason=said, not_before=now + COOLING_OFF if cools else None)
    return granting.same_press(session, wish, spot.base_hash) or granting.ask(session, wish, by, now)


def second(approval_id: int, by: Actor, now: datetime) -> Approval:
    """The second person agrees. Raises NotAllowed (also for the one who asked), Blocked, or Stale."""
    approval = _waiting(db.session(), approval_id, by)
    if approval.state in {"approved", "used"} and approval.approved_by == by.account_id:
        return approval
    _must_wait(approval, now)
    return agreed(approval, lambda session: _seconded(session, approval_id, by, now), now)


def agreed(approval: Approval, then: Callable[[Session], Approval], now: datetime) -> Approval:
    """Let an approval that waits go out, if everything is as it was; else it is stale, and that is said."""
    number, destination_id, version_id, act = approval.approval_id, approval.destination_id, approval.version_id, approval.act
    seen, tells = (approval.payload_hash, approval.base_hash, approval.rendered_hash), bool(approval.tells)
    back = bool((approval.seen or {}).get("back"))

    def decide() -> tuple[Proposal, Callable[[Session], Approval]]:
        found = fresh(destination_id, version_id, now)
        staleness.must_be_as_seen(found, act, tells=tells, seen=seen, now=now, is_back=back)
        if against := staleness.against(found, act, now, tells=tells, is_back=back):
            raise Blocked(against)

        def go(session: Session) -> Approval:
            done = then(session)
            if done.state == "approved" and granting.publication_of(session, number) is None:
                granting.publish(session, done, found.spot, found.payload(act, tells=tells), now)
            bump(session, "all", f"partner:{found.spot.timing_partner_id}")
            return done

        return found, go

    try:
        return settled(decide)
    except Stale as stale:
        end(number, "stale", str(stale))
        raise


def _seconded(session: Session, approval_id: int, by: Actor, now: datetime) -> Approval:
    approval = _waiting(session, approval_id, by)
    if approval.state != "waiting":
        return approval
    for name, value in granting.decided(by.account_id, by.name, by.role, now).items():
        setattr(approval, name, value)
    session.flush()
    return approval


def _waiting(session: Session, approval_id: int, by: Actor) -> Approval:
    """An approval that this person may answer."""
    approval = session.get(Approval, approval_id, populate_existing=True)
    if approval is None:
        raise NotAllowed(looking.NOT_THERE)
    spot = looking.spot_of(session, approval.destination_id)
    guarding.allow(session, by, APPROVERS, spot.timing_partner_id, spot.edition_id)
    if approval.requested_by == by.account_id:
        raise NotAllowed("Somebody else has to agree: you asked for it.")
    return approval


def _must_wait(approval: Approval, now: datetime) -> None:
    if approval.state != "waiting" or not approval.needs_second:
        raise NotAllowed(f"It does not wait for anybody any more: it is {approval.state}.")
    if approval.expires_at <= now:
        raise NotAllowed("It was asked for too long ago. Ask again.")


def refuse(approval_id: int, by: Actor, now: datetime, words: str) -> Approval:
    """No: whoever asked takes it back, or the second person does not agree. Only while it waits."""
    with write() as session:
        approval = session.get(Approval, approval_id)
        if approval is None:
            raise NotAllowed(looking.NOT_THERE)
        spot = looking.spot_of(session, approval.destination_id)
        guarding.allow(session, by, APPROVERS, spot.timing_partner_id, spot.edition_id)
        if approval.state == "withdrawn":
            return approval
        if approval.state != "waiting":
            raise NotAllowed(f"It does not wait any more: it is {approval.state}.")
        said = guarding.words_of(words, needed=None if approval.requested_by == by.account_id else SAY_WHY)
        if approval.expires_at <= now:
            raise NotAllowed("It was asked for too long ago, and has expired.")
        approval.state, approval.why = "withdrawn", f"{by.name}: {said}" if said else f"Taken back by {by.name}."
        bump(session, "all", f"partner:{spot.timing_partner_id}")
        return approval


def end(approval_id: int, state: str, why: str) -> None:
    """An approval that waits stands no more."""
    with write() as session:
        approval = session.get(Approval, approval_id)
        if approval is not None and approval.state == "waiting":
            approval.state, approval.why = state, why
            bump(session, "all", f"partner:{approval.timing_partner_id}")
