"""How a connection stands, in one row and one badge: for the Overview, the Partner page and wherever connections are listed."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, null, or_, select, type_coerce

from dashboard import words
from dashboard.reading import Query
from sync_jobs import cadence, health, schedules
from sync_jobs.models import Connection, Edition, EditionPlan, Instant, PartnerSettings, Run, SyncState
from sync_jobs.providers import ADAPTERS

PEOPLE = ("participants", "results")  # what a badge tells the age of
STILL_WANTED = timedelta(days=1)  # after the last start; as in `cadence`


def wanted(now: datetime) -> ColumnElement[bool]:
    """Targets that still count: of all events at once, or of one that is listed and whose last start is at most a day ago."""
    current = or_(Edition.ends_at.is_(None), Edition.ends_at >= now - STILL_WANTED)
    return or_(SyncState.edition_id.is_(None), and_(Edition.joined_into.is_(None), current, ~schedules.is_gone(SyncState)))


def is_late(now: datetime) -> ColumnElement[bool]:
    """Targets whose last success is older than the plan of their event promises; beside `Edition` and `EditionPlan`.

    While somebody holds an event back nothing of it is late, and after that a whole interval may pass.
    """
    since = case((EditionPlan.paused_until > SyncState.last_success_at, EditionPlan.paused_until), else_=SyncState.last_success_at)
    late: ColumnElement[bool] = since < type_coerce(_oldest(now), Instant)
    return late


def _oldest(now: datetime) -> ColumnElement[Any]:
    """The instant before which a success counts as late; nothing where nothing is promised."""
    default = case((Edition.starts_at.is_(None), cadence.default_plan(None)), else_=cadence.default_plan(now))
    chosen = func.coalesce(EditionPlan.plan, default)
    plan = case((and_(Edition.day_only == 1, chosen == "race_day"), "standard"), else_=chosen)  # as `schedules.plan_of`
    readings: dict[tuple[str, str, timedelta], list[str]] = defaultdict(list)
    for provider in ADAPTERS:
        for operation in PEOPLE:
            readings[operation, schedules.kind_of(provider, operation), schedules.least_of(provider)].append(provider)
    daily = [(SyncState.operation_type == name, _before(now, health.daily(name))) for name in health.DAILY]
    planned = [
        (
            and_(SyncState.operation_type == operation, SyncState.provider_name.in_(providers), plan == name),
            _oldest_of(kind, name, least, now),
        )
        for (operation, kind, least), providers in readings.items()
        for name in cadence.PLANS
    ]
    return case(*daily, *planned)


def _oldest_of(kind: str, plan: str, least: timedelta, now: datetime) -> ColumnElement[Any]:
    """The same for one kind of reading in one plan, by where the event is in its life; as `health.promised` decides it."""
    last = func.coalesce(Edition.ends_at, Edition.starts_at, type_=Instant)
    begins = health.begins(kind, plan)
    stretches = [
        ((Edition.starts_at if one.until < timedelta(0) else last) > now - one.until, _before(now, one))
        for one in health.promises(kind, plan, least) if one.until is not None
    ]  # fmt: skip
    return case(
        (Edition.starts_at.is_(None), _before(now, health.undated(kind, plan, least))),
        *([(Edition.starts_at > now - begins, null())] if begins is not None else []),
        *stretches,
    )


def _before(now: datetime, promise: health.Promise) -> ColumnElement[Any]:
    return literal(now - promise.late_after, Instant)


def is_failed() -> ColumnElement[bool]:
    """Targets whose last attempt gave up; one that tries again by itself is not among them."""
    return and_(SyncState.last_status == "failed", SyncState.failing_since.is_not(None))


def connections(now: datetime, *conditions: ColumnElement[bool]) -> Query:
    """One row per connection: what it is, and its current states summed up."""
    of_people = SyncState.operation_type.in_(PEOPLE)
    states = (
        select(
            SyncState.connection_id.label("connection_id"),
            func.count(SyncState.edition_id.distinct()).label("editions"),
            func.count(case((is_failed(), SyncState.edition_id)).distinct()).label("failed_editions"),
            func.count(case((is_late(now), SyncState.edition_id)).distinct()).label("late_editions"),
            func.sum(case((is_failed(), 1), else_=0)).label("failed"),
            func.sum(case((is_late(now), 1), else_=0)).label("late"),
            func.min(case((is_failed(), SyncState.failing_since))).label("failing_since"),
            func.min(case((of_people, SyncState.last_success_at))).label("oldest_event"),
            func.max(SyncState.last_success_at).label("newest"),
            func.sum(SyncState.rows_aside).label("aside"),
        )
        .outerjoin(Edition, Edition.edition_id == SyncState.edition_id)
        .outerjoin(EditionPlan, EditionPlan.edition_id == SyncState.edition_id)
        .where(wanted(now))
        .group_by(SyncState.connection_id)
        .subquery("states")
    )
    of_known_length = and_(Run.status == "running", Run.rows_total >= Run.rows_read)  # as in `run_lines.total`
    moving = (
        select(
            Run.connection_id.label("connection_id"),
            func.sum(case((Run.status == "running", 1), else_=0)).label("running"),
            func.sum(case((Run.status == "pending", 1), else_=0)).label("waiting"),
            func.sum(case((of_known_length, Run.rows_read))).label("rows_read"),
            func.sum(case((of_known_length, Run.rows_total))).label("rows_total"),
        )
        .where(Run.status.in_(("running", "pending")), Run.target != "", or_(Run.due_at.is_(None), Run.due_at <= now))
        .group_by(Run.connection_id)
        .subquery("moving")
    )
    return (
        select(
            Connection.connection_id.label("connection_id"), Connection.timing_partner_id.label("partner_id"),
            Connection.provider_name.label("provider_name"), Connection.name.label("connection_name"),
            Connection.state.label("connection_state"), Connection.paused_reason.label("paused_reason"),
            Connection.paused_by.label("paused_by"), Connection.refused_since.label("refused_since"),
            Connection.throttled_until.label("throttled_until"), Connection.last_success_at.label("success_at"),
            PartnerSettings.started_at.label("started_at"), states.c.editions, states.c.failed_editions, states.c.late_editions,
            states.c.failed, states.c.late, states.c.failing_since, states.c.oldest_event, states.c.newest, states.c.aside,
            moving.c.running, moving.c.waiting, moving.c.rows_read, moving.c.rows_total,
        )
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == Connection.timing_partner_id)
        .outerjoin(states, states.c.connection_id == Connection.connection_id)
        .outerjoin(moving, moving.c.connection_id == Connection.connection_id)
        .where(Connection.state != "removed", *conditions)
        .order_by(Connection.timing_partner_id, Connection.provider_name, Connection.connection_id)
    )  # fmt: skip


def badge(row: Any, now: datetime) -> tuple[str, str]:
    """The state and the word of a connection's badge, worst reason first."""
    for state, word in _reasons(row, now):
        if word:
            return state, word
    fresh = row.oldest_event or row.newest
    return ("late" if row.late else "good"), words.span(now - fresh)


