"""Which targets have a schedule, and which slots are due. The times themselves are decided in `cadence`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, exists, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from sync_jobs import cadence, health, times
from sync_jobs.ledger.asking import target_of
from sync_jobs.ledger.live import bump
from sync_jobs.models import Connection, Contest, Edition, EditionLink, EditionPlan, PartnerSettings, Schedule, db, insert_or, write
from sync_jobs.providers import ADAPTERS

PER_EDITION = {"registrations": "participants", "entries": "participants", "counts": "counts", "results": "results"}
"""An adapter's ability → the operation."""
DUE_AT_A_TICK = 500


def is_gone(of: Any) -> ColumnElement[bool]:
    """Whether its provider lists no distance of its event any more; of rows with an event and a provider, as runs have."""
    theirs = (Contest.edition_id == of.edition_id, Contest.provider_name == of.provider_name)
    some, one = exists().where(*theirs), exists().where(*theirs, Contest.gone_at.is_(None))
    return and_(some.correlate_except(Contest), ~one.correlate_except(Contest))


def ensure(session: Session, connection: Connection, abilities: frozenset[str], zone: str, now: datetime) -> None:
    """Give everything of a connection its schedule, in the caller's transaction. What is new is due at once."""
    if connection.state == "removed":  # while it was looking for events
        return
    rows = [_row(connection, "events", None, cadence.When(plan="standard", zone=zone), now)] if "discover" in abilities else []
    rows += [
        _row(connection, name, edition.edition_id, when, now)
        for edition, when in _editions(session, connection.connection_id, connection.provider_name, zone)
        for able, name in PER_EDITION.items()
        if able in abilities and cadence.next_slot(kind_of(connection.provider_name, name), when, now) is not None
    ]
    if rows:
        insert = insert_or(session)(Schedule)
        sooner = or_(Schedule.next_run_at.is_(None), Schedule.next_run_at > bindparam("sooner"))
        put = insert.on_conflict_do_update(
            index_elements=["target"],
            set_={
                "plan": insert.excluded.plan,
                "timezone": insert.excluded.timezone,
                "next_run_at": case((sooner, bindparam("sooner")), else_=Schedule.next_run_at),
            },
        )
        session.connection().execute(put, rows)


def _editions(session: Session, connection_id: int, provider_name: str, zone: str) -> list[tuple[Edition, cadence.When]]:
    found = session.execute(
        select(Edition, EditionPlan.plan)
        .join(EditionLink, EditionLink.edition_id == Edition.edition_id)
        .outerjoin(EditionPlan, EditionPlan.edition_id == Edition.edition_id)
        .where(EditionLink.connection_id == connection_id, Edition.joined_into.is_(None), ~is_gone(EditionLink))
        .distinct()
    ).all()
    return [(edition, when_of(edition, plan, zone, provider_name)) for edition, plan in found]


def when_of(edition: Edition, plan: str | None, zone: str, provider_name: str) -> cadence.When:
    """What an event's slots hang on: the plan that was chosen for it, or the one for its start; and what a provider stands."""
    return cadence.When(
        plan=plan_of(edition, plan), zone=edition.timezone or zone, starts_at=edition.starts_at, ends_at=edition.ends_at,
        least=least_of(provider_name),
    )  # fmt: skip


def plan_of(event: Any, chosen: str | None) -> str:
    """The plan that an event's readings follow. One of which only the day is known is read calmly all that day."""
    plan = chosen or cadence.default_plan(event.starts_at)
    return "standard" if event.day_only and plan == "race_day" else plan


def promised(provider_name: str, operation: str, plan: str | None, event: Any, now: datetime) -> health.Promise | None:
    """How old such a reading of an event may be now, by the plan that was chosen for it; `event` is an edition or like one."""
    when = cadence.When(
        plan=plan_of(event, plan), zone="UTC", starts_at=event.starts_at, ends_at=event.ends_at, least=least_of(provider_name)
    )
    return health.promised(kind_of(provider_name, operation), when, now)


def least_of(provider_name: str) -> timedelta:
    """How often people are read at a provider at the most, whatever the plan."""
    adapter = ADAPTERS.get(provider_name)
    return adapter.people_every if adapter is not None else timedelta(0)


def kind_of(provider_name: str, operation: str) -> str:
    """What plans call that reading: people are `entries` at a scoring provider."""
    adapter = ADAPTERS.get(provider_name)
    return "entries" if operation == "participants" and adapter is not None and adapter.side == "scoring" else operation


