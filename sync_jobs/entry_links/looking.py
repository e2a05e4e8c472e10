"""A look at an edition: everybody of both sides read, the ladder climbed, and what follows kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from sync_jobs import people
from sync_jobs.ledger.live import bump
from sync_jobs.models import (
    Contest,
    ContestPair,
    Edition,
    EntryLink,
    EntryQuestion,
    RegistrationMove,
    db,
    insert_or,
    write,
)
from sync_jobs.pairing.conclusions import NewLink, Outcome, Question, conclude
from sync_jobs.pairing.ids import MOST_TRANSFERS, ExternalIds, Key, key_of
from sync_jobs.pairing.ladder import Held, Known
from sync_jobs.records import Entry, Registration

BY_HAND = "by_hand"
TRIES = 3
MOST_QUESTIONS = 2_000  # of one edition; with more, not the people but the map is wrong
SEVERAL = 500
LINK = (
    EntryLink.link_id, EntryLink.contest_id, EntryLink.entry_key, EntryLink.registration_provider, EntryLink.registration_key,
    EntryLink.method, EntryLink.made_by, EntryLink.ended_at, EntryLink.ended_why,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Matched:
    """What a look at an edition led to."""

    linked: int = 0
    ended: int = 0
    questions: int = 0


class _Token(NamedTuple):
    """What decisions a look stands on: if it is another one meanwhile, the look is repeated."""

    pairs: tuple[tuple[int, int], ...]
    newest_link: int
    active_links: int


@dataclass(slots=True)
class _Look:
    partner: int
    known: Known
    links: dict[int, int]  # their ids, by the identity of what the ladder holds of them
    token: _Token


def match(edition_id: int, now: datetime) -> Matched:
    """Climb the ladder for everybody of an edition and keep what follows. Called after each pull of either side."""
    for _ in range(TRIES):
        look = _look(edition_id)
        if look is None:
            return Matched()
        outcome = conclude(look.known)
        with write() as session:
            if _token(session, edition_id) == look.token:
                return _keep(session, edition_id, look, outcome, now)
    return Matched()  # somebody is deciding right now; the next pull looks again


def note_moves(session: Session, partner: int, provider_name: str, moved: Iterable[tuple[str, str]], now: datetime) -> None:
    """Remember which registrations were transferred, and to which: a scoring list may name the old one for a long time."""
    rows = [
        {
            "timing_partner_id": partner,
            "provider_name": provider_name,
            "registration_key": old,
            "becomes": new,
            "at": now,
        }
        for old, new in moved
    ]
    if rows:
        made = insert_or(session)(RegistrationMove)
        key = ["timing_partner_id", "provider_name", "registration_key"]
        statement = made.on_conflict_do_update(index_elements=key, set_={"becomes": made.excluded.becomes, "at": made.excluded.at})
        session.connection().execute(statement, rows)


def _look(edition_id: int) -> _Look | None:
    """Everything that matching looks at, read outside of a write. None for an edition without scoring contests and links."""
    session = db.session()
    session.rollback()
    found = session.execute(select(Edition.timing_partner_id, Edition.date).where(Edition.edition_id == edition_id)).one_or_none()
    if found is None or found.timing_partner_id is None:
        return None
    partner, token = found.timing_partner_id, _token(session, edition_id)
    mapped = contest_pairs(session, edition_id)
    of = select(Contest.contest_id, Contest.provider_name).where(Contest.edition_id == edition_id)
    contests = {row.contest_id: row.provider_name for row in session.execute(of)}
    links = session.execute(select(*LINK).where(EntryLink.edition_id == edition_id).order_by(EntryLink.link_id)).all()
    registrations = [*people.registrations(partner, contests), *people.unplaced(partner, edition_id)] if mapped else []
    entries = people.entries(partner, mapped)
    active = [link for link in links if link.ended_at is None and link.contest_id in mapped]
    held = [_held(link) for link in active]
    known = Known(
        registrations=registrations, entries=entries, mapped=mapped, held=held, vanished=_vanished(links),
        parted=_parted(links, contests), moved=_moves(partner, registrations, entries, active), day=_day(found.date),
    )  # fmt: skip
    return _Look(partner, known, {id(one): link.link_id for one, link in zip(held, active, strict=True)}, token)


def contest_pairs(session: Session, edition_id: int) -> dict[int, frozenset[int]]:
    """The confirmed map of an edition: each scoring contest with its registration contests."""
    confirmed = (ContestPair.edition_id == edition_id, ContestPair.state == "confirmed")
    pairs = session.execute(select(ContestPair.scoring_contest_id, ContestPair.registration_contest_id).where(*confirmed))
    found: dict[int, set[int]] = {}
    for scoring, registration in pairs:
        if scoring is not None and registration is not None:
            found.setdefault(scoring, set()).add(registration)
    return {scoring: frozenset(ours) for scoring, ours in found.items()}


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:  # a row of the old system
        return None


def _token(session: Session, edition_id: int) -> _Token:
    pairs = session.execute(
        select(ContestPair.pair_id, ContestPair.version).where(ContestPair.edition_id == edition_id).order_by(ContestPair.pair_id)
    )
    links = select(func.coalesce(func.max(EntryLink.link_id), 0), func.count().filter(EntryLink.ended_at.is_(None)))
    newest, active = session.execute(links.where(EntryLink.edition_id == edition_id)).one()
    return _Token(tuple((pair, version) for pair, version in pairs), newest, active)


def _held(link: Any) -> Held:
    return Held(
        contest_id=link.contest_id, entry_key=link.entry_key, registration=(link.registration_provider, link.registration_key),
        method=link.method, made_by=link.made_by,
    )  # fmt: skip


def _vanished(links: Iterable[Any]) -> list[Held]:
    """The last link of each entry, where it ended because somebody was gone."""
    last = {(link.contest_id, link.entry_key): link for link in links}
    return [_held(link) for link in last.values() if link.ended_why == "gone"]


def _parted(links: Iterable[Any], providers: dict[int, str]) -> frozenset[tuple[Key, Key]]:
    return frozenset(
        ((providers[link.contest_id], link.entry_key), (link.registration_provider, link.registration_key))
        for link in links
        if link.ended_why == "parted" and link.contest_id in providers
    )


def _moves(partner: int, registrations: list[Registration], entries: list[Entry], links: Iterable[Any]) -> dict[Key, Key]:
    """The transfers that lead on from ids which are named but not there."""
    here = {key_of(registration) for registration in registrations}
    providers = {provider for provider, _ in here}
    ids = ExternalIds(registrations)
    named = {(link.registration_provider, link.registration_key) for link in links}
    for entry in entries:
        known = ids.key(entry.external_id)
        named |= {known} if known else {(provider, entry.external_id or "") for provider in providers}
    found: dict[Key, Key] = {}
    asked = {key for key in named - here if key[1]}
    for _ in range(MOST_TRANSFERS):
        more = _moves_of(partner, asked)
        found |= more
        asked = set(more.values()) - here - found.keys()
        if not asked:
            break
    db.session.rollback()
    return found


def _moves_of(partner: int, keys: set[Key]) -> dict[Key, Key]:
    wanted = sorted({key for _, key in keys})
    found: dict[Key, Key] = {}
    for at in range(0, len(wanted), SEVERAL):
        rows = db.session.scalars(
            select(RegistrationMove).where(
                RegistrationMove.timing_partner_id == partner,
                RegistrationMove.provider_name.in_({provider for provider, _ in keys}),
                RegistrationMove.registration_key.in_(wanted[at : at + SEVERAL]),
            )
        )
        found |= {(move.provider_name, move.registration_key): (move.provider_name, move.becomes) for move in rows}
    return found


def _keep(session: Session, edition_id: int, look: _Look, outcome: Outcome, now: datetime) -> Matched:
    for held, why in outcome.ended:
        end(session, EntryLink.link_id == look.links[id(held)], why=why, by=None, now=now)
    _insert(session, look.partner, edition_id, outcome.links, now)
    changed = _ask(session, look.partner, edition_id, outcome.questions[:MOST_QUESTIONS], now)
    if outcome.ended or outcome.links or changed:
        bump(session, "all", f"partner:{look.partner}")
    return Matched(len(outcome.links), len(outcome.ended), len(outcome.questions))


def end(session: Session, *which: Any, why: str, by: str | None, now: datetime) -> int:
    """End the active links for which that is true. They stay, with who ended them and why."""
    ended = session.execute(
        update(EntryLink)
        .where(EntryLink.ended_at.is_(None), *which)
        .values(ended_at=now, ended_by=by, ended_why=why)
        .returning(EntryLink.link_id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def _insert(session: Session, partner: int, edition_id: int, links: Iterable[NewLink], now: datetime) -> None:
    rows = [
        {
            "timing_partner_id": partner,
            "edition_id": edition_id,
            "contest_id": link.contest_id,
            "entry_key": link.entry_key,
            "registration_provider": link.registration[0],
            "registration_key": link.registration[1],
            "method": link.method,
            "confidence": link.confidence,
            "made_by": link.made_by,
            "made_at": now,
        }
        for link in links
    ]
    if rows:
        session.connection().execute(insert(EntryLink), rows)


def _ask(session: Session, partner: int, edition_id: int, questions: list[Question], now: datetime) -> bool:
    """Keep these questions and no others. One that was asked before stays as it is, so that pages do not move under a hand."""
    wanted = {(q.contest_id, q.kind, q.entry_key): q for q in questions}
    there = {
        (q.contest_id, q.kind, q.entry_key): q
        for q in session.scalars(select(EntryQuestion).where(EntryQuestion.edition_id == edition_id))
    }
    over = [there[key].question_id for key in there.keys() - wanted.keys()]
    for at in range(0, len(over), SEVERAL):
        session.execute(delete(EntryQuestion).where(EntryQuestion.question_id.in_(over[at : at + SEVERAL])))
    changed = bool(over)
    for key, question in wanted.items():
        says = {"about": _about(question), "detail": question.detail}
        kept = there.get(key)
        if kept is None:
            contest_id, kind, entry_key = key
            session.add(
                EntryQuestion(
                    timing_partner_id=partner, edition_id=edition_id, contest_id=contest_id, kind=kind, entry_key=entry_key,
                    asked_at=now, **says,
                )
            )  # fmt: skip
        elif (kept.about, kept.detail) != (says["about"], says["detail"]):
            kept.about, kept.detail = says["about"], question.detail
        changed = changed or kept is None or kept in session.dirty
    return changed


def _about(question: Question) -> dict[str, list[Any]]:
    return {"registrations": [list(key) for key in question.registrations], "rivals": list(question.rivals)}
