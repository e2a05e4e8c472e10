"""All attempts that ended, those of the old system too: filters in the address, pages by id. Asks `history_data`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from dashboard import access, hx, live, words
from dashboard.access import requires
from dashboard.history_data import WINDOW, Asked, read
from dashboard.paging import PER_PAGE, Filters, place
from sync_jobs import times
from sync_jobs.providers import LABELS

pages = Blueprint("history", __name__)

STATUSES = ("completed", "failed", "cancelled", "yielded", "retrying", "lost")
PROVIDERS = {**LABELS, "old": "the old system"}


@pages.get("/history")
@requires("see_history")
def history() -> ResponseReturnValue:
    """One page of attempts."""
    seen = live.look()
    if seen.unchanged:
        return hx.nothing_new()
    filters = Filters()
    asked = _asked(filters)
    found = read(asked)
    attempts = [_said(row) for row in found["attempts"][:PER_PAGE]]
    zone = (attempts[0].zone if access.own_partner() is not None and attempts else None) or live.HOUSE_ZONE
    first_page = asked.before is None
    shown = live.Live(
        title="History", said=answer(attempts, filters), token=seen.token, zone=zone,
        seconds=live.ARCHIVE if first_page else None,
    )  # fmt: skip
    return hx.page(
        "history/_live.html", shown, whole="history/page.html", attempts=attempts, filters=filters, zone=zone,
        partners=found.get("partners", []), providers=PROVIDERS, operations=words.OPERATIONS, statuses=STATUSES,
        status_words=words.ATTEMPT_STATES, older=_older(filters, asked, found), first_page=first_page,
    )  # fmt: skip


def _asked(filters: Filters) -> Asked:
    zone = live.HOUSE_ZONE
    return Asked(
        partner=filters.number("partner"), provider=filters.choice("provider", PROVIDERS),
        operation=filters.choice("operation", words.OPERATIONS), status=filters.choice("status", STATUSES),
        edition=filters.number("event"), since=filters.day("from", zone), until=filters.day("to", zone, end=True), before=place(),
    )  # fmt: skip


def _older(filters: Filters, asked: Asked, found: dict[str, list[Any]]) -> str:
    """Where the next page is; also where this one was empty but only a window was looked at."""
    rows = found["attempts"]
    if len(rows) > PER_PAGE:
        return filters.address(before=rows[PER_PAGE - 1].attempt_id)
    newest = found["newest"][0].attempt_id
    looked_to = (asked.before or (newest or 0) + 1) - WINDOW
    return filters.address(before=looked_to) if not asked.is_indexed and looked_to > 1 else ""


def _said(row: Any) -> Any:
    """An attempt with its words."""
    said = SimpleNamespace(**vars(row))
    said.state, said.word = words.attempt_state(row.status)
    said.at = row.ended_at or times.from_customer_form(row.sync_time)
    said.zone = row.zone or row.partner_zone
    said.about = row.edition_name or row.connection_name or (f"event {row.event_id}" if row.event_id else "")
    said.old = row.run_id is None
    said.sentence = row.reason or counts(row)
    return said


def counts(row: Any) -> str:
    """`4 changed of 1,416 read`."""
    if row.changed is None:
        return ""
    return (
        "nothing changed"
        if row.changed == 0
        else f"{words.number(row.changed)} changed of {words.number(row.rows_read or row.changed)}"
    )


def answer(attempts: list[Any], filters: Filters) -> str:
    """The first line of the page."""
    if not attempts:
        return "Nothing matches these filters" if filters.given or request.args.get("before") else "Nothing has run yet"
    failed = sum(row.state == "bad" for row in attempts)
    what = "The latest" if request.args.get("before") is None else "Older:"
    return f"{what} {words.plural(len(attempts), 'attempt')}, {words.number(failed) if failed else 'none'} failed"
