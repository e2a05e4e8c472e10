"""The lines of the contest map and the contests that they name, found or refused with a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from sync_jobs.contest_map.history import changed
from sync_jobs.ledger.live import bump
from sync_jobs.models import Contest, ContestPair, Edition
from sync_jobs.pairing.contests import Distance
from sync_jobs.providers import label, side

Both = tuple[int | None, int | None]  # registration contest, scoring contest
DECIDED = ("confirmed", "ignored")


class CannotMap(Exception):
    """It cannot be done as things stand; the message is the sentence that a person reads."""


class LookFirst(CannotMap):
    """It may be right, but a person has to see this first."""

    def __init__(self, warnings: Sequence[str]) -> None:
        super().__init__(" ".join(warnings))
        self.warnings = list(warnings)


def distance_of(contest: Contest) -> Distance:
    """A contest as far as likeness goes."""
    return Distance(
        contest_id=contest.contest_id, name=contest.name or "", distance=contest.distance, starts_at=contest.starts_at,
        people=contest.rows_held, is_volunteer=bool(contest.is_volunteer), day_only=bool(contest.day_only),
        timezone=contest.timezone, provider=label(contest.provider_name),
    )  # fmt: skip


def both(pair: ContestPair) -> Both:
    """The two contests of a line."""
    return pair.registration_contest_id, pair.scoring_contest_id


def new(session: Session, partner: int, edition_id: int, both: Both) -> ContestPair:
    """A line that nobody has suggested or decided yet."""
    pair = ContestPair(
        timing_partner_id=partner, edition_id=edition_id, registration_contest_id=both[0], scoring_contest_id=both[1], state="new",
        version=0,
    )  # fmt: skip
    session.add(pair)
    return pair


def lock(session: Session, edition_id: int) -> Edition:
    """The edition, locked: two people decide one after the other."""
    return session.get_one(Edition, edition_id, with_for_update=True)


def contest_of(session: Session, edition_id: int, contest_id: int) -> Contest:
    """A contest of that edition which is still listed."""
    contest = session.scalar(
        select(Contest).where(Contest.contest_id == contest_id, Contest.edition_id == edition_id, Contest.gone_at.is_(None))
    )
    if contest is None:
        raise CannotMap("That distance is not listed for this event any more.")
    return contest


def two(session: Session, edition_id: int, registration_contest_id: int, scoring_contest_id: int) -> tuple[Contest, Contest]:
    """One contest of each side."""
    ours, theirs = (contest_of(session, edition_id, number) for number in (registration_contest_id, scoring_contest_id))
    if side(ours.provider_name) != "registration" or side(theirs.provider_name) != "scoring":
        raise CannotMap("Choose one distance of each side.")
    return ours, theirs


def of(edition_id: int, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Lines of an edition."""
    return select(ContestPair).where(ContestPair.edition_id == edition_id, *conditions)


def known(session: Session, edition_id: int, pair_id: int) -> ContestPair:
    """That line of that edition."""
    pair: ContestPair | None = session.scalar(of(edition_id, ContestPair.pair_id == pair_id))
    if pair is None:
        raise CannotMap("That pair is not there any more.")
    return pair


def line(session: Session, edition: Edition, both: Both) -> ContestPair:
    """The line of these two, made where there is none: a decision of years ago is the same line."""
    same = (
        ContestPair.registration_contest_id.is_not_distinct_from(both[0]),
        ContestPair.scoring_contest_id.is_not_distinct_from(both[1]),
    )
    found: ContestPair | None = session.scalar(of(edition.edition_id, *same))
    pair = found or new(session, edition.timing_partner_id or 0, edition.edition_id, both)
    session.flush()
    return pair


def decide(
    session: Session, pair: ContestPair, state: str, *, by: str | None, now: datetime, why: str | None = None,
    reason: str | None = None, ended: Sequence[int] = (),
) -> None:  # fmt: skip
    """Write a decision, with what it changed for whoever takes it back; the versions grow."""
    is_change = state in DECIDED or pair.state in DECIDED
    pair.before = {"state": pair.state, "why": pair.why, "ended": list(ended)}
    pair.state, pair.version, pair.decided_by, pair.decided_at, pair.why = state, pair.version + 1, by, now, why
    if is_change:  # nobody relies on a suggestion
        changed(session, pair, state, by=by, now=now, why=why, reason=reason)
    bump(session, "all", f"partner:{pair.timing_partner_id}")
