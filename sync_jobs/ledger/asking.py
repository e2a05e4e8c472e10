"""What people, programs and the clock may ask of the ledger: a run, its cancelling, another try. Each is one transaction.

Why a connection may not sync is said in `jobs`; telling the workers is left to it as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sync_jobs import times
from sync_jobs.ledger.live import bump, scopes_of
from sync_jobs.models import Connection, Edition, Instant, PartnerSettings, Run, write
from sync_jobs.models.customer import EDITION_ID_COLUMN

MANUAL, FOLLOWING, SCHEDULED = 1, 3, 5
PRIORITY = {"schedule": SCHEDULED, "change": FOLLOWING}  # anything else is somebody's press
AFRESH_ONLY = ("change", "approval")
"""Triggers of what a run that goes on already may have looked before: such a wish joins only one that waits."""
AFRESH: dict[str, Any] = {
    "status": "pending",
    "priority": MANUAL,
    **dict.fromkeys(("errors", "crashes", "cancel_requested"), 0),
    **dict.fromkeys(("hinted_at", "cancelled_by", "finished_at", "error_kind", "last_error", "error_detail", "waited_ms")),
}
"""What a run is that ended and is opened again; where it had read to, it still knows."""
PUSHED = ("start_list", "publish")
PATIENT_KINDS = ("throttled", "quota")  # the provider named an instant: a press does not shorten it


class NotAllowed(Exception):
    """The connection was paused or removed, or the event joined to another, before the wish could be written."""


@dataclass(frozen=True, slots=True)
class Requested:
    """The run that will do what was asked, and whether it was there already."""

    run_id: int
    joined: bool


def target_of(connection_id: int, operation: str, edition_id: int | None) -> str:
    """What a run works on; at most one waits and one runs for each."""
    return f"{connection_id}:{operation}:{edition_id or 'all'}"


def request(
    connection: Connection,
    operation: str,
    *,
    edition: Edition | None,
    trigger: str,
    by: str,
    now: datetime,
    request_key: str | None = None,
    slot: datetime | None = None,
    skipped: int = 0,
    session: Session | None = None,
) -> Requested:
    """Write the wish and commit it; a second wish for the same target joins the run that waits or runs.

    What follows from a change or an approval joins only a waiting one: the running one may have looked before it.

    With `session` it becomes part of the caller's transaction (the clock advances its slot in the same one). Whoever pauses
    at the same instant finds the run, or it is not written: raises NotAllowed.
    """
    target = target_of(connection.connection_id, operation, edition.edition_id if edition else None)
    wanted = _row(connection, operation, edition, target) | {
        "trigger": trigger,
        "requested_by": by,
        "requested_at": now,
        "due_at": now,
        "created_at": times.customer_form(now),
        "priority": PRIORITY.get(trigger, MANUAL),
        "request_key": request_key,
        "skipped_slots": skipped,
        "scheduled_time": times.customer_form(slot) if slot else None,
    }
    if session is not None:
        return _join_or_insert(session, target, wanted)
    try:
        with write() as own:
            return _join_or_insert(own, target, wanted)
    except IntegrityError:  # another process was faster between our look and our insert
        with write() as own:
            return _join_or_insert(own, target, wanted)


def _row(connection: Connection, operation: str, edition: Edition | None, target: str) -> dict[str, Any]:
    return {
        "status": "pending",
        "target": target,
        "lock_name": target,
        "timing_partner_id": connection.timing_partner_id,
        "connection_id": connection.connection_id,
        "provider_name": connection.provider_name,
        "operation_type": operation,
        "sync_direction": "push" if operation in PUSHED else "pull",
        "edition_id": edition.edition_id if edition else None,
        "event_id": getattr(edition, EDITION_ID_COLUMN.get(connection.provider_name, ""), None),
        "starts_at": edition.starts_at if edition else None,
    }


def _must_be_allowed(session: Session, connection_id: int | None, operation: str | None, edition_id: int | None) -> None:
    """The same that the caller looked at before, now that nobody else writes."""
    started = select(PartnerSettings.started_at).where(PartnerSettings.timing_partner_id == Connection.timing_partner_id)
    joined = select(Edition.joined_into).where(Edition.edition_id == edition_id)
    found = session.execute(
        select(Connection.state, started.scalar_subquery().label("started_at"), joined.scalar_subquery().label("joined_into"))
        .where(Connection.connection_id == connection_id)
        .with_for_update(read=True, of=Connection)
    ).first()
    if found is None or found.state == "removed":
        raise NotAllowed
    if operation != "test" and (found.state != "active" or found.started_at is None or found.joined_into is not None):
        raise NotAllowed


def _join_or_insert(session: Session, target: str, wanted: dict[str, Any]) -> Requested:
    _must_be_allowed(session, wanted["connection_id"], wanted["operation_type"], wanted["edition_id"])
    running = and_(Run.status == "running", Run.cancel_requested == 0, literal(wanted["trigger"] not in AFRESH_ONLY))
    goes_on = or_(Run.status == "pending", running)
    found = session.execute(
        select(Run.run_id, Run.status).where(Run.target == target, goes_on).order_by(Run.status.desc())  # running first
    ).first()
    if found is None and wanted["request_key"]:
        asked = session.scalar(select(Run.run_id).where(Run.request_key == wanted["request_key"]))
        if asked is not None:
            return Requested(asked, joined=True)
    if found is None:
        run = Run(**wanted)
        session.add(run)
        session.flush()
        bump(session, *scopes_of(run.run_id, run.timing_partner_id))
        return Requested(run.run_id, joined=False)
    if wanted["priority"] == MANUAL and found.status == "pending":
        _hurry(session, found.run_id, wanted["requested_at"])
        bump(session, *scopes_of(found.run_id, wanted["timing_partner_id"]))
    return Requested(found.run_id, joined=True)


def _hurry(session: Session, run_id: int, now: datetime) -> None:
    """Somebody presses for a run that waits: it goes first, and at once unless a provider asked us to wait."""
    impatient: ColumnElement[bool] = or_(Run.error_kind.is_(None), Run.error_kind.not_in(PATIENT_KINDS))
    session.execute(
        update(Run)
        .where(Run.run_id == run_id, Run.status == "pending")
        .values(
            priority=MANUAL, due_at=case((impatient & (Run.due_at > now), literal(now, Instant)), else_=Run.due_at), hinted_at=None
        )
    )


def cancel(run_id: int, by: str, now: datetime) -> bool:
    """Stop a run: a waiting one at once, a running one at its next page. False when it has already ended."""
    with write() as session:
        return bool(stop(session, Run.run_id == run_id, by, now))


def stop(session: Session, which: ColumnElement[bool], by: str, now: datetime) -> list[int]:
    """The same for all of these runs, in the caller's transaction. Returns those that had not ended."""
    waiting = update(Run).where(which, Run.status == "pending").values(status="cancelled", finished_at=now, cancelled_by=by)
    running = update(Run).where(which, Run.status == "running").values(cancel_requested=1, cancelled_by=by)
    stopped = [
        row
        for change in (waiting, running)
        for row in session.execute(
            change.where(Run.target != "").returning(Run.run_id, Run.timing_partner_id).execution_options(synchronize_session=False)
        ).all()
    ]
    for row in stopped:
        bump(session, *scopes_of(row.run_id, row.timing_partner_id))
    return [row.run_id for row in stopped]


def retry(run_id: int, by: str, now: datetime, *, believe: bool = False) -> bool:
    """Open an ended run again: it goes on at its cursor. False when it is not failed or cancelled (any more), or when
    another run for the same target already waits. Raises NotAllowed, as `request` does.

    With `believe` somebody says that those whom the provider did not list any more are truly gone.
    """
    try:
        with write() as session:
            held_up = select(Run.cursor).where(Run.run_id == run_id, Run.error_kind == "shrunk")
            cursor = session.scalar(held_up) if believe else None
            accepted = {"cursor": {**cursor, "accept_shrunk": cursor.get("missing", 0)}} if cursor is not None else {}
            reopened = session.execute(
                update(Run)
                .where(Run.run_id == run_id, Run.status.in_(("failed", "cancelled")), Run.target != "")
                .values(**AFRESH, due_at=now, requested_by=by, requested_at=now, **accepted)
                .returning(Run.timing_partner_id, Run.connection_id, Run.operation_type, Run.edition_id)
            ).first()
            if reopened:
                _must_be_allowed(session, *reopened[1:])
                bump(session, *scopes_of(run_id, reopened.timing_partner_id))
            return reopened is not None
    except IntegrityError:
        return False
