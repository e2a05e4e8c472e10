"""One pull: read a provider to the end, page by page, and end the run. The one place where provider failures are caught.

    open the adapter → for each page: compare → write rows, progress and lease in one transaction → conclude → end

What differs is decided in `changes`, rows are written by `store`, states by `ledger`; the adapter only reads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from sync_jobs import changes, editions, ledger, schedules, secrets, stopping, store, times
from sync_jobs.errors import (
    CredentialsMissing,
    CredentialsRejected,
    ListShrank,
    ProviderError,
    QuotaUsedUp,
    UnreadableRow,
)
from sync_jobs.kit.base import Access, Adapter, AsideRow, Limiter, Page, RawRow, Removed
from sync_jobs.kit.pace import limiter_for
from sync_jobs.ledger import Claim, Counts, Lease, LostLease, Outcome
from sync_jobs.models import Connection, Contest, Edition, EditionLink, SyncState, db, write
from sync_jobs.providers import ADAPTERS, label
from sync_jobs.records import Scope
from sync_jobs.settings import settings

log = logging.getLogger(__name__)
REMEMBERED = 300  # changes of one attempt whose ids are kept for the run's page
TABLES = {"runsignup": "runsignup_participants", "raceroster": "raceroster_participants"}
HAPPENINGS = {"runsignup_races": 0, "runsignup_events": None, "raceroster_events": 0, "raceroster_sub_events": 0}


class Cancelled(Exception):
    """Somebody asked to stop, and a page boundary was reached."""


class Yielded(Exception):
    """The process is to stop: the run goes on elsewhere, at its cursor."""


@dataclass(slots=True)
class Attempt:
    """What one attempt carries along: the claim, the adapter, and what it has done so far."""

    claim: Claim
    lease: Lease
    connection: Connection
    adapter: Adapter
    cursor: dict[str, Any]
    outcome: Outcome = field(default_factory=Outcome)
    noted: int = 0
    aside: int = 0
    gone: int = 0
    known: dict[str, dict[store.Key, bytes | None]] = field(default_factory=dict)

    @property
    def partner(self) -> int:
        """Whose rows these are."""
        return self.claim.timing_partner_id


def run(claim: Claim, lease: Lease, redis: Any) -> None:
    """Do the claimed run and end it. Provider failures become states; a bug of ours is noted and raised."""
    connection = db.session.get_one(Connection, claim.connection_id)
    attempt: Attempt | None = None
    try:
        attempt = Attempt(claim, lease, connection, _open(connection, lease, redis), dict(claim.cursor))
        WORK[claim.operation](attempt)
        ledger.complete(claim, _outcome(attempt), times.now())
    except LostLease:
        db.session.rollback()
        log.warning("run %s: another worker holds it now", claim.run_id)
    except Cancelled:
        ledger.cancelled(claim, _outcome(attempt), times.now())
    except Yielded:
        ledger.yield_run(claim, "The worker was asked to stop; the run goes on where it was.", _outcome(attempt), times.now())
    except ProviderError as error:
        with suppress(LostLease):
            _provider_failed(claim, connection, error, _outcome(attempt))
    except Exception as bug:
        db.session.rollback()
        with suppress(LostLease):
            ledger.fail(claim, "bug", OURS, f"{type(bug).__name__} in {claim.operation}", _outcome(attempt), times.now())
        raise


OURS = "Something of ours went wrong. It is ours to fix; nothing that was read is lost."


def _provider_failed(claim: Claim, connection: Connection, error: ProviderError, outcome: Outcome) -> None:
    error.provider = error.provider or label(connection.provider_name)
    now = times.now()
    if isinstance(error, QuotaUsedUp):
        ledger.yield_run(claim, error.sentence, outcome, now, until=error.until, kind=error.kind)
    elif error.retry:
        ledger.back_off(claim, error, outcome, now)
    else:
        refused = isinstance(error, CredentialsRejected) and not isinstance(error, CredentialsMissing)
        ledger.fail(claim, error.kind, error.sentence, str(error), outcome, now, refused=refused)


def _open(connection: Connection, lease: Lease, redis: Any) -> Adapter:
    adapter_class = ADAPTERS[connection.provider_name]
    if lacking := secrets.missing(connection):
        raise CredentialsMissing("connection", " and ".join(lacking))
    limiter: Limiter = limiter_for(connection.connection_id, adapter_class.pace, redis, now=times.now)
    access = Access(
        connection_id=connection.connection_id,
        secrets=secrets.of(connection),
        urls=settings().provider_urls,
        tokens=secrets.TokenDocument(connection.connection_id),
        limiter=limiter,
        now=times.now,
        call_timeout=settings().call_timeout,
        retry_waits=settings().retry_waits,
        page_size_proven=connection.page_size_proven,
        before_call=lease.check,
    )
    db.session.rollback()
    return adapter_class(access)


def _outcome(attempt: Attempt | None) -> Outcome:
    """What the attempt has to say at its end, calls included."""
    if attempt is None:
        return Outcome()
    adapter, outcome = attempt.adapter, attempt.outcome
    outcome.calls = adapter.calls
    outcome.page_size_proven = adapter.page_size_seen
    return outcome


# Discovery


def _discover(attempt: Attempt) -> None:
    """All happenings and contests that the credential sees; then their editions and schedules."""
    started = times.now()
    seen: set[str] = set()
    for page in attempt.adapter.discover(None, None):
        if page.table not in attempt.known:
            attempt.known[page.table] = store.held(page.table, attempt.partner, None)
        _write_page(attempt, page, {"started": times.to_ms(started)})
        if HAPPENINGS.get(page.table) == 0:
            seen.update(str(row.key[0]) for row in page.rows)
    with write() as session:
        connection = session.get_one(Connection, attempt.claim.connection_id)
        editions.refresh(session, connection, seen)
        zone = editions.partner_zone(session, attempt.partner)
        schedules.ensure(session, connection, attempt.adapter.abilities(), zone, started)
    attempt.outcome.read_mark, attempt.outcome.was_whole = started, True


# Registrations


def _registrations(attempt: Attempt) -> None:
    """Everybody of one edition at one provider: whole, or what changed since the last reading."""
    state = db.session.get(SyncState, attempt.claim.target)
    scopes = _scopes(attempt, state)
    db.session.rollback()
    if "started" not in attempt.cursor:
        whole = changes.reads_whole(
            understands_changes=attempt.adapter.reads_changes,
            read_mark=state.read_mark if state else None,
            full_read_at=state.full_read_at if state else None,
            now=attempt.claim.claimed_at,
        )
        mark = state.read_mark if state else None
        attempt.cursor |= {"started": times.to_ms(times.now()), "since": None if whole or not mark else times.to_ms(mark), "at": 0}
    since = None if attempt.cursor["since"] is None else times.from_ms(attempt.cursor["since"])
    for index, scope in enumerate(scopes):
        if index >= attempt.cursor["at"]:
            _read_scope(attempt, scope, since, index)
    _conclude(attempt, scopes, whole=since is None)


def _scopes(attempt: Attempt, state: SyncState | None) -> list[Scope]:
    """One scope for each happening of the edition that this connection reads, with its contests."""
    zone = db.session.scalar(select(Edition.timezone).where(Edition.edition_id == attempt.claim.edition_id)) or "UTC"
    mine = (Contest.connection_id == attempt.claim.connection_id, Contest.edition_id == attempt.claim.edition_id)
    rows = db.session.execute(
        select(Contest.happening_id, Contest.provider_contest_id)
        .where(*mine, Contest.gone_at.is_(None))
        .order_by(Contest.contest_id)
    )
    found: dict[str, list[str]] = {}
    for happening, contest in rows:
        found.setdefault(happening, []).append(contest.rpartition("/")[2])
    links = db.session.scalars(
        select(EditionLink.happening_id).where(
            EditionLink.connection_id == attempt.claim.connection_id, EditionLink.edition_id == attempt.claim.edition_id
        )
    )
    for happening in links:
        found.setdefault(happening, [])
    expected = state.rows_expected if state and len(found) == 1 else None
    return [Scope(happening_id=h, contest_ids=tuple(c), timezone=zone, rows_expected=expected) for h, c in sorted(found.items())]


def _read_scope(attempt: Attempt, scope: Scope, since: datetime | None, index: int) -> None:
    table = TABLES[attempt.claim.provider_name]
    held = attempt.known[table] = store.held(table, attempt.partner, scope)
    at_start, position = len(held), attempt.cursor.get("page")
    aside_before = attempt.aside
    for page in attempt.adapter.registrations(scope, since, position):
        _write_page(attempt, page, {**attempt.cursor, "at": index, "page": page.cursor})
    if since is None:
        if position is None and attempt.aside == aside_before:  # read from its start, and whole: who is left has gone
            _mark_gone(attempt, table, list(held), at_start)
    elif "removed" in attempt.adapter.abilities():
        _read_removed(attempt, scope, since, table)
    attempt.cursor |= {"at": index + 1, "page": None}


def _write_page(attempt: Attempt, page: Page, cursor: dict[str, Any]) -> None:
    """Compare a page and store it: rows, what changed, progress and lease in one transaction."""
    held = attempt.known[page.table]
    found = changes.compare(page.rows, held)
    rows, aside = _readable(attempt.adapter, page, [*found.new, *found.changed])
    unreadable = len(found.new) + len(found.changed) - len(rows)
    fresh = sum(1 for row, _ in rows if row.key not in held)
    now = times.now()
    counts = Counts(
        read=len(page.rows) + len(page.aside),
        new=fresh,
        changed=len(rows) - fresh,
        same=found.same,
        aside=len(page.aside) + unreadable,
    )
    with write() as session:
        stop = ledger.page_done(session, attempt.claim, counts, cursor, page.total, now)
        store.write_rows(session, page.table, attempt.partner, attempt.connection.name, rows, now)
        _note(attempt, session, page.table, [(row.key, "changed" if row.key in held else "new", None) for row, _ in rows])
        store.note_aside(
            session, attempt.claim.run_id, attempt.claim.attempt_no, attempt.partner, page.table, [*page.aside, *aside]
        )
    attempt.lease.renewed()
    attempt.cursor, attempt.aside = cursor, attempt.aside + counts.aside
    for row in page.rows:
        held.pop(row.key, None)
    _between_pages(stop=stop)


def _readable(adapter: Adapter, page: Page, rows: list[RawRow]) -> tuple[list[tuple[RawRow, dict[str, Any]]], list[AsideRow]]:
    good: list[tuple[RawRow, dict[str, Any]]] = []
    aside: list[AsideRow] = []
    for row in rows:
        try:
            good.append((row, adapter.values(page.table, row.raw)))
        except UnreadableRow as error:
            aside.append(AsideRow(key="/".join(map(str, row.key)), place="", field=error.field, why=error.why))
    return good, aside


def _note(attempt: Attempt, session: Any, table: str, noted: list[tuple[store.Key, str, str | None]]) -> None:
    room = max(0, REMEMBERED - attempt.noted)
    store.note_changes(session, attempt.claim.run_id, attempt.partner, table, noted[:room])
    attempt.noted += len(noted[:room])


def _between_pages(*, stop: bool) -> None:
    if stop:
        raise Cancelled
    if stopping.requested():
        raise Yielded


def _mark_gone(attempt: Attempt, table: str, missing: list[store.Key], held: int) -> None:
    """A whole reading did not list these. When it is too many to believe, a person looks first."""
    if not missing:
        return
    if changes.shrank(held, len(missing)) and not attempt.cursor.get("accept_shrunk"):
        raise ListShrank("participants", f"{len(missing)} of {held}")
    _write_gone(attempt, table, [(key, None) for key in missing])


def _read_removed(attempt: Attempt, scope: Scope, since: datetime, table: str) -> None:
    """The provider's own list of who left since the mark, with the reason and the successor of a transfer."""
    batches: Iterator[list[Removed]] = attempt.adapter.removed(scope, since)
    for batch in batches:
        present = store.held(table, attempt.partner, scope)
        left = [removed for removed in batch if removed.key in present]
        notes: list[tuple[store.Key, str | None]] = [
            (r.key, f"{r.reason} to {r.successor}" if r.successor else r.reason) for r in left
        ]
        if notes:
            _write_gone(attempt, table, notes)
        moved = {r.key[0]: int(r.successor) for r in left if r.successor and table == "runsignup_participants"}
        if moved:
            with write() as session:
                store.carry_bibs(session, attempt.partner, moved)


