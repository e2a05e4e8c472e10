"""The ends of an attempt: done, failed, back in the queue, cancelled, yielded. Each is one fenced transaction that also
writes the attempt into the customer's history, the target's current state and the provider's health.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, literal, or_, select, update
from sqlalchemy.orm import Session

from sync_jobs import times
from sync_jobs.errors import ProviderError, ProviderThrottled
from sync_jobs.kit.base import Call
from sync_jobs.ledger.lease import Claim, LostLease
from sync_jobs.ledger.live import bump, scopes_of
from sync_jobs.ledger.owner import this_process
from sync_jobs.models import Attempt, Connection, DoneMinute, Edition, Instant, ProviderMinute, Run, SyncState, insert_or, write
from sync_jobs.settings import settings

LONGEST_BACK_OFF = timedelta(minutes=30)
SUPERSEDED = "Another run for the same waits already and does the rest."
BUCKETS = (100, 300, 1000, 3000, 10000)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What an attempt leaves behind beside its rows."""

    calls: Sequence[Call] = ()
    page_size_proven: int = 0
    read_mark: datetime | None = None  # start of a reading that reached its end
    was_whole: bool = False
    rows_held: int | None = None
    rows_expected: int | None = None
    test_sentence: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    follow: Callable[[Session, datetime], None] | None = None  # what a change leads to


def complete(claim: Claim, outcome: Outcome, now: datetime) -> None:
    """The work reached its end. Raises LostLease."""
    with write() as session:
        run = _end(
            session, claim, outcome, now, status="completed", error_kind=None, last_error=None, error_detail=None, finished_at=now
        )
        _attempt(session, claim, run, outcome, "completed", None, now)
        changed = bool(run.rows_new or run.rows_changed or run.rows_gone)
        state: dict[str, Any] = {
            "last_success_at": now,
            "failing_since": None,
            "error_kind": None,
            "error_sentence": None,
            "rows_aside": run.rows_aside,
            **outcome.values,
        }
        state |= {"last_change_at": now} if changed else {}
        state |= {"read_mark": outcome.read_mark} if outcome.read_mark else {}
        state |= {"full_read_at": outcome.read_mark} if outcome.was_whole and outcome.read_mark else {}
        state |= {"rows_held": outcome.rows_held} if outcome.rows_held is not None else {}
        state |= {"rows_expected": outcome.rows_expected} if outcome.rows_expected is not None else {}
        _state(session, claim, "completed", state, now)
        healthy: dict[str, Any] = {"refused_since": None, "last_success_at": now, "throttled_until": None}
        if claim.operation == "test":
            healthy |= {"tested_at": now, "tested_ok": 1, "test_sentence": outcome.test_sentence}
        _connection(session, claim, outcome, healthy)
        _tell_other_programs(session, claim, now)


def fail(claim: Claim, kind: str, sentence: str, detail: str, outcome: Outcome, now: datetime, *, refused: bool = False) -> None:
    """Somebody has to act before another try makes sense. Raises LostLease."""
    with write() as session:
        run = _end(
            session,
            claim,
            outcome,
            now,
            status="failed",
            errors=Run.errors + 1,
            error_kind=kind,
            last_error=sentence,
            error_detail=detail,
            finished_at=now,
        )
        _attempt(session, claim, run, outcome, "failed", (kind, sentence, detail), now)
        _failing(session, claim, "failed", kind, sentence, now)
        values: dict[str, Any] = (
            {"refused_since": func.coalesce(Connection.refused_since, literal(now, Instant))} if refused else {}
        )
        if claim.operation == "test":
            values |= {"tested_at": now, "tested_ok": 0, "test_sentence": sentence}
        _connection(session, claim, outcome, values)


def back_off(claim: Claim, error: ProviderError, outcome: Outcome, now: datetime) -> bool:
    """Nobody has to act: try again later, at the instant that the provider named or with growing patience.

    False when the run has ended instead: its tries are used up, or it may not wait again. Raises LostLease.
    """
    if claim.errors + 1 >= settings().most_errors and not isinstance(error, ProviderThrottled):
        fail(claim, error.kind, error.sentence, str(error), outcome, now)
        return False
    due = max(error.until, now) if error.until else now + patience(settings().back_off, claim.errors)
    counted = 0 if isinstance(error, ProviderThrottled) and error.until else 1
    waiting = {"throttled_until": due} if isinstance(error, ProviderThrottled) else {}
    with write() as session:
        if not may_wait(session, claim.run_id, claim.target):
            _close(session, claim, outcome, now, waiting)
            return False
        run = _end(
            session,
            claim,
            outcome,
            now,
            status="pending",
            errors=Run.errors + counted,
            due_at=due,
            hinted_at=None,
            error_kind=error.kind,
            last_error=error.sentence,
            error_detail=str(error),
        )
        _attempt(session, claim, run, outcome, "retrying", (error.kind, error.sentence, str(error)), now)
        _failing(session, claim, "retrying", error.kind, error.sentence, now)
        _connection(session, claim, outcome, waiting)
    return True


