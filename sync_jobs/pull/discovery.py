"""Discovery: all happenings and contests that a credential sees, then their editions and schedules, and what is gone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from sync_jobs import editions, ledger, schedules, store, times
from sync_jobs.models import Connection, write
from sync_jobs.pull import following, vanished
from sync_jobs.pull.listed import Listed, Vanished, look, tables_of
from sync_jobs.pull.pages import Attempt, write_page


def discover(attempt: Attempt) -> None:
    """All happenings and contests that the credential sees; then their editions and schedules."""
    started = times.now()
    listed = Listed(tables_of(type(attempt.adapter)), attempt.adapter.happening_of)
    for page in attempt.adapter.discover(None, None):
        if page.table not in attempt.known:
            attempt.known[page.table] = store.held(page.table, attempt.partner, None)
        write_page(attempt, page, {**attempt.cursor, "started": times.to_ms(started)})
        listed.add(page)
    missing = look(attempt, listed, started)
    believed = not missing.is_doubtful(attempt.cursor.get("accept_shrunk"))
    if believed:
        vanished.mark(attempt, listed.tables, missing)
    with write() as session:
        ledger.hold(session, attempt.claim, times.now())
        vanished.settle(session, attempt, listed, missing if believed else Vanished(), started)
        if believed or not missing.strange:
            _take_up(session, attempt, listed, started)
    if not believed:
        vanished.ask(attempt, listed.tables, missing)
    following.suggest_pairs_of(attempt.claim.connection_id)
    attempt.outcome.read_mark, attempt.outcome.was_whole = started, True


def _take_up(session: Session, attempt: Attempt, listed: Listed, now: datetime) -> None:
    """Editions and schedules for what is listed."""
    connection = session.get_one(Connection, attempt.claim.connection_id)
    editions.refresh(session, connection, listed.happenings, now)
    zone = editions.partner_zone(session, attempt.partner)
    schedules.ensure(session, connection, attempt.adapter.abilities(), zone, now)
