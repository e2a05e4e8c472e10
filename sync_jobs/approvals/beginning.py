"""The moment at which an approval is used: publishing begins, and nothing that it stands on is different by then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from sync_jobs import destinations
from sync_jobs.approvals import looking, staleness
from sync_jobs.approvals.proposing import Proposal, propose
from sync_jobs.ledger.live import bump
from sync_jobs.models import Approval, Publication, db, write

TRIES = 3
EXPIRED = "The approval was given too long ago. Look again, and approve again."
CHANGED = "What would be sent is not what was approved any more: something was changed before it began. Look again."
SECOND = "A second person has to agree to this by now. Look again, and approve again."
NO_RULE = "The rule that let it out does not hold any more. Somebody has to approve it."
RESTLESS = "Others kept changing what it stands on. Look again."


def take_up(publication_id: int, now: datetime) -> str | None:
    """Use the approval of a waiting publication, which is `publishing` from then on; the sentence, where it is void instead.

    Then the approval is stale and the publication failed. One that was begun already goes on: None.
    """
    for _ in range(TRIES):
        found = _as_it_is(publication_id, now)
        with write() as session:
            publication = session.get_one(Publication, publication_id)
            approval = session.get_one(Approval, publication.approval_id)
            if approval.state == "used":
                return None
            if found is not None and looking.inputs(session, found.spot.contest_id) != found.inputs:
                continue
            why = _void(approval, found, now)
            _write(session, publication, approval, why, now)
            return why
    with write() as session:
        publication = session.get_one(Publication, publication_id)
        _write(session, publication, session.get_one(Approval, publication.approval_id), RESTLESS, now)
    return RESTLESS


def _as_it_is(publication_id: int, now: datetime) -> Proposal | None:
    """What would be approved there now: the newest version, or the older one that somebody went back to."""
    session = db.session()
    publication = session.get_one(Publication, publication_id, populate_existing=True)
    approval = session.get_one(Approval, publication.approval_id, populate_existing=True)
    if approval.act == "retraction" or approval.state != "approved":
        return None
    wanted = approval.version_id if (approval.seen or {}).get("back") else None
    return propose(approval.destination_id, wanted, now)


def _void(approval: Approval, found: Proposal | None, now: datetime) -> str | None:
    """Why an approval cannot be used; None: it can."""
    if approval.state != "approved":
        return approval.why or f"The approval is {approval.state}."
    if found is None:
        return None
    if approval.expires_at <= now:
        return EXPIRED
    if found.spot.is_ended:
        return destinations.ELSEWHERE
    if found.payload(approval.act, tells=bool(approval.tells)).hash != approval.payload_hash:
        return CHANGED
    return _not_enough(approval, found)


def _not_enough(approval: Approval, found: Proposal) -> str | None:
    """What a policy, a standing approval or an answer to a finding asked for since."""
    rule = approval.requested_name.partition(":")[0] if approval.requested_by is None else ""
    if (rule == "policy" and not found.policy.is_automatic) or (rule == "standing" and not found.standing):
        return NO_RULE
    if found.needs_second(approval.act) and not approval.needs_second and approval.not_before is None:
        return SECOND
    solve = staleness.stopping(found, is_back=bool((approval.seen or {}).get("back")), tells=bool(approval.tells))
    return f"It cannot go out any more: {solve[0]}" if solve else None


def _write(session: Session, publication: Publication, approval: Approval, why: str | None, now: datetime) -> None:
    if publication.state not in {"waiting", "publishing"}:
        return
    if why is None:
        approval.state, publication.state = "used", "publishing"
        publication.started_at = publication.started_at or now
    else:
        if approval.state == "approved":
            approval.state, approval.why = "expired" if why == EXPIRED else "stale", why
        publication.state, publication.why, publication.ended_at = "failed", why, now
    bump(session, "all", f"partner:{publication.timing_partner_id}")
