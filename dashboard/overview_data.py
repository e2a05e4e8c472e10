"""What the Overview reads: everything in one statement, kept inside the asking person's partner. Says nothing about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from dashboard import access, run_lines, standing
from dashboard.reading import AFTER_ALL, Query, Rows, together
from sync_jobs import ledger
from sync_jobs.models import (
    Connection,
    DoneMinute,
    Edition,
    EditionPlan,
    EditionSuggestion,
    Partner,
    PartnerSettings,
    Process,
    ProviderMinute,
    Run,
    SyncState,
)

HOUR = timedelta(hours=1)
LATEST = 8
TROUBLES = 40
ALIVE_FOR = timedelta(seconds=90)
COUNTED = 10_000
MINUTES = 20_000  # rows of the last hour, one per connection and minute
LOOKED_BACK = timedelta(hours=12)  # an event that started so long ago is still the one that matters


def read(now: datetime) -> dict[str, Rows]:
    """All parts of the page."""
    parts: dict[str, Query] = {
        "partners": _partners(now),
        "connections": standing.connections(now, access.within(Connection.timing_partner_id)),
        "troubles": _troubles(now),
        "alike": _alike(),
        "minutes": _minutes(now),
        "running": run_lines.runs(Run.status == "running", access.within(Run.timing_partner_id), limit=LATEST),
        "latest": run_lines.runs(Run.run_id < AFTER_ALL, access.within(Run.timing_partner_id), run_lines.ended(), limit=LATEST),
    }
    if access.own_partner() is None:
        parts |= {"queue": queue(now), "processes": processes(now), "done": done(now), "pressed": pressed()}
    return together(**parts)


def _partners(now: datetime) -> Query:
    """Each partner with its nearest event and how many start within a week."""

    def nearest(column: Any) -> Any:
        soon = Edition.starts_at >= now - LOOKED_BACK
        mine = and_(Edition.timing_partner_id == Partner.timing_partner_id, soon, Edition.joined_into.is_(None))
        return select(column).where(mine).order_by(Edition.starts_at).limit(1).scalar_subquery()

    this_week = and_(Edition.starts_at >= now - LOOKED_BACK, Edition.starts_at < now + timedelta(days=7))
    return (
        select(
            Partner.timing_partner_id.label("partner_id"), Partner.company_name.label("partner_name"),
            PartnerSettings.timezone.label("partner_zone"), PartnerSettings.started_at.label("started_at"),
            nearest(Edition.edition_id).label("edition_id"), nearest(Edition.name).label("edition_name"),
            nearest(Edition.starts_at).label("starts_at"), nearest(Edition.timezone).label("zone"),
            select(func.count()).where(Edition.timing_partner_id == Partner.timing_partner_id, this_week,
                                       Edition.joined_into.is_(None)).scalar_subquery().label("this_week"),
        )
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == Partner.timing_partner_id)
        .where(access.within(Partner.timing_partner_id))
    )  # fmt: skip


def _troubles(now: datetime) -> Query:
    """Targets of working connections that failed or are late; what starts soonest first."""
    return (
        select(
            SyncState.target.label("target"), SyncState.timing_partner_id.label("partner_id"),
            SyncState.connection_id.label("connection_id"), SyncState.edition_id.label("edition_id"),
            SyncState.provider_name.label("provider_name"), SyncState.operation_type.label("operation_type"),
            SyncState.last_run_id.label("run_id"), SyncState.last_success_at.label("success_at"),
            SyncState.failing_since.label("failing_since"), SyncState.last_status.label("last_status"),
            SyncState.error_kind.label("error_kind"), SyncState.error_sentence.label("error_sentence"),
            Edition.name.label("edition_name"), Edition.starts_at.label("starts_at"), Edition.timezone.label("zone"),
            Edition.ends_at.label("ends_at"), Edition.day_only.label("day_only"), EditionPlan.plan.label("plan"),
            Connection.name.label("connection_name"), Partner.company_name.label("partner_name"),
        )
        .join(Connection, Connection.connection_id == SyncState.connection_id)
        .join(PartnerSettings, PartnerSettings.timing_partner_id == SyncState.timing_partner_id)
        .outerjoin(Partner, Partner.timing_partner_id == SyncState.timing_partner_id)
        .outerjoin(Edition, Edition.edition_id == SyncState.edition_id)
        .outerjoin(EditionPlan, EditionPlan.edition_id == SyncState.edition_id)
        .where(
            access.within(SyncState.timing_partner_id), Connection.state == "active", Connection.refused_since.is_(None),
            PartnerSettings.started_at.is_not(None), standing.wanted(now), or_(standing.is_failed(), standing.is_late(now)),
        )
        .order_by(Edition.starts_at.is_(None), Edition.starts_at, SyncState.target)
        .limit(TROUBLES)
    )  # fmt: skip


def _alike() -> Query:
    """How many pairs of events wait for somebody to say whether they are the same."""
    return (
        select(EditionSuggestion.timing_partner_id.label("partner_id"), func.count().label("pairs"))
        .where(EditionSuggestion.state == "open", access.within(EditionSuggestion.timing_partner_id))
        .group_by(EditionSuggestion.timing_partner_id)
    )


def _minutes(now: datetime) -> Query:
    """How providers answered in the last hour, minute by minute."""
    own = access.own_partner()
    mine = select(Connection.connection_id).where(Connection.timing_partner_id == own)
    inside = () if own is None else (ProviderMinute.connection_id.in_(mine),)
    names = ("calls", "failures", "throttled", "ms_100", "ms_300", "ms_1000", "ms_3000", "ms_10000", "ms_more")
    recent = (  # a limit keeps the index on minutes in use: grouping by provider would walk two days
        select(ProviderMinute.provider_name, ProviderMinute.minute, *(getattr(ProviderMinute, name) for name in names))
        .where(ProviderMinute.minute > now - HOUR, *inside)
        .order_by(ProviderMinute.minute)
        .limit(MINUTES)
        .subquery("recent")
    )
    sums = (func.sum(recent.c[name]).label(name) for name in names)
    key = (recent.c.provider_name, recent.c.minute)
    return select(*key, *sums).group_by(*key)


def queue(now: datetime) -> Query:
    """How many due runs a worker could take now, and since when; how many are held back. Counted no further than `COUNTED`."""
    free = case((ledger.claimable(now), 1), else_=0)
    due = (
        select(Run.due_at.label("due_at"), free.label("free"))
        .where(Run.status == "pending", Run.target != "", Run.due_at <= now)
        .limit(COUNTED)
        .subquery("due")
    )
    return select(
        func.coalesce(func.sum(due.c.free), 0).label("waiting"),
        func.min(case((due.c.free == 1, due.c.due_at))).label("oldest_at"),
        func.coalesce(func.sum(1 - due.c.free), 0).label("held_back"),
    )


def processes(now: datetime) -> Query:
    """Our processes that gave a sign of life in the last hour and did not say goodbye."""
    return select(
        Process.name.label("process_name"), Process.kind.label("kind"), Process.beat_at.label("beat_at"),
        Process.started_at.label("process_started_at"), Process.run_id.label("at_run"), Process.note.label("note"),
        Process.host.label("host"), Process.pid.label("pid"),
    ).where(Process.beat_at > now - HOUR, Process.stopped_at.is_(None))  # fmt: skip


def done(now: datetime) -> Query:
    """How many attempts ended in the last ten minutes, by outcome."""
    return (
        select(DoneMinute.status.label("status"), func.sum(DoneMinute.ended).label("ended"))
        .where(DoneMinute.minute > now - timedelta(minutes=10))
        .group_by(DoneMinute.status)
    )


def pressed() -> Query:
    """How long each of the latest runs that a person asked for waited until its work began."""
    newest = (
        select(Run.trigger, Run.waited_ms).where(Run.run_id < AFTER_ALL).order_by(Run.run_id.desc()).limit(200).subquery("newest")
    )
    return select(newest.c.waited_ms).where(newest.c.trigger == "manual", newest.c.waited_ms.is_not(None))
