"""Destinations and approvals as a page says them: names beside the numbers. Reads only."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from sync_jobs.approvals.shown import ApprovalLine, Place
from sync_jobs.models import Approval, Connection, Contest, Publication, ResultDestination, ResultVersion
from sync_jobs.providers import ADAPTERS, label


def places(session: Session, contest_id: int) -> tuple[Place, ...]:
    """Every destination that a contest has, or had and that still shows something."""
    live = aliased(ResultVersion)
    rows = session.execute(
        select(ResultDestination, Connection.name, Connection.writes, live.number)
        .join(Connection, Connection.connection_id == ResultDestination.connection_id)
        .outerjoin(live, live.version_id == ResultDestination.live_version_id)
        .where(ResultDestination.contest_id == contest_id)
        .order_by(ResultDestination.ended_at.is_not(None), ResultDestination.destination_id)
    ).all()
    ids = {number for row in rows for number in (row[0].registration_contest_id, *(row[0].also_for or ()))}
    named = session.execute(select(Contest.contest_id, Contest.name).where(Contest.contest_id.in_(ids))).all() if ids else []
    names = {row.contest_id: row.name or "" for row in named}
    return tuple(_place(one, name, writes, number, names) for one, name, writes, number in rows if _shows(one))


def _shows(one: ResultDestination) -> bool:
    return one.ended_at is None or one.visibility in {"preliminary", "official"}


def _place(one: ResultDestination, connection: str, writes: str, number: int | None, names: dict[int, str]) -> Place:
    return Place(
        destination_id=one.destination_id, provider_name=one.provider_name, provider=label(one.provider_name),
        happening_id=one.happening_id, contest_name=names.get(one.registration_contest_id, ""),
        also_for=tuple(names.get(number, "") for number in one.also_for or ()), connection_id=one.connection_id,
        connection=connection, is_file=is_file(one.provider_name, writes), set_id=one.set_id, visibility=one.visibility,
        live_version_id=one.live_version_id, live_number=number, drift=one.drift, is_ended=one.ended_at is not None,
    )  # fmt: skip


def is_file(provider_name: str, writes: str) -> bool:
    """Whether a person loads a file there: its calls do not exist, or nobody switched them on."""
    adapter = ADAPTERS.get(provider_name)
    if adapter is None or "publish_results" not in adapter.abilities():
        return True
    return adapter.results_switch and writes != "on"


def last_approval(session: Session, destination_id: int) -> ApprovalLine | None:
    """The newest approval of a destination, with what became of it."""
    row = session.execute(
        select(Approval, Publication)
        .outerjoin(Publication, Publication.approval_id == Approval.approval_id)
        .where(Approval.destination_id == destination_id)
        .order_by(Approval.approval_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else line(row[0], row[1])


def line(one: Approval, done: Publication | None) -> ApprovalLine:
    """An approval and its publication as one line."""
    return ApprovalLine(
        approval_id=one.approval_id, version_id=one.version_id, act=one.act, state=one.state, why=one.why, reason=one.reason,
        tells=bool(one.tells), tells_many=one.tells_many, needs_second=bool(one.needs_second), requested_by=one.requested_by,
        requested_name=one.requested_name, requested_role=one.requested_role, requested_at=one.requested_at,
        approved_name=one.approved_name, approved_at=one.approved_at, not_before=one.not_before, expires_at=one.expires_at,
        publication_id=done.publication_id if done else None, publication_state=done.state if done else None,
        publication_step=done.step if done else None, publication_why=done.why if done else None,
        chunks=done.chunks if done else 0, chunks_done=done.chunks_done if done else 0, run_id=done.run_id if done else None,
        ended_at=done.ended_at if done else None,
    )  # fmt: skip
