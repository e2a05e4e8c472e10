"""What a person says about who is who: the same, not the same, exchanged, and each of it taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from sync_jobs import people
from sync_jobs.entry_links.looking import BY_HAND, end, match
from sync_jobs.ledger.live import bump
from sync_jobs.models import Contest, Edition, EntryLink, db, write
from sync_jobs.pairing.ids import Key


class CannotLink(Exception):
    """It cannot be done as things stand; the message is the sentence that a person reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An entry and a registration, as a page names them."""

    contest_id: int
    entry_key: str
    registration: Key


def link(edition_id: int, pair: Pair, *, by: str, now: datetime) -> None:
    """These two are the same person, whatever the rungs say. Whoever was linked to either of them before is not any more."""
    partner = _both_there(edition_id, pair)
    with write() as session:
        _join(session, partner, edition_id, pair, by, now)
    match(edition_id, now)


def swap(edition_id: int, one: Pair, other: Pair, *, by: str, now: datetime) -> None:
    """Two people run with each other's number: each entry is the other's registration."""
    partner = _both_there(edition_id, one)
    _both_there(edition_id, other)
    with write() as session:
        for pair, theirs in ((one, other), (other, one)):
            crosswise = Pair(contest_id=pair.contest_id, entry_key=pair.entry_key, registration=theirs.registration)
            _join(session, partner, edition_id, crosswise, by, now)
    match(edition_id, now)


def part(edition_id: int, pair: Pair, *, by: str, now: datetime) -> None:
    """These two are not the same person: no rung ever joins them again."""
    with write() as session:
        edition = session.get_one(Edition, edition_id)
        _contest_of(session, edition_id, pair)
        if not end(session, EntryLink.edition_id == edition_id, _is(pair), why="parted", by=by, now=now):
            session.add(
                _row(edition.timing_partner_id, edition_id, pair, "hint", None, now, ended_at=now, ended_by=by, ended_why="parted")
            )
        bump(session, "all", f"partner:{edition.timing_partner_id}")
    match(edition_id, now)


def undo(edition_id: int, link_id: int, *, by: str, now: datetime) -> None:
    """Take back what a person said: it is as it was before, as far as nobody decided otherwise since."""
    with write() as session:
        said = session.scalar(select(EntryLink).where(EntryLink.link_id == link_id, EntryLink.edition_id == edition_id))
        if said is None or not _can_be_undone(said):
            raise CannotLink("That was changed again since. Look at how it stands now.")
        if said.ended_at is None:
            _unmake(session, said, by, now)
        else:
            _rejoin(session, said, now)
        bump(session, "all", f"partner:{said.timing_partner_id}")
    match(edition_id, now)


def _can_be_undone(said: EntryLink) -> bool:
    return said.ended_why == "parted" or (said.ended_at is None and said.method == BY_HAND)


def _unmake(session: Session, said: EntryLink, by: str, now: datetime) -> None:
    """A link by hand ends, and those that it took the place of are back."""
    said.ended_at, said.ended_by, said.ended_why = now, by, "undone"
    session.flush()
    replaced = (
        EntryLink.contest_id == said.contest_id, EntryLink.ended_at == said.made_at, EntryLink.ended_by == said.made_by,
        EntryLink.ended_why == "replaced",
    )  # fmt: skip
    ours = or_(EntryLink.entry_key == said.entry_key, _of_registration(said.registration_provider, said.registration_key))
    for old in session.scalars(select(EntryLink).where(*replaced, ours)).all():
        _copy(session, old, now)


def _rejoin(session: Session, said: EntryLink, now: datetime) -> None:
    """A parting is forgotten. What was linked before is linked again; what was only suggested may be suggested again."""
    said.ended_why = "undone"
    session.flush()
    if said.made_at != said.ended_at:
        _copy(session, said, now)


def _copy(session: Session, old: EntryLink, now: datetime) -> None:
    pair = Pair(contest_id=old.contest_id, entry_key=old.entry_key, registration=(old.registration_provider, old.registration_key))
    if session.scalar(select(EntryLink.link_id).where(EntryLink.ended_at.is_(None), _touches(pair)).limit(1)) is None:
        session.add(_row(old.timing_partner_id, old.edition_id, pair, old.method, old.made_by, now, confidence=old.confidence))
        session.flush()


def _join(session: Session, partner: int, edition_id: int, pair: Pair, by: str, now: datetime) -> None:
    end(session, _touches(pair), why="replaced", by=by, now=now)
    for told_apart in session.scalars(select(EntryLink).where(_is(pair), EntryLink.ended_why == "parted")).all():
        told_apart.ended_why = "undone"
    session.add(_row(partner, edition_id, pair, BY_HAND, by, now))
    session.flush()
    bump(session, "all", f"partner:{partner}")


def _row(
    partner: int | None, edition_id: int, pair: Pair, method: str, made_by: str | None, now: datetime, **more: Any
) -> EntryLink:
    confidence = more.pop("confidence", 100 if method == BY_HAND else 0)
    provider, key = pair.registration
    return EntryLink(
        timing_partner_id=partner, edition_id=edition_id, contest_id=pair.contest_id, entry_key=pair.entry_key,
        registration_provider=provider, registration_key=key, method=method, confidence=confidence, made_by=made_by, made_at=now,
        **more,
    )  # fmt: skip


def _of_registration(provider: str, key: str) -> ColumnElement[bool]:
    return and_(EntryLink.registration_provider == provider, EntryLink.registration_key == key)


def _touches(pair: Pair) -> ColumnElement[bool]:
    """Links of that contest with either of the two."""
    either = or_(EntryLink.entry_key == pair.entry_key, _of_registration(*pair.registration))
    return and_(EntryLink.contest_id == pair.contest_id, either)


def _is(pair: Pair) -> ColumnElement[bool]:
    """Links of exactly these two."""
    return and_(
        EntryLink.contest_id == pair.contest_id, EntryLink.entry_key == pair.entry_key, _of_registration(*pair.registration)
    )  # fmt: skip


def _contest_of(session: Session, edition_id: int, pair: Pair) -> Contest:
    contest = session.scalar(select(Contest).where(Contest.contest_id == pair.contest_id, Contest.edition_id == edition_id))
    if contest is None:
        raise CannotLink("That distance is not of this event any more.")
    return contest


def _both_there(edition_id: int, pair: Pair) -> int:
    """The partner of an edition on whose two sides both people stand."""
    edition = db.session.get_one(Edition, edition_id)
    partner = edition.timing_partner_id or 0
    _contest_of(db.session(), edition_id, pair)
    contests = list(db.session.scalars(select(Contest.contest_id).where(Contest.edition_id == edition_id)))
    provider, key = pair.registration
    signed_up = [*people.registrations(partner, contests, {key}), *people.unplaced(partner, edition_id, {key})]
    if not people.entries(partner, [pair.contest_id], {pair.entry_key}):
        raise CannotLink("That person is not on the scoring list any more.")
    if not any(registration.provider_name == provider for registration in signed_up):
        raise CannotLink("That registration is not there any more.")
    return partner
