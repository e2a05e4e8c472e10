"""The list of events: what is on, coming, over or without a date, for everybody within what they may see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, and_, or_

from dashboard import access, edition_lines, hx, live, scope, words
from dashboard.access import requires
from dashboard.paging import Filters
from dashboard.reading import Query, together
from sync_jobs import times
from sync_jobs.models import Edition

pages = Blueprint("events", __name__)

PER_PAGE = 25
PERIODS = {"coming": "On and coming", "over": "Over", "undated": "Without a date"}
OVER_AFTER = timedelta(days=1)


@pages.get("/events")
@requires("see_events")
def events() -> ResponseReturnValue:
    """One page of them, nearest first (or latest first, of those that are over)."""
    seen = live.look()
    if seen.unchanged:
        return hx.nothing_new()
    now, filters = words.page_now(), Filters()
    period = filters.choice("period", PERIODS) or "coming"
    partner_id = filters.number("partner")
    chosen = _page(period, partner_id)
    found = together(events=chosen, states=edition_lines.states(chosen))
    shown_events = edition_lines.lines(found["events"][:PER_PAGE], found["states"], now)
    zone = shown_events[0].zone if shown_events and access.own_partner() is not None else None
    today = sum(event.phase == "today" for event in shown_events)
    shown = live.Live(
        title="Events", said=answer(shown_events, period), token=seen.token, zone=zone or live.HOUSE_ZONE,
        worst=words.worst(*(event.state for event in shown_events)) if period == "coming" else "good",
        seconds=live.BUSY if today else live.CALM if period == "coming" else live.ARCHIVE,
    )  # fmt: skip
    more = filters.address(after=_place(shown_events[-1])) if len(found["events"]) > PER_PAGE else ""
    return hx.page(
        "events/_list.html", shown, whole="events/list.html", events=shown_events, period=period, periods=PERIODS, more=more,
        filters=filters, show_partner=access.own_partner() is None,
    )  # fmt: skip


def _page(period: str, partner_id: int | None) -> Query:
    edge = words.page_now() - OVER_AFTER
    conditions: list[ColumnElement[bool]] = [*scope.editions()]
    conditions += [Edition.timing_partner_id == partner_id] if partner_id else []
    if period == "undated":
        query = edition_lines.editions(Edition.starts_at.is_(None), *conditions, *_beyond(None)).order_by(Edition.edition_id)
    elif period == "over":
        query = edition_lines.editions(Edition.starts_at < edge, *conditions, *_beyond("over"))
        query = query.order_by(Edition.starts_at.desc(), Edition.edition_id.desc())
    else:
        query = edition_lines.editions(Edition.starts_at >= edge, *conditions, *_beyond("coming"))
        query = query.order_by(Edition.starts_at, Edition.edition_id)
    return query.limit(PER_PAGE + 1)


def _beyond(period: str | None) -> list[ColumnElement[bool]]:
    """The keyset: what comes after the last one shown, by start and id, since a start alone is not unique."""
    start, _, last = request.args.get("after", "").partition(".")
    if not last.isdecimal() or not (start.isdecimal() or period is None):
        return []
    edition_id = access.possible(int(last))
    if period is None:
        return [Edition.edition_id > edition_id]
    at = _instant(int(start))
    if period == "over":
        return [or_(Edition.starts_at < at, and_(Edition.starts_at == at, Edition.edition_id < edition_id))]
    return [or_(Edition.starts_at > at, and_(Edition.starts_at == at, Edition.edition_id > edition_id))]


def _instant(milliseconds: int) -> datetime:
    try:
        return times.from_ms(milliseconds)
    except OverflowError:
        abort(404)


def _place(event: Any) -> str:
    return f"{times.to_ms(event.starts_at) if event.starts_at else 0}.{event.edition_id}"


def answer(shown: list[Any], period: str) -> str:
    """The first line of the page."""
    if not shown:
        return {"coming": "No event is coming", "over": "No event is over yet"}.get(period, "Every event has a date")
    if period != "coming":
        return "Events that are over" if period == "over" else "Events without a date"
    troubled = sum(event.state in {"bad", "late"} for event in shown)
    today = sum(event.phase == "today" for event in shown)
    if troubled:
        return f"{words.counted(troubled, 'event')} {'needs' if troubled == 1 else 'need'} somebody"
    if today:
        return f"{words.counted(today, 'event')} today, {'and it is' if today == 1 else 'all'} fresh"
    return f"Next: {shown[0].edition_name}, {shown[0].start}"