def yield_run(
    claim: Claim, reason: str, outcome: Outcome, now: datetime, *, until: datetime | None = None, kind: str | None = None
) -> None:
    """Give the run back unharmed (shutdown, quota used up): it goes on at its cursor and counts no error."""
    waiting = {"throttled_until": until} if until else {}
    with write() as session:
        if not may_wait(session, claim.run_id, claim.target):
            _close(session, claim, outcome, now, waiting)
            return
        run = _end(
            session,
            claim,
            outcome,
            now,
            status="pending",
            due_at=until or now,
            hinted_at=None,
            error_kind=kind,
            last_error=reason if kind else None,
        )
        _attempt(session, claim, run, outcome, "yielded", (kind, reason, ""), now)
        _connection(session, claim, outcome, waiting)


def cancelled(claim: Claim, outcome: Outcome, now: datetime) -> None:
    """Somebody asked to stop, and the page boundary was reached."""
    with write() as session:
        _close(session, claim, outcome, now, {})


def may_wait(session: Session, run_id: int, target: str) -> bool:
    """Whether a run may go back to the waiting ones: nobody asked to cancel it, and no other for its target waits already."""
    asked = and_(Run.run_id == run_id, Run.cancel_requested == 1)
    other = and_(Run.target == target, Run.status == "pending", Run.run_id != run_id)
    return session.scalar(select(Run.run_id).where(or_(asked, other)).limit(1)) is None


def _close(session: Session, claim: Claim, outcome: Outcome, now: datetime, of_connection: dict[str, Any]) -> None:
    run = _end(session, claim, outcome, now, status="cancelled", finished_at=now)
    why = f"Cancelled by {run.cancelled_by}" if run.cancelled_by else SUPERSEDED
    _attempt(session, claim, run, outcome, "cancelled", (None, why, ""), now)
    _connection(session, claim, outcome, of_connection)


def patience(first: timedelta, errors: int) -> timedelta:
    """How long to wait after so many errors in a row: doubling, up to half an hour."""
    return min(first * int(2 ** min(errors, 16)), LONGEST_BACK_OFF)


def _end(session: Session, claim: Claim, outcome: Outcome, now: datetime, **values: Any) -> Run:
    """Leave the running state, under the fence, and return the run as it now is."""
    left = {
        "lease_owner": None,
        "lease_until": None,
        "calls": Run.calls + len(outcome.calls),
        "provider_ms": Run.provider_ms + round(sum(call.ms for call in outcome.calls)),
    }
    ended = session.execute(
        update(Run).where(claim.fence).values(**left, **values).returning(Run.run_id).execution_options(synchronize_session=False)
    ).first()
    if ended is None:
        raise LostLease
    done_minute(session, claim.timing_partner_id, str(values["status"]), now)
    bump(session, *scopes_of(claim.run_id, claim.timing_partner_id))
    return session.scalars(select(Run).where(Run.run_id == claim.run_id).execution_options(populate_existing=True)).one()


def _attempt(
    session: Session,
    claim: Claim,
    run: Run,
    outcome: Outcome,
    status: str,
    error: tuple[str | None, str, str] | None,
    now: datetime,
) -> None:
    """The line of history; and what follows from a change, however the attempt ended: its pages are written."""
    if outcome.follow is not None and (run.rows_new or run.rows_changed or run.rows_gone):
        outcome.follow(session, now)
    provider_ms = round(sum(call.ms for call in outcome.calls))
    session.add(attempt_row(run, claim.attempt_no, status, error, started=claim.claimed_at, ended=now, provider_ms=provider_ms))


def attempt_row(
    run: Run,
    attempt_no: int,
    status: str,
    error: tuple[str | None, str, str] | None,
    *,
    started: datetime,
    ended: datetime,
    provider_ms: int,
) -> Attempt:
    """One line of the customer's history. Counts and sentences only: no people, no secrets."""
    kind, sentence, detail = error or (None, None, None)
    counts = {name: getattr(run, f"rows_{name}") for name in ("read", "new", "changed", "same", "gone", "aside")}
    return Attempt(
        event_id=run.event_id,
        timing_partner_id=run.timing_partner_id,
        sync_time=times.customer_form(ended),
        status=status,
        num_of_synced_records=run.rows_new + run.rows_changed + run.rows_gone,
        reason=sentence,
        entries_success=run.rows_read,
        entries_failed=run.rows_aside,
        provider_name=run.provider_name,
        operation_type=run.operation_type,
        sync_direction=run.sync_direction,
        error_details=detail or None,
        data_snapshot=counts,
        run_id=run.run_id,
        attempt_no=attempt_no,
        connection_id=run.connection_id,
        edition_id=run.edition_id,
        trigger=run.trigger,
        requested_by=run.requested_by,
        error_kind=kind,
        worker=this_process(),
        started_at=started,
        ended_at=ended,
        waited_ms=run.waited_ms,
        provider_ms=provider_ms,
        worked_ms=max(0, times.to_ms(ended) - times.to_ms(started)),
    )


