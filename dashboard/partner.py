"""One timing partner: whether everything of theirs is all right, and starting one that was taken over. Asks `partner_data`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from dashboard import edition_lines, hx, live, partner_data, run_lines, scope, standing, words
from dashboard.access import requires

pages = Blueprint("partner", __name__)

PHASES = ("today", "this week", "coming", "without a date", "over")


@pages.get("/partners/<int:partner_id>")
@requires("see_partner")
def partner(partner_id: int) -> ResponseReturnValue:
    """Connections, events by phase, and what waits for a word of theirs."""
    seen = live.look(f"partner:{partner_id}", visible=scope.partner_exists(partner_id))
    if seen.unchanged:
        return hx.nothing_new()
    now = words.page_now()
    found = partner_data.read(partner_id, now)
    row = found["partner"][0]
    connections = [_described(connection, now) for connection in found["connections"]]
    events = _events(found, now)
    moving = found["running"] or any(connection.waiting for connection in connections)
    shown = live.Live(
        title=row.partner_name or "", said=answer(row, connections), token=seen.token, zone=row.partner_zone or live.HOUSE_ZONE,
        worst=words.worst(*(connection.state for connection in connections)),
        seconds=live.BUSY if moving or any(event.phase == "today" for event in events) else live.CALM,
    )  # fmt: skip
    as_they_are = [] if row.started_at or events else partner_data.as_they_are(partner_id)
    return hx.page(
        "partners/_live.html", shown, partner=row, connections=connections, alike=found["alike"], zone=shown.zone,
        groups=[(phase, mine) for phase in PHASES if (mine := [event for event in events if event.phase == phase])],
        runs=run_lines.latest(found["running"], found["latest"], now)[: partner_data.LATEST], as_they_are=as_they_are,
        more=len(found["coming"]) > partner_data.COMING,
    )  # fmt: skip


def _described(row: Any, now: datetime) -> Any:
    row.state, row.word = standing.badge(row, now)
    row.events, row.busy, row.can_sync = standing.events_sentence(row), standing.syncing(row), standing.can_sync(row)
    return row


def _events(found: dict[str, list[Any]], now: datetime) -> list[Any]:
    states = [*found["coming_states"], *found["undated_states"]]
    shown = [*found["coming"][: partner_data.COMING], *found["undated"], *found["over"]]
    return edition_lines.lines(shown, states, now)


def answer(partner: Any, connections: list[Any]) -> str:
    """The first line of the page."""
    name = partner.partner_name
    if partner.started_at is None:
        return f"{name} has not been started"
    bad, late = (sum(row.state == state for row in connections) for state in ("bad", "late"))
    if not connections:
        return f"{name} has no connection yet"
    if bad:
        return f"{name}: {words.counted(bad, 'connection').lower()} {'needs' if bad == 1 else 'need'} somebody"
    if late:
        return f"{name}: {words.counted(late, 'connection').lower()} {'is' if late == 1 else 'are'} late"
    return f"{name}: everything is fresh"
