"""What only tells of the past goes when its time is over, a few rows at a time; everything else stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from sync_jobs import jobs, pruning
from sync_jobs.models import (
    Attempt,
    ChangedRow,
    DoneMinute,
    HubFact,
    LiveVersion,
    LookUp,
    Process,
    ProviderMinute,
    Run,
    SetAside,
    SignIn,
    SignInFailure,
    db,
    write,
)
from tests.conftest import NOW
from tests.factories import keep, make_attempt, make_connection, make_partner, make_run
from tests.sync_jobs.hub import statements


@pytest.fixture
def connection(app, clock):
    return make_connection(make_partner())


def ended(connection, at, **given):
    run = make_run(connection, status="completed", finished_at=at, claimed_at=at, **given)
    keep(
        ChangedRow(run_id=run.run_id, timing_partner_id=1, table_name="t", row_key="1", change="new"),
        SetAside(run_id=run.run_id, attempt_no=1, timing_partner_id=1, table_name="t", field="age", why="is no number"),
        LiveVersion(scope=f"run:{run.run_id}", version=3),
    )
    return run


def runs_of(model):
    db.session.rollback()
    return set(db.session.scalars(select(model.run_id)))


def scopes():
    db.session.rollback()
    return set(db.session.scalars(select(LiveVersion.scope).where(LiveVersion.scope.like("run:%"))))


def count(model):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


OF_AN_INSTANT = {
    ProviderMinute: lambda at: ProviderMinute(provider_name="runsignup", minute=at, connection_id=1),
    DoneMinute: lambda at: DoneMinute(minute=at, timing_partner_id=1, status="completed"),
    SignInFailure: lambda at: SignInFailure(subject="email:a", at=at),
    SignIn: lambda at: SignIn(token_digest=f"{at}", account_id=1, created_at=at, expires_at=at),
    LookUp: lambda at: LookUp(account_id=1, words="412", found=1, at=at),
    Process: lambda at: Process(name=f"worker:{at}", kind="worker", host="tent", pid=1, started_at=at, beat_at=at),
}


def test_every_kind_has_its_time_and_its_instant():
    assert OF_AN_INSTANT.keys() | {ChangedRow, SetAside, LiveVersion} == pruning.KEPT.keys()


@pytest.mark.parametrize("model", OF_AN_INSTANT)
def test_what_has_an_instant_goes_when_its_time_is_over(connection, model):
    edge = NOW - pruning.KEPT[model]
    keep(OF_AN_INSTANT[model](edge), OF_AN_INSTANT[model](edge - timedelta(minutes=1)))
    jobs.tick(NOW)
    assert count(model) == 1


def test_what_a_run_left_behind_goes_some_time_after_its_end_and_the_run_stays(connection):
    ages = (timedelta(days=91), timedelta(days=89), timedelta(days=3), timedelta(days=1))
    oldest, old, late, young = (ended(connection, NOW - age).run_id for age in ages)
    make_attempt(db.session.get_one(Run, oldest))
    keep(LiveVersion(scope="all", version=7), LiveVersion(scope="partner:1", version=7))
    jobs.tick(NOW)
    assert runs_of(ChangedRow) == runs_of(SetAside) == {old, late, young}
    assert scopes() == {f"run:{young}"}
    assert {"all", "partner:1"} <= set(db.session.scalars(select(LiveVersion.scope)))
    assert (count(Run), count(Attempt)) == (4, 1)


def test_an_old_run_that_goes_on_keeps_what_it_found(connection):
    run = ended(connection, NOW - timedelta(days=100))
    with write() as session:
        session.execute(update(Run).values(status="failed", error_kind="bug"))
    jobs.retry(run.run_id, "Sue", NOW)
    jobs.tick(NOW)
    assert runs_of(ChangedRow) == runs_of(SetAside) == {run.run_id}
    assert scopes() == {f"run:{run.run_id}"}


def test_what_belongs_to_no_run_is_dropped(connection):
    keep(ChangedRow(run_id=4711, timing_partner_id=1, table_name="t", row_key="1", change="new"), LiveVersion(scope="run:4711"))
    jobs.tick(NOW)
    assert (runs_of(ChangedRow), scopes()) == (set(), set())


def test_no_write_is_long_and_one_go_ends_somewhere(connection, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    monkeypatch.setattr(pruning, "DROPS", 3)
    run = make_run(connection, status="completed", finished_at=NOW - timedelta(days=91))
    keep(*(ChangedRow(run_id=run.run_id, timing_partner_id=1, table_name="t", row_key="1", change="new") for _ in range(9)))
    seen, dropped = statements(db.engine), []

    @event.listens_for(db.engine, "after_cursor_execute")
    def note(_connection, cursor, statement, *_):
        if statement.startswith("DELETE"):
            dropped.append(cursor.rowcount)

    pruning.prune(NOW)
    assert (count(ChangedRow), dropped) == (3, [2, 2, 2])
    assert not [one for one in seen if one.startswith("DELETE") and "SELECT" in one]  # looked for before, outside of the write
    pruning.prune(NOW)  # it was not finished: it goes on at once
    assert (count(ChangedRow), dropped) == (0, [2, 2, 2, 2, 1])


def test_it_looks_once_an_hour_and_a_clock_that_was_ahead_does_not_stop_it(connection):
    def left_after(now):
        keep(SignInFailure(subject="email:a", at=NOW - timedelta(days=2)))
        pruning.prune(now)
        return count(SignInFailure)

    assert left_after(NOW) == 0
    assert left_after(NOW + timedelta(minutes=59)) == 1
    assert left_after(NOW + timedelta(minutes=60)) == 0
    with write() as session:
        session.merge(HubFact(name="pruned_at", value="9000000000000"))
    assert left_after(NOW + timedelta(minutes=61)) == 0
