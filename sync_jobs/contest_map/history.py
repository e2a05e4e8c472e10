"""The map's history and version: each change noted with who, when and why, and counted at the contests that it names."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from sync_jobs import destinations
from sync_jobs.models import Contest, ContestPair, MapChange


def version(session: Session, contest_id: int) -> int:
    """How often the map of a contest (of either side) was changed, its rules included. Whoever relies on the map keeps it."""
    return session.scalar(select(Contest.map_version).where(Contest.contest_id == contest_id)) or 0


def changed(
    session: Session, pair: ContestPair, what: str, *, by: str | None, now: datetime, why: str | None = None,
    reason: str | None = None,
) -> None:  # fmt: skip
    """A pair stands otherwise than before."""
    session.flush()  # its number
    contests = (pair.registration_contest_id, pair.scoring_contest_id)
    number = _count(session, [contest for contest in contests if contest is not None])
    session.add(
        MapChange(
            timing_partner_id=pair.timing_partner_id, edition_id=pair.edition_id, pair_id=pair.pair_id,
            registration_contest_id=contests[0], scoring_contest_id=contests[1], what=what, why=why, reason=reason, changed_by=by,
            at=now, version=number,
        )
    )  # fmt: skip
    if pair.scoring_contest_id is not None:
        destinations.follow(session, pair.scoring_contest_id, now)


def rules_changed(session: Session, contest: Contest, said: str, *, by: str, now: datetime, reason: str | None) -> None:
    """The rules of a scoring contest are others than before; `said` is what they were and are."""
    number = _count(session, [contest.contest_id])
    session.add(
        MapChange(
            timing_partner_id=contest.timing_partner_id, edition_id=contest.edition_id, scoring_contest_id=contest.contest_id,
            what="rules", why=said, reason=reason, changed_by=by, at=now, version=number,
        )
    )  # fmt: skip
    destinations.follow(session, contest.contest_id, now)


def _count(session: Session, contests: list[int]) -> int:
    """One more at each of them. Returns the last one's: the scoring contest's, where there is one."""
    counted = update(Contest).where(Contest.contest_id.in_(contests)).values(map_version=func.coalesce(Contest.map_version, 0) + 1)
    session.execute(counted.execution_options(synchronize_session=False))
    return version(session, contests[-1])
