"""What the review page reads beside its screen: whose contest it is, how reading and sending stand, and what has moved since.

The screen itself, with every number that an approval is bound to, is `sync_jobs.approvals`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from dashboard import access
from dashboard.reading import Query, together
from sync_jobs import versions
from sync_jobs.models import (
    Approval,
    Connection,
    Contest,
    Edition,
    Publication,
    ResultDestination,
    ResultVersion,
    Run,
    SyncState,
    TimerTask,
    Waiver,
    db,
)
from sync_jobs.providers import of_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """How reading and sending stand."""

    started_at: datetime | None = None  # the gun that scoring counted from
    failing_since: datetime | None = None  # results could not be read since then
    error: str | None = None
    read_at: datetime | None = None  # the last reading that reached its end
    connection_state: str | None = None  # of the destination
    paused_reason: str | None = None
    refused_since: datetime | None = None
    run_status: str | None = None  # of the newest publication
    run_error: str | None = None
    run_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a page that stands still has to be told: the newest version, and the newest word and sending at its destination."""

    version_id: int | None = None
    number: int = 0
    pulled_at: datetime | None = None
    finishers: int = 0
    state: str = ""
    approval_id: int | None = None
    approval_state: str = ""
    publication_state: str = ""
    step: str = ""
    chunks: int = 0
    chunks_done: int = 0

    @property
    def mark(self) -> str:
        """Equal as long as nobody approved, and nothing was sent, checked or refused, since."""
        return f"{self.approval_id or 0}.{self.approval_state}.{self.publication_state}"

    @property
    def is_sending(self) -> bool:
        """Whether something is on its way."""
        return self.publication_state in {"waiting", "publishing"}


def contest_or_404(edition: Edition, contest_id: int, version_id: int | None, destination_id: int | None) -> Contest:
    """The contest of that edition, if the version and the destination that were named are its own."""
    mine = (Contest.contest_id == access.possible(contest_id), Contest.edition_id == edition.edition_id)
    scored = Contest.provider_name.in_(of_side("scoring"))
    query = select(Contest, ResultVersion.version_id, ResultDestination.destination_id).where(*mine, scored)
    version = and_(ResultVersion.contest_id == Contest.contest_id, ResultVersion.version_id == version_id)
    destination = and_(ResultDestination.contest_id == Contest.contest_id, ResultDestination.destination_id == destination_id)
    query = query.select_from(Contest)
    found = db.session.execute(query.outerjoin(ResultVersion, version).outerjoin(ResultDestination, destination)).first()
    if found is None or (found[1], found[2]) != (version_id, destination_id):
        abort(404)
    contest: Contest = found[0]
    return contest


def waiver_or_404(waiver_id: int, contest_id: int) -> int:
    """That waiver, if it is of the contest."""
    mine = select(Waiver.waiver_id).where(Waiver.waiver_id == access.possible(waiver_id), Waiver.contest_id == contest_id)
    return db.session.scalar(mine) or abort(404)


def task_or_404(task_id: int, contest_id: int) -> int:
    """That task of the timer, if it is of the contest."""
    mine = select(TimerTask.task_id).where(TimerTask.task_id == access.possible(task_id), TimerTask.contest_id == contest_id)
    return db.session.scalar(mine) or abort(404)


def approval_or_404(approval_id: int, contest_id: int) -> Any:
    """That approval, its version and its destination, if it is of the contest."""
    mine = (Approval.approval_id == access.possible(approval_id), ResultDestination.contest_id == contest_id)
    query = select(Approval.approval_id, Approval.version_id, Approval.destination_id)
    at = ResultDestination.destination_id == Approval.destination_id
    return db.session.execute(query.join(ResultDestination, at).where(*mine)).first() or abort(404)


def around(contest: Contest, version_id: int | None, place: Any, run_id: int | None) -> Around:
    """Read what stands around the screen, in one statement."""
    found = together(
        reading=_reading(contest), version=_version(version_id), connection=_connection(place.connection_id if place else None),
        run=_run(run_id),
    )  # fmt: skip
    reading, version, connection, run = (next(iter(found[name]), None) for name in ("reading", "version", "connection", "run"))
    facts = version.facts if version and isinstance(version.facts, dict) else {}
    return Around(
        started_at=versions.facts_of(ResultVersion(facts=facts))["started_at"],
        failing_since=reading.failing_since if reading else None, error=reading.error_sentence if reading else None,
        read_at=reading.success_at if reading else None, connection_state=connection.state if connection else None,
        paused_reason=connection.paused_reason if connection else None,
        refused_since=connection.refused_since if connection else None, run_status=run.status if run else None,
        run_error=run.last_error if run else None, run_due_at=run.due_at if run else None,
    )  # fmt: skip


def _reading(contest: Contest) -> Query:
    mine = (SyncState.edition_id == contest.edition_id, SyncState.connection_id == contest.connection_id)
    return select(
        SyncState.failing_since.label("failing_since"), SyncState.error_sentence.label("error_sentence"),
        SyncState.last_success_at.label("success_at"),
    ).where(*mine, SyncState.operation_type == "results")  # fmt: skip


def _version(version_id: int | None) -> Query:
    return select(ResultVersion.facts.label("facts")).where(ResultVersion.version_id == version_id)


def _connection(connection_id: int | None) -> Query:
    return select(
        Connection.state.label("state"), Connection.paused_reason.label("paused_reason"),
        Connection.refused_since.label("refused_since"),
    ).where(Connection.connection_id == connection_id)  # fmt: skip


def _run(run_id: int | None) -> Query:
    return select(Run.status.label("status"), Run.last_error.label("last_error"), Run.due_at.label("due_at")).where(
        Run.run_id == run_id
    )


def moved(contest_id: int, destination_id: int | None) -> Moved:
    """How it stands now, in one statement."""
    newer = aliased(Approval)
    newest = select(func.max(newer.approval_id)).where(newer.destination_id == destination_id).scalar_subquery()
    row = db.session.execute(
        select(ResultVersion, Approval.approval_id, Approval.state, Publication)
        .select_from(ResultVersion)
        .outerjoin(Approval, Approval.approval_id == newest)
        .outerjoin(Publication, Publication.approval_id == Approval.approval_id)
        .where(ResultVersion.contest_id == contest_id)
        .order_by(ResultVersion.number.desc())
        .limit(1)
    ).first()
    if row is None:
        return Moved()
    version, approval_id, state, sending = row
    sent: dict[str, Any] = {} if sending is None else {
        "publication_state": sending.state, "step": sending.step, "chunks": sending.chunks, "chunks_done": sending.chunks_done,
    }  # fmt: skip
    return Moved(
        version_id=version.version_id, number=version.number, pulled_at=version.pulled_at, state=version.state,
        finishers=(version.counts or {}).get("FINISHED", 0), approval_id=approval_id, approval_state=state or "", **sent,
    )  # fmt: skip
