"""Partners whose events are registered at one provider and scored at another: connected, joined, mapped, everybody read."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, select

from sync_jobs import contest_map, editions, secrets, start_lists, times
from sync_jobs.models import Connection, ContestPair, Edition, EditionSuggestion, Partner, PartnerSettings, Run, db, write
from sync_jobs.sandbox import plan
from tests.bench import ours
from tests.bench.sides import Served


class Pair(NamedTuple):
    """One partner's two connections and their one event."""

    partner: int
    registration: str
    scoring: str
    registration_id: int
    scoring_id: int
    edition_id: int


def settle(there: Served, sides: list[tuple[str, str]], *, writes: bool) -> list[Pair]:
    """Partner 1 with the first pair of providers, partner 2 with the second, …; every distance mapped by a person."""
    companies = plan.partners(len(sides))
    with write() as session:
        for number, both in enumerate(sides, 1):
            session.add(Partner(timing_partner_id=number, company_name=f"Company {number}"))
            session.add(PartnerSettings(timing_partner_id=number, timezone=companies[number - 1].zone, started_at=times.now()))
            for offset, provider in enumerate(both):
                session.add(Connection(connection_id=2 * number - 1 + offset, timing_partner_id=number, provider_name=provider,
                                       name=f"{provider} of {number}", state="active"))  # fmt: skip
                session.flush()
                secrets.keep(session, 2 * number - 1 + offset, secrets.SECRETS, there.secrets[f"{number}/{provider}"])
    for connection_id in range(1, 2 * len(sides) + 1):
        ours.ask("events", None, connection_id)
        ours.drain()
    with write() as session:  # what follows from a search by itself comes below, in order
        session.execute(delete(Run).where(Run.status == "pending"))
    return [_pair(number, *both, writes=writes) for number, both in enumerate(sides, 1)]


def _pair(number: int, registration: str, scoring: str, *, writes: bool) -> Pair:
    now = times.now()
    for alike in db.session.scalars(select(EditionSuggestion).where(EditionSuggestion.timing_partner_id == number)).all():
        assert editions.join(alike.edition_id, alike.other_edition_id, "Bench", now)
    mine = (Edition.timing_partner_id == number, Edition.joined_into.is_(None))
    (edition_id,) = db.session.scalars(select(Edition.edition_id).where(*mine)).all()
    db.session.rollback()
    pair = Pair(number, registration, scoring, 2 * number - 1, 2 * number, edition_id)
    read(pair)
    contest_map.suggest(edition_id, now)
    pairs = db.session.scalars(select(ContestPair).where(ContestPair.edition_id == edition_id)).all()
    assert pairs, "nothing is suggested"
    wanted = [(one.registration_contest_id, one.scoring_contest_id) for one in pairs]
    db.session.rollback()
    for one, other in wanted:
        contest_map.confirm(edition_id, one, other, by="Bench", now=now, looked=True, reason="Measured.")
    start_lists.set_writes(pair.scoring_id, on=writes, by="Bench", now=now)
    with write() as session:
        session.execute(delete(Run).where(Run.status == "pending"))
    return pair


def read(pair: Pair) -> None:
    """Everybody of both sides, and what follows from that."""
    edition = db.session.get_one(Edition, pair.edition_id)
    for connection_id in (pair.registration_id, pair.scoring_id):
        ours.ask("participants", edition, connection_id)
    ours.drain()
