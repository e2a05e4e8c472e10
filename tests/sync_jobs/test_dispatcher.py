"""The dispatcher's rounds: what is wrong with one row, or with the database, ends neither the others nor the dispatcher."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from sync_jobs import dispatcher, jobs, ledger, processes
from sync_jobs.models import Process, Run, Schedule, db, write
from tests.factories import keep, make_connection, make_partner


class Rounds:
    """Tells the dispatcher to stop after so many rounds."""

    def __init__(self, rounds: int) -> None:
        self.left = rounds

    def wait(self, _seconds: float) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture
def go(app, clock, monkeypatch):
    monkeypatch.setattr(processes, "_mine", None)
    return lambda rounds=1: dispatcher.run(app, Rounds(rounds))


def plan(connection, operation="events"):
    keep(
        Schedule(
            target=f"{connection.connection_id}:{operation}:all",
            timing_partner_id=connection.timing_partner_id,
            connection_id=connection.connection_id,
            provider_name=connection.provider_name,
            operation_type=operation,
            plan="standard",
            timezone="America/New_York",
            next_run_at=connection.created_at,
        )
    )


def test_one_bad_run_and_one_bad_schedule_stop_nothing_else(go, clock, caplog):
    connections = [make_connection(make_partner(name)) for name in ("Bad", "Good", "Nonsense", "Planned")]
    bad, good = (
        ledger.request(one, "events", edition=None, trigger="manual", by="Ada", now=clock()).run_id for one in connections[:2]
    )
    for _ in range(2):
        assert ledger.claim(clock())
    with write() as session:
        session.execute(text("UPDATE sync_queue SET claimed_at = 100000000000000000 WHERE sync_queue_id = :run"), {"run": bad})
    plan(connections[2], "nonsense")
    plan(connections[3])
    clock.forward(minutes=10)
    go()
    status = "SELECT status FROM sync_queue WHERE sync_queue_id = :run"
    assert [db.session.scalar(text(status), {"run": run}) for run in (bad, good)] == ["running", "pending"]
    planned = select(Run.run_id).where(Run.connection_id == connections[3].connection_id)
    assert db.session.scalar(planned) is not None
    assert "cannot be taken back" in caplog.text
    assert "cannot be requested" in caplog.text


@pytest.mark.parametrize("trouble", [OperationalError("UPDATE", {}, Exception("database is locked")), KeyError("nonsense")])
def test_a_round_that_fails_is_logged_and_the_next_one_comes(go, clock, monkeypatch, caplog, trouble):
    beaten = []

    def fail(now):
        beaten.append(now)
        clock.forward(minutes=1)
        raise trouble

    monkeypatch.setattr(jobs, "tick", fail)
    go(rounds=3)
    assert len(beaten) == 3
    assert "round" in caplog.text
    assert db.session.scalar(select(Process.stopped_at)) == clock()  # it ended when it was told to
    assert beaten[0] < clock() - timedelta(minutes=2)
