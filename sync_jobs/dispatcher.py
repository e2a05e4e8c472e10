"""The loop that lets nothing be forgotten: takes back dead runs, hints waiting ones, ticks, and keeps the metronome's entry.

It needs no memory: any number may run, and one that begins anew finds everything in SQL. What each step does is `jobs`'
and `ledger`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask
from redis import RedisError
from sqlalchemy.exc import OperationalError

from sync_jobs import clock, jobs, ledger, processes, stopping, times
from sync_jobs.models import db
from sync_jobs.settings import settings

log = logging.getLogger(__name__)
BEAT_EVERY = timedelta(seconds=10)
REDIS_AWAY = "Redis does not answer. Waiting runs are kept and begin when it is back."
DATABASE_BUSY = "The database was busy; the last round was left out."


@dataclass(slots=True)
class Rounds:
    """What one dispatcher remembers between its rounds: only when it last did what it does not do every time."""

    presence: processes.Presence
    last: dict[str, datetime] = field(default_factory=dict)
    note: str | None = None

    def go(self, now: datetime) -> str | None:
        """One round. Returns what a person should know of it, or None."""
        ledger.reap(now)
        note = _with_redis(now)
        if self._time_for("tick", timedelta(seconds=settings().tick_every), now):
            jobs.tick(now)
            processes.sweep(now)
        if self._time_for("beat", BEAT_EVERY, now) or note != self.note:
            self.presence.beat(now, note)
        self.note = note
        return note

    def _time_for(self, what: str, every: timedelta, now: datetime) -> bool:
        if what in self.last and now - self.last[what] < every:
            return False
        self.last[what] = now
        return True


def _with_redis(now: datetime) -> str | None:
    try:
        jobs.hint_due(now)
        if clock.ensure_entry(jobs.redis_client(), settings().tick_every):
            log.info("the metronome's entry was missing and is there again")
    except RedisError as error:
        log.debug("redis: %s", type(error).__name__)
        return REDIS_AWAY
    return None


def run(app: Flask, stop: stopping.Stop) -> None:
    """Go round until told to stop. A round that meets a busy database or a bad row ends there, not the dispatcher."""
    with app.app_context():
        every, presence = settings().dispatch_every, processes.become("dispatcher")
        presence.arrive(times.now())
        rounds = Rounds(presence)
        while not stop.wait(every):
            with app.app_context():
                _round(rounds.go)
        presence.leave(times.now())
        db.session.remove()


def _round(go: Callable[[datetime], str | None]) -> None:
    try:
        go(times.now())
    except OperationalError as error:
        log.warning("%s (%s)", DATABASE_BUSY, error.orig)
    except ledger.BAD_ROW:
        log.exception("a round met something that it cannot read or write; the next one begins anew")
    finally:
        db.session.remove()
