"""One pull: read a provider to the end, page by page, and end the run. The one place where provider failures are caught.

    open the adapter → for each page: compare → write rows, progress and lease in one transaction → conclude → end

What differs is decided in `changes`, rows are written by `store`, states by `ledger`; the adapter only reads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sync_jobs import editions, ledger, secrets, times
from sync_jobs.errors import CredentialsMissing, CredentialsRejected, ProviderError, QuotaUsedUp
from sync_jobs.kit.base import Access, Limiter
from sync_jobs.kit.pace import NoLimit, limiter_for
from sync_jobs.ledger import Claim, Lease, LostLease, Outcome
from sync_jobs.models import Connection, db
from sync_jobs.providers import ADAPTERS, label
from sync_jobs.pull.counts import counts
from sync_jobs.pull.discovery import discover
from sync_jobs.pull.pages import Attempt, Cancelled, Yielded
from sync_jobs.pull.reading import people, results
from sync_jobs.settings import settings

log = logging.getLogger(__name__)
Work = Callable[[Attempt], None]
SLOT_MARGIN = 5.0  # seconds beyond the limit of a call, after which its slot is free
OURS = "Something of ours went wrong. It is ours to fix; nothing that was read is lost."


def run(claim: Claim, lease: Lease, redis: Any, work: Mapping[str, Work] | None = None) -> None:
    """Do the claimed run and end it. Provider failures become states; a bug of ours is noted and raised."""
    attempt: Attempt | None = None
    try:
        attempt = _begin(claim, lease, redis)
        {**WORK, **(work or {})}[claim.operation](attempt)
        ledger.complete(claim, _outcome(attempt), times.now())
    except LostLease:
        log.warning("run %s: another worker holds it now", claim.run_id)
    except (Cancelled, Yielded, ProviderError) as end:
        with suppress(LostLease):
            _ended_early(claim, end, _outcome(attempt))
    except Exception as bug:
        with suppress(LostLease):
            ledger.fail(claim, "bug", OURS, f"{type(bug).__name__} in {claim.operation}", _outcome(attempt), times.now())
        raise
    finally:
        db.session.rollback()
        if attempt is not None:
            attempt.adapter.close()


def _ended_early(claim: Claim, end: Cancelled | Yielded | ProviderError, outcome: Outcome) -> None:
    now = times.now()
    if isinstance(end, Cancelled):
        ledger.cancelled(claim, outcome, now)
    elif isinstance(end, Yielded):
        ledger.yield_run(claim, "The worker was asked to stop; the run goes on where it was.", outcome, now)
    else:
        _provider_failed(claim, end, outcome)


def _provider_failed(claim: Claim, error: ProviderError, outcome: Outcome) -> None:
    error.provider = error.provider or label(claim.provider_name)
    now = times.now()
    if isinstance(error, QuotaUsedUp):
        ledger.yield_run(claim, error.sentence, outcome, now, until=error.until, kind=error.kind)
    elif error.retry:
        ledger.back_off(claim, error, outcome, now)
    else:
        refused = isinstance(error, CredentialsRejected) and not isinstance(error, CredentialsMissing)
        ledger.fail(claim, error.kind, error.sentence, str(error), outcome, now, refused=refused)


def _begin(claim: Claim, lease: Lease, redis: Any) -> Attempt:
    connection = db.session.get_one(Connection, claim.connection_id)
    adapter_class = ADAPTERS[connection.provider_name]
    if lacking := secrets.missing(connection):
        raise CredentialsMissing("connection", " and ".join(lacking))
    longest = settings().call_timeout + SLOT_MARGIN
    paced = limiter_for(connection.connection_id, adapter_class.pace, redis, now=times.now, slot_life=longest)
    limiter: Limiter = paced if settings().keep_pace else NoLimit()
    access = Access(
        connection_id=connection.connection_id,
        secrets=secrets.of(connection),
        urls={**dict(adapter_class.urls), **settings().provider_urls},
        tokens=secrets.TokenDocument(connection.connection_id),
        limiter=limiter,
        now=times.now,
        call_timeout=settings().call_timeout,
        retry_waits=settings().retry_waits,
        timezone=editions.partner_zone(db.session(), connection.timing_partner_id),
        page_size_proven=connection.page_size_proven,
        before_call=lease.check,
    )
    name = connection.name
    db.session.rollback()
    return Attempt(claim, lease, name, adapter_class(access), dict(claim.cursor))


def _outcome(attempt: Attempt | None) -> Outcome:
    """What the attempt has to say at its end, calls included."""
    if attempt is None:
        return Outcome()
    adapter, outcome = attempt.adapter, attempt.outcome
    outcome.calls = adapter.calls
    outcome.page_size_proven = adapter.page_size_seen
    return outcome


def _test(attempt: Attempt) -> None:
    attempt.outcome.test_sentence = attempt.adapter.test()


WORK: Mapping[str, Work] = {
    "events": discover,
    "participants": people,
    "results": results,
    "counts": counts,
    "test": _test,
}
