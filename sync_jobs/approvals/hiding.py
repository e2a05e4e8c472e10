"""Somebody is not to be named, or again: in every version and at every destination, from the next publication on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs.approvals import guarding, looking
from sync_jobs.approvals.answering import must_be_there, payload_changes
from sync_jobs.approvals.base import RETRACTORS, Actor, NotAllowed
from sync_jobs.approvals.checking import check
from sync_jobs.models import Contest, HiddenName, write


def hide_name(contest_id: int, entry_key: str, reason: str, by: Actor, now: datetime) -> HiddenName:
    """Rank and time stay, the name goes. Approvals that wait are void; what is public needs another publication.

    One person is enough: it is the safe direction. The reason must not name them.
    """
    with write() as session:
        contest = _contest(session, contest_id, by)
        must_be_there(session, contest_id, entry_key)
        said = guarding.words_of(reason, needed="Say who asked for it, without naming the runner.")
        held = _held(session, contest_id, entry_key)
        if held is None:
            held = HiddenName(
                timing_partner_id=contest.timing_partner_id, contest_id=contest_id, entry_key=entry_key, reason=said,
                by_account=by.account_id, by_name=by.name, at=now,
            )  # fmt: skip
            session.add(held)
            payload_changes(session, contest, f"{by.name} hid a name.", now)
        newest = looking.newest_id(session, contest_id)
    if newest is not None:
        check(newest, now)
    return held


def show_name(contest_id: int, entry_key: str, by: Actor, now: datetime) -> None:
    """They may be named again."""
    with write() as session:
        contest = _contest(session, contest_id, by)
        held = _held(session, contest_id, entry_key)
        if held is not None:
            held.ended_at = now
            payload_changes(session, contest, f"{by.name} let a hidden name be shown.", now)
        newest = looking.newest_id(session, contest_id)
    if newest is not None:
        check(newest, now)


def _held(session: Session, contest_id: int, entry_key: str) -> HiddenName | None:
    mine = select(HiddenName).where(HiddenName.contest_id == contest_id, HiddenName.entry_key == entry_key)
    found: HiddenName | None = session.scalar(mine.where(HiddenName.ended_at.is_(None)))
    return found


def _contest(session: Session, contest_id: int, by: Actor) -> Contest:
    contest = session.get(Contest, contest_id)
    if contest is None:
        raise NotAllowed(looking.NOT_THERE)
    guarding.allow(session, by, RETRACTORS, contest.timing_partner_id, contest.edition_id)
    return contest
