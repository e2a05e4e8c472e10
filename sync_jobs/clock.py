"""The metronome: an rq-scheduler with one entry, which puts a tick into the queue "clock". What a tick does is `jobs`'."""

from __future__ import annotations

from typing import Any

from redis import Redis
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from sync_jobs import processes, times
from sync_jobs.jobs import CLOCK_QUEUE

ENTRY = "hub-tick"
TICK = "sync_jobs.jobs.tick"
LONGEST_POLL = 5  # seconds


class JsonJob(Job):
    """rq-scheduler names no serializer, and RQ's default is pickle: this job speaks JSON whatever it is asked for."""

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: Any = None) -> None:  # noqa: A002, ARG002  RQ's names
        super().__init__(id, connection, serializer=JSONSerializer)


class Metronome(Scheduler):  # type: ignore[misc]  # rq-scheduler has no types
    """Shows that it lives each time it looks at its entry."""

    presence: processes.Presence | None = None

    def heartbeat(self) -> None:
        """Called by rq-scheduler's loop."""
        super().heartbeat()
        if self.presence:
            self.presence.beat(times.now())


def metronome(connection: Redis, tick_every: int) -> Metronome:
    """The scheduler, looking at its one entry often enough."""
    return Metronome(queue_name=CLOCK_QUEUE, connection=connection, interval=min(LONGEST_POLL, tick_every), job_class=JsonJob)


def ensure_entry(connection: Redis, tick_every: int) -> bool:
    """Put the entry there when it is missing or has another interval; True when that was so.

    An entry that is right is left alone: registering it again would drop a tick that is overdue.
    """
    if connection.zscore(Metronome.scheduled_jobs_key, ENTRY) is not None and _interval(connection) == tick_every:
        return False
    metronome(connection, tick_every).schedule(times.now(), TICK, interval=tick_every, id=ENTRY, timeout=tick_every * 4)
    return True


def _interval(connection: Redis) -> int | None:
    """What the entry's job says; None where the job is gone, which makes the entry worthless."""
    try:
        interval = JsonJob.fetch(ENTRY, connection=connection).meta.get("interval")
    except NoSuchJobError:
        return None
    return int(interval) if interval else None


def run(connection: Redis, tick_every: int) -> None:
    """Be the metronome until told to stop."""
    beating = metronome(connection, tick_every)
    beating.presence = processes.become("scheduler")
    beating.presence.arrive(times.now())
    ensure_entry(connection, tick_every)
    try:
        beating.run()
    finally:
        beating.presence.leave(times.now())
