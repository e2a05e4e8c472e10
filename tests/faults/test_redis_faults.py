"""Redis dies, hangs, forgets: rows 2, 3, 5, 7, 17 and 26. What was accepted is done, once, and nobody waits for Redis."""

from __future__ import annotations

import signal
import time

import pytest
from flask import current_app
from sqlalchemy import func, select, update

from sync_jobs import clock, jobs, times
from sync_jobs.dispatcher import REDIS_AWAY
from sync_jobs.models import Partner, Process, Run, Schedule, db, write
from tests.factories import make_token

pytestmark = pytest.mark.faults
TOKEN = "hub_token_of_a_fault_test"


def press(house, edition):
    """What a program does: ask over HTTP. The run, and how long it took."""
    wish = {
        "timing_partner_id": house.hub.partner_id, "provider_name": "runsignup", "operation_type": "participants",
        "event_id": edition.edition_id,
    }  # fmt: skip
    began = time.monotonic()
    answer = current_app.test_client().post("/api/sync/manual", json=wish, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 202, answer.text
    return answer.json["run_id"], time.monotonic() - began


@pytest.fixture
def token(house):
    make_token(db.session.get_one(Partner, house.hub.partner_id), TOKEN)
    db.session.rollback()


def redis_child(house):
    return next(child for child in house.supervisor.children if child.program.name == "redis")


def test_row02_redis_is_dead_at_the_press(house, token):
    house.start_worker()
    house.start_dispatcher()
    edition = house.hub.editions()[0]
    house.kill(redis_child(house))
    run_id, seconds = press(house, edition)
    assert seconds < 2
    assert house.run(run_id).status == "pending"
    house.until(lambda: note_of(house, "dispatcher") == REDIS_AWAY, "the dispatcher says that Redis is away")
    house.start_redis()
    house.until_done(run_id)
    assert house.attempts(run_id) == ["completed"]
    house.until(lambda: note_of(house, "dispatcher") is None, "the dispatcher says that Redis is back")


def note_of(house, kind):
    return db.session.scalar(select(Process.note).where(Process.kind == kind))


def test_row03_redis_is_wiped_with_twenty_waiting_and_one_running(house):
    running, *waiting = house.hub.editions()
    house.start_workers(2)
    house.start_dispatcher()
    slow = house.hub.sandbox.faults.add("slow", 1500, path="participants")
    first = house.write(running)
    house.until(house.has(first, "running"), "one run is running")
    runs = [house.write(edition) for edition in waiting]
    assert len(runs) == 20
    house.kill(redis_child(house))
    house.wipe_redis()
    house.hub.sandbox.faults.clear(slow)
    house.start_redis()
    house.until_done(first, *runs)
    assert [house.attempts(run_id).count("completed") for run_id in (first, *runs)] == [1] * 21
    assert house.hub.held() == house.hub.true()


def test_row05_redis_hangs_for_five_seconds(house, token):
    house.start_worker()
    house.start_dispatcher()
    child = redis_child(house)
    child.process.send_signal(signal.SIGSTOP)
    until = time.monotonic() + 5
    presses = [press(house, edition) for edition in house.hub.editions()[:2]]
    assert max(seconds for _, seconds in presses) < 2
    house.until(lambda: time.monotonic() > until, "five seconds have passed")
    child.process.send_signal(signal.SIGCONT)
    house.until_done(*(run_id for run_id, _ in presses))
    assert {run_id: house.attempts(run_id) for run_id, _ in presses} == {run_id: ["completed"] for run_id, _ in presses}


def test_row07_the_same_hint_ten_times(house):
    run_id = house.write(house.hub.editions()[0])
    for _ in range(10):
        assert jobs.hint(run_id)
    house.start_workers(3)
    house.until_done(run_id)
    house.until(lambda: jobs.queue(jobs.SYNC_QUEUE).count == 0, "all ten hints were taken")
    run = house.run(run_id)
    assert (run.lease_token, run.attempts, house.attempts(run_id)) == (1, 1, ["completed"])


def test_row17_redis_is_dead_when_the_job_ends(house):
    house.start_worker()
    slow = house.hub.sandbox.faults.add("slow", 1500, path="participants")
    run_id = house.write(house.hub.editions()[0])
    jobs.hint(run_id)
    house.until(house.has(run_id, "running"), "it is running")
    house.kill(redis_child(house))
    house.hub.sandbox.faults.clear(slow)
    house.until_done(run_id)
    house.start_redis()
    house.until(lambda: jobs.hint(run_id), "Redis is back")
    house.until(lambda: jobs.queue(jobs.SYNC_QUEUE).count == 0, "a worker has taken the hint")
    assert (house.run(run_id).lease_token, house.attempts(run_id)) == (1, ["completed"])


def test_row26_the_entry_vanishes_from_redis(house):
    with house.redis() as redis:
        assert clock.ensure_entry(redis, 30)
        redis.delete(clock.Metronome.scheduled_jobs_key)
        with write() as session:
            session.execute(update(Schedule).values(next_run_at=times.now()))
        house.start_dispatcher()
        house.until(lambda: redis.zscore(clock.Metronome.scheduled_jobs_key, clock.ENTRY), "the entry is there again")
        due = select(func.count()).select_from(Run).where(Run.trigger == "schedule")
        house.until(lambda: db.session.scalar(due) > 20, "the dispatcher alone has requested what was due")
        redis.delete(clock.JsonJob.key_for(clock.ENTRY))  # only its job: the entry is worthless without
        house.until(lambda: redis.exists(clock.JsonJob.key_for(clock.ENTRY)), "the entry's job is there again")
