"""What stands beside a contest: points that only others use, the winners of the year before, what the timer declared.

Versions carry both beside their rows, so that nothing of another contest has to be read whole. Whether it is odd, checks decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from sync_jobs.checks.base import Declared
from sync_jobs.models import Contest, DeclaredCorrection, Edition, EditionLink, ResultVersion, db
from sync_jobs.pairing.metres import of_contest
from sync_jobs.providers import of_side
from sync_jobs.results import ContestFacts, Version

USUAL, RARE = 0.5, 0.05
"""The share of finishers from which on a point is a contest's own, and the one up to which somebody was there by mistake."""


def foreign_points(facts: ContestFacts, version: Version) -> frozenset[str]:
    """The points that the edition's other contests pass, and hardly anybody of this one."""
    finishers = len(version.finishers)
    theirs = {name for known in _beside(facts) for name, many in _points(known).items() if many >= USUAL * _finished(known)}
    if not theirs:
        return frozenset()
    passed = [split.point for row in version.finishers for split in row.splits if split.point in theirs]
    return frozenset(name for name in theirs if passed.count(name) <= RARE * finishers)


def _beside(facts: ContestFacts) -> list[ResultVersion]:
    """The newest version of each other scored contest of the edition."""
    mine = (ResultVersion.edition_id == facts.edition_id, ResultVersion.contest_id != facts.contest_id)
    newest = select(func.max(ResultVersion.version_id)).where(*mine).group_by(ResultVersion.contest_id)
    return list(db.session.scalars(select(ResultVersion).where(ResultVersion.version_id.in_(newest))))


def _points(kept: ResultVersion) -> Mapping[str, int]:
    return dict((kept.facts or {}).get("points") or {})


def _finished(kept: ResultVersion) -> int:
    return int((kept.counts or {}).get("FINISHED", 0)) or 1


def last_winners(facts: ContestFacts) -> dict[str, int]:
    """By gender: the best time on the basis, a year or so before, over the same length at the same registration."""
    for contest, best in _years_before(facts):
        metres = of_contest(contest.distance, contest.name)
        if facts.metres is not None and metres is not None and round(metres) == facts.metres:
            basis = ("gun", "chip").index(facts.basis)
            return {gender: both[basis] for gender, both in best.items() if both[basis] is not None}
    return {}


def _years_before(facts: ContestFacts) -> Iterable[tuple[Contest, Mapping[str, Any]]]:
    """Scored contests of earlier editions of the same event there, the newest first."""
    ours, theirs = aliased(EditionLink), aliased(EditionLink)
    same = (
        select(theirs.edition_id)
        .join(ours, (ours.connection_id == theirs.connection_id) & (ours.happening_id == theirs.happening_id))
        .where(
            ours.edition_id == facts.edition_id, theirs.edition_id != facts.edition_id,
            ours.provider_name.in_(of_side("registration")),
        )
    )  # fmt: skip
    newest = select(func.max(ResultVersion.version_id)).group_by(ResultVersion.contest_id)
    rows = db.session.execute(
        select(Contest, ResultVersion.facts)
        .join(ResultVersion, ResultVersion.contest_id == Contest.contest_id)
        .join(Edition, Edition.edition_id == Contest.edition_id)
        .where(
            Contest.edition_id.in_(same), Contest.timing_partner_id == facts.timing_partner_id,
            ResultVersion.version_id.in_(newest), Edition.date < (facts.day.isoformat() if facts.day else ""),
        )
        .order_by(Edition.date.desc(), Contest.contest_id)
    )  # fmt: skip
    return [(contest, best) for contest, known in rows if (best := (known or {}).get("best"))]


def declared(contest_id: int, live: Version | None) -> tuple[Declared, ...]:
    """The bulk corrections that the timer declared, and that what is public does not follow yet."""
    if live is None:
        return ()
    mine = (DeclaredCorrection.contest_id == contest_id, DeclaredCorrection.ended_at.is_(None))
    met = DeclaredCorrection.met_number
    rows = db.session.scalars(
        select(DeclaredCorrection)
        .where(*mine, met.is_(None) | (met > live.number))
        .order_by(DeclaredCorrection.declared_id)
    )  # fmt: skip
    return tuple(_declared(one) for one in rows)


def _declared(one: DeclaredCorrection) -> Declared:
    bibs = None if one.first_bib is None or one.last_bib is None else (one.first_bib, one.last_bib)
    return Declared(
        delta_ms=one.shift_ms, wave=one.wave or None, bibs=bibs, expected=one.expected, declared_id=one.declared_id
    )  # fmt: skip
