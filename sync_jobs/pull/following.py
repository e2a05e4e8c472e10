"""What a changed reading leads to: people matched, and the start lists of that event at every scoring connection of its map."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from sync_jobs import contest_map, entry_links, ledger, providers, times
from sync_jobs.ledger import Claim
from sync_jobs.models import Connection, Contest, ContestPair, Edition, Run, db
from sync_jobs.providers import label


def start_lists(claim: Claim) -> Callable[[Session, datetime], None]:
    """Ask for them in the transaction that ends the reading: a crash loses neither or both."""

    def follow(session: Session, now: datetime) -> None:
        edition = session.get(Edition, claim.edition_id)
        for connection in session.scalars(_mapped(claim.edition_id)).all() if edition is not None else []:
            with suppress(ledger.NotAllowed):  # paused or removed: its start lists are looked at when it is resumed
                ledger.request(
                    connection, "start_list", edition=edition, trigger="change", by=label(claim.provider_name), now=now,
                    session=session,
                )  # fmt: skip

    return follow


def match_people(claim: Claim) -> None:
    """Look who is who, where this reading changed anybody of a matched event.

    A start list looks again before it sends, but none may follow: its connection may be paused, or its keys missing.
    """
    mapped = exists().where(ContestPair.edition_id == claim.edition_id, ContestPair.state == "confirmed")
    anybody = or_(Run.rows_new > 0, Run.rows_changed > 0, Run.rows_gone > 0)
    found = db.session.scalar(select(Run.edition_id).where(Run.run_id == claim.run_id, anybody, mapped))
    db.session.rollback()
    if found is not None:
        entry_links.match(found, times.now())


def suggest_pairs(claim: Claim) -> None:
    """Look for distances that belong together, where both sides have some and a registration's has no pair yet."""
    mine = (Contest.edition_id == claim.edition_id, Contest.gone_at.is_(None))
    scored = exists().where(*mine, Contest.provider_name.in_(providers.of_side("scoring")))
    paired = exists().where(ContestPair.registration_contest_id == Contest.contest_id, ContestPair.state != "void")
    alone = select(Contest.contest_id).where(*mine, Contest.provider_name.in_(providers.of_side("registration")), ~paired, scored)
    is_open = db.session.scalar(alone.limit(1)) is not None
    db.session.rollback()
    if is_open and claim.edition_id is not None:
        contest_map.suggest(claim.edition_id, times.now())


def suggest_pairs_of(connection_id: int) -> None:
    """The same after a search for events: also where a pair stands whose distance is gone."""
    here, other = aliased(Contest), aliased(Contest)
    both_sides = exists().where(other.edition_id == here.edition_id, other.provider_name.in_(providers.of_side("scoring")))
    paired = exists().where(ContestPair.registration_contest_id == here.contest_id, ContestPair.state != "void")
    signed_up = here.provider_name.in_(providers.of_side("registration"))
    ended = exists().where(
        or_(ContestPair.registration_contest_id == here.contest_id, ContestPair.scoring_contest_id == here.contest_id),
        ContestPair.state != "void",
    )
    is_open = or_(and_(here.gone_at.is_(None), signed_up, ~paired), and_(here.gone_at.is_not(None), ended))
    mine = select(Contest.edition_id).where(Contest.connection_id == connection_id)
    wanted = select(here.edition_id).where(here.edition_id.in_(mine), both_sides, is_open).distinct()
    found = list(db.session.scalars(wanted))
    db.session.rollback()
    for edition_id in found:
        contest_map.suggest(edition_id, times.now())


def _mapped(edition_id: int | None) -> Select[*tuple[Connection]]:
    contests = (
        select(Contest.connection_id)
        .join(ContestPair, ContestPair.scoring_contest_id == Contest.contest_id)
        .where(Contest.edition_id == edition_id, ContestPair.state == "confirmed")
    )
    return select(Connection).where(Connection.connection_id.in_(contests), Connection.state == "active")
