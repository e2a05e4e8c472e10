"""Where a scored contest's results go, made from the confirmed contest map: one result set for each happening at a connection.

Several registration contests of one happening (waves sold as distances) share a set. What the map does not lead to any more ends,
and what was approved for it is void.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from sync_jobs.models import Approval, Contest, ContestPair, Edition, Publication, ResultDestination, db, write
from sync_jobs.providers import side
from sync_jobs.results import ResultTarget

Way = tuple[int, str]  # connection, happening
ELSEWHERE = "The map of the distances leads elsewhere now."
CHANGED = "The map of the distances, or a rule of the results, was changed."
OPEN = ("waiting", "approved")


def follow(session: Session, contest_id: int, now: datetime) -> None:
    """Bring a scoring contest's destinations to what its map says, after any change of it, in the caller's transaction."""
    session.flush()
    contest = session.get(Contest, contest_id, populate_existing=True)
    if contest is None or side(contest.provider_name) != "scoring":
        return
    wanted = _wanted(session, contest_id)
    there = session.scalars(select(ResultDestination).where(ResultDestination.contest_id == contest_id)).all()
    void(session, [one.destination_id for one in there], CHANGED, now)
    for one in there:
        found = wanted.pop((one.connection_id, one.happening_id), None)
        _keep(one, found, contest, now)
    session.add_all(_new(contest, way, found) for way, found in wanted.items())
    session.flush()


def ensure(contest_id: int, now: datetime) -> None:
    """The same where a map was made before there were destinations. Writes only if something is missing."""
    session = db.session()
    there = session.execute(select(ResultDestination.connection_id, ResultDestination.happening_id).where(*_active(contest_id)))
    known = {(row.connection_id, row.happening_id) for row in there}
    wanted = set(_wanted(session, contest_id))
    session.rollback()
    if known != wanted:
        with write() as writing:
            follow(writing, contest_id, now)


def _active(contest_id: int) -> tuple[ColumnElement[bool], ...]:
    return ResultDestination.contest_id == contest_id, ResultDestination.ended_at.is_(None)


def _wanted(session: Session, contest_id: int) -> dict[Way, list[Contest]]:
    pairs = (
        select(Contest)
        .join(ContestPair, ContestPair.registration_contest_id == Contest.contest_id)
        .where(ContestPair.scoring_contest_id == contest_id, ContestPair.state == "confirmed")
        .order_by(Contest.contest_id)
    )
    found: defaultdict[Way, list[Contest]] = defaultdict(list)
    for registration in session.scalars(pairs):
        found[registration.connection_id, registration.happening_id].append(registration)
    return dict(found)


def _keep(there: ResultDestination, found: list[Contest] | None, contest: Contest, now: datetime) -> None:
    """One that was there already: the set stays the same one, whichever of its contests comes first."""
    there.edition_id = contest.edition_id
    if not found:
        there.ended_at = there.ended_at or now
        return
    ids = [one.contest_id for one in found]
    first = there.registration_contest_id if there.registration_contest_id in ids else ids[0]
    there.registration_contest_id, there.ended_at = first, None
    there.also_for = [number for number in ids if number != first]


def _new(contest: Contest, way: Way, found: list[Contest]) -> ResultDestination:
    return ResultDestination(
        timing_partner_id=contest.timing_partner_id, edition_id=contest.edition_id, contest_id=contest.contest_id,
        connection_id=way[0], happening_id=way[1], provider_name=found[0].provider_name,
        registration_contest_id=found[0].contest_id, also_for=[one.contest_id for one in found[1:]],
    )  # fmt: skip


def void(
    session: Session, destination_ids: Iterable[int], why: str, now: datetime, *, state: str = "stale", but: int | None = None
) -> list[int]:
    """End every approval there that was not used yet, and the publications that wait for a worker. Taking down stays."""
    ids = list(destination_ids)
    ended = session.scalars(
        update(Approval)
        .where(
            Approval.destination_id.in_(ids), Approval.state.in_(OPEN), Approval.act != "retraction",
            Approval.approval_id.is_distinct_from(but),
        )
        .values(state=state, why=why)
        .returning(Approval.approval_id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    waiting = (Publication.approval_id.in_(ended), Publication.state == "waiting")
    failed = update(Publication).where(*waiting).values(state="failed", why=why, ended_at=now)
    session.execute(failed.execution_options(synchronize_session=False))
    return list(ended)


def targets(session: Session, destinations: Iterable[ResultDestination]) -> Mapping[int, ResultTarget]:
    """Each destination as its adapter is told."""
    all_of = list(destinations)
    ids = {number for one in all_of for number in (one.registration_contest_id, *_also(one))}
    rows = session.execute(
        select(Contest.contest_id, Contest.provider_contest_id, Contest.timezone, Edition.timezone.label("edition_zone"))
        .join(Edition, Edition.edition_id == Contest.edition_id, isouter=True)
        .where(Contest.contest_id.in_(ids))
    ).all()
    by_id = {row.contest_id: row for row in rows}
    return {one.destination_id: _target(one, by_id) for one in all_of}


def _target(one: ResultDestination, by_id: Mapping[int, Any]) -> ResultTarget:
    first = by_id[one.registration_contest_id]
    also = tuple(_bare(by_id[number].provider_contest_id) for number in _also(one) if number in by_id)
    return ResultTarget(
        happening_id=one.happening_id, contest_id=_bare(first.provider_contest_id), also_for=also, set_id=one.set_id,
        zone=first.timezone or first.edition_zone or "UTC",
    )  # fmt: skip


def _also(one: ResultDestination) -> list[int]:
    return [int(number) for number in one.also_for or ()]


def _bare(provider_contest_id: str) -> str:
    """The provider's own id, without its happening's."""
    return provider_contest_id.rpartition("/")[2]
