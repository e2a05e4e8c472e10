"""Take down, and go back to an earlier version: each an approval and a publication of its own, history is never rewritten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import contest_map, destinations
from sync_jobs.approvals import granting, guarding, looking, ruling, staleness
from sync_jobs.approvals.base import APPROVERS, COOLING_OFF, PUBLIC, RETRACTORS, Actor, Blocked, NotAllowed
from sync_jobs.approvals.checking import fresh
from sync_jobs.approvals.granting import Wish
from sync_jobs.approvals.looking import Spot
from sync_jobs.approvals.proposing import Proposal
from sync_jobs.approvals.settling import settled, wish_of
from sync_jobs.models import Account, Approval, Publication, ResultDestination, write
from sync_jobs.review import fingerprints
from sync_jobs.review.packed import Payload

SAY_WHY = "Say why: the reason is kept with your name and the time."
NAME_TICKET = "Name the ticket: support takes results down on instruction."


def retract(destination_id: int, reason: str, by: Actor, now: datetime) -> Publication:
    """Take down what is public there. One person is enough; it works whatever else waits or runs.

    A publication that is on its way there is stopped, and what waits for it is void.
    """
    with write() as session:
        spot = looking.spot_of(session, destination_id)
        guarding.allow(session, by, RETRACTORS, spot.timing_partner_id, spot.edition_id)
        said = _reason(session, reason, by)
        going = _going(session, destination_id)
        if going is not None and going.act == "retraction":
            return going  # a second press is the first one
        version_id = spot.live_version_id or (going.version_id if going else None)
        if version_id is None or (spot.visibility not in PUBLIC and going is None):
            raise NotAllowed("Nothing is public there.")
        why = f"Taken down by {by.name}."
        destinations.void(session, [destination_id], why, now, state="withdrawn")
        ruling.end_in(session, destination_id, why, now)
        if going is not None:
            session.refresh(going)
            going.state, going.why, going.ended_at = "failed", f"{why} It was on its way.", now
            session.flush()
        approval = granting.ask(session, _down(session, spot, version_id, said), by, now)
        return session.scalars(select(Publication).where(Publication.approval_id == approval.approval_id)).one()


def _reason(session: Session, reason: str, by: Actor) -> str:
    said = guarding.words_of(reason, needed=SAY_WHY)
    account = session.get_one(Account, by.account_id)
    if account.role == "support" and not any(letter.isdigit() for letter in said):
        raise NotAllowed(NAME_TICKET)
    return said


def _going(session: Session, destination_id: int) -> Publication | None:
    """The publication that waits or runs there."""
    mine = (Publication.destination_id == destination_id, Publication.state.in_(("waiting", "publishing")))
    found: Publication | None = session.scalar(select(Publication).where(*mine))
    return found


def _down(session: Session, spot: Spot, version_id: int, reason: str) -> Wish:
    place = session.get_one(ResultDestination, spot.destination_id)
    payload = Payload(
        target=destinations.targets(session, [place])[spot.destination_id], visibility="retracted", tells=False,
        map_version=contest_map.version(session, spot.contest_id), rows=(),
    )  # fmt: skip
    return Wish(
        spot=spot, version_id=version_id, act="retraction", payload=payload, payload_hash=payload.hash,
        rendered_hash=fingerprints.rendered_hash(payload.hash, (), ()), seen={"findings": [], "waivers": []}, reason=reason,
    )  # fmt: skip


def go_back(destination_id: int, version_id: int, reason: str, by: Actor, now: datetime) -> Approval:
    """Publish an earlier version that was public there once, as a correction where results were official.

    Its rows are made anew by what holds today: who is hidden stays hidden. State `waiting`: a second person has to agree.
    """

    def decide() -> tuple[Proposal, Callable[[Session], Approval]]:
        found = fresh(destination_id, version_id, now)
        act = back_act(found.spot)
        if against := staleness.against(found, act, now, tells=False, is_back=True):
            raise Blocked(against)
        return found, lambda session: _back(session, found, act, reason, by, now)

    return settled(decide)


def back_act(spot: Spot) -> str:
    """What going back is there."""
    return "correction" if spot.visibility == "official" or spot.was_official else "preliminary"


def _back(session: Session, found: Proposal, act: str, reason: str, by: Actor, now: datetime) -> Approval:
    spot = found.spot
    guarding.allow(session, by, APPROVERS, spot.timing_partner_id, spot.edition_id)
    said = guarding.words_of(reason, needed=SAY_WHY)
    _was_public(session, spot, found.version_id)
    needs = found.needs_second(act)
    cools = needs and not guarding.has_second(session, by.account_id, spot.timing_partner_id, spot.edition_id)
    wish = wish_of(found, act, reason=said, not_before=now + COOLING_OFF if cools else None, is_back=True)
    return granting.same_press(session, wish, spot.base_hash) or granting.ask(session, wish, by, now)


def _was_public(session: Session, spot: Spot, version_id: int) -> None:
    if spot.is_ended:
        raise NotAllowed(destinations.ELSEWHERE)
    if spot.live_version_id == version_id and spot.visibility in PUBLIC:
        raise NotAllowed("That version is what is public.")
    published = select(Publication.publication_id).where(
        Publication.destination_id == spot.destination_id, Publication.version_id == version_id, Publication.state == "published",
        Publication.act != "retraction",
    )  # fmt: skip
    if session.scalar(published.limit(1)) is None:
        raise NotAllowed("That version was never public there. Publish it the usual way.")
