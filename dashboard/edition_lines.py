"""One event in one line, wherever events are listed: which rows it needs, and the words about it. Pages choose the events."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Select, case, select

from dashboard import standing, words
from dashboard.reading import Query
from sync_jobs import cadence, schedules
from sync_jobs.models import Connection, Edition, EditionPlan, Partner, PartnerSettings, SyncState
from sync_jobs.providers import label, side

COLUMNS: tuple[Any, ...] = (
    Edition.edition_id.label("edition_id"), Edition.name.label("edition_name"), Edition.date.label("date"),
    Edition.starts_at.label("starts_at"), Edition.ends_at.label("ends_at"), Edition.timezone.label("zone"),
    Edition.day_only.label("day_only"),
    Edition.timezone_source.label("zone_source"), Edition.city.label("city"), Edition.state.label("region"),
    Edition.timing_partner_id.label("partner_id"), Partner.company_name.label("partner_name"),
    PartnerSettings.timezone.label("partner_zone"),
)  # fmt: skip
RACE_WEEK = timedelta(days=7)


def editions(*conditions: ColumnElement[bool]) -> Query:
    """Events that stand for themselves, with the names that a line needs; the caller orders and limits them."""
    return (
        select(*COLUMNS)
        .outerjoin(Partner, Partner.timing_partner_id == Edition.timing_partner_id)
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == Edition.timing_partner_id)
        .where(Edition.joined_into.is_(None), *conditions)
    )


def states(of: Select[*tuple[Any, ...]]) -> Query:
    """How the participants of those events stand, per connection."""
    chosen = of.subquery("chosen")
    return select(
        SyncState.edition_id.label("edition_id"), SyncState.connection_id.label("connection_id"),
        SyncState.provider_name.label("provider_name"), SyncState.operation_type.label("operation_type"),
        SyncState.last_status.label("last_status"), SyncState.last_success_at.label("success_at"),
        SyncState.failing_since.label("failing_since"), SyncState.rows_held.label("rows_held"),
        SyncState.rows_expected.label("rows_expected"), SyncState.rows_aside.label("rows_aside"),
        SyncState.error_kind.label("error_kind"), SyncState.error_sentence.label("error_sentence"),
        SyncState.last_run_id.label("last_run_id"), SyncState.never_sent.label("never_sent"),
        Connection.state.label("connection_state"), EditionPlan.plan.label("plan"),
        EditionPlan.paused_until.label("paused_until"),
        case((schedules.is_gone(SyncState), 1), else_=0).label("gone"),
    ).outerjoin(Connection, Connection.connection_id == SyncState.connection_id).outerjoin(
        EditionPlan, EditionPlan.edition_id == SyncState.edition_id
    ).where(
        SyncState.edition_id.in_(select(chosen.c.edition_id)), SyncState.operation_type.in_(standing.PEOPLE)
    )  # fmt: skip


def lines(rows: list[Any], of_states: list[Any], now: datetime) -> list[Any]:
    """The same events with their words."""
    mine: dict[int, list[Any]] = defaultdict(list)
    for row in of_states:
        mine[row.edition_id].append(row)
    return [line(row, mine[row.edition_id], now) for row in rows]


def line(row: Any, of_states: list[Any], now: datetime) -> Any:
    """An event with `state`, `word`, `phase`, `when` and `counts`."""
    said = SimpleNamespace(**vars(row))
    said.zone = row.zone or row.partner_zone
    said.states = [state_line(state, row, now) for state in standing_for(of_states)]
    said.phase = phase(row, now)
    said.state, said.word = _badge(said, now)
    said.counts = counts(said.states)
    said.place = ", ".join(part for part in (row.city, row.region) if part)
    said.start = start(said, now)
    return said


def standing_for(sides: list[Any]) -> list[Any]:
    """Without removed connections whose provider is read through another one by now: the people are the same."""
    living = {side.provider_name for side in sides if side.connection_state != "removed"}
    return [side for side in sides if side.connection_state != "removed" or side.provider_name not in living]


def state_line(state: Any, edition: Any, now: datetime) -> Any:
    """How one side of an event stands, with its badge."""
    said = SimpleNamespace(**vars(state))
    wanted = cadence.still_wanted(edition.starts_at, edition.ends_at, now)
    if state.connection_state == "removed":
        said.state, said.word = "wait", "not read any more"
    elif state.gone:
        said.state, said.word = "wait", "no longer listed"
    elif state.last_status == "failed" and state.failing_since:
        said.state, said.word = "bad", "failed"
    elif state.success_at is None:
        said.state, said.word = "wait", "never read"
    elif wanted and _is_late(state, edition, now):
        said.state, said.word = "late", words.span(now - state.success_at)
    else:
        said.state, said.word = "good", words.span(now - state.success_at)
    return said


def _is_late(state: Any, edition: Any, now: datetime) -> bool:
    """Older than its plan promises; as `standing.is_late` says it to the database."""
    promise = schedules.promised(state.provider_name, state.operation_type, state.plan, edition, now)
    since = max(state.success_at, state.paused_until or state.success_at)
    return promise is not None and now - since > promise.late_after


def _badge(said: Any, now: datetime) -> tuple[str, str]:
    if said.phase == "over":
        return "wait", "over"
    if not said.states:
        return "wait", "never synced"
    read = [one for one in said.states if one.connection_state != "removed" and not one.gone] or said.states
    loudest = min(read, key=lambda one: (words.WORST.index(one.state), one.success_at or now))
    return loudest.state, loudest.word


def counts(states: list[Any]) -> str:
    """`345 registered at RunSignUp · 609 at Race Roster`."""
    signed_up = [one for one in states if one.rows_held is not None and side(one.provider_name) == "registration"]
    known = [(words.number(one.rows_held), label(one.provider_name)) for one in signed_up]
    said = " · ".join(f"{number} at {provider}" for number, provider in known)
    return said.replace(" at ", " registered at ", 1)


def phase(row: Any, now: datetime) -> str:
    """Where an event is in its life: today, this week, coming, over, or without a date."""
    if row.starts_at is None:
        return "without a date"
    if not cadence.still_wanted(row.starts_at, row.ends_at, now):
        return "over"
    day = words.day(row.starts_at, row.zone or row.partner_zone)
    if day in {"today", "yesterday"} or row.starts_at <= now:
        return "today"
    return "this week" if row.starts_at - now < RACE_WEEK else "coming"


def start(row: Any, now: datetime) -> str:
    """`today 07:30, in 3 h 12 min`, `Saturday 07:30`, `12 June 2025`, or what the provider wrote."""
    if row.starts_at is None:
        return row.date or "no date known"
    day, clock = words.day(row.starts_at, row.zone), words.clock(row.starts_at, row.zone).split()[-1]
    if ":" not in clock or not words.has_time(row.starts_at, row.zone):
        return day
    exact, ahead = f"{day} {clock}", row.starts_at - now
    if timedelta(0) <= ahead < timedelta(hours=24):
        return f"{exact}, in {words.span(ahead)}"
    return f"{exact}, started {words.span(-ahead)} ago" if timedelta(hours=-18) < ahead < timedelta(0) else exact
