"""One run: what it does or did, how long it waited and worked, what it changed, and whose turn it is. Asks `run_data`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from dashboard import access, hx, live, run_data, run_lines, scope, words
from dashboard.access import requires
from sync_jobs.providers import ADAPTERS

pages = Blueprint("run", __name__)

MOVING = ("pending", "running")


@pages.get("/runs/<int:run_id>")
@requires("see_runs")
def run(run_id: int) -> ResponseReturnValue:
    """Live until it ends."""
    seen = live.look(f"run:{run_id}", visible=scope.run_exists(run_id))
    if seen.unchanged:
        return hx.nothing_new()
    now = words.page_now()
    found = run_data.read(run_id)
    row = found["run"][0]
    said = run_lines.line(row, now)
    zone = row.zone or row.partner_zone or live.HOUSE_ZONE
    shown = live.Live(
        title=f"{said.word.capitalize()}: {said.title}", said=answer(said, now, zone), token=seen.token, zone=zone,
        worst=said.state, seconds=live.BUSY if row.status in MOVING and row.target else None,
    )  # fmt: skip
    return hx.page(
        "runs/_live.html", shown, run=said, zone=zone, attempts=found["attempts"], changes=_grouped(found["changes"]),
        aside=found["aside"], records=records(), turn=words.turn(row.error_kind, row.partner_name),
        may=_may(row), missing=run_data.missing(run_id, row.partner_id) if _is_held_up(row) else [],
        technical=access.current().role in access.HOUSE, solved=_solved(row),
    )  # fmt: skip


def answer(said: Any, now: datetime, zone: str) -> str:
    """The first line of the page."""
    about = said.edition_name or said.connection_name or "this connection"
    what = words.operation(said.operation_type)
    if said.status == "running":
        doing = "Sending" if said.operation_type in {"start_list", "publish"} else "Reading"
        return f"{doing} {what.lower()} of {about}" + (f", {said.percent} %" if said.percent is not None else "")
    if said.status == "pending" and not said.target:
        return f"{what} of {about}: left waiting by the old system"
    if said.status == "pending":
        later = said.due_at and said.due_at > now
        return f"{what} of {about}: {'tries again at ' + words.clock_zone(said.due_at, zone) if later else 'waiting for a worker'}"
    if said.status == "failed":
        return f"{what} of {about} failed"
    if said.status == "cancelled":
        return f"{what} of {about}: cancelled"
    return f"{what} of {about}: {run_lines.changes(said).split(' · ')[0]}"


def records() -> dict[str, str]:
    """What a row of each provider table is, in a word."""
    found: dict[str, str] = {}
    for adapter in ADAPTERS.values():
        person = "entry" if adapter.side == "scoring" else "registration"
        found |= {adapter.counts_table: "count", adapter.results_table: "result", adapter.people_table: person}
        found |= {adapter.happening_table: "event"} | {adapter.contest_table: "distance"}
    return found


def _grouped(changes: list[Any]) -> list[tuple[str, list[Any]]]:
    """`New registrations` and the like, each with its records; only those that there are."""
    groups: dict[str, list[Any]] = {}
    kinds = records()
    for change in ("new", "changed", "gone"):
        for row in changes:
            if row.change == change:
                groups.setdefault(f"{change.capitalize()} {_several(kinds.get(row.table_name, 'record'))}", []).append(row)
    more = len(changes) == run_data.CHANGES
    return [(f"{title}, the latest {len(rows)}" if more else title, rows) for title, rows in groups.items()]


def _several(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("ry") else f"{word}s"


def _may(row: Any) -> set[str]:
    """What this person may press here now."""
    person = access.current()
    again = row.status in {"failed", "cancelled"} and row.connection_state != "removed"
    possible = {"retry": again, "cancel": row.status in MOVING and not row.cancel_requested}
    return {name for name, holds in possible.items() if holds and row.target and person.may(name)}


def _is_held_up(row: Any) -> bool:
    """Whether a person has to say if so many people are truly gone."""
    return bool(row.status == "failed" and row.error_kind == "shrunk")


def _solved(row: Any) -> datetime | None:
    """When the same target was read well after this run had failed."""
    later = row.status == "failed" and row.solved_at and row.finished_at and row.solved_at > row.finished_at
    return row.solved_at if later else None
