"""Write an approval and, where it stands, its publication and its run: always in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import destinations, ledger
from sync_jobs.approvals import looking
from sync_jobs.approvals.base import GOOD_FOR, Actor, NotAllowed
from sync_jobs.approvals.looking import Spot
from sync_jobs.models import Approval, Connection, Edition, Publication, PublicationPayload, PublishingPolicy
from sync_jobs.review.packed import Payload, pack

BUSY = "A publication is on its way there. Wait until it is done, or take it down."
RULE = "rule"  # the role of whoever is nobody
REPLACED = "A newer approval took its place."
OPEN = ("waiting", "approved", "used")
DEAD = ("failed", "partial", "drifted")  # publications that another press may follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Everything that an approval says, before it is one."""

    spot: Spot
    version_id: int
    act: str
    payload: Payload
    payload_hash: str
    rendered_hash: str
    seen: Mapping[str, Any]
    tells: bool = False
    tells_many: int = 0
    reason: str = ""
    needs_second: bool = False
    not_before: datetime | None = None
    overwrites: bool = False


def same_press(session: Session, wish: Wish, base_hash: str) -> Approval | None:
    """The newest approval there, if it says the very same and nothing went wrong with it: a second press is the first one."""
    newest = newest_of(session, wish.spot.destination_id)
    if newest is None or newest.state not in OPEN:
        return None
    ours = (wish.version_id, wish.act, wish.payload_hash, base_hash, wish.rendered_hash, int(wish.tells))
    theirs = (newest.version_id, newest.act, newest.payload_hash, newest.base_hash, newest.rendered_hash, newest.tells)
    if ours != theirs:
        return None
    state = session.scalar(select(Publication.state).where(Publication.approval_id == newest.approval_id))
    return None if state in DEAD else newest


def newest_of(session: Session, destination_id: int) -> Approval | None:
    """The newest approval of a destination."""
    mine = select(Approval).where(Approval.destination_id == destination_id)
    found: Approval | None = session.scalar(mine.order_by(Approval.approval_id.desc()).limit(1))
    return found


def publication_of(session: Session, approval_id: int) -> Publication | None:
    """What became of an approval."""
    found: Publication | None = session.scalar(select(Publication).where(Publication.approval_id == approval_id))
    return found


def ask(session: Session, wish: Wish, by: Actor, now: datetime) -> Approval:
    """Somebody's word. It stands at once, unless a second person has to agree or it cools off first."""
    waits = wish.needs_second or wish.not_before is not None
    approval = _approval(session, wish, now) | {
        "requested_by": by.account_id, "requested_name": by.name, "requested_role": by.role, "state": "waiting",
        "device": dict(by.device) if by.device else None,
    }  # fmt: skip
    if not waits:
        approval |= decided(by.account_id, by.name, by.role, now)
    return _written(session, wish, approval, now)


def ask_by_rule(session: Session, wish: Wish, rule: str, now: datetime) -> Approval:
    """The word of a policy or of a standing approval: `policy:4`, `standing:7`."""
    approval = _approval(session, wish, now) | decided(None, rule, RULE, now)
    return _written(session, wish, approval | {"requested_by": None, "requested_name": rule, "requested_role": RULE}, now)


def decided(account_id: int | None, name: str, role: str, now: datetime) -> dict[str, Any]:
    """The fields of an approval that stands."""
    return {"state": "approved", "approved_by": account_id, "approved_name": name, "approved_role": role, "approved_at": now}


def _written(session: Session, wish: Wish, values: dict[str, Any], now: datetime) -> Approval:
    destinations.void(session, [wish.spot.destination_id], REPLACED, now)
    approval = Approval(**values)
    session.add(approval)
    session.flush()
    if approval.state == "approved":
        publish(session, approval, wish.spot, wish.payload, now)
    ledger.bump(session, "all", f"partner:{wish.spot.timing_partner_id}")
    return approval


def _approval(session: Session, wish: Wish, now: datetime) -> dict[str, Any]:
    return {
        "timing_partner_id": wish.spot.timing_partner_id, "destination_id": wish.spot.destination_id,
        "version_id": wish.version_id, "act": wish.act, "payload_hash": wish.payload_hash, "base_hash": wish.spot.base_hash,
        "rendered_hash": wish.rendered_hash, "map_version": wish.payload.map_version, "tells": int(wish.tells),
        "tells_many": wish.tells_many, "overwrites": int(wish.overwrites), "reason": wish.reason,
        "needs_second": int(wish.needs_second), "requested_at": now, "not_before": wish.not_before,
        "expires_at": (wish.not_before or now) + GOOD_FOR, "seen": dict(wish.seen),
        "policy_id": policy_id(session, wish.spot.timing_partner_id, wish.spot.edition_id),
    }  # fmt: skip


def policy_id(session: Session, timing_partner_id: int, edition_id: int) -> int | None:
    """The row that the policy there stands in; None: nobody chose, the defaults hold."""
    mine = select(PublishingPolicy.policy_id).where(
        PublishingPolicy.timing_partner_id == timing_partner_id, PublishingPolicy.ended_at.is_(None),
        PublishingPolicy.edition_id.is_(None) | (PublishingPolicy.edition_id == edition_id),
    )  # fmt: skip
    return session.scalar(mine.order_by(PublishingPolicy.policy_id.desc()).limit(1))


def publish(session: Session, approval: Approval, spot: Spot, payload: Payload, now: datetime) -> Publication:
    """The publication of an approval that stands, what it sends, and the run that does it. Raises NotAllowed."""
    running = select(Publication.publication_id).where(
        Publication.destination_id == spot.destination_id, Publication.state.in_(("waiting", "publishing"))
    )
    if session.scalar(running.limit(1)) is not None:
        raise NotAllowed(BUSY)
    made = Publication(
        timing_partner_id=spot.timing_partner_id, edition_id=spot.edition_id, destination_id=spot.destination_id,
        approval_id=approval.approval_id, version_id=approval.version_id, act=approval.act, payload_hash=approval.payload_hash,
        state="waiting", made_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add(PublicationPayload(publication_id=made.publication_id, body=pack(payload)))
    made.run_id = _run(session, spot, approval.approved_name or approval.requested_name, now)
    session.flush()
    return made


def _run(session: Session, spot: Spot, by: str, now: datetime) -> int:
    connection = session.get(Connection, spot.connection_id)
    if connection is None:
        raise NotAllowed(looking.NOT_THERE)
    try:
        asked = ledger.request(
            connection,
            "publish",
            edition=session.get(Edition, spot.edition_id),
            trigger="approval",
            by=by,
            now=now,
            session=session,
        )
    except ledger.NotAllowed:
        raise NotAllowed(f"{connection.name} is paused, removed or not started: nothing can go out there now.") from None
    return asked.run_id
