"""Marking what a complete search for events does not list any more, and what follows from that. Which it is decides `listed`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, delete, select, update
from sqlalchemy.orm import Session

from sync_jobs import ledger, schedules, store, times
from sync_jobs.errors import EventsShrank
from sync_jobs.ledger import Counts
from sync_jobs.models import Contest, EditionLink, Run, Schedule, SyncState, write
from sync_jobs.pull.listed import Listed, Tables, Vanished
from sync_jobs.pull.pages import Attempt, note, write_gone

BY = "the event list"  # who stops what waits for an event that is gone


def mark(attempt: Attempt, tables: Tables, vanished: Vanished) -> None:
    """Mark the provider's rows: counted and noted like people who are gone."""
    if not (vanished.contests or vanished.happenings):
        return
    for table, keys in _keys(attempt, tables, vanished).items():
        if keys:
            write_gone(attempt, table, [(key, None) for key in keys])


def _keys(attempt: Attempt, tables: Tables, vanished: Vanished) -> dict[str, list[store.Key]]:
    contests, happenings = (store.held(table, attempt.partner, None) for table in (tables.contests, tables.happenings))
    return {
        tables.contests: [key for key in contests if tables.contest_id.format(*key) in vanished.contests],
        tables.happenings: [key for key in happenings if str(key[0]) in vanished.happenings],
    }


def ask(attempt: Attempt, tables: Tables, vanished: Vanished) -> None:
    """Say what is missing and let a person look first. Raises EventsShrank."""
    many = len(vanished.contests)
    missing: list[tuple[store.Key, str, str | None]] = [
        ((contest_id,), "missing", f"{row.edition_name}: {row.name}") for contest_id, row in vanished.contests.items()
    ]
    attempt.cursor |= {"missing": many}
    with write() as session:
        ledger.page_done(session, attempt.claim, Counts(), attempt.cursor, None, times.now())
        note(attempt, session, tables.contests, missing)
    raise EventsShrank("events", f"{many} of {vanished.ahead}")


def settle(session: Session, attempt: Attempt, listed: Listed, vanished: Vanished, now: datetime) -> None:
    """Our own rows follow, in the caller's transaction: nothing waits any more for an event that has no distance left."""
    provider = attempt.claim.provider_name
    theirs = (Contest.timing_partner_id == attempt.partner, Contest.provider_name == provider)
    for contest_id in vanished.contests:
        session.execute(update(Contest).where(*theirs, Contest.provider_contest_id == contest_id).values(gone_at=now))
    for edition_id in {row.edition_id for row in vanished.contests.values()}:
        of_it = (Schedule.edition_id == edition_id, Schedule.provider_name == provider, schedules.is_gone(Schedule))
        session.execute(update(Schedule).where(*of_it).values(next_run_at=None).execution_options(synchronize_session=False))
        ledger.stop(session, and_(Run.edition_id == edition_id, Run.provider_name == provider, schedules.is_gone(Run)), BY, now)
    _leave(session, attempt, vanished.elsewhere, now)
    _read_whole_again(session, attempt, listed)


def _leave(session: Session, attempt: Attempt, happenings: Collection[str], now: datetime) -> None:
    """What only others of the partner list now is theirs to read: this connection has no part in it any more."""
    own = EditionLink.connection_id == attempt.claim.connection_id
    left = delete(EditionLink).where(own, EditionLink.happening_id.in_(happenings)).returning(EditionLink.edition_id)
    for edition_id in set(session.scalars(left.execution_options(synchronize_session=False))):
        if session.scalar(select(EditionLink.link_id).where(own, EditionLink.edition_id == edition_id).limit(1)) is None:
            for model in (Schedule, SyncState):
                mine = (model.connection_id == attempt.claim.connection_id, model.edition_id == edition_id)
                session.execute(delete(model).where(*mine).execution_options(synchronize_session=False))
            ledger.stop(session, and_(Run.connection_id == attempt.claim.connection_id, Run.edition_id == edition_id), BY, now)


def _read_whole_again(session: Session, attempt: Attempt, listed: Listed) -> None:
    """Distances that are listed again were not read meanwhile: what changed since the last reading is not all there is."""
    gone = select(Contest.edition_id, Contest.provider_contest_id).where(
        Contest.timing_partner_id == attempt.partner, Contest.provider_name == attempt.claim.provider_name,
        Contest.gone_at.is_not(None),
    )  # fmt: skip
    back = {row.edition_id for row in session.execute(gone) if row.provider_contest_id in listed.contests}
    if back:
        of_it = (SyncState.provider_name == attempt.claim.provider_name, SyncState.edition_id.in_(back))
        session.execute(update(SyncState).where(*of_it).values(full_read_at=None).execution_options(synchronize_session=False))
