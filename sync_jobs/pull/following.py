"""What a changed reading leads to: the start lists of that event, at every scoring connection that it is mapped to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from sync_jobs import ledger
from sync_jobs.ledger import Claim
from sync_jobs.models import Connection, Contest, ContestPair, Edition
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


def _mapped(edition_id: int | None) -> Select[*tuple[Connection]]:
    contests = (
        select(Contest.connection_id)
        .join(ContestPair, ContestPair.scoring_contest_id == Contest.contest_id)
        .where(Contest.edition_id == edition_id, ContestPair.state == "confirmed")
    )
    return select(Connection).where(Connection.connection_id.in_(contests), Connection.state == "active")
