"""Claiming a run and holding it: the lease, its fencing token, and the page commits that both guard."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from flask import Flask, current_app
from sqlalchemy import BigInteger, ColumnElement, and_, exists, func, or_, select, type_coerce, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, aliased

from sync_jobs import times
from sync_jobs.ledger.live import bump, scopes_of
from sync_jobs.ledger.owner import this_process
from sync_jobs.models import Connection, Run, db, write
from sync_jobs.settings import settings

RUNS_AT_ONCE = 2  # of one connection: a slow provider must leave workers to the others
CANDIDATES = 8


class LostLease(Exception):
    """Another worker holds the run now, or it was ended: whatever we still wanted to write is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run that is ours for now. `token` fences every write; `attempt_no` counts from 1."""

    run_id: int
    token: int
    attempt_no: int
    target: str
    timing_partner_id: int
    connection_id: int
    edition_id: int | None
    provider_name: str
    operation: str
    trigger: str
    cursor: dict[str, Any]
    claimed_at: datetime
    errors: int

    @property
    def fence(self) -> ColumnElement[bool]:
        """True of the row only as long as the lease is ours."""
        return and_(Run.run_id == self.run_id, Run.lease_token == self.token, Run.status == "running")


@dataclass(slots=True)
class Counts:
    """What a page (or a whole attempt) did."""

    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    aside: int = 0
    calls: int = 0
    provider_ms: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


_OTHER = aliased(Run, flat=True)  # once: an alias of so wide a table takes longer to make than the question to answer


def claimable(now: datetime) -> ColumnElement[bool]:
    """Due, not held back by its connection, and nothing of the same lock running."""
    other = _OTHER
    usable = (
        exists()
        .where(
            Connection.connection_id == Run.connection_id,
            or_(Connection.state == "active", and_(Run.operation_type == "test", Connection.state != "removed")),
            or_(Connection.throttled_until.is_(None), Connection.throttled_until <= now, Run.operation_type == "test"),
        )
        .correlate(Run)  # pages ask it beside the connection's name
    )
    running = select(func.count()).where(other.status == "running", other.connection_id == Run.connection_id)
    same_lock = exists().where(other.status == "running", other.lock_name == Run.lock_name)
    return and_(
        Run.status == "pending", Run.target != "", Run.due_at <= now, usable, ~same_lock, running.scalar_subquery() < RUNS_AT_ONCE
    )


def order(now: datetime) -> tuple[ColumnElement[Any], ...]:
    """Presses before the clock's wishes, nearest start first, be it just ahead or just past."""
    distance = func.abs(type_coerce(Run.starts_at, BigInteger) - times.to_ms(now))
    return Run.priority.expression, distance.is_(None), distance, Run.due_at.expression, Run.run_id.expression


def claim(now: datetime) -> Claim | None:
    """Take the best due run, whichever it is. None when there is none; the unique index decides between rivals."""
    for run_id in startable(now, CANDIDATES):
        try:
            if taken := _take(run_id, now):
                return taken
        except IntegrityError:  # the same target began to run elsewhere: that one is busy, the next may be free
            continue
    return None


def _take(run_id: int, now: datetime) -> Claim | None:
    with write() as session:
        row = session.execute(
            update(Run)
            .where(Run.run_id == run_id, claimable(now))
            .values(
                status="running",
                lease_token=Run.lease_token + 1,
                lease_owner=this_process(),
                lease_until=now + settings().lease,
                claimed_at=now,
                attempts=Run.attempts + 1,
                finished_at=None,
                waited_ms=func.coalesce(Run.waited_ms, times.to_ms(now) - type_coerce(Run.requested_at, BigInteger)),
            )
            .returning(
                Run.run_id,
                Run.lease_token,
                Run.attempts,
                Run.target,
                Run.timing_partner_id,
                Run.connection_id,
                Run.edition_id,
                Run.provider_name,
                Run.operation_type,
                Run.trigger,
                Run.cursor,
                Run.errors,
            )
            .execution_options(synchronize_session=False)
        ).first()
        if row is None:
            return None
        bump(session, *scopes_of(run_id, row.timing_partner_id))
    return Claim(
        run_id=row.run_id,
        token=row.lease_token,
        attempt_no=row.attempts,
        target=row.target,
        timing_partner_id=row.timing_partner_id,
        connection_id=row.connection_id,
        edition_id=row.edition_id,
        provider_name=row.provider_name,
        operation=row.operation_type,
        trigger=row.trigger or "",
        cursor=row.cursor or {},
        claimed_at=now,
        errors=row.errors,
    )


