"""What depends on a pair of the contest map: links of its people, and start list lines that wait. Ended with it, and made again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import people
from sync_jobs.contest_map.rows import decide, of
from sync_jobs.models import Contest, ContestPair, EntryLink, StartListLine

AGAIN = (
    "timing_partner_id", "edition_id", "contest_id", "entry_key", "registration_provider", "registration_key", "method",
    "confidence", "made_by",
)  # fmt: skip


def void(session: Session, pair: ContestPair, why: str, by: str | None, now: datetime, reason: str | None = None) -> None:
    """A pair stands no longer, and neither does what depends on it."""
    if pair.state == "confirmed":
        end_dependents(session, pair, by, now)
    decide(session, pair, "void", by=by, now=now, why=why, reason=reason)


def end_dependents(session: Session, pair: ContestPair, by: str | None, now: datetime) -> None:
    """Entry links of the pair end; lines that wait for a person are taken back. What scoring was told already stays told."""
    here = pair.scoring_contest_id
    others = of(pair.edition_id, ContestPair.scoring_contest_id == here, ContestPair.state == "confirmed")
    alone = session.scalar(others.where(ContestPair.pair_id != pair.pair_id).limit(1)) is None
    mine = None if alone else _keys_of(session, pair)  # alone: nobody of this scoring list is mapped any more
    links = session.scalars(select(EntryLink).where(EntryLink.contest_id == here, EntryLink.ended_at.is_(None))).all()
    for link in links:
        if mine is None or (link.registration_provider, link.registration_key) in mine:
            link.ended_at, link.ended_by, link.ended_why = now, by, "map"
    lines = session.scalars(
        select(StartListLine).where(StartListLine.contest_id == here, StartListLine.state.in_(("waiting", "approved")))
    ).all()
    for line in lines:
        if mine is None or (line.registration_provider, line.registration_key) in mine:
            _take_back(session, line, by, now)
    session.flush()


def _keys_of(session: Session, pair: ContestPair) -> set[tuple[str, str]]:
    """Who is signed up for the pair's registration contest."""
    contest = session.get_one(Contest, pair.registration_contest_id)
    rows = session.execute(
        select(people.UNIFIED.c.source_provider, people.UNIFIED.c.registration_key).where(
            people.UNIFIED.c.timing_partner_id == pair.timing_partner_id,
            people.UNIFIED.c.source_provider == contest.provider_name,
            people.UNIFIED.c.contest_id == contest.contest_id,
        )
    )
    return {(provider, key) for provider, key in rows}


def _take_back(session: Session, line: StartListLine, by: str | None, now: datetime) -> None:
    if line.told is None:
        session.delete(line)
        return
    line.state, line.wanted = "there" if line.entry_key else "sent", None
    line.why, line.decided_by, line.decided_at = "The map changed; nothing of this was sent.", by, now


def links_again(session: Session, pair: ContestPair, ended_at: datetime | None, now: datetime) -> None:
    """What a person had linked by hand under this pair is linked again; the rungs find the rest by themselves."""
    mine = (EntryLink.contest_id == pair.scoring_contest_id, EntryLink.ended_why == "map", EntryLink.ended_at == ended_at)
    active = {link.entry_key: link for link in session.scalars(select(EntryLink).where(mine[0], EntryLink.ended_at.is_(None)))}
    taken = {(link.registration_provider, link.registration_key) for link in active.values()}
    for old in session.scalars(select(EntryLink).where(*mine, EntryLink.made_by.is_not(None))).all():
        if old.entry_key in active or (old.registration_provider, old.registration_key) in taken:
            continue
        again = {name: getattr(old, name) for name in AGAIN}
        session.add(EntryLink(**again, made_at=now))