def _reasons(row: Any, now: datetime) -> list[tuple[str, str]]:
    return [
        ("wait", "later version" if row.connection_state == "unsupported" else ""),
        ("late", "credential missing" if row.connection_state == "incomplete" else ""),
        ("wait", "not started" if row.started_at is None else ""),
        ("wait", "paused" if row.connection_state == "paused" else ""),
        ("bad", f"refused {words.span(now - row.refused_since)}" if row.refused_since else ""),
        ("bad", f"{words.number(row.failed)} failed" if row.failed else ""),
        ("late", "asked to wait" if row.throttled_until and row.throttled_until > now else ""),
        ("wait", "never synced" if row.newest is None else ""),
    ]


def events_sentence(row: Any) -> str:
    """`2 of 9 events late`, `6 events, all fresh`."""
    if row.connection_state in {"unsupported", "incomplete"} or row.started_at is None:
        return ""
    if row.connection_state == "paused":
        return f"“{row.paused_reason}”" if row.paused_reason else "nothing runs until somebody resumes it"
    total = row.editions or 0
    if row.refused_since and total:
        return f"{words.plural(total, 'event')} {'waits' if total == 1 else 'wait'}"
    for count, word in ((row.failed_editions, "failed"), (row.late_editions, "late")):
        if count:
            return f"{count} of {words.plural(total, 'event')} {word}"
    return f"{words.plural(total, 'event')}, all fresh" if total > 1 else "1 event, fresh" if total else "no current events"


def syncing(row: Any) -> str:
    """What stands in place of the button while something of the connection moves; empty otherwise."""
    if row.running:
        return f"Syncing … {min(99, row.rows_read * 100 // row.rows_total)} %" if row.rows_total else "Syncing …"
    return "Waiting …" if row.waiting else ""


def can_sync(row: Any) -> bool:
    """Whether pressing makes sense; the door says why not in any case."""
    return row.connection_state == "active" and row.started_at is not None
