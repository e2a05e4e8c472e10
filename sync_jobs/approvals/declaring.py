"""A bulk correction that the timer declares before it is looked at: which times move, by how much, and why. Changes no time.

Whether the results follow it is the checks' word (V03, V04); it stands until a version that follows it is public everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import versions
from sync_jobs.approvals import guarding, looking
from sync_jobs.approvals.base import Actor, NotAllowed
from sync_jobs.approvals.checking import check
from sync_jobs.ledger.live import bump
from sync_jobs.models import Contest, DeclaredCorrection, ResultDestination, ResultVersion, db, write
from sync_jobs.review.policy import PUBLIC
from sync_jobs.review.words import shift

DECLARERS = frozenset({"partner", "administrator"})
LONGEST_MS = 24 * 3_600_000
MOST = 1_000_000  # bibs, and times
SAY_WHY = "Say why: whoever approves reads it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is declared: of a wave, of some bibs, or of everybody."""

    shift_ms: int
    wave: str = ""
    first_bib: int | None = None
    last_bib: int | None = None
    expected: int | None = None


def waves(contest_id: int) -> list[str]:
    """The waves that scoring names in the newest version."""
    newest = versions.newest(contest_id)
    found = {row.wave for row in versions.version_of(newest).rows if row.wave} if newest else set()
    db.session.rollback()
    return sorted(found)


def declare(contest_id: int, what: Correction, reason: str, by: Actor, now: datetime) -> DeclaredCorrection:
    """These times are going to move. The same press again answers the same. Raises NotAllowed."""
    known = waves(contest_id)
    with write() as session:
        contest = _contest(session, contest_id, by)
        said = guarding.words_of(reason, needed=SAY_WHY)
        _must_make_sense(what, known)
        standing = [one for one in of_contest(session, contest_id) if stands(one, public_since(session, contest_id))]
        made = next((one for one in standing if _of(one) == what and one.reason == said), None)
        if made is None:
            if other := next((one for one in standing if _overlap(_of(one), what)), None):
                raise NotAllowed(f"{whose(other)}: {shift(other.shift_ms)} stands already. Take that back first.")
            made = DeclaredCorrection(
                timing_partner_id=contest.timing_partner_id, contest_id=contest_id, **asdict(what), reason=said,
                by_account=by.account_id, by_name=by.name, at=now,
            )  # fmt: skip
            session.add(made)
            bump(session, "all", f"partner:{contest.timing_partner_id}")
        newest = looking.newest_id(session, contest_id)
    _again(newest, now)
    return made


def take_back(declared_id: int, by: Actor, now: datetime) -> None:
    """It was not meant so. What is public stays."""
    with write() as session:
        kept = session.get(DeclaredCorrection, declared_id)
        if kept is None:
            raise NotAllowed(looking.NOT_THERE)
        contest = _contest(session, kept.contest_id, by)
        if kept.ended_at is None:
            kept.ended_at, kept.ended_by = now, by.name
            bump(session, "all", f"partner:{contest.timing_partner_id}")
        newest = looking.newest_id(session, kept.contest_id)
    _again(newest, now)


def of_contest(session: Session, contest_id: int) -> list[DeclaredCorrection]:
    """All of them, the newest first."""
    mine = select(DeclaredCorrection).where(DeclaredCorrection.contest_id == contest_id)
    return list(session.scalars(mine.order_by(DeclaredCorrection.declared_id.desc())))


def public_since(session: Session, contest_id: int) -> int | None:
    """The oldest version that the public sees anywhere, by number; None where nothing is public."""
    mine = (ResultDestination.contest_id == contest_id, ResultDestination.visibility.in_(PUBLIC))
    numbers = session.scalars(
        select(ResultVersion.number)
        .join(ResultDestination, ResultDestination.live_version_id == ResultVersion.version_id)
        .where(*mine, ResultDestination.ended_at.is_(None))
    ).all()
    return min(numbers, default=None)


def stands(one: DeclaredCorrection, public: int | None) -> bool:
    """Whether it is still to come: not taken back, and what follows it is not public everywhere."""
    return one.ended_at is None and (one.met_number is None or public is None or public < one.met_number)


def whose(one: DeclaredCorrection) -> str:
    """Whose times: `Wave 1B`, `Bibs 2000 to 5100`, `Everybody`."""
    if one.wave:
        return f"Wave {one.wave}"
    return "Everybody" if one.first_bib is None else f"Bibs {one.first_bib} to {one.last_bib}"


def _of(one: DeclaredCorrection) -> Correction:
    return Correction(shift_ms=one.shift_ms, wave=one.wave, first_bib=one.first_bib, last_bib=one.last_bib, expected=one.expected)


def _must_make_sense(what: Correction, known: Iterable[str]) -> None:
    if not what.shift_ms or abs(what.shift_ms) > LONGEST_MS:
        raise NotAllowed("Say by how much, up to a day.")
    if what.wave and what.wave not in known:
        raise NotAllowed(f"Scoring names no wave {what.wave} in these results.")
    bibs = (what.first_bib, what.last_bib)
    if bibs != (None, None) and (what.wave or not _is_span(*bibs)):
        raise NotAllowed("Give the first and the last bib, the lower one first.")
    if what.expected is not None and not 0 < what.expected <= MOST:
        raise NotAllowed("Say how many times move, or leave it empty.")


def _is_span(first: int | None, last: int | None) -> bool:
    return first is not None and last is not None and 0 <= first <= last <= MOST


def _overlap(one: Correction, other: Correction) -> bool:
    """Whether somebody may be meant by both. A wave and some bibs are taken to be of different people."""
    if one.wave and other.wave:
        return one.wave == other.wave
    if one.first_bib is not None and other.first_bib is not None:
        return one.first_bib <= (other.last_bib or 0) and other.first_bib <= (one.last_bib or 0)
    return not (one.wave or one.first_bib is not None) or not (other.wave or other.first_bib is not None)


def _contest(session: Session, contest_id: int, by: Actor) -> Contest:
    contest = session.get(Contest, contest_id)
    if contest is None:
        raise NotAllowed(looking.NOT_THERE)
    guarding.allow(session, by, DECLARERS, contest.timing_partner_id, contest.edition_id)
    return contest


def _again(version_id: int | None, now: datetime) -> None:
    if version_id is not None:
        check(version_id, now)
