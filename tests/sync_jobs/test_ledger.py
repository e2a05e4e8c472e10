"""A run's life, transition by transition, through the ledger's own doors."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError

from sync_jobs import ledger
from sync_jobs.errors import CredentialsRejected, ProviderDown, ProviderThrottled
from sync_jobs.kit.base import Call
from sync_jobs.ledger import Counts, LostLease, Outcome, reaper
from sync_jobs.ledger.ending import patience
from sync_jobs.models import (
    Attempt,
    Connection,
    DoneMinute,
    Edition,
    LiveVersion,
    Partner,
    PartnerSettings,
    ProviderMinute,
    Run,
    SyncState,
    db,
    write,
)
from tests.conftest import NOW
from tests.factories import make_connection, make_edition, make_partner, make_run


@pytest.fixture
def connection(app, clock):
    return make_connection(make_partner())


def ask(connection, operation="events", edition=None, trigger="manual", now=NOW, **given):
    return ledger.request(connection, operation, edition=edition, trigger=trigger, by="Ada", now=now, **given)


def run_of(run_id):
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Run, run_id)


def attempts_of(run_id):
    db.session.rollback()
    return list(db.session.scalars(select(Attempt).where(Attempt.run_id == run_id).order_by(Attempt.attempt_no)))


def claim_now(now=NOW):
    claim = ledger.claim(now)
    assert claim is not None
    return claim


def test_a_second_wish_joins_the_waiting_and_the_running_run(connection):
    first = ask(connection)
    assert (ask(connection).run_id, ask(connection).joined) == (first.run_id, True)
    claim_now()
    assert ask(connection).run_id == first.run_id
    assert db.session.scalar(select(func.count()).select_from(Run)) == 1


def test_a_press_hurries_a_scheduled_run_but_not_past_the_provider(connection):
    scheduled = ask(connection, trigger="schedule")
    assert run_of(scheduled.run_id).priority == 5
    ask(connection)
    assert run_of(scheduled.run_id).priority == 1
    claim = claim_now()
    ledger.back_off(claim, ProviderDown("/races", provider="RunSignUp"), Outcome(), NOW)
    assert run_of(scheduled.run_id).due_at > NOW
    ask(connection)
    assert run_of(scheduled.run_id).due_at == NOW
    until = NOW + timedelta(minutes=10)
    ledger.back_off(claim_now(), ProviderThrottled("/races", provider="RunSignUp", until=until), Outcome(), NOW)
    ask(connection)
    assert run_of(scheduled.run_id).due_at == until


def test_claims_follow_priority_then_the_nearest_start(connection):
    partner = make_partner("Other")
    later, sooner = (make_edition(partner, n, starts_at=NOW + timedelta(hours=h)) for n, h in (("later", 9), ("sooner", 2)))
    others = [make_connection(partner) for _ in range(3)]
    ask(others[0], "participants", later, "schedule")
    near = ask(others[1], "participants", sooner, "schedule")
    dateless = ask(others[2], trigger="schedule")
    pressed = ask(connection)
    order = [claim_now().run_id for _ in range(4)]
    assert order[:2] == [pressed.run_id, near.run_id]
    assert order[3] == dateless.run_id
    assert ledger.claim(NOW) is None


def test_claim_takes_nothing_of_a_paused_or_throttled_connection_nor_old_or_future_rows(connection):
    ask(connection)
    make_run(connection, status="pending", target="", lock_name="", due_at=None)
    with write() as session:
        session.get_one(Connection, connection.connection_id).state = "paused"
    assert ledger.claim(NOW) is None
    with write() as session:
        kept = session.get_one(Connection, connection.connection_id)
        kept.state, kept.throttled_until = "active", NOW + timedelta(minutes=1)
    assert ledger.claim(NOW) is None
    assert ledger.claim(NOW + timedelta(minutes=1)) is not None
    assert ledger.claim(NOW + timedelta(minutes=1)) is None


def test_no_more_than_two_runs_of_one_connection_at_once(connection):
    partner_editions = [make_edition(make_partner(), f"E{i}") for i in range(3)]
    for edition in partner_editions:
        ask(connection, "participants", edition)
    assert [ledger.claim(NOW) is not None for _ in range(3)] == [True, True, False]


def test_page_commits_count_renew_and_carry_the_cursor(connection):
    asked = ask(connection)
    claim = claim_now()
    with write() as session:
        stop = ledger.page_done(
            session, claim, Counts(read=10, new=7, changed=2, same=1), {"page": 2}, 40, NOW + timedelta(seconds=60)
        )
    run = run_of(asked.run_id)
    assert (stop, run.rows_read, run.rows_new, run.rows_changed, run.rows_same, run.rows_total, run.pages_done) == (
        False,
        10,
        7,
        2,
        1,
        40,
        1,
    )
    assert run.cursor == {"page": 2}
    assert run.lease_until == NOW + timedelta(seconds=150)


def test_a_stale_token_can_write_nothing_at_all(connection):
    ask(connection)
    old = claim_now()
    later = NOW + timedelta(seconds=200)
    assert ledger.reap(later) == [old.run_id]
    new = claim_now(later)
    assert new.token == old.token + 1
    with pytest.raises(LostLease):  # noqa: PT012  the transaction is what is tested
        with write() as session:
            session.add(LiveVersion(scope="probe", version=1))
            ledger.page_done(session, old, Counts(read=1), {}, None, later)
    assert db.session.get(LiveVersion, "probe") is None  # what stood beside it in the transaction is gone too
    for end in (
        ledger.complete,
        lambda c, o, n: ledger.fail(c, "bug", "x", "y", o, n),
        ledger.cancelled,
        lambda c, o, n: ledger.back_off(c, ProviderDown("/"), o, n),
        lambda c, o, n: ledger.yield_run(c, "r", o, n),
    ):
        with pytest.raises(LostLease):
            end(old, Outcome(), later)
    with pytest.raises(LostLease):
        ledger.renew(old, later)
    ledger.complete(new, Outcome(), later)
    assert run_of(new.run_id).status == "completed"


def test_completion_writes_history_state_health_and_the_customers_columns(connection):
    edition = make_edition(make_partner(), "Maple 10K")
    asked = ask(connection, "participants", edition)
    claim = claim_now(NOW + timedelta(seconds=4))
    with write() as session:
        ledger.page_done(session, claim, Counts(read=3, new=3), {}, None, NOW)
    calls = [Call(NOW, 80.0, ok=True), Call(NOW, 2500.0, ok=True), Call(NOW, 90.0, ok=False, throttled=True)]
    end = NOW + timedelta(seconds=10)
    ledger.complete(claim, Outcome(calls=calls, read_mark=NOW, was_whole=True, rows_held=3, page_size_proven=3), end)
    (attempt,) = attempts_of(asked.run_id)
    assert (attempt.status, attempt.waited_ms, attempt.worked_ms, attempt.provider_ms) == ("completed", 4000, 6000, 2670)
    assert (attempt.sync_time, attempt.num_of_synced_records, attempt.entries_success) == ("2026-06-12 15:00:10", 3, 3)
    state = db.session.get_one(SyncState, claim.target)
    assert (state.last_success_at, state.read_mark, state.full_read_at, state.rows_held) == (end, NOW, NOW, 3)
    minute = db.session.scalars(select(ProviderMinute)).one()
    assert (minute.calls, minute.failures, minute.throttled, minute.ms_100, minute.ms_3000) == (3, 1, 1, 2, 1)
    assert db.session.scalars(select(DoneMinute)).one().ended == 1
    assert db.session.get_one(Edition, edition.edition_id).last_sync_timestamps == {"runsignup": "2026-06-12 15:00:10"}
    assert db.session.get_one(Connection, connection.connection_id).page_size_proven == 3


def test_back_off_doubles_and_ends_after_five_errors(connection):
    asked = ask(connection)
    now = NOW
    for number in range(1, 5):
        claim = claim_now(now)
        assert ledger.back_off(claim, ProviderDown("/races", "500", provider="RunSignUp"), Outcome(), now)
        run = run_of(asked.run_id)
        assert (run.status, run.errors, run.due_at - now) == ("pending", number, timedelta(seconds=30) * 2 ** (number - 1))
        now = run.due_at
    assert not ledger.back_off(claim_now(now), ProviderDown("/races", "500", provider="RunSignUp"), Outcome(), now)
    run = run_of(asked.run_id)
    assert (run.status, run.error_kind, run.last_error) == (
        "failed",
        "down",
        "RunSignUp does not answer properly. We try again by ourselves.",
    )
    assert [a.status for a in attempts_of(asked.run_id)] == ["retrying"] * 4 + ["failed"]
    assert patience(timedelta(seconds=30), 99) == timedelta(minutes=30)


def test_waiting_for_a_provider_counts_no_error_and_holds_the_connection(connection):
    asked = ask(connection)
    until = NOW + timedelta(minutes=7)
    ledger.back_off(claim_now(), ProviderThrottled("/x", provider="RunSignUp", until=until), Outcome(), NOW)
    assert (run_of(asked.run_id).errors, run_of(asked.run_id).due_at) == (0, until)
    assert db.session.get_one(Connection, connection.connection_id).throttled_until == until


def test_a_refused_credential_shows_on_the_connection_until_a_success(connection):
    asked = ask(connection)
    error = CredentialsRejected("/races", "code 6", provider="RunSignUp")
    ledger.fail(claim_now(), error.kind, error.sentence, str(error), Outcome(), NOW, refused=True)
    assert db.session.get_one(Connection, connection.connection_id).refused_since == NOW
    state = db.session.get_one(SyncState, run_of(asked.run_id).target)
    assert (state.failing_since, state.error_kind, state.last_success_at) == (NOW, "credentials", None)
    assert ledger.retry(asked.run_id, "Sue", NOW)
    ledger.complete(claim_now(), Outcome(), NOW)
    db.session.expire_all()
    assert db.session.get_one(Connection, connection.connection_id).refused_since is None
    assert db.session.get_one(SyncState, run_of(asked.run_id).target).failing_since is None


def test_cancel_stops_a_waiting_run_at_once_and_a_running_one_at_its_page(connection):
    asked = ask(connection)
    assert ledger.cancel(asked.run_id, "Sue", NOW)
    assert run_of(asked.run_id).status == "cancelled"
    assert not ledger.cancel(asked.run_id, "Sue", NOW)
    assert ledger.retry(asked.run_id, "Sue", NOW)
    claim = claim_now()
    assert ledger.cancel(asked.run_id, "Sue", NOW)
    assert run_of(asked.run_id).status == "running"
    with write() as session:
        assert ledger.page_done(session, claim, Counts(), {}, None, NOW)
    ledger.cancelled(claim, Outcome(), NOW)
    assert run_of(asked.run_id).status == "cancelled"


def test_retry_keeps_the_cursor_and_refuses_what_is_not_ended(connection):
    asked = ask(connection)
    assert not ledger.retry(asked.run_id, "Sue", NOW)
    claim = claim_now()
    assert not ledger.retry(asked.run_id, "Sue", NOW)
    with write() as session:
        ledger.page_done(session, claim, Counts(read=5), {"page": {"after": 5}}, None, NOW)
    ledger.fail(claim, "down", "x", "y", Outcome(), NOW)
    assert ledger.retry(asked.run_id, "Sue", NOW)
    assert not ledger.retry(asked.run_id, "Sue", NOW)
    again = claim_now()
    assert (again.cursor, again.attempt_no, again.errors) == ({"page": {"after": 5}}, 2, 0)


def test_a_retry_beside_a_waiting_run_of_the_same_target_is_refused(connection):
    failed = ask(connection)
    ledger.fail(claim_now(), "down", "x", "y", Outcome(), NOW)
    waiting = ask(connection)
    assert waiting.run_id != failed.run_id
    assert not ledger.retry(failed.run_id, "Sue", NOW)
    assert run_of(failed.run_id).status == "failed"


def test_reaping_writes_the_lost_attempt_and_gives_up_on_poison(connection):
    asked = ask(connection)
    now = NOW
    for crash in range(1, 4):
        claim_now(now)
        assert ledger.reap(now + timedelta(seconds=94)) == []  # the lease and its grace
        now += timedelta(seconds=96)
        assert ledger.reap(now) == [asked.run_id]
        assert run_of(asked.run_id).crashes == crash
    run = run_of(asked.run_id)
    assert (run.status, run.error_kind) == ("failed", "poison")
    assert [a.status for a in attempts_of(asked.run_id)] == ["lost", "lost", "lost"]
    assert ledger.claim(now) is None


SPOILT = {
    "an instant that is none": "UPDATE sync_queue SET claimed_at = 100000000000000000 WHERE sync_queue_id = :run",
    "text for a lease": "UPDATE sync_queue SET lease_until = 'yesterday' WHERE sync_queue_id = :run",
    "its attempt stands there": "INSERT INTO sync_history (run_id, attempt_no) VALUES (:run, 1)",
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_run_that_cannot_be_taken_back_keeps_no_other_from_it(connection, spoil, caplog):
    bad, good = ask(connection).run_id, ask(connection, "counts").run_id
    claim_now()
    claim_now()
    with write() as session:
        session.execute(text(SPOILT[spoil]), {"run": bad})
    assert ledger.reap(NOW + timedelta(minutes=10)) == [good]
    assert f"run {bad} cannot be taken back" in caplog.text
    assert run_of(good).status == "pending"
    assert [a.status for a in attempts_of(good)] == ["lost"]


def test_a_busy_database_ends_the_reaping_at_once(connection, monkeypatch):
    tried = []

    def busy(run_id, *_):
        tried.append(run_id)
        raise OperationalError("UPDATE", {}, Exception("database is locked"))  # after half a minute of waiting

    for operation in ("events", "counts"):
        ask(connection, operation)
        claim_now()
    monkeypatch.setattr(reaper, "_take_back", busy)
    with pytest.raises(OperationalError):
        ledger.reap(NOW + timedelta(minutes=10))
    assert len(tried) == 1


def test_a_dead_process_on_this_machine_is_reaped_before_its_lease_ends(connection, monkeypatch):
    asked = ask(connection)
    claim_now()
    assert ledger.reap(NOW) == []  # we ourselves are alive
    with write() as session:
        run = session.get_one(Run, asked.run_id)
        head = run.lease_owner.rsplit(":", 2)[0]
        run.lease_owner = f"{head}:999999999:1"
    assert ledger.reap(NOW) == [asked.run_id]
    assert run_of(asked.run_id).status == "pending"


def test_another_machines_process_is_never_declared_dead(connection):
    asked = ask(connection)
    claim_now()
    with write() as session:
        session.get_one(Run, asked.run_id).lease_owner = "elsewhere:boot:999999999:1"
    assert ledger.reap(NOW) == []


def test_pages_learn_of_every_change(connection):
    def version():
        db.session.rollback()
        return (
            db.session.scalar(select(LiveVersion.version).where(LiveVersion.scope == f"partner:{connection.timing_partner_id}"))
            or 0
        )

    before = version()
    ask(connection)
    asked = version()
    claim = claim_now()
    claimed = version()
    ledger.complete(claim, Outcome(), NOW)
    assert before < asked < claimed < version()


def test_old_rows_are_never_retried_cancelled_or_reaped(connection):
    old = make_run(connection, status="failed", target="", lock_name="")
    pending = make_run(connection, status="pending", target="", lock_name="")
    assert not ledger.retry(old.run_id, "Sue", NOW)
    assert not ledger.cancel(pending.run_id, "Sue", NOW)
    assert ledger.claim(NOW + timedelta(days=9)) is None


@pytest.mark.parametrize("end", ["lost", "yielded", "retrying"])
def test_a_run_that_may_not_wait_beside_another_ends(connection, end):
    first = ask(connection).run_id
    ledger.fail(claim_now(), "bug", "Ours.", "", Outcome(), NOW)
    second = ask(connection, trigger="schedule").run_id
    claim = claim_now()
    assert ledger.retry(first, "Sue", NOW)  # waits now, while the second runs
    if end == "lost":
        assert ledger.reap(NOW + timedelta(minutes=10)) == [second]
    elif end == "yielded":
        ledger.yield_run(claim, "The worker was asked to stop.", Outcome(), NOW)
    else:
        assert not ledger.back_off(claim, ProviderDown("/races", provider="RunSignUp"), Outcome(), NOW)
    assert (run_of(second).status, run_of(first).status) == ("cancelled", "pending")
    assert claim_now(NOW + timedelta(minutes=10)).run_id == first


def test_a_wish_to_cancel_outlives_a_failure_of_the_provider(connection):
    asked = ask(connection).run_id
    claim = claim_now()
    assert ledger.cancel(asked, "Sue", NOW)
    until = NOW + timedelta(minutes=10)
    assert not ledger.back_off(claim, ProviderThrottled("/races", provider="RunSignUp", until=until), Outcome(), NOW)
    assert (run_of(asked).status, attempts_of(asked)[0].reason) == ("cancelled", "Cancelled by Sue")
    assert db.session.get_one(Connection, connection.connection_id, populate_existing=True).throttled_until == until


def test_a_press_after_a_cancel_is_a_run_of_its_own(connection):
    cancelled = ask(connection).run_id
    claim = claim_now()
    ledger.cancel(cancelled, "Sue", NOW)
    pressed = ask(connection)
    assert (pressed.run_id != cancelled, pressed.joined) == (True, False)
    ledger.cancelled(claim, Outcome(), NOW)
    assert claim_now().run_id == pressed.run_id


def test_what_is_written_beside_the_pages_is_fenced_too(connection):
    claim = claim_now() if ask(connection) else None
    with write() as session:
        ledger.hold(session, claim, NOW)
    ledger.reap(NOW + timedelta(minutes=10))
    with pytest.raises(LostLease), write() as session:
        ledger.hold(session, claim, NOW)


@pytest.mark.parametrize(
    ("state", "operation", "allowed"),
    [("paused", "events", False), ("removed", "events", False), ("paused", "test", True), ("removed", "test", False)],
)
def test_the_state_counts_that_holds_when_the_wish_is_written(connection, state, operation, allowed):
    with write() as session:  # somebody else, after the caller looked
        session.execute(update(Connection).where(Connection.connection_id == connection.connection_id).values(state=state))
    if allowed:
        assert ask(connection, operation).run_id
    else:
        with pytest.raises(ledger.NotAllowed):
            ask(connection, operation)


def test_nothing_is_asked_of_a_partner_not_started_nor_of_a_joined_event(connection):
    edition = make_edition(db.session.get_one(Partner, connection.timing_partner_id), joined_into=77)
    with pytest.raises(ledger.NotAllowed):
        ask(connection, "participants", edition)
    with write() as session:
        session.execute(update(PartnerSettings).values(started_at=None))
    with pytest.raises(ledger.NotAllowed):
        ask(connection)


def test_nothing_of_a_removed_connection_is_claimed(connection):
    ask(connection, "test")
    with write() as session:
        session.execute(update(Connection).values(state="removed"))
    assert ledger.claim(NOW) is None
