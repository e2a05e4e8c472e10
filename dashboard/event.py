"""One event: its state on each side, its distances, what ran and what runs next, and the word about look-alikes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from dashboard import access, edition_lines, event_data, hx, live, run_lines, scope, words
from dashboard.access import requires
from dashboard.plans import PLANS
from sync_jobs import editions
from sync_jobs.providers import ADAPTERS, label, side

pages = Blueprint("event", __name__)

ZONE_FROM = {"partner": "the timing partner’s own zone", None: "the timing partner’s own zone"}
CADENCES = {"events": "every night", "counts": "every night"}


@pages.get("/events/<int:edition_id>")
@requires("see_events")
def event(edition_id: int) -> ResponseReturnValue:
    """Both sides of one event, live."""
    seen = live.look(visible=scope.edition_exists(edition_id))
    if seen.unchanged:
        return hx.nothing_new()
    now = words.page_now()
    found = event_data.read(edition_id)
    said = edition_lines.line(found["event"][0], found["states"], now)
    sides = _sides(found, said)
    zone = said.zone or live.HOUSE_ZONE
    busy = bool(found["open"]) or said.phase == "today"
    shown = live.Live(
        title=said.edition_name or "Event", said=answer(said, sides), token=seen.token, zone=zone, worst=said.state,
        seconds=live.BUSY if busy else live.ARCHIVE if said.phase == "over" else live.CALM,
    )  # fmt: skip
    runs = [*run_lines.lines(found["open"], now), *run_lines.latest([], found["latest"], now)]
    return hx.page(
        "events/_live.html", shown, event=said, sides=sides, runs=runs, zone=zone, slots=found["slots"], alike=found["alike"],
        distances=found["distances"], untold=_untold(found["states"]), cadences=CADENCES, plans=PLANS,
        zone_from=ZONE_FROM.get(said.zone_source, label(said.zone_source or "")),
    )  # fmt: skip


def _sides(found: dict[str, list[Any]], said: Any) -> list[Any]:
    """The links, each with its freshness, its counts and its button."""
    states = {state.connection_id: state for state in said.states}
    moving = {run.connection_id: run for run in found["open"] if run.operation_type == "participants"}
    sides: dict[int, Any] = {}
    for link in edition_lines.standing_for(found["links"]):
        known = sides.setdefault(link.connection_id, link)
        known.side = side(link.provider_name)
        known.state_line = states.get(link.connection_id)
        known.difference = difference(known.state_line)
        known.busy = _busy(moving.get(link.connection_id))
        adapter = ADAPTERS.get(link.provider_name)
        works = bool(adapter) and link.connection_state == "active" and link.started_at is not None
        known.can_sync = works and not link.gone
    return list(sides.values())


def _untold(states: list[Any]) -> set[str]:
    """The providers that do not say who runs which distance."""
    return {state.provider_name for state in states if "sub_event_id" in (state.never_sent or ())}


def _busy(run: Any) -> str:
    if run is None:
        return ""
    percent = run_lines.percent(run)
    return "Waiting …" if run.status == "pending" else "Syncing …" if percent is None else f"Syncing … {percent} %"


def difference(state: Any) -> str:
    """What the provider's own count says beside ours."""
    if state is None or state.rows_held is None or state.rows_expected is None:
        return ""
    if state.rows_expected == state.rows_held:
        return "the provider counts the same"
    more = state.rows_expected - state.rows_held
    return f"the provider counts {words.number(state.rows_expected)}, {words.number(abs(more))} {'more' if more > 0 else 'fewer'}"


def answer(said: Any, sides: list[Any]) -> str:
    """The first line of the page."""
    name = said.edition_name or "This event"
    failed = [side for side in sides if side.state_line and side.state_line.state == "bad"]
    if failed and said.phase != "over":
        return f"{name}: {words.listed([label(side.provider_name) for side in failed])} could not be read"
    if said.phase == "over":
        return f"{name} is over"
    if sides and all(side.gone for side in sides):
        return f"{name} is no longer listed"
    held = [
        side.state_line.rows_held
        for side in sides
        if side.side == "registration" and side.state_line and side.state_line.rows_held is not None
    ]
    if not held:
        return f"{name}: nobody has been read yet"
    people = words.plural(sum(held), "person", "people")
    oldest = min(side.state_line.success_at for side in sides if side.state_line and side.state_line.success_at)
    age = words.span(words.page_now() - oldest)
    return f"{name}: {people} registered, " + (f"not read for {age}" if said.state == "late" else f"read {age} ago")


@pages.post("/events/<int:edition_id>/alike")
@requires("join_events")
def alike(edition_id: int) -> ResponseReturnValue:
    """Somebody says whether two events that look alike are the same. Only a person joins events."""
    here = access.edition_or_404(edition_id)
    other = access.edition_or_404(request.values.get("other", type=int) or abort(404))
    given, now = request.values.get("answer"), words.page_now()
    if given not in {"join", "refuse"}:
        abort(400)
    decide = editions.join if given == "join" else editions.refuse
    if not decide(here.edition_id, other.edition_id, access.current().name, now):
        return hx.refused("Somebody has decided that already.")
    if given == "refuse":
        return hx.did("They stay two events.")
    said, there = f"{here.name} and {other.name} are one event now.", f"/events/{other.edition_id}"
    stood_here = hx.came_from().partition("?")[0] == f"/events/{here.edition_id}"  # this page is no more
    return hx.went_on(said, there) if stood_here or not hx.is_htmx() else hx.did(said)
