"""A contest went to another edition: its pairs go along where both sides did, and end where one stayed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from sync_jobs.contest_map.dependents import void
from sync_jobs.contest_map.history import changed
from sync_jobs.contest_map.rows import DECIDED, both
from sync_jobs.models import Contest, ContestPair, EntryLink, EntryQuestion, StartListLine

Homes = dict[int, int]  # contest → edition


def follow(session: Session, moved: Collection[int], now: datetime) -> None:
    """Bring the map in order after discovery gave these contests another edition, in its transaction."""
    if not moved:
        return
    mine = or_(ContestPair.registration_contest_id.in_(moved), ContestPair.scoring_contest_id.in_(moved))
    pairs = session.scalars(select(ContestPair).where(mine).order_by(ContestPair.pair_id)).all()
    named = {contest for pair in pairs for contest in both(pair) if contest is not None}
    rows = session.execute(select(Contest.contest_id, Contest.edition_id, Contest.name).where(Contest.contest_id.in_(named))).all()
    homes, names = {row.contest_id: row.edition_id for row in rows}, {row.contest_id: row.name for row in rows}
    apart = [pair for pair in pairs if len(_homes(pair, homes)) > 1]
    for pair in apart:  # these first: who ends with them is read from the edition where they stood
        _part(session, pair, names, moved, now)
    for pair in pairs:
        if pair not in apart:
            _along(session, pair, homes, now)
    session.flush()
    for contest_id in moved:
        _dependents_along(session, contest_id)


def _homes(pair: ContestPair, homes: Homes) -> set[int]:
    return {homes[contest] for contest in both(pair) if contest in homes}


def _part(session: Session, pair: ContestPair, names: dict[int, str | None], moved: Collection[int], now: datetime) -> None:
    if pair.state == "suggested":
        session.delete(pair)
        return
    if pair.state != "void":
        name = next(names[contest] for contest in both(pair) if contest is not None and contest in moved)
        void(session, pair, f"“{name}” belongs to another event now.", None, now)
    pair.before = None  # there is no going back to it


def _along(session: Session, pair: ContestPair, homes: Homes, now: datetime) -> None:
    (home,) = _homes(pair, homes)
    if pair.edition_id == home:
        return
    pair.edition_id = home
    if pair.state in DECIDED:
        pair.version += 1
        changed(session, pair, "moved", by=None, now=now, why="Its distances belong to another event now, and it went along.")


def _dependents_along(session: Session, contest_id: int) -> None:
    home = select(Contest.edition_id).where(Contest.contest_id == contest_id).scalar_subquery()
    for model in (EntryLink, EntryQuestion, StartListLine):
        along = update(model).where(model.contest_id == contest_id).values(edition_id=home)
        session.execute(along.execution_options(synchronize_session=False))