def renew(claim: Claim, now: datetime) -> None:
    """Hold on to the run a while longer. Raises LostLease."""
    with write() as session:
        hold(session, claim, now)


def hold(session: Session, claim: Claim, now: datetime) -> None:
    """The same in the caller's transaction, for whatever is written beside the pages. Raises LostLease."""
    held = update(Run).where(claim.fence).values(lease_until=now + settings().lease).returning(Run.run_id)
    if session.execute(held.execution_options(synchronize_session=False)).first() is None:
        raise LostLease


def page_done(session: Session, claim: Claim, counts: Counts, cursor: dict[str, Any], total: int | None, now: datetime) -> bool:
    """Put a page's progress beside its rows, in the caller's transaction. True when somebody asked to cancel.

    Raises LostLease, which takes the caller's rows back with it.
    """
    values: dict[str, Any] = {
        "lease_until": now + settings().lease,
        "cursor": cursor,
        "pages_done": Run.pages_done + 1,
        "rows_read": Run.rows_read + counts.read,
        "rows_new": Run.rows_new + counts.new,
        "rows_changed": Run.rows_changed + counts.changed,
        "rows_same": Run.rows_same + counts.same,
        "rows_gone": Run.rows_gone + counts.gone,
        "rows_aside": Run.rows_aside + counts.aside,
    }
    if total is not None:
        values["rows_total"] = total
    row = session.execute(
        update(Run).where(claim.fence).values(**values).returning(Run.cancel_requested).execution_options(synchronize_session=False)
    ).first()
    if row is None:
        raise LostLease
    bump(session, *scopes_of(claim.run_id, claim.timing_partner_id))
    return bool(row.cancel_requested)


class Lease:
    """Keeps a claim alive from a thread of its own while the work goes on, and knows when it is lost.

    `check()` stands before every call to a provider: the deadline is kept on the monotonic clock, from before the last
    renewal that succeeded, so that a frozen process stops by itself.
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self._seconds = settings().lease.total_seconds()
        self._every = settings().lease_renewal.total_seconds()
        self._deadline = time.monotonic() + self._seconds
        self._lost = threading.Event()
        self._done = threading.Event()
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  the thread needs the real one
        self._thread = threading.Thread(target=self._hold, args=(app,), name=f"lease-{claim.run_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raise LostLease unless the run is still ours."""
        if self._lost.is_set() or time.monotonic() > self._deadline:
            raise LostLease

    def renewed(self) -> None:
        """A page commit has just renewed the lease as well."""
        self._deadline = time.monotonic() + self._seconds

    def _hold(self, app: Flask) -> None:
        while not self._done.wait(self._every):
            before = time.monotonic()
            try:
                with app.app_context():
                    renew(self.claim, times.now())
            except LostLease:
                self._lost.set()
                return
            except OperationalError:  # the database is busy: the deadline on the monotonic clock decides
                continue
            self._deadline = before + self._seconds


def startable(now: datetime, limit: int) -> list[int]:
    """Runs that could start at this instant, best first, whether anybody was told of them or not."""
    found = list(db.session.scalars(select(Run.run_id).where(claimable(now)).order_by(*order(now)).limit(limit)))
    db.session.rollback()
    return found


def due_unhinted(now: datetime, limit: int) -> list[int]:
    """Runs that could start and whose workers may not know it, best first."""
    stale = now - settings().hint_again_after
    unhinted = or_(Run.hinted_at.is_(None), Run.hinted_at < stale)
    found = list(db.session.scalars(select(Run.run_id).where(claimable(now), unhinted).order_by(*order(now)).limit(limit)))
    db.session.rollback()
    return found


def mark_hinted(run_ids: list[int], now: datetime) -> None:
    """A hint for these went out; they get another if nothing comes of it."""
    if run_ids:
        with write() as session:
            session.execute(update(Run).where(Run.run_id.in_(run_ids), Run.status == "pending").values(hinted_at=now))