def _write_gone(attempt: Attempt, table: str, gone: list[tuple[store.Key, str | None]]) -> None:
    now = times.now()
    with write() as session:
        stop = ledger.page_done(session, attempt.claim, Counts(gone=len(gone)), attempt.cursor, None, now)
        store.mark_gone(session, table, attempt.partner, [key for key, _ in gone], now)
        _note(attempt, session, table, [(key, "gone", note) for key, note in gone])
    attempt.lease.renewed()
    attempt.gone += len(gone)
    _between_pages(stop=stop)


def _conclude(attempt: Attempt, scopes: list[Scope], *, whole: bool) -> None:
    """Count what is held now, and set the mark that the next reading of changes starts from."""
    table, total = TABLES[attempt.claim.provider_name], 0
    for scope in scopes:
        counted = store.count_by_contest(table, attempt.partner, scope)
        total += sum(counted.values())
        with write() as session:
            store.contest_counts(session, attempt.claim.connection_id, scope, counted)
    attempt.outcome.read_mark, attempt.outcome.was_whole = times.from_ms(attempt.cursor["started"]), whole
    attempt.outcome.rows_held = total


# The provider's own counts, and the test of a credential


def _counts(attempt: Attempt) -> None:
    """What the provider says it has: kept by day, and held against what we have."""
    expected = 0
    scopes = _scopes(attempt, None)
    db.session.rollback()
    for scope in scopes:
        for page in attempt.adapter.counts(scope):
            rows, aside = _readable(attempt.adapter, page, page.rows)
            now = times.now()
            with write() as session:
                ledger.page_done(session, attempt.claim, Counts(read=len(page.rows), aside=len(aside)), {}, None, now)
                store.write_counts(session, attempt.partner, attempt.connection.name, [values for _, values in rows], now)
            expected += sum(values.get("registered_count") or 0 for _, values in rows)
    attempt.outcome.rows_expected = expected
    participants = attempt.claim.target.replace(":counts:", ":participants:")
    with write() as session:
        if (state := session.get(SyncState, participants)) is not None:
            state.rows_expected = expected


def _test(attempt: Attempt) -> None:
    attempt.outcome.test_sentence = attempt.adapter.test()


WORK: dict[str, Callable[[Attempt], None]] = {
    "events": _discover,
    "participants": _registrations,
    "counts": _counts,
    "test": _test,
}
