"""One attempt, and the pages it writes: rows, what changed, progress and lease in one transaction for each.

What differs is decided in `changes`; which pages there are to read, by the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_jobs import changes, entry_links, ledger, stopping, store, times
from sync_jobs.errors import UnreadableRow
from sync_jobs.kit.base import Adapter, AsideRow, Page, RawRow
from sync_jobs.ledger import Claim, Counts, Lease, Outcome
from sync_jobs.models import write

REMEMBERED = 300  # changes of one attempt whose ids are kept for the run's page


class Cancelled(Exception):
    """Somebody asked to stop, and a page boundary was reached."""


class Yielded(Exception):
    """The process is to stop: the run goes on elsewhere, at its cursor."""


@dataclass(slots=True)
class Attempt:
    """What one attempt carries along: the claim, the adapter, and what it has done so far."""

    claim: Claim
    lease: Lease
    connection_name: str  # what credentials_used gets
    adapter: Adapter
    cursor: dict[str, Any]
    outcome: Outcome = field(default_factory=Outcome)
    noted: int = 0
    known: dict[str, dict[store.Key, bytes | None]] = field(default_factory=dict)

    @property
    def partner(self) -> int:
        """Whose rows these are."""
        return self.claim.timing_partner_id


def write_page(attempt: Attempt, page: Page, cursor: dict[str, Any], *, counted: bool = True) -> None:
    """Compare a page and store it: rows, what changed, progress and lease in one transaction.

    What is not `counted` stands beside what the run is about.
    """
    held = attempt.known[page.table]
    found = changes.compare(page.rows, held)
    rows, aside = readable(attempt.adapter, page, [*found.new, *found.changed])
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
        stop = ledger.page_done(session, attempt.claim, counts if counted else Counts(), cursor, page.total, now)
        store.write_rows(session, page.table, attempt.partner, attempt.connection_name, rows, now)
        if page.table == attempt.adapter.results_table:
            store.keep_raw(session, attempt.partner, [row for row, _ in rows], now)
        if counted:
            note(attempt, session, page.table, [(row.key, "changed" if row.key in held else "new", None) for row, _ in rows])
        store.note_aside(
            session, attempt.claim.run_id, attempt.claim.attempt_no, attempt.partner, page.table, [*page.aside, *aside]
        )
    attempt.lease.renewed()
    attempt.cursor = cursor
    for row in page.rows:
        held.pop(row.key, None)
    between_pages(stop=stop)


def readable(adapter: Adapter, page: Page, rows: list[RawRow]) -> tuple[list[tuple[RawRow, dict[str, Any]]], list[AsideRow]]:
    good: list[tuple[RawRow, dict[str, Any]]] = []
    aside: list[AsideRow] = []
    for row in rows:
        try:
            good.append((row, adapter.values(page.table, row.raw)))
        except UnreadableRow as error:
            aside.append(AsideRow(key="/".join(map(str, row.key)), place="", field=error.field, why=error.why))
    return good, aside


def note(attempt: Attempt, session: Any, table: str, noted: Sequence[tuple[store.Key, str, str | None]]) -> None:
    """Remember for the run's page what happened to these records; so many of an attempt and no more."""
    room = max(0, REMEMBERED - attempt.noted)
    store.note_changes(session, attempt.claim.run_id, attempt.partner, table, noted[:room])
    attempt.noted += len(noted[:room])


def between_pages(*, stop: bool) -> None:
    if stop:
        raise Cancelled
    if stopping.requested():
        raise Yielded


def write_gone(
    attempt: Attempt, table: str, gone: list[tuple[store.Key, str | None]], moved: Mapping[Any, Any] | None = None
) -> None:
    """Mark these as gone and hand the bibs of the `moved` to their successors, in one transaction: nobody is looked at twice."""
    now = times.now()
    with write() as session:
        stop = ledger.page_done(session, attempt.claim, Counts(gone=len(gone)), attempt.cursor, None, now)
        store.mark_gone(session, table, attempt.partner, [key for key, _ in gone], now)
        if moved:
            store.carry_bibs(session, attempt.partner, moved)
            chains = [(str(was), str(becomes)) for was, becomes in moved.items()]
            entry_links.note_moves(session, attempt.partner, attempt.claim.provider_name, chains, now)
        note(attempt, session, table, [(key, "gone", note) for key, note in gone])
    attempt.lease.renewed()
    between_pages(stop=stop)
