"""The buttons that ask for work: Sync now, retry, cancel, start a partner. Each asks `jobs` and answers with a sentence."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from dashboard import access, hx, words
from dashboard.access import requires
from sync_jobs import jobs
from sync_jobs.models import Connection
from sync_jobs.providers import label

pages = Blueprint("syncing", __name__)

EVERYTHING = "everything"


@pages.post("/connections/<int:connection_id>/sync")
@requires("sync")
def sync_now(connection_id: int) -> ResponseReturnValue:
    """One press: a whole connection, its event list, or one kind of reading of one event."""
    connection = access.connection_or_404(connection_id)
    try:
        return _asked(connection, request.values.get("operation") or EVERYTHING, request.values.get("edition_id", type=int))
    except jobs.CannotSync as why:
        return hx.refused(str(why))


def _asked(connection: Connection, operation: str, edition_id: int | None) -> ResponseReturnValue:
    by, now = access.current().name, words.page_now()
    if operation == EVERYTHING:
        requested = jobs.request_current(connection, trigger="manual", by=by, now=now)
        fresh = [asked for asked in requested if not asked.joined]
        return hx.did(_said(connection, len(fresh), len(requested)))
    edition = access.edition_or_404(edition_id) if edition_id is not None else None
    asked = jobs.request(connection, operation, edition=edition, trigger="manual", by=by, now=now)
    what = f"{words.operation(operation)} of {edition.name if edition else connection.name}"
    return hx.did(f"{what}: on its way already." if asked.joined else f"{what}: asked for.", address=f"/runs/{asked.run_id}")


def _said(connection: Connection, fresh: int, all_of_them: int) -> str:
    name = label(connection.provider_name)
    if not fresh:
        return f"{name} is being read already; this press joined it."
    readings = words.plural(fresh, "reading")
    joined = f", {all_of_them - fresh} were on their way already" if fresh < all_of_them else ""
    return f"Asked {name} for {readings}{joined}."


@pages.post("/runs/<int:run_id>/retry")
@requires("retry")
def retry(run_id: int) -> ResponseReturnValue:
    """Open a failed or cancelled run again. Doing it twice is harmless."""
    run = access.run_or_404(run_id)
    try:
        believe = request.form.get("answer") == "gone"
        reopened = jobs.retry(run.run_id, access.current().name, words.page_now(), believe=believe)
    except jobs.CannotSync as why:
        return hx.refused(str(why), address=f"/runs/{run_id}")
    if reopened:
        return hx.did("It waits for a worker again.", address=hx.came_from())
    return hx.refused("It is not failed any more, or another run does the same already.", address=f"/runs/{run_id}")


@pages.post("/runs/<int:run_id>/cancel")
@requires("cancel")
def cancel(run_id: int) -> ResponseReturnValue:
    """Stop a run: a waiting one at once, a running one at its next page."""
    run = access.run_or_404(run_id)
    running = run.status == "running"
    if not jobs.cancel(run.run_id, access.current().name, words.page_now()):
        return hx.refused("It has ended already.", address=f"/runs/{run_id}")
    return hx.did("It stops at its next page. What was read stays." if running else "Cancelled.", address=f"/runs/{run_id}")


@pages.post("/partners/<int:partner_id>/start")
@requires("start_partners")
def start(partner_id: int) -> ResponseReturnValue:
    """Start a taken-over partner: its complete connections look for their events."""
    partner = access.partner_or_404(partner_id)
    try:
        requested = jobs.start_partner(partner_id, access.current().name, words.page_now())
    except jobs.CannotSync as why:
        return hx.refused(str(why))
    looked = (
        f"{words.counted(len(requested), 'connection')} look for events now." if requested else "No connection is complete yet."
    )
    return hx.did(f"{partner.company_name} is started. {looked}", address=f"/partners/{partner_id}")
