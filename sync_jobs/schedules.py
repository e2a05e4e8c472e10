"""Which targets have a schedule, and which slots are due. The times themselves are decided in `cadence`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from sync_jobs import cadence
from sync_jobs.ledger.asking import target_of
from sync_jobs.models import Connection, Edition, EditionLink, PartnerSettings, Schedule, db, insert_or

PER_EDITION = {"registrations": "participants", "counts": "counts"}  # an adapter's ability → the operation
PLAN = "standard"
DUE_AT_A_TICK = 500


def ensure(session: Session, connection: Connection, abilities: frozenset[str], zone: str, now: datetime) -> None:
    """Give everything of a connection its schedule, in the caller's transaction. What is new is due at once."""
    if connection.state == "removed":  # while it was looking for events
        return
    rows = [_row(connection, "events", None, zone, now)] if "discover" in abilities else []
    editions = session.execute(
        select(Edition.edition_id, Edition.timezone, Edition.starts_at, Edition.ends_at)
        .join(EditionLink, EditionLink.edition_id == Edition.edition_id)
        .where(EditionLink.connection_id == connection.connection_id, Edition.joined_into.is_(None))
        .distinct()
    ).all()
    for edition in editions:
        if cadence.still_wanted(edition.starts_at, edition.ends_at, now):
            zone_there = edition.timezone or zone
            rows += [
                _row(connection, name, edition.edition_id, zone_there, now)
                for able, name in PER_EDITION.items()
                if able in abilities
            ]
    if rows:
        insert = insert_or(session)(Schedule)
        reopened = insert.on_conflict_do_update(
            index_elements=["target"], set_={"next_run_at": insert.excluded.next_run_at}, where=Schedule.next_run_at.is_(None)
        )
        session.connection().execute(reopened, rows)


def _row(connection: Connection, operation: str, edition_id: int | None, zone: str, now: datetime) -> dict[str, object]:
    return {
        "target": target_of(connection.connection_id, operation, edition_id),
        "timing_partner_id": connection.timing_partner_id,
        "connection_id": connection.connection_id,
        "edition_id": edition_id,
        "provider_name": connection.provider_name,
        "operation_type": operation,
        "plan": PLAN,
        "timezone": zone,
        "next_run_at": now,
    }


def due(now: datetime) -> list[int]:
    """Schedules whose slot has come, of connections that may run; the longest overdue first."""
    found = db.session.scalars(
        select(Schedule.schedule_id)
        .join(Connection, Connection.connection_id == Schedule.connection_id)
        .join(PartnerSettings, PartnerSettings.timing_partner_id == Schedule.timing_partner_id)
        .where(_due(now), Connection.state == "active", PartnerSettings.started_at.is_not(None))
        .order_by(Schedule.next_run_at, Schedule.schedule_id)
        .limit(DUE_AT_A_TICK)
    )
    ids = list(found)
    db.session.rollback()
    return ids


def _due(now: datetime) -> ColumnElement[bool]:
    too_far = (
        and_(Schedule.operation_type == name, Schedule.next_run_at > now + step) for name, step in cadence.LONGEST_STEP.items()
    )
    return or_(Schedule.next_run_at <= now, *too_far)


def is_due(schedule: Schedule, now: datetime) -> bool:
    """Whether its slot has come, or is further away than any slot can be: a clock that ran ahead put it there."""
    following = schedule.next_run_at
    return following is not None and (following <= now or following > now + cadence.LONGEST_STEP[schedule.operation_type])


def advance(schedule: Schedule, edition: Edition | None, now: datetime) -> tuple[datetime, int]:
    """Move a due schedule to its next slot. Returns the slot that runs now, and how many were missed before it."""
    since = min(schedule.next_run_at or now, now)
    slot, skipped = cadence.slots_missed(schedule.operation_type, schedule.timezone, since, now)
    wanted = edition is None or cadence.still_wanted(edition.starts_at, edition.ends_at, now)
    schedule.next_run_at = cadence.next_slot(schedule.operation_type, schedule.timezone, now) if wanted else None
    return slot, skipped


def next_runs(edition_id: int) -> list[Schedule]:
    """What comes next for an edition."""
    coming = (Schedule.edition_id == edition_id, Schedule.next_run_at.is_not(None))
    return list(db.session.scalars(select(Schedule).where(*coming).order_by(Schedule.next_run_at)))
