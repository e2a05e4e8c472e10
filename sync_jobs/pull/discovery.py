"""Discovery: all happenings and contests that a credential sees, then their editions and schedules."""

from __future__ import annotations

from sync_jobs import editions, ledger, schedules, store, times
from sync_jobs.models import Connection, write
from sync_jobs.pull.pages import Attempt, write_page

HAPPENING_TABLES = ("runsignup_races", "raceroster_events")  # their key is the happening's id


def discover(attempt: Attempt) -> None:
    """All happenings and contests that the credential sees; then their editions and schedules."""
    started = times.now()
    seen: set[str] = set()
    for page in attempt.adapter.discover(None, None):
        if page.table not in attempt.known:
            attempt.known[page.table] = store.held(page.table, attempt.partner, None)
        write_page(attempt, page, {"started": times.to_ms(started)})
        if page.table in HAPPENING_TABLES:
            seen.update(str(row.key[0]) for row in page.rows)
    with write() as session:
        ledger.hold(session, attempt.claim, times.now())
        connection = session.get_one(Connection, attempt.claim.connection_id)
        editions.refresh(session, connection, seen)
        zone = editions.partner_zone(session, attempt.partner)
        schedules.ensure(session, connection, attempt.adapter.abilities(), zone, started)
    attempt.outcome.read_mark, attempt.outcome.was_whole = started, True