def _failing(session: Session, claim: Claim, status: str, kind: str, sentence: str, now: datetime) -> None:
    failing = {
        "failing_since": func.coalesce(SyncState.failing_since, literal(now, Instant)),
        "error_kind": kind,
        "error_sentence": sentence,
    }
    _state(session, claim, status, failing, now)


def _state(session: Session, claim: Claim, status: str, values: dict[str, Any], now: datetime) -> None:
    """The target's current state; what no value is given for stays as it was. A joined event has none: it moved."""
    if claim.operation == "test" or _is_joined(session, claim.edition_id):
        return
    always = {"last_run_id": claim.run_id, "last_status": status, "last_ended_at": now}
    fresh = {
        "target": claim.target,
        "timing_partner_id": claim.timing_partner_id,
        "connection_id": claim.connection_id,
        "edition_id": claim.edition_id,
        "provider_name": claim.provider_name,
        "operation_type": claim.operation,
        **always,
    }
    session.execute(
        insert_or(session)(SyncState).values(**fresh).on_conflict_do_update(index_elements=[SyncState.target], set_=always)
    )
    session.execute(
        update(SyncState).where(SyncState.target == claim.target).values(**values).execution_options(synchronize_session=False)
    )


def _is_joined(session: Session, edition_id: int | None) -> bool:
    return session.scalar(select(Edition.joined_into).where(Edition.edition_id == edition_id)) is not None


def _connection(session: Session, claim: Claim, outcome: Outcome, values: dict[str, Any]) -> None:
    if outcome.page_size_proven:
        proven = outcome.page_size_proven
        session.execute(
            update(Connection)
            .where(Connection.connection_id == claim.connection_id, Connection.page_size_proven < proven)
            .values(page_size_proven=proven)
            .execution_options(synchronize_session=False)
        )
    if values:
        session.execute(
            update(Connection)
            .where(Connection.connection_id == claim.connection_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    _provider_minutes(session, claim, outcome.calls)


def _provider_minutes(session: Session, claim: Claim, calls: Sequence[Call]) -> None:
    minutes: dict[datetime, Counter[str]] = {}
    for call in calls:
        counter = minutes.setdefault(call.at.astimezone(UTC).replace(second=0, microsecond=0), Counter())
        bucket = next((f"ms_{limit}" for limit in BUCKETS if call.ms <= limit), "ms_more")
        counter.update({"calls": 1, "failures": not call.ok, "throttled": call.throttled, bucket: 1})
    for minute, counter in minutes.items():
        key = {"provider_name": claim.provider_name, "minute": minute, "connection_id": claim.connection_id}
        insert = insert_or(session)(ProviderMinute).values(**key, **counter)
        grown = {name: getattr(ProviderMinute, name) + getattr(insert.excluded, name) for name in counter}
        session.execute(insert.on_conflict_do_update(index_elements=list(key), set_=grown))


def done_minute(session: Session, timing_partner_id: int | None, status: str, now: datetime) -> None:
    """Count the end of an attempt into its minute."""
    key = {"minute": now.replace(second=0, microsecond=0), "timing_partner_id": timing_partner_id or 0, "status": status}
    insert = insert_or(session)(DoneMinute).values(**key, ended=1)
    session.execute(insert.on_conflict_do_update(index_elements=list(key), set_={"ended": DoneMinute.ended + 1}))


def _tell_other_programs(session: Session, claim: Claim, now: datetime) -> None:
    """The customer's column `events.last_sync_timestamps`, which other programs read."""
    if claim.edition_id is None or claim.operation != "participants":
        return
    found = session.scalar(select(Edition.last_sync_timestamps).where(Edition.edition_id == claim.edition_id))
    held = {**(found if isinstance(found, dict) else {}), claim.provider_name: times.customer_form(now)}
    session.execute(
        update(Edition)
        .where(Edition.edition_id == claim.edition_id)
        .values(last_sync_timestamps=held)
        .execution_options(synchronize_session=False)
    )
