"""What speaks against a pair: what its two contests say, and where the registration's results go already."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs.contest_map.rows import CannotMap, LookFirst, distance_of
from sync_jobs.models import Contest, ContestPair
from sync_jobs.pairing import contests
from sync_jobs.providers import label


def against(session: Session, ours: Contest, theirs: Contest, instead_of: int | None) -> tuple[str | None, list[str]]:
    """Why these two cannot be a pair, and what a person has to look at first."""
    one, other = distance_of(ours), distance_of(theirs)
    scored = _scored_by(session, ours, theirs, instead_of)
    elsewhere = [contest for contest in scored if _happening(contest) != _happening(theirs)]
    refusal = contests.refusal(one, other) or (_twice(ours, elsewhere[0]) if elsewhere else None)
    beside = [
        f"“{ours.name}” gets the results of “{contest.name}” as well: right for waves, wrong for a copy." for contest in scored
    ]
    return refusal, [*contests.warnings(one, other), *([] if elsewhere else beside)]


def guard(session: Session, ours: Contest, theirs: Contest, instead_of: int | None, *, looked: bool) -> None:
    """Refuse what cannot be. Raises CannotMap, or LookFirst while nobody looked."""
    refusal, warnings = against(session, ours, theirs, instead_of)
    if refusal:
        raise CannotMap(refusal)
    if warnings and not looked:
        raise LookFirst(warnings)


def _scored_by(session: Session, ours: Contest, theirs: Contest, instead_of: int | None) -> list[Contest]:
    """The other scoring contests whose results go to this registration contest, save by the pair that is to be replaced."""
    there = (
        ContestPair.registration_contest_id == ours.contest_id, ContestPair.scoring_contest_id != theirs.contest_id,
        ContestPair.state == "confirmed", ContestPair.pair_id.is_distinct_from(instead_of),
    )  # fmt: skip
    joined = select(Contest).join(ContestPair, ContestPair.scoring_contest_id == Contest.contest_id).where(*there)
    return list(session.scalars(joined.order_by(Contest.contest_id)))


def _happening(contest: Contest) -> tuple[str, str]:
    return contest.provider_name, contest.happening_id


def _twice(ours: Contest, other: Contest) -> str:
    return (
        f"“{ours.name}” gets the results of “{other.name}” in another event at {label(other.provider_name)} already, and cannot "
        "get them from two. Change that pair, or leave one of the two out."
    )
