"""The two addresses for programs: ask for a sync, and how a partner's syncs stand. A token opens one partner, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from werkzeug.exceptions import BadRequest

from dashboard import tokens, words
from dashboard.access import LARGEST_ID
from dashboard.problems import Problem, wrong
from sync_jobs import jobs, times
from sync_jobs.models import ApiToken, Connection, Edition, EditionLink, Run, SyncState, db
from sync_jobs.providers import LABELS, label, provider_key

pages = Blueprint("api", __name__, url_prefix="/api/sync")

OPERATIONS = ("events", "participants", "results")
FOR_ALL_EVENTS = frozenset({"events"})
MOST_RUNS, MOST_PENDING = 20, 100


@pages.errorhandler(Problem)
def _answer(problem: Problem) -> Response:
    return problem.response


@pages.post("/manual")
def manual() -> ResponseReturnValue:
    """Ask for a sync. Asked twice, it is the same run."""
    token, wish = _token(), _wish()
    _own(token, _number(wish, "timing_partner_id"))
    provider, operation = _provider(wish), _operation(wish)
    edition = _edition(wish, operation, token.timing_partner_id)
    connection = _connection(wish, provider, edition, token.timing_partner_id)
    try:
        asked = jobs.request(connection, operation, edition=edition, trigger="api", by=token.name, now=times.now())
    except jobs.CannotSync as cannot:
        raise Problem(409, "This cannot sync now", str(cannot)) from None
    status = db.session.scalar(select(Run.status).where(Run.run_id == asked.run_id))
    address = url_for("api.status", timing_partner_id=token.timing_partner_id, _external=True)
    return {"run_id": asked.run_id, "status": status, "joined": asked.joined, "status_url": address}, 202


@pages.get("/status/<int:timing_partner_id>")
def status(timing_partner_id: int) -> ResponseReturnValue:
    """How a partner's syncs stand."""
    _own(_token(), timing_partner_id)
    runs = select(Run).where(Run.timing_partner_id == timing_partner_id, Run.target != "").order_by(Run.run_id.desc())
    moving = runs.where(Run.status.in_(("pending", "running"))).limit(MOST_PENDING)
    return {
        "timing_partner_id": timing_partner_id,
        "as_of": _instant(times.now()),
        "pending": [_run(run) for run in db.session.scalars(moving)],
        "recent_runs": [_run(run) for run in db.session.scalars(runs.limit(MOST_RUNS))],
        "last_success": _last_success(timing_partner_id),
    }


def _last_success(timing_partner_id: int) -> list[dict[str, Any]]:
    latest = (
        select(SyncState.provider_name, SyncState.operation_type, func.max(SyncState.last_success_at).label("at"))
        .where(SyncState.timing_partner_id == timing_partner_id, SyncState.last_success_at.is_not(None))
        .group_by(SyncState.provider_name, SyncState.operation_type)
        .order_by(SyncState.provider_name, SyncState.operation_type)
    )
    return [
        {"provider_name": row.provider_name, "operation_type": row.operation_type, "last_success_at": _instant(row.at)}
        for row in db.session.execute(latest)
    ]


def _run(run: Run) -> dict[str, Any]:
    failure = {"kind": run.error_kind, "sentence": run.last_error} if run.last_error else None
    return {
        "run_id": run.run_id, "status": run.status, "provider_name": run.provider_name, "operation_type": run.operation_type,
        "event_id": run.edition_id, "connection_id": run.connection_id, "trigger": run.trigger, "requested_by": run.requested_by,
        "requested_at": _instant(run.requested_at), "started_at": _instant(run.claimed_at),
        "finished_at": _instant(run.finished_at),
        "rows": {
            "read": run.rows_read, "new": run.rows_new, "changed": run.rows_changed, "same": run.rows_same, "gone": run.rows_gone,
            "set_aside": run.rows_aside,
        },
        "error": failure,
    }  # fmt: skip


def _instant(instant: datetime | None) -> str | None:
    return words.iso(instant) if instant else None


# Who asks


def _token() -> ApiToken:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    kept = select(ApiToken).where(ApiToken.token_digest == tokens.digest(given.strip()), ApiToken.revoked_at.is_(None))
    token = db.session.scalar(kept) if scheme.lower() == "bearer" else None
    if token is None:
        refused = Problem(
            401, "Who is asking?", "Send “Authorization: Bearer …” with a token that was made under People, Programs."
        )
        refused.response.headers["WWW-Authenticate"] = 'Bearer realm="Project88Hub Sync"'
        raise refused
    return token


