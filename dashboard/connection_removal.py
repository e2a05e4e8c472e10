"""Removing a connection: what that would mean, asked plainly first, and then doing it. What it read stays where it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select, update

from dashboard import hx, words
from dashboard.access import connection_or_404, current, requires
from sync_jobs import jobs, ledger, secrets
from sync_jobs.models import Connection, Contest, EditionLink, Partner, Run, db, write

pages = Blueprint("connection_removal", __name__)


@pages.get("/connections/<int:connection_id>/remove")
@requires("change_connections")
def ask(connection_id: int) -> ResponseReturnValue:
    """What stops and what stays, before anything is done."""
    connection = connection_or_404(connection_id)
    partner = db.session.get_one(Partner, connection.timing_partner_id)
    return render_template("connections/remove.html", connection=connection, partner=partner, **_meaning(connection))


def _meaning(connection: Connection) -> dict[str, Any]:
    """The numbers that make it plain."""
    this = connection.connection_id
    events = select(func.count(EditionLink.edition_id.distinct())).where(EditionLink.connection_id == this)
    people = select(func.sum(Contest.rows_held)).where(Contest.connection_id == this)
    return {
        "events": db.session.scalar(events) or 0,
        "people": db.session.scalar(people) or 0,
        "open_runs": len(_open_runs(this)),
        "in_the_clear": secrets.in_the_clear(connection),
    }


@pages.post("/connections/<int:connection_id>/remove")
@requires("change_connections")
def remove(connection_id: int) -> ResponseReturnValue:
    """Nothing comes in by it any more, and its credential is gone."""
    connection, now = connection_or_404(connection_id), words.page_now()
    if not end(connection_id, by=current().name, now=now):
        abort(404)  # somebody else was faster
    return hx.did(f"{connection.name} was removed. What it read stays.", address="/connections")


def end(connection_id: int, *, by: str, now: datetime) -> bool:
    """Take a connection out of use for good, and forget its credential. False when that was done before."""
    with write() as session:
        there = (Connection.connection_id == connection_id, Connection.state != "removed")
        ended = update(Connection).where(*there).values(state="removed", paused_by=by, paused_at=now, paused_reason=None)
        partner_id = session.scalar(ended.returning(Connection.timing_partner_id))
        if partner_id is None:
            return False
        secrets.forget(session, connection_id)
        ledger.bump(session, "all", f"partner:{partner_id}")
    for run_id in _open_runs(connection_id):
        jobs.cancel(run_id, by, now)
    return True


def _open_runs(connection_id: int) -> list[int]:
    open_ones = select(Run.run_id).where(
        Run.status.in_(("pending", "running")), Run.connection_id == connection_id, Run.target != ""
    )
    return list(db.session.scalars(open_ones))
