"""The provider's own counts: kept by day, and held against what we have."""

from __future__ import annotations

from sync_jobs import ledger, store, times
from sync_jobs.ledger import Counts
from sync_jobs.models import SyncState, db, write
from sync_jobs.pull.pages import Attempt, readable
from sync_jobs.pull.reading import scopes_of


def counts(attempt: Attempt) -> None:
    """What the provider says it has: kept by day, and held against what we have."""
    expected = 0
    scopes = scopes_of(attempt, None)
    db.session.rollback()
    for scope in scopes:
        for page in attempt.adapter.counts(scope):
            rows, aside = readable(attempt.adapter, page, page.rows)
            now = times.now()
            with write() as session:
                ledger.page_done(session, attempt.claim, Counts(read=len(page.rows), aside=len(aside)), {}, None, now)
                store.write_counts(session, attempt.partner, attempt.connection_name, [values for _, values in rows], now)
            expected += sum(values.get("registered_count") or 0 for _, values in rows)
    attempt.outcome.rows_expected = expected
    participants = attempt.claim.target.replace(":counts:", ":participants:")
    with write() as session:
        ledger.hold(session, attempt.claim, times.now())
        if (state := session.get(SyncState, participants)) is not None:
            state.rows_expected = expected
