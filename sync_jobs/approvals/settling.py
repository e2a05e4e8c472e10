"""Decide on what was read, write only if it is still so: between the two nobody holds a lock, and others write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sync_jobs.approvals import drifting, looking
from sync_jobs.approvals.base import NotAllowed
from sync_jobs.approvals.granting import Wish
from sync_jobs.approvals.proposing import Proposal
from sync_jobs.models import write

Made = TypeVar("Made")
TRIES = 3


def settled(decide: Callable[[], tuple[Proposal, Callable[[Session], Made]]]) -> Made:
    """Decide on what was read, and write only if that is still so: else read and decide again."""
    for _ in range(TRIES):
        found, act = decide()
        try:
            with write() as session:
                if is_as_read(session, found):
                    return act(session)
        except IntegrityError:  # another process was faster between our look and our insert
            continue
    raise NotAllowed("Others are changing this at the same moment. Look again.")


def is_as_read(session: Session, found: Proposal) -> bool:
    """Whether all that a proposal was made of is as it was."""
    spot = looking.spot_of(session, found.spot.destination_id)
    waivers = {fp: one.waiver_id for fp, one in looking.waivers_of(session, spot.contest_id).items()}
    kept = looking.version_of(session, found.version_id)
    newest = looking.newest_id(session, spot.contest_id)
    return (
        spot == found.spot
        and looking.inputs(session, spot.contest_id) == found.inputs
        and waivers == {fp: one.waiver_id for fp, one in found.waivers.items()}
        and _word(kept.state) == _word(found.version_state)
        and (newest == found.version_id) == found.is_newest
    )


def _word(state: str) -> str | None:
    """What a person said of a version; what checks say of it follows from all the rest."""
    return state if state in {"sent_back", "rejected"} else None


def wish_of(
    found: Proposal, act: str, *, tells: bool = False, reason: str = "", not_before: datetime | None = None, is_back: bool = False
) -> Wish:
    """A proposal as an approval says it."""
    payload = found.payload(act, tells=tells)
    there = found.field.destination
    return Wish(
        spot=found.spot, version_id=found.version_id, act=act, payload=payload, payload_hash=payload.hash,
        rendered_hash=found.rendered(payload.hash), tells=tells, tells_many=there.would_tell if there and tells else 0,
        reason=reason, needs_second=found.needs_second(act) and not_before is None, not_before=not_before,
        overwrites=drifting.overwrites(found),
        seen={
            "findings": list(found.findings),
            "waivers": [one.waiver_id for fp, one in found.waivers.items() if fp in found.findings],
            **({"declared": [one.declared_id for one in found.field.declared]} if found.field.declared else {}),
            **({"back": True} if is_back else {}),
        },
    )  # fmt: skip