def _row(connection: Connection, operation: str, edition_id: int | None, when: cadence.When, now: datetime) -> dict[str, Any]:
    """A new schedule's row; `sooner` is what a standing one is brought forward to, where a start was moved."""
    kind = kind_of(connection.provider_name, operation)
    following = cadence.look_again(kind, when, now)
    return {
        "target": target_of(connection.connection_id, operation, edition_id),
        "timing_partner_id": connection.timing_partner_id,
        "connection_id": connection.connection_id,
        "edition_id": edition_id,
        "provider_name": connection.provider_name,
        "operation_type": operation,
        "plan": when.plan,
        "timezone": when.zone,
        "next_run_at": now if cadence.is_active(kind, when, now) else following,
        "sooner": following,
    }


def choose(edition: Edition, plan: str | None, paused_until: datetime | None, by: str, now: datetime) -> None:
    """Somebody chooses an event's plan (None: the default), or that the clock reads nothing of it until an instant."""
    with write() as session:
        row = session.get(EditionPlan, edition.edition_id) or EditionPlan(
            edition_id=edition.edition_id, timing_partner_id=edition.timing_partner_id
        )
        row.plan, row.paused_until, row.chosen_by, row.chosen_at = plan, paused_until, by, now
        session.add(row)
        for schedule in session.scalars(select(Schedule).where(Schedule.edition_id == edition.edition_id)):
            when = when_of(edition, plan, schedule.timezone, schedule.provider_name)
            schedule.plan = when.plan
            schedule.next_run_at = cadence.look_again(kind_of(schedule.provider_name, schedule.operation_type), when, now)
        bump(session, "all", f"partner:{edition.timing_partner_id}")


def due(now: datetime) -> list[int]:
    """Schedules whose slot has come, of connections and events that may run; nearest start first, then the longest overdue."""
    distance = func.abs(type_coerce(Edition.starts_at, BigInteger) - times.to_ms(now))
    found = db.session.scalars(
        select(Schedule.schedule_id)
        .join(Connection, Connection.connection_id == Schedule.connection_id)
        .join(PartnerSettings, PartnerSettings.timing_partner_id == Schedule.timing_partner_id)
        .outerjoin(Edition, Edition.edition_id == Schedule.edition_id)
        .outerjoin(EditionPlan, EditionPlan.edition_id == Schedule.edition_id)
        .where(
            or_(Schedule.next_run_at <= now, Schedule.next_run_at > now + cadence.LOOK_AGAIN),
            or_(EditionPlan.paused_until.is_(None), EditionPlan.paused_until <= now),
            Connection.state == "active",
            PartnerSettings.started_at.is_not(None),
        )
        .order_by(distance.is_(None), distance, Schedule.next_run_at, Schedule.schedule_id)
        .limit(DUE_AT_A_TICK)
    )
    ids = list(found)
    db.session.rollback()
    return ids


def is_due(schedule: Schedule, now: datetime) -> bool:
    """Whether its slot has come, or is further away than any slot can be: a clock that ran ahead put it there."""
    following = schedule.next_run_at
    return following is not None and (following <= now or following > now + cadence.LOOK_AGAIN)


def advance(session: Session, schedule: Schedule, edition: Edition | None, now: datetime) -> tuple[datetime, int] | None:
    """Move a due schedule to its next slot. Returns the slot that runs now, and how many were missed before it.

    None where it was only time to look: nothing is read yet, or nothing any more.
    """
    if edition is None:
        when = cadence.When(plan="standard", zone=schedule.timezone)
    else:
        chosen = session.get(EditionPlan, edition.edition_id)
        when = when_of(edition, chosen.plan if chosen else None, schedule.timezone, schedule.provider_name)
    kind = kind_of(schedule.provider_name, schedule.operation_type)
    since = min(schedule.next_run_at or now, now)
    slot, skipped = cadence.slots_missed(kind, when, since, now)
    schedule.plan, schedule.next_run_at = when.plan, cadence.look_again(kind, when, now)
    return (slot, skipped) if cadence.is_active(kind, when, slot) else None


def next_runs(edition_id: int) -> list[Schedule]:
    """What comes next for an edition."""
    coming = (Schedule.edition_id == edition_id, Schedule.next_run_at.is_not(None))
    return list(db.session.scalars(select(Schedule).where(*coming).order_by(Schedule.next_run_at)))