def _own(token: ApiToken, timing_partner_id: int) -> None:
    if timing_partner_id != token.timing_partner_id:
        raise Problem(404, "There is no such timing partner", "This token opens one timing partner only, and not that one.")


# What it wants


def _wish() -> Mapping[str, Any]:
    try:
        wish = request.get_json(force=True)
    except BadRequest:
        raise Problem(400, "This is not JSON", "Send one JSON object, in UTF-8.") from None
    if not isinstance(wish, dict):
        raise Problem(400, "This is not a JSON object", "Send one JSON object, not a list or a single value.")
    return wish


def _number(wish: Mapping[str, Any], field: str) -> int:
    value = wish.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST_ID:
        raise wrong(field, f"{field} is needed, as a whole number." if value is None else f"{field} must be a whole number.")
    return value


def _text(wish: Mapping[str, Any], field: str) -> str:
    value = wish.get(field)
    if not isinstance(value, str) or not value.strip():
        raise wrong(field, f"{field} is needed, as text.")
    return value.strip()


def _provider(wish: Mapping[str, Any]) -> str:
    key = provider_key(_text(wish, "provider_name"))
    if key not in LABELS:
        raise wrong("provider_name", f"Known providers are {words.listed(list(LABELS.values()))}.")
    return key


def _operation(wish: Mapping[str, Any]) -> str:
    operation = _text(wish, "operation_type").lower()
    if operation not in OPERATIONS:
        raise wrong("operation_type", f"Known operations are {words.listed(list(OPERATIONS))}.")
    return operation


def _edition(wish: Mapping[str, Any], operation: str, timing_partner_id: int) -> Edition | None:
    if wish.get("event_id") is None:
        if operation in FOR_ALL_EVENTS:
            return None
        raise wrong("event_id", f"{operation} are read for one event: send its event_id.")
    if operation in FOR_ALL_EVENTS:
        raise wrong("event_id", f"{operation} are read for all events at once: leave event_id out.")
    mine = select(Edition).where(Edition.edition_id == _number(wish, "event_id"), Edition.timing_partner_id == timing_partner_id)
    edition = db.session.scalar(mine.where(Edition.joined_into.is_(None)))
    if edition is None:
        raise Problem(404, "There is no such event", "This timing partner has no event of that id.", field="event_id")
    return edition


def _connection(wish: Mapping[str, Any], provider: str, edition: Edition | None, timing_partner_id: int) -> Connection:
    """The connection that was named; else the only one, the only active one, or the only one that knows the event."""
    mine = select(Connection).where(Connection.timing_partner_id == timing_partner_id, Connection.provider_name == provider)
    known = list(db.session.scalars(mine.where(Connection.state != "removed").order_by(Connection.connection_id)))
    if wish.get("connection_id") is not None:
        named = _number(wish, "connection_id")
        found = [connection for connection in known if connection.connection_id == named]
        if not found:
            raise Problem(
                404, "There is no such connection", f"No connection to {label(provider)} has that id.", field="connection_id"
            )
        return found[0]
    if not known:
        raise Problem(409, "This cannot sync now", f"There is no connection to {label(provider)}.")
    return _only_one(known, edition) or _ask_which(known, provider)


def _only_one(known: list[Connection], edition: Edition | None) -> Connection | None:
    if edition is not None and len(known) > 1:
        linked = select(EditionLink.connection_id).where(EditionLink.edition_id == edition.edition_id)
        knowing = set(db.session.scalars(linked))
        known = [connection for connection in known if connection.connection_id in knowing] or known
    active = [connection for connection in known if connection.state == "active"]
    choice = known if len(known) == 1 else active
    return choice[0] if len(choice) == 1 else None


def _ask_which(known: list[Connection], provider: str) -> Connection:
    listed = [{"connection_id": each.connection_id, "name": each.name, "state": each.state} for each in known]
    detail = f"There are {len(known)} connections to {label(provider)}: send the connection_id of one."
    raise Problem(409, "Which connection?", detail, field="connection_id", connections=listed)
