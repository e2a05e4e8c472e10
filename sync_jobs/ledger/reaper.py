"""Taking back runs whose worker is gone: by a lease that ran out, or at once where the process is known to be dead."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, or_, select, type_coerce, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from sync_jobs import times
from sync_jobs.ledger.ending import attempt_row, done_minute, may_wait
from sync_jobs.ledger.live import bump, scopes_of
from sync_jobs.ledger.owner import is_dead
from sync_jobs.models import Run, db, write
from sync_jobs.settings import settings

log = logging.getLogger(__name__)
BAD_ROW = (SQLAlchemyError, ValueError, TypeError, LookupError, ArithmeticError)
"""What one row can do wrong: hold what its column cannot mean, or be refused by the tables. It must stop only itself; a
busy database, which is an OperationalError, is no row's fault.
"""
LOST = "The worker fell silent."
POISONED = "Three workers died on this run. It is ours to look into; the cause is in the processes' logs."


def reap(now: datetime) -> list[int]:
    """Put every abandoned run back, or end it when it has killed too many workers. Returns the runs that were reaped."""
    until = type_coerce(Run.lease_until, BigInteger).label("until")  # as it stands: other programs write here too
    running = db.session.execute(
        select(Run.run_id, Run.lease_token, Run.lease_owner, until).where(Run.status == "running", Run.target != "")
    ).all()
    db.session.rollback()
    return [row.run_id for row in running if _reaped(row, now)]


def _reaped(row: Any, now: datetime) -> bool:
    """One run, whatever is wrong with the others."""
    expired = times.to_ms(now - settings().lease_grace)
    try:
        abandoned = row.until is None or row.until < expired or is_dead(row.lease_owner)
        return abandoned and _take_back(row.run_id, row.lease_token, now)
    except OperationalError:
        raise
    except BAD_ROW as error:
        log.warning("run %s cannot be taken back: %s", row.run_id, type(error).__name__)  # each round: one line is enough
        return False


def _take_back(run_id: int, token: int, now: datetime) -> bool:
    """One reaped run, one transaction; nothing when its owner has just ended or renewed it under another token."""
    with write() as session:
        run = session.scalars(
            select(Run)
            .where(Run.run_id == run_id, Run.lease_token == token, Run.status == "running")
            .where(or_(Run.lease_until.is_(None), Run.lease_until < now - settings().lease_grace, Run.lease_owner.is_not(None)))
        ).first()
        if run is None or not (
            run.lease_until is None or run.lease_until < now - settings().lease_grace or is_dead(run.lease_owner)
        ):
            return False
        poisoned = run.crashes + 1 >= settings().most_crashes
        kind, sentence = ("poison", POISONED) if poisoned else ("lost", LOST)
        session.add(
            attempt_row(run, run.attempts, "lost", (kind, sentence, ""), started=run.claimed_at or now, ended=now, provider_ms=0)
        )
        ends = not may_wait(session, run.run_id, run.target)
        _release(session, run, poisoned=poisoned, cancelled=ends, kind=kind, sentence=sentence, now=now)
    return True


def _release(session: Session, run: Run, *, poisoned: bool, cancelled: bool, kind: str, sentence: str, now: datetime) -> None:
    status = "cancelled" if cancelled else "failed" if poisoned else "pending"
    values: dict[str, Any] = {
        "status": status,
        "crashes": run.crashes + 1,
        "lease_owner": None,
        "lease_until": None,
        "hinted_at": None,
    }
    values |= {"finished_at": now} if status != "pending" else {"due_at": now}
    values |= {"error_kind": kind, "last_error": sentence}
    session.execute(
        update(Run)
        .where(Run.run_id == run.run_id, Run.lease_token == run.lease_token, Run.status == "running")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    done_minute(session, run.timing_partner_id, "lost", now)
    bump(session, *scopes_of(run.run_id, run.timing_partner_id))
