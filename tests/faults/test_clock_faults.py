"""The clock storms or stands still: rows 23 and 25 (24, the days when clocks change, is in tests/sync_jobs/test_cadence.py)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sync_jobs import clock, jobs, times
from sync_jobs.children import Program
from sync_jobs.models import Run, Schedule, db, write
from sync_jobs.supervisor import FLASK
from tests.faults.house import Rivals

pytestmark = pytest.mark.faults


def only_schedule_due(since):
    """Of all schedules one is due, since that instant."""
    with write() as session:
        kept = session.scalars(select(Schedule).where(Schedule.operation_type == "participants")).first()
        session.execute(update(Schedule).values(next_run_at=times.now() + timedelta(hours=20)))
        session.execute(update(Schedule).where(Schedule.schedule_id == kept.schedule_id).values(next_run_at=since))
    return kept.target


def scheduled(target):
    db.session.rollback()
    return list(db.session.scalars(select(Run).where(Run.target == target, Run.trigger == "schedule")))


def test_row23_a_hundred_ticks_of_two_processes_in_one_slot(house):
    target = only_schedule_due(times.now())
    tickers = Rivals(house, 2, "ticking", "50")
    said = tickers.compete()
    assert tickers.end() == 0
    assert len(scheduled(target)) == 1
    assert sum(map(len, said)) == 1
    assert jobs.tick() == []


def test_row23_registering_again_adds_no_second_entry_and_drops_no_overdue_tick(house):
    with house.redis() as redis:
        for _ in range(3):
            clock.ensure_entry(redis, 30)
        redis.zadd(clock.Metronome.scheduled_jobs_key, {clock.ENTRY: 1.0})  # long overdue
        clock.ensure_entry(redis, 30)
        assert redis.zrange(clock.Metronome.scheduled_jobs_key, 0, -1, withscores=True) == [(clock.ENTRY.encode(), 1.0)]
        clock.ensure_entry(redis, 15)  # another interval is another entry, under the same name
        assert redis.zcard(clock.Metronome.scheduled_jobs_key) == 1


def test_row25_ten_slots_without_anybody(house):
    now = times.now().replace(minute=10)
    target = only_schedule_due(now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=36))
    slots = {times.EPOCH + n * timedelta(hours=4) for n in range(int(now.timestamp() // 14400) + 1)}
    due = [slot for slot in slots if now - timedelta(hours=36, minutes=10) <= slot <= now]
    jobs.tick(now)
    (run,) = scheduled(target)
    assert run.skipped_slots in {len(due) - 1, len(due)}  # the first need not stand on the grid
    assert run.skipped_slots >= 8
    assert run.scheduled_time == times.customer_form(max(due))
    assert jobs.tick(now) == []


def test_the_metronome_and_its_worker_tick_by_themselves(house):
    house.supervisor.environment["HUB_TICK_EVERY"] = "1"
    target = only_schedule_due(times.now())
    house.supervisor.start(
        Program(name="clock", command=(*FLASK, "worker", "--queue", "clock")), Program(name="scheduler", command=(*FLASK, "clock"))
    )
    house.until(lambda: scheduled(target), "a tick has requested what was due")
    with house.redis() as redis:
        assert not redis.hget(clock.JsonJob.key_for(clock.ENTRY), "data").startswith(b"\x80"), "pickled"
